"""The items of the evidence window as columns, and which component each of them says something of.

In:  items and their endings, as `items.py` finds them. Out: a `View` of one tick: every item's
ratios and, component by component, its items in order of (start, id). Pure, but for being filled.
Before: `items.py`. After: `explain.py`. An item outside its window is dropped and says nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.alerting.detection import likelihood
from services.alerting.detection.kinds import bonus, kind, monitors
from services.alerting.detection.law import SECOND, Integers, Row, bin_of
from services.alerting.detection.likelihood import (
    ARRIVED,
    FAILED,
    NOTHING,
    PLANES,
    REFUSED,
    Tables,
)

ACCEPTANCE, DELIVERY = range(len(PLANES))
LONG_AGO, NEVER = -(1 << 62), 1 << 62
REFUSED_WITHIN = 29 * SECOND  # a later no is rather a time-out somewhere than an answer
_FORGET_EVERY = 30 * SECOND  # by the clock: all instances hold the same items
_ROW = (1 << 32) - 1
Booleans = NDArray[np.bool_]
Name = TypeVar("Name")


class Ending(IntEnum):
    """How the waiting for an item ended, other than by its deadline."""

    ARRIVED = 0
    REFUSED = 1
    FAILED = 2  # nothing left the machine
    WITHDRAWN = 3  # our own fault, or the recipient's: says nothing of any component


@dataclass(frozen=True, slots=True)
class Item:
    """One thing waited for. Times and spans in microseconds; `plane` is a place in PLANES.

    `visible`: when it was known that it started; it counts from then on, for `window`. `confirm`:
    it was asked for by a suspicion.
    """

    id: str
    plane: int
    row: Row
    start: int
    visible: int
    deadline: int
    window: int
    path: tuple[str, ...]
    route: str | None = None
    confirm: bool = False

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the items of its plane."""
        return self.start, self.id


class Ended(NamedTuple):
    """An item's result, known at that moment."""

    item: Item
    ending: Ending
    known: int


class Spent(NamedTuple):
    """A closed incident's evidence: what its component's items from before `before` said."""

    component: str
    before: int


class Side(NamedTuple):
    """One plane at one tick: ratios by hypothesis and item, and the items of each component:
    `rows[bounds[c] : bounds[c + 1]]`.

    `seen`, `places`: column and row of the tables. `ended`: when the result was known, or the
    deadline passed.
    """

    ratios: Integers
    seen: Integers
    places: Integers
    starts: Integers
    visible: Integers
    dues: Integers
    ended: Integers
    routes: Integers
    rows: Integers
    bounds: Integers
    items: NDArray[np.object_]

    def of(self, component: int) -> Integers:
        """The component's items, in order."""
        return self.rows[self.bounds[component] : self.bounds[component + 1]]


class Traits(NamedTuple):
    """What the kinds of components say, by component: the bonus, whether it is bongsu's own,
    whether it is one recipient's account."""

    bonus: Integers
    own: Booleans
    reach: Booleans

    @classmethod
    def of(cls, names: Sequence[str]) -> "Traits":
        """Of these components."""
        return cls(
            np.array([bonus(name) for name in names], np.int64),
            np.array([monitors(name) for name in names], np.bool_),
            np.array([kind(name) == "reach" for name in names], np.bool_),
        )


class View(NamedTuple):
    """All that a verdict at `now` rests on."""

    now: int
    tables: Tables
    components: Sequence[str]
    traits: Traits
    numbers: Mapping[str, int]
    routes: Sequence[str]
    sides: tuple[Side, Side]

    def number(self, component: str) -> int | None:
        """Where a component stands; None when nothing of it is known."""
        return self.numbers.get(component)

    def routes_of(self, component: int) -> frozenset[str]:
        """The routes whose messages pass a component."""
        found = (np.unique(side.routes[side.of(component)]).tolist() for side in self.sides)
        return frozenset(self.routes[i] for own in found for i in own if i >= 0)


class _Names(Generic[Name]):
    """Names as numbers, in order of first appearance."""

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.numbers: dict[Name, int] = {}

    def number(self, name: Name) -> int:
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = len(self.names)
            self.names.append(name)
        return found


