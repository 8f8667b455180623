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
_ROW = (1 << 32) - 1
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

    `visible`: when it was known that it started; it counts from then on, for `window`.
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


class View(NamedTuple):
    """All that a verdict at `now` rests on."""

    now: int
    tables: Tables
    components: Sequence[str]
    numbers: Mapping[str, int]
    routes: Sequence[str]
    sides: tuple[Side, Side]

    def number(self, component: str) -> int | None:
        """Where a component stands; None when nothing of it is known."""
        return self.numbers.get(component)

    def routes_of(self, component: int) -> frozenset[str]:
        """The routes whose messages pass a component."""
        found = [np.unique(side.routes[side.of(component)]) for side in self.sides]
        return frozenset(self.routes[i] for i in np.unique(np.concatenate(found)) if i >= 0)


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
        for ended in endings:
            self._planes[ended.item.plane].settle(ended)

    def at(self, now: int, tables: Tables, spent: Sequence[Spent] = ()) -> View:
        """What everything says at `now`. Forgets what has left its window."""
        places = np.array([tables.place(row) for row in self._classes.names] or [0], np.int64)
        numbers = self._components.numbers
        gone = [(numbers[s.component], s.before) for s in spent if s.component in numbers]
        sides = []
        for number, plane in enumerate(self._planes):
            plane.forget(now)
            bounds = plane.bounds(len(self._components.names))
            seen = plane.observed(now, bounds, gone)
            own = places[plane.columns[_CLASS]]
            ratios = likelihood.look_up(tables.values, own, seen, number)
            sides.append(plane.side(ratios, seen, own, bounds))
        return View(
            now, tables, self._components.names, numbers, self._routes.names, (sides[0], sides[1])
        )

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
        at = np.array([self._place(item) for item in new], np.int64)
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

    def settle(self, ended: Ended) -> None:
        """The first result within the deadline stays."""
        row = self._place(ended.item) - 1
        if row < 0 or self._items[row] is not ended.item:
            return  # it has left the window
        column = self.columns[:, row]
        if ended.known <= column[_DUE] and column[_FINAL] < 0:
            column[_ENDED], column[_FINAL] = ended.known, _observation(ended)

    def forget(self, now: int) -> None:
        """Drop what has left its window."""
        keep = self.columns[_UNTIL] >= now
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
        seen[columns[_VISIBLE] > now] = NOTHING
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

    def _place(self, item: Item) -> int:
        """After all items that are not later than this one."""
        place = int(np.searchsorted(self.columns[_START], item.start, "right"))
        while place and self._items[place - 1].order > item.order:
            place -= 1
        return place


def _observation(ended: Ended) -> int:
    took = max(ended.known - ended.item.start, 0)
    if ended.ending is Ending.ARRIVED:
        return ARRIVED + int(bin_of(np.array([took]))[0])
    if ended.ending is Ending.REFUSED:
        return REFUSED if took < REFUSED_WITHIN else FAILED
    return FAILED if ended.ending is Ending.FAILED else NOTHING
