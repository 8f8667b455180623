"""What the rules of a catalogue look at: its objects, together and with their places in the files.

In:  `Loaded`, the names of the adapters there are, the limits. Used by `check.py` and `oncall.py`,
whose rules are functions from it to problems.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from services.catalogue.load import ANY, Item, Loaded, Problem
from services.catalogue.plan import Limits
from services.catalogue.sentences import suggestion
from services.contracts.catalogue import Catalogue
from services.contracts.model import Model

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Subject:
    """What the rules look at."""

    loaded: Loaded
    catalogue: Catalogue
    adapters: frozenset[str]
    limits: Limits

    def of(self, model: type[M]) -> list[tuple[Item, M]]:
        """The readable objects of a kind, with the place they stand at."""
        return [(i, i.model) for i in self.loaded.items if isinstance(i.model, model)]

    @property
    def nights_are_unknown(self) -> bool:
        """A channel cannot be read, so nobody knows how many probes rest at night."""
        return any(kind == "channel" for kind, _ in self.loaded.broken)

    def missing(self, item: Item, kind: str, name: str, *loc: int | str) -> Iterator[Problem]:
        """A problem if no object of that kind has that id."""
        known = self.catalogue.of_kind(kind)
        if name not in known and not {(kind, name), (kind, ANY)} & self.loaded.broken:
            yield item.problem(f"there is no {kind} '{name}'{suggestion(name, known)}", *loc)


Rule = Callable[[Subject], Iterator[Problem]]


def repeated(item: Item, what: str, names: list[str], *loc: int | str) -> Iterator[Problem]:
    """A problem for each name that a list holds before."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield item.problem(f"{what} '{name}' is given twice", *loc, place)


def is_zone(name: str) -> bool:
    """Is there such a time zone?"""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