# Columns of a plane. `final`: the observation once it cannot change, -1 before.
_START, _VISIBLE, _UNTIL, _DUE, _ENDED, _FINAL, _CLASS, _ROUTE = range(8)


class Window:
    """Fill with `add` and `settle`, look at with `at`; items and endings come once each."""

    def __init__(self) -> None:
        self._components, self._routes = _Names[str](), _Names[str]()
        self._classes = _Names[Row]()
        self._tables: Tables | None = None
        self._places, self._traits = np.zeros(0, np.int64), Traits.of(())
        self._planes = [_Plane() for _ in PLANES]

    def add(self, items: Iterable[Item]) -> None:
        """More items, in any order."""
        new: tuple[list[Item], ...] = tuple([] for _ in PLANES)
        for item in items:
            new[item.plane].append(item)
        for plane, found in zip(self._planes, new, strict=True):
            if found:
                plane.insert(sorted(found, key=lambda item: item.order), self._numbers)

    def settle(self, endings: Iterable[Ended]) -> None:
        """Results of items added before; those past their deadline change nothing."""
        found: tuple[list[Ended], ...] = tuple([] for _ in PLANES)
        for ended in endings:
            found[ended.item.plane].append(ended)
        for plane, own in zip(self._planes, found, strict=True):
            if own:
                plane.settle(own)

    def forget(self, now: int) -> None:
        """Drop what had left its window by `now`, which never goes back."""
        for plane in self._planes:
            plane.forget(now - now % _FORGET_EVERY)

    def at(self, now: int, tables: Tables, spent: Sequence[Spent] = ()) -> View:
        """What everything says at `now`, which never goes back; `spent` evidence says nothing."""
        self._grow(tables)
        names, numbers = self._components.names, self._components.numbers
        gone = [(numbers[s.component], s.before) for s in spent if s.component in numbers]
        self.forget(now)
        sides = []
        for number, plane in enumerate(self._planes):
            bounds = plane.bounds(len(names))
            seen = plane.observed(now, bounds, gone)
            places = self._places[plane.columns[_CLASS]]
            ratios = likelihood.look_up(tables.values, places, seen, number)
            sides.append(plane.side(ratios, seen, places, bounds))
        known = (names, self._traits, numbers, self._routes.names)
        return View(now, tables, *known, (sides[0], sides[1]))

    def _grow(self, tables: Tables) -> None:
        """What is known of classes, by these tables, and of components."""
        if tables is not self._tables:
            self._tables, self._places = tables, np.zeros(0, np.int64)
        if classes := self._classes.names[len(self._places) :]:
            self._places = np.append(self._places, [tables.place(row) for row in classes])
        if parts := self._components.names[len(self._traits.bonus) :]:
            both = zip(self._traits, Traits.of(parts), strict=True)
            self._traits = Traits(*(np.append(known, new) for known, new in both))

    def _numbers(self, item: Item) -> tuple[int, int, list[int]]:
        route = -1 if item.route is None else self._routes.number(item.route)
        parts = [self._components.number(key) for key in item.path]
        return self._classes.number(item.row), route, parts


