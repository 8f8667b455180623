"""A small seeded world: 8 bodies, 24 routes, what breaks loses its messages from second 0 on.

Enough to see the right name come out; how fast and how surely is measured elsewhere.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from services.alerting.detection import law, likelihood
from services.alerting.detection.explain import Explainer
from services.alerting.detection.law import ACCEPTANCE, HEARTBEAT, Counts, Part, Row
from services.alerting.detection.likelihood import Tables
from services.alerting.detection.state import Policy, State, Verdict
from services.alerting.detection.tick import spent, tick
from services.alerting.detection.window import ACCEPTANCE as ACCEPTING
from services.alerting.detection.window import DELIVERY, Ended, Ending, Item, Window
from tests.unit.alerting.detection.worked import us

BEFORE = 240
Run = list[tuple[Item, Ended | None]]


@dataclass(frozen=True)
class Break:
    """A component of a plane loses everything from second `start` to `end`."""

    component: str
    plane: int = DELIVERY
    start: float = 0
    end: float = 1e9
    ending: Ending | None = None

    def hits(self, item: Item) -> bool:
        """Is the item lost? What was in flight at the start is."""
        in_span = us(self.start) - us(1) <= item.start < us(self.end)
        return item.plane == self.plane and self.component in item.path and in_span


@dataclass(frozen=True)
class Route:
    """One route, with what it passes."""

    id: str
    channel: str
    account: str
    sender: str
    receivers: tuple[str, ...]


@cache
def routes() -> tuple[Route, ...]:
    """Two routes over the big platform and one by carrier, for each body."""
    found: list[Route] = []
    for body in range(8):
        for channel, account in (
            ("alimtalk", body % 3),
            ("alimtalk", body // 3),
            ("sms", body % 2),
        ):
            phones = tuple(f"r{(body + 2 * turn) % 6}" for turn in range(3))
            name = f"b{body}.{channel}.a{account}"
            if name not in [route.id for route in found]:
                sender = f"b{body}-{channel}"
                found.append(Route(name, channel, f"a{account}", sender, phones))
    return tuple(found)


@cache
def learnt_tables() -> Tables:
    """Tables after 2,000 messages a route that took 2 s in the median."""
    shares = law.log_normal([Part(1, 2.0, 0.7)])
    seen = {Row(r.channel, r.id): Counts(2000 * shares, 4.0) for r in routes()}
    return likelihood.tables(law.laws(seen, [Row(ACCEPTANCE), Row(HEARTBEAT)]))


def messages(seed: int, until: float, breaks: Iterable[Break] = ()) -> Run:
    """All items of a run and how they end, by start."""
    dice, broken = random.Random(seed), tuple(breaks)
    made = [*_probes(dice, until), *_beats(until)]
    fates = [_fate(item, dice, broken) for item in made]
    refused = {i.id for i, end in fates if end and end.ending is Ending.REFUSED}
    kept = [f for f in fates if f[0].plane == ACCEPTING or f[0].id not in refused]
    return sorted(kept, key=lambda pair: pair[0].start)


def _probes(dice: random.Random, until: float) -> Iterator[Item]:
    for number, route in enumerate(routes()):
        phase = (0.618034 * number) % 1 * 60 - BEFORE
        for slot in range(int((until + BEFORE) // 60)):
            start = us(phase + 60 * slot + dice.uniform(-3, 3))
            phone = route.receivers[slot % len(route.receivers)]
            carrier, worker = f"c{int(phone[1]) % 3}", f"worker:w{(number + slot) % 3}"
            sending = (f"account:{route.account}", f"route:{route.id}", f"sender:{route.sender}")
            ends = (f"receiver:{phone}", f"line:{route.account}-{route.channel}", "self:ingest")
            over = (
                ("platform:kakaotalk", "platform:kakaotalk/alimtalk")
                if route.channel == "alimtalk"
                else (f"carrier:{carrier}", f"pair:{route.account}-{carrier}")
            )
            yield Item(
                f"{route.id}@{slot}", ACCEPTING, Row(ACCEPTANCE), start, start, us(30), us(420),
                tuple(sorted((*sending, worker))), route.id,
            )  # fmt: skip
            yield Item(
                f"{route.id}@{slot}", DELIVERY, Row(route.channel, route.id), start + us(0.3),
                start + us(0.3), us(120), us(420),
                tuple(sorted((*sending, worker, *ends, *over))), route.id,
            )  # fmt: skip


def _beats(until: float) -> Iterator[Item]:
    for number in range(3):
        for at in range(-BEFORE + number, int(until), 10):
            yield _beat(f"worker/w{number}@{at}", ACCEPTING, at, (f"worker:w{number}",))
    for number in range(6):
        for at in range(-BEFORE + number, int(until), 20):
            path = (f"observer:r{number}/app", f"receiver:r{number}", "self:ingest")
            yield _beat(f"observer/r{number}@{at}", DELIVERY, at, path)


def _beat(name: str, plane: int, at: int, path: tuple[str, ...]) -> Item:
    return Item(name, plane, Row(HEARTBEAT), us(at), us(at), us(30), us(420), path)


def _fate(item: Item, dice: random.Random, breaks: tuple[Break, ...]) -> tuple[Item, Ended | None]:
    took = dice.lognormvariate(0.69, 0.7) if item.plane == DELIVERY and item.route else 0.2
    for broken in breaks:
        if broken.hits(item):
            known = item.start + us(0.3)
            return item, Ended(item, broken.ending, known) if broken.ending is not None else None
    return item, Ended(item, Ending.ARRIVED, item.start + us(took))


def play(
    run: Run,
    until: int,
    policy: Policy | None = None,
    state: State | None = None,
    since: int = -10,
    tables: Tables | None = None,
) -> Iterator[tuple[int, State, tuple[Verdict, ...]]]:
    """Tick by tick: the second, the state after it, its verdicts."""
    window, state, policy = Window(), state or State(), policy or Policy()
    coming = sorted(run, key=lambda pair: pair[0].visible)
    ends = sorted((end for _, end in run if end), key=lambda end: end.known)
    for now in range(since, until):
        shown = [item for item, _ in coming if item.visible <= us(now)]
        coming = coming[len(shown) :]
        window.add(shown)
        told = [end for end in ends if end.known <= us(now) and end.item.visible <= us(now)]
        ends = [end for end in ends if not (end.known <= us(now) and end.item.visible <= us(now))]
        window.settle(told)
        view = window.at(us(now), tables or learnt_tables(), spent(state))
        state, verdicts = tick(Explainer(view), state, policy)
        yield now, state, verdicts
