"""The fewest components that explain all evidence, and how much better than without the first.

In:  a `View`. Out: entries (a component, a hypothesis, what they explain), and margins. Pure.
Evidence explained by one component is taken from all others: one outage, one name.
Before: `window.py`. After: `tick.py` decides what of it is told. Iteration is in key order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.alerting.detection.kinds import monitors
from services.alerting.detection.law import Integers
from services.alerting.detection.likelihood import NAT, PLANES, Hypothesis, plane_of
from services.alerting.detection.runs import Runs, newest_run, newest_sum
from services.alerting.detection.window import LONG_AGO, NEVER, Booleans, Side, View

PENALTY = 9 * NAT  # what an explanation must be worth
ENTRIES = 6
_FURTHEST = slice(None, None, 2)  # dead and slow: what speaks for lossy speaks more for dead
_BARRED = -(1 << 60)
_BETTER = 300_000  # a later hypothesis must beat an earlier one by more


@dataclass(frozen=True, slots=True)
class Entry:
    """A component, what is wrong with it, and the evidence. Gains in millionths of a nat.

    `against`: of `counted` items with a say, those that speak against health. `recovered`: the
    largest sum for health of a newest run. `alike`: those with the same messages. `explained`: how
    many of the counted items each route sent.
    """

    component: str
    hypothesis: Hypothesis
    gain: int
    onset: int
    counted: int
    against: int
    recovered: int
    alike: tuple[str, ...]
    routes: frozenset[str]
    explained: tuple[tuple[str, int], ...] = ()

    @property
    def plane(self) -> int:
        """Which plane's messages it concerns."""
        return plane_of(self.hypothesis)

    @property
    def monitor(self) -> bool:
        """Is it a part of bongsu itself?"""
        return monitors(self.component)


class Explanation(NamedTuple):
    """What explains everything, best first, and what that is worth."""

    entries: tuple[Entry, ...]
    objective: int


