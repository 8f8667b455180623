"""The detector as one thing that is fed and ticks: window, tables, state and what it learns.

In:  events with their known times, the catalogue in force, ticks in order. Out: of each tick the
verdicts, the open causes, and the confirm probes to ask for; what a restart needs (`Memory`).
No clock, no I/O. Before: `tail.py` reads. After: `standing.py` shows, the leader asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from services.alerting.detection import confirm, law, learning, likelihood
from services.alerting.detection.explain import Explainer
from services.alerting.detection.figures import Counted, counted
from services.alerting.detection.items import INTERVALS, KEPT, WINDOW, Found, Items, Note, Told
from services.alerting.detection.law import SECOND, Counts, Row
from services.alerting.detection.likelihood import Tables
from services.alerting.detection.paths import Inventory, inventory
from services.alerting.detection.state import Apart, Policy, State, Verdict, threshold
from services.alerting.detection.tick import spent, tick
from services.alerting.detection.window import Window
from services.contracts.catalogue import Catalogue

REBUILT_EVERY = 600 * SECOND
_MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Memory:
    """What a restart goes on from. `at`: the last tick; `learnt` holds what was taught by the tick
    `learnt_at`, from which the tables of `at` were made."""

    at: int
    learnt_at: int
    learnt: Mapping[Row, Counts]
    state: State = field(default_factory=State)
    asked: confirm.Asked = field(default_factory=confirm.Asked)
    apart: Mapping[str, Apart] = field(default_factory=dict)


class Limits(NamedTuple):
    """False pages a quarter of all routes together; confirm probes a day and provider; by kind of
    component, how many seconds a finding must last."""

    false_pages: float
    confirms_a_day: int
    persist_s: Mapping[str, int] = {}


class Ticked(NamedTuple):
    """What one tick said."""

    at: int
    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]
    asks: tuple[confirm.Ask, ...]


class Detector:
    """`feed` in any order, then `tick` (or `skip`) forward. `since`: where reading begins; up to
    the memory's own tick everything only teaches and fills the window."""

    def __init__(self, memory: Memory, since: int, limits: Limits) -> None:
        self.at, self._resumes, self._limits = since, memory.at, limits
        self.state, self.asked, self.apart = memory.state, memory.asked, dict(memory.apart)
        self.figures: dict[str, Counted] = {}
        self.policy, self.catalogue = Policy(learnt=frozenset()), None
        self.last_sent: dict[str, int] = {}
        self._items, self._window = Items(Inventory()), Window()
        self._learnt, self._taught = dict(memory.learnt), memory.learnt_at
        self._known = {row.name for row, seen in memory.learnt.items() if row.name and seen.learnt}
        self._tabled, self._tabled_at = memory.learnt, memory.learnt_at
        self._tables = likelihood.tables(law.laws(memory.learnt, ()))
        self._allowance = confirm.Allowance({}, {})

    catalogue: Catalogue | None

    @property
    def tables(self) -> Tables:
        """What is usual, as it was learnt by the last rebuilding."""
        return self._tables

    def change(self, catalogue: Catalogue) -> None:
        """A catalogue came into force."""
        self.catalogue = catalogue
        self._items.change(inventory(catalogue))
        routes = [route for route in catalogue.routes.values() if route.enabled]
        slowest = max((route.interval_s for route in routes), default=0)
        self.policy = Policy(
            threshold=threshold(len(routes), self._limits.false_pages),
            persist={kind: s * SECOND for kind, s in self._limits.persist_s.items()},
            learnt=frozenset(self._known),
            catalogue=frozenset(route.id for route in routes),
            longest=max(WINDOW, INTERVALS * slowest * SECOND),
        )
        self._allow(self.at)

    def feed(self, event: Told, known: int) -> None:
        """One event; a repeat changes nothing."""
        self._items.feed(event, known)

    def skip(self, now: int) -> None:
        """What is known by `now` fills the window and teaches; no verdict."""
        self._take_in(now)
        self._window.forget(now)
        self._teach(now)

    def tick(self, now: int) -> Ticked | None:
        """The verdicts of a second; None for one that was told before the restart."""
        if now <= self._resumes:
            self.skip(now)
            return None
        found = self._take_in(now)
        explainer = Explainer(self._window.at(now, self._tables, spent(self.state)))
        self.state, verdicts = tick(explainer, self.state, self.policy)
        self._remember(verdicts)
        self.figures = counted(self.figures, explainer.view, self.state)
        if now % _MINUTE == 0:
            self._allow(now)
        told = frozenset(incident.component for incident in self.state.open)
        self.asked, asks = confirm.ask(explainer, told, self.asked, self._allowance)
        self._teach(now)
        return Ticked(now, verdicts, tuple(found.notes), asks)

    def memory(self) -> Memory:
        """What a restart needs."""
        return Memory(
            self.at, self._tabled_at, self._tabled, self.state, self.asked, dict(self.apart)
        )

    def _take_in(self, now: int) -> Found:
        found = self._items.advance(now)
        self._window.add(found.items)
        self._window.settle(found.endings)
        for item in found.items:
            if item.route is not None:
                self.last_sent[item.route] = max(item.start, self.last_sent.get(item.route, 0))
        self.at = now
        return found

    def _teach(self, now: int) -> None:
        """What ripened before the memory was made is in it already."""
        ripe = (o for o in self._items.ripe(now) if o.item.start + KEPT > self._taught)
        taught = list(learning.admitted(ripe, self.state))
        self._learnt = law.learn(self._learnt, taught) if taught else self._learnt
        if now // REBUILT_EVERY > self._tabled_at // REBUILT_EVERY:
            self._tabled, self._tabled_at = self._learnt, now
            self._tables = likelihood.tables(law.laws(self._learnt, ()))
        known = {row.name for row, _ in taught if row.name and self._learnt[row].learnt}
        if not known <= self._known:
            self._known |= known  # a class's name is its route's
            self.policy = replace(self.policy, learnt=frozenset(self._known))

    def _remember(self, verdicts: tuple[Verdict, ...]) -> None:
        self.apart |= {v.incident.id: v.apart for v in verdicts if v.incident and v.apart}
        kept = {incident.id for incident in (*self.state.open, *self.state.closed)}
        self.apart = {name: apart for name, apart in self.apart.items() if name in kept}

    def _allow(self, now: int) -> None:
        catalogue = self.catalogue
        if catalogue is None:
            return
        at = datetime.fromtimestamp(now // SECOND, UTC)
        may = [r for r in catalogue.routes.values() if r.enabled and not r.observed]
        provider = {account.id: account.provider for account in catalogue.accounts.values()}
        self._allowance = confirm.Allowance(
            {r.id: provider[r.account] for r in may if not catalogue.rests(r, at)},
            dict.fromkeys(catalogue.providers, self._limits.confirms_a_day),
        )
