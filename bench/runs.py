"""One run: the real detector, second by second, over a made-up world in which something breaks.

In:  a plan. Out: when it was named, how exactly, with how many pages, and what the k-of-n rule did.
A run hangs on its plan alone. Before: `feeding.py`. After: `table.py` sums up.
"""

import random
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench import faults, kofn
from bench.faults import Fault, Name
from bench.feeding import Built, Encoded, Feed, us
from bench.traffic import Call, Message, Traffic
from bench.world import World, world
from services.alerting.detection import confirm
from services.alerting.detection.confirm import Allowance, Asked
from services.alerting.detection.explain import Explainer
from services.alerting.detection.items import INTERVALS, WINDOW
from services.alerting.detection.kinds import monitors
from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import NAT
from services.alerting.detection.state import Policy, State, Told
from services.alerting.detection.tick import spent, tick
from services.alerting.detection.window import Window

QUIET, QUIET_S = "quiet", 86_400
HEALTHY_S, HEALTHY_SLOTS = 240, 4
ENCODED_EVERY = 10
_PEAK, _BURST_S = 12 * NAT, 300
_SOON_S = 0.01  # from a request for a confirm probe to its sending


class Plan(NamedTuple):
    """Which run; runs of one number and seed meet the same fault and messages with and without
    confirm probes."""

    size: str
    kind: str
    confirm: bool
    interval_s: int
    seed: int
    number: int

    @property
    def encoded(self) -> bool:
        """Do its events pass the codec and the item builder?"""
        return self.number % ENCODED_EVERY == ENCODED_EVERY - 1

    def seeds(self) -> list[int]:
        """What all its dice hang on."""
        return [zlib.crc32(f"{self.size}/{self.kind}".encode()), self.seed, self.number]


class Page(NamedTuple):
    """An incident or monitor fault that was opened at a second of the run."""

    second: int
    component: str
    hypothesis: str
    right: bool


class Outcome(NamedTuple):
    """What a run showed. `wanted`: how many names were right; `rule_*`: of the k-of-n rule;
    `peaks`: bursts of suspicion of 12 nats or more, the highest of them `highest` nats;
    `outages`: pages of an outage where nothing but a part of bongsu broke."""

    plan: Plan
    delay: int | None
    exact: bool
    wanted: int
    pages: tuple[Page, ...]
    sent: int
    asked: int
    channel_days: float
    peaks: int
    highest: float
    rule_delay: float | None
    rule_pages: int
    outages: int


def play(plan: Plan) -> Outcome:
    """The run from its healthy time to a minute after its first page, or to its horizon."""
    dice = random.Random(str(plan.seeds()))
    place = _world(plan, dice)
    if plan.kind == QUIET:
        fault = Fault(named=False, horizon_s=QUIET_S)
    else:
        fault = faults.ALL[plan.kind](place, dice)
        fault = _stretched(fault, place.interval_s) if fault.named else fault
    return _Run(plan, place, fault).played()