class _Plane:
    """Items sorted by (start, id); pairs of (component, item) as sorted 64-bit numbers."""

    def __init__(self) -> None:
        self.columns = np.zeros((8, 0), np.int64)
        self._items: NDArray[np.object_] = np.zeros(0, np.object_)
        self._pairs = np.zeros(0, np.int64)

    def insert(
        self, new: list[Item], numbers: Callable[[Item], tuple[int, int, list[int]]]
    ) -> None:
        """More items, in order; `numbers` gives their class, route and components."""
        at = self._places(new)
        named = [numbers(item) for item in new]
        values = [
            (i.start, i.visible, i.visible + i.window, i.start + i.deadline, NEVER, -1, n[0], n[1])
            for i, n in zip(new, named, strict=True)
        ]
        objects = np.empty(len(new), np.object_)
        objects[:] = new
        self._pair(at, [parts for _, _, parts in named])
        self.columns = np.insert(self.columns, at, np.array(values, np.int64).T, axis=1)
        self._items = np.insert(self._items, at, objects)

    def _pair(self, at: Integers, components: list[list[int]]) -> None:
        if len(self._pairs):
            later_by = np.searchsorted(at, np.arange(len(self._items)), "right")
            self._pairs += later_by[self._pairs & _ROW]
        rows = at + np.arange(len(at))
        fresh = [
            part << 32 | int(row) for row, own in zip(rows, components, strict=True) for part in own
        ]
        ordered = np.sort(np.array(fresh, np.int64))
        self._pairs = np.insert(self._pairs, np.searchsorted(self._pairs, ordered), ordered)

    def settle(self, endings: list[Ended]) -> None:
        """The first result within the deadline stays."""
        places = self._places([ended.item for ended in endings]) - 1
        seen = _observations(endings)
        for ended, row, observed in zip(endings, places.tolist(), seen.tolist(), strict=True):
            if row < 0 or self._items[row] is not ended.item:
                continue  # it has left the window
            column = self.columns[:, row]
            if ended.known <= column[_DUE] and column[_FINAL] < 0:
                column[_ENDED], column[_FINAL] = ended.known, observed

    def forget(self, before: int) -> None:
        """Drop what had left its window by then."""
        keep = self.columns[_UNTIL] >= before
        if keep.all():
            return
        moved = np.cumsum(keep) - 1
        rows = self._pairs & _ROW
        kept = keep[rows]
        self._pairs = (self._pairs[kept] & ~_ROW) | moved[rows[kept]]
        self.columns, self._items = self.columns[:, keep], self._items[keep]

    def bounds(self, count: int) -> Integers:
        """Where the pairs of each of so many components begin, and where the last one's end."""
        heads = np.arange(count + 1, dtype=np.int64) << 32
        return np.searchsorted(self._pairs, heads).astype(np.int64)

    def observed(self, now: int, bounds: Integers, spent: list[tuple[int, int]]) -> Integers:
        """What is seen of each item at `now`: a column of the tables."""
        columns = self.columns
        overdue = (columns[_FINAL] < 0) & (columns[_DUE] <= now)
        columns[_FINAL, overdue], columns[_ENDED, overdue] = FAILED, columns[_DUE, overdue]
        seen: Integers = columns[_FINAL].copy()
        waiting = seen < 0
        seen[waiting] = bin_of(now - columns[_START, waiting])
        seen[(columns[_VISIBLE] > now) | (columns[_UNTIL] < now)] = NOTHING
        for component, before in spent:
            own = self._pairs[bounds[component] : bounds[component + 1]] & _ROW
            seen[own[columns[_START, own] < before]] = NOTHING
        return seen

    def side(self, ratios: Integers, seen: Integers, places: Integers, bounds: Integers) -> Side:
        """What `explain.py` looks at; good until the next change."""
        start, visible, due, ended, route = self.columns[[_START, _VISIBLE, _DUE, _ENDED, _ROUTE]]
        rows = self._pairs & _ROW
        return Side(
            ratios, seen, places, start, visible, due, ended, route, rows, bounds, self._items
        )

    def _places(self, items: list[Item]) -> Integers:
        """For each: after all items that are not later than it."""
        starts = self.columns[_START]
        places = np.searchsorted(starts, np.array([item.start for item in items]), "right")
        for at, (item, place) in enumerate(zip(items, places.tolist(), strict=True)):
            while place and self._items[place - 1].order > item.order:
                place -= 1
            places[at] = place
        return places.astype(np.int64)


def _observations(endings: list[Ended]) -> Integers:
    """The columns of results."""
    took = np.array([max(ended.known - ended.item.start, 0) for ended in endings])
    kinds = np.array([ended.ending for ended in endings])
    no = np.where(took < REFUSED_WITHIN, REFUSED, FAILED)
    return np.choose(kinds, [ARRIVED + bin_of(took), no, FAILED, NOTHING]).astype(np.int64)