class Explainer:
    """The sums of one tick: `sums` for everyone, `greedy` and `margin` where one is large."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._all = [Runs.of(side, None) for side in view.sides]
        sides = zip(self._all, view.sides, strict=True)
        self.sums = [runs.best(side.ratios) for runs, side in sides]
        self._suspects: list[_Suspects] = []
        self._without: dict[str, Explanation] = {}

    def largest(self) -> int:
        """The largest sum of any component under any hypothesis."""
        return max((int(best.max()) for best in self.sums if best.size), default=0)

    def greedy(self, forbidden: frozenset[str] = frozenset()) -> Explanation:
        """Explain, best first, without the forbidden components."""
        ratios = [side.ratios.copy() for side in self.view.sides]
        barred = [s.barred(self.view.components, forbidden) for s in self._candidates()]
        entries: list[Entry] = []
        while len(entries) < ENTRIES:
            best = self._best(ratios, barred)
            if best is None or best.gain < PENALTY:
                break
            entries.append(self._explained(best, ratios))
        return Explanation(tuple(entries), sum(entry.gain - PENALTY for entry in entries))

    def best(self, doubted: Callable[[str], bool]) -> Explanation:
        """The greedy explanation; if all is explained clearly better without one of the doubted
        components that it names, that one: the largest sum is not always the best beginning."""
        found = self.greedy()
        for _ in range(ENTRIES):
            named = [entry for entry in found.entries if doubted(entry.component)]
            others = [self.without(entry) for entry in named]
            better = max(others, key=lambda other: other.objective, default=found)
            if better.objective < found.objective + PENALTY:
                break
            found = better
        return found

    def without(self, entry: Entry) -> Explanation:
        """What is said if it is neither the entry's component nor one with the same messages."""
        if entry.component not in self._without:
            forbidden = frozenset({entry.component, *entry.alike})
            self._without[entry.component] = self.greedy(forbidden)
        return self._without[entry.component]

    def margin(self, whole: Explanation, entry: Entry) -> tuple[int, tuple[Entry, ...]]:
        """How much worse everything is explained without the entry's component and those with
        the same messages; and what would then be said, best first."""
        without = self.without(entry)
        new = tuple(e for e in without.entries if e.component not in _named(whole))
        return whole.objective - without.objective, new or without.entries

    def _candidates(self) -> list["_Suspects"]:
        """Only where all that speaks against health sums to enough: taking away lowers it."""
        if not self._suspects:
            sides = zip(self._all, self.view.sides, strict=True)
            furthest = [runs.against(side.ratios[_FURTHEST]).max(axis=0) for runs, side in sides]
            self._suspects = [
                self._suspected(side, np.flatnonzero(most >= PENALTY))
                for side, most in zip(self.view.sides, furthest, strict=True)
            ]
        return self._suspects

    def _suspected(self, side: Side, enough: Integers) -> "_Suspects":
        """One recipient's account on a platform can be told from the rest by two routes only."""
        traits = self.view.traits
        may = ~traits.reach[enough]
        may[~may] = self._passed_by_several(enough[~may])
        chosen = enough[may]
        return _Suspects(Runs.of(side, chosen), traits.bonus[chosen])

    def _passed_by_several(self, chosen: Integers) -> Booleans:
        """Do messages of more than one route pass each of them?"""
        least, most = np.full(len(chosen), NEVER), np.full(len(chosen), LONG_AGO)
        for side in self.view.sides:
            runs = Runs.of(side, chosen)
            if len(own := runs.filled):
                routes = side.routes[runs.rows]
                least[own] = np.minimum(least[own], np.minimum.reduceat(routes, runs.heads))
                most[own] = np.maximum(most[own], np.maximum.reduceat(routes, runs.heads))
        several: Booleans = most > least
        return several

    def _best(self, ratios: list[Integers], barred: list[Integers]) -> "_Best | None":
        best: _Best | None = None
        for plane, suspects in enumerate(self._candidates()):
            if len(suspects.bonus) == 0:
                continue
            sums = suspects.runs.best(ratios[plane])
            values = sums + suspects.bonus + barred[plane]
            for place, own in enumerate(values):
                if best is None or own.max() > best.value + _BETTER:
                    best = self._first(plane, place, own, sums[place])
        return best

    def _first(self, plane: int, place: int, values: Integers, sums: Integers) -> "_Best":
        components, names = self._candidates()[plane].runs.components, self.view.components
        most = int(values.max())
        equal = np.flatnonzero(values == most)
        chosen = min(equal, key=lambda at: names[int(components[at])])
        gain = int(sums[chosen]) if most >= 0 else 0  # below: all are barred
        return _Best(most, gain, plane, place, int(components[chosen]))

    def _explained(self, best: "_Best", ratios: list[Integers]) -> Entry:
        """The entry; and what it explains says nothing from here on."""
        side = self.view.sides[best.plane]
        rows = side.of(best.component)
        own = ratios[best.plane][best.place, rows]
        first = newest_run(own)
        onset = int(side.starts[rows[first]])
        run = own[first:]
        entry = Entry(
            self.view.components[best.component],
            PLANES[best.plane][best.place],
            best.gain,
            onset,
            int(np.count_nonzero(run)),
            int(np.count_nonzero(run > 0)),
            newest_sum(-run),
            self._alike(best.plane, best.component),
            self.view.routes_of(best.component),
            self._by_route(side, rows[first:][run != 0]),
        )
        self._silence(best, side.items[rows[first]].order, ratios)
        return entry

    def _by_route(self, side: Side, rows: Integers) -> tuple[tuple[str, int], ...]:
        numbers, counts = np.unique(side.routes[rows], return_counts=True)
        found = zip(numbers.tolist(), counts.tolist(), strict=True)
        return tuple((self.view.routes[at], count) for at, count in found if at >= 0)

    def _silence(self, best: "_Best", first: tuple[int, str], ratios: list[Integers]) -> None:
        for plane, side in enumerate(self.view.sides):
            rows = side.of(best.component)
            later = side.starts[rows] > first[0]
            for tie in np.flatnonzero(side.starts[rows] == first[0]):
                later[tie] = (side.items[rows[tie]].id, plane) >= (first[1], best.plane)
            # In flight when it broke, whatever became of it since.
            ratios[plane][:, rows[later | (side.ended[rows] > first[0])]] = 0

    def _alike(self, plane: int, component: int) -> tuple[str, ...]:
        side, names = self.view.sides[plane], self.view.components
        counts, rows = np.diff(side.bounds), side.of(component)
        same = np.flatnonzero(counts == len(rows))
        same = same[side.rows[side.bounds[same]] == rows[0]]
        return tuple(
            sorted(
                names[c]
                for c in same
                if c != component
                and monitors(names[c]) == monitors(names[component])
                and np.array_equal(side.of(int(c)), rows)
            )
        )


class _Suspects(NamedTuple):
    """The components of a plane that may be named."""

    runs: Runs
    bonus: Integers

    def barred(self, names: Sequence[str], forbidden: frozenset[str]) -> Integers:
        """What takes the forbidden ones below all others."""
        numbers = self.runs.components
        return np.array([_BARRED if names[int(c)] in forbidden else 0 for c in numbers], np.int64)


class _Best(NamedTuple):
    value: int
    gain: int
    plane: int
    place: int
    component: int


def _named(whole: Explanation) -> frozenset[str]:
    return frozenset(entry.component for entry in whole.entries)