def _stretched(fault: Fault, interval_s: int) -> Fault:
    """With longer intervals, for as many messages as at 60 s."""
    span, horizon = (s * max(interval_s, 60) // 60 for s in (fault.span_s, fault.horizon_s))
    return fault._replace(span_s=span, horizon_s=horizon)


def _world(plan: Plan, dice: random.Random) -> World:
    if plan.kind == "one random":
        return world(plan.size, dice.choice((30, 60, 120)), dice.getrandbits(30))
    place = world(plan.size, plan.interval_s)
    return place.with_wrong_dealers(0.02, dice) if plan.kind == "wrong dealers" else place


class _Run:
    """Everything that changes during a run."""

    def __init__(self, plan: Plan, place: World, fault: Fault) -> None:
        self._plan, self._world, self._fault = plan, place, fault
        self._traffic = Traffic(place, fault, plan.seeds())
        self._feed: Feed = Encoded(place, self._traffic) if plan.encoded else Built(place)
        self._window, self._state, self._asked = Window(), State(), Asked()
        self._policy = Policy(longest=max(WINDOW, INTERVALS * place.interval_s * SECOND))
        self._truths = faults.truths(place, fault)
        self._span_s = fault.span_s if fault.named else fault.horizon_s
        providers = {sent.route: sent.provider for sent in place.sent}
        self._allowed = Allowance(providers, dict.fromkeys(providers.values(), 1 << 40))
        self._numbers = {route.id: route.number for route in place.routes}
        self._slot = self._first = self._begin() // place.interval_s
        self._pages: list[tuple[Page, Name]] = []
        self._sent = self._confirms = self._peaks = self._highest = 0
        self._peaked = -_BURST_S - 1

    def _begin(self) -> int:
        return -max(HEALTHY_S, HEALTHY_SLOTS * self._world.interval_s)

    def played(self) -> Outcome:
        """Second by second."""
        for second in range(self._begin(), self._fault.horizon_s + 1):
            self._happen(second)
            self._tick(second)
            if self._over(second):
                break
        return self._outcome(second)

    def _happen(self, second: int) -> None:
        """A slot's messages are made up shortly before the first of them."""
        while self._slot * self._world.interval_s <= second + 5:
            for message in self._traffic.slot(self._slot):
                self._feed.message(message)
                self._sent += 1
            for beat in self._traffic.beats(self._slot):
                self._feed.beat(beat)
            self._slot += 1
        self._feed.fill(self._window, second)

    def _tick(self, second: int) -> None:
        view = self._window.at(us(second), self._world.tables, spent(self._state))
        explainer = Explainer(view)
        self._watch(second, explainer.largest())
        self._state, verdicts = tick(explainer, self._state, self._policy)
        for verdict in verdicts:
            if verdict.told is Told.OPENED:
                entry = verdict.entry
                name = faults.name_of(self._world, entry.component, entry.plane)
                right = name in self._truths
                page = Page(second, entry.component, str(entry.hypothesis), right)
                self._pages.append((page, name))
        if self._plan.confirm:
            self._confirm(second, explainer)

    def _watch(self, second: int, largest: int) -> None:
        self._highest = max(self._highest, largest)
        if largest >= _PEAK:
            self._peaks += second - self._peaked > _BURST_S
            self._peaked = second

    def _confirm(self, second: int, explainer: Explainer) -> None:
        told = frozenset(incident.component for incident in self._state.open)
        self._asked, asks = confirm.ask(explainer, told, self._asked, self._allowed)
        calls = []
        for one in asks:
            self._confirms += 1
            route = self._numbers[one.route]
            own = self._traffic.worker(route, second // self._world.interval_s)
            worker = (own + one.elsewhere) % self._world.size.workers
            name = f"confirm{self._confirms}"
            calls.append(Call(name, route, worker, second + _SOON_S, confirm=True))
        for message in self._traffic.confirm(calls) if calls else ():
            self._feed.message(message)

    def _over(self, second: int) -> bool:
        """After the first page that is right, and all that count as pages of the fault."""
        found = any(page.right and page.second >= 0 for page, _ in self._pages)
        return found and second >= self._pages[0][0].second + self._span_s

    def _outcome(self, second: int) -> Outcome:
        first = self._pages[0][0].second if self._pages else 0
        ours = [one for one in self._pages if one[0].second <= first + self._span_s]
        found = frozenset(name for _, name in ours)
        delay = next((p.second for p, _ in self._pages if p.right and p.second >= 0), None)
        days = (second - self._begin()) * len(self._world.routes) / 86_400
        rule_delay, rule_pages = self._rule()
        return Outcome(
            self._plan, delay, found == self._truths, max(len(self._truths), 1),
            tuple(page for page, _ in ours), self._sent, self._confirms, days,
            self._peaks, self._highest / NAT, rule_delay, rule_pages,
            self._outages(page for page, _ in ours),
        )  # fmt: skip

    def _outages(self, pages: Iterable[Page]) -> int:
        """Where only bongsu's own part broke, which goes by its own name, no outage is right."""
        own = bool(self._truths) and all(isinstance(name, str) for name in self._truths)
        return sum(not monitors(page.component) for page in pages) if own else 0

    def _rule(self) -> tuple[float | None, int]:
        """When the k-of-n rule first pages a route that is broken, and how many pages it is."""
        broken = frozenset().union(*(b.routes for b in self._fault.breaks))
        found = [page for page in kofn.pages(self._messages()) if page.second >= 0]
        right = [page.second for page in found if page.route in broken]
        first = found[0].second if found else 0.0
        return min(right, default=None), sum(
            p.second <= first + max(self._span_s, 60) for p in found
        )

    def _messages(self) -> Sequence[Message]:
        last = self._fault.horizon_s // self._world.interval_s
        return [m for slot in range(self._first, last) for m in self._traffic.slot(slot)]
