"""What the words of a scenario file may mean: components, patterns of them, causes, dates.

In:  a catalogue, the ids of workers, the file's time zone; one value of the file.
Out: `Known`, and the value understood; ValueError with the rest of a sentence if it means nothing.
Before: `scenario.load` read the file. After: the models of `scenario.py` hold the values.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from services.catalogue.components import components
from services.catalogue.sentences import suggestion
from services.contracts.catalogue import Catalogue
from services.contracts.vocabulary import ObserverKind
from simulators.config import impossible
from simulators.faults import State

PASSED_BY_MESSAGES = ("platform", "carrier", "provider", "account", "sender", "body")
BREAKABLE = (*PASSED_BY_MESSAGES, "site", "worker", "receiver", "observer")
YEARS = range(2000, 2101)


@dataclass(frozen=True)
class Known:
    """`breakable`: what a segment may name. `all`: what may be a cause; functions are `id/name`."""

    zone: ZoneInfo
    breakable: tuple[str, ...]
    all: tuple[str, ...]


def known(catalogue: Catalogue, workers: Collection[str], zone: ZoneInfo) -> Known:
    """All components of a catalogue and these workers (`w1`)."""
    found = (*components(catalogue), *(f"worker:{worker}" for worker in workers))
    return Known(zone, tuple(filter(_is_breakable, found)), found)


def _is_breakable(component: str) -> bool:
    kind, _, name = component.partition(":")
    if kind == "observer":  # bongsu itself looks into mailboxes: there is no app to break
        return not name.endswith(f"/{ObserverKind.IMAP}")
    return kind in BREAKABLE and "/" not in component


def matched(given: Any, things: Known) -> tuple[str, ...]:
    """The component named, or all that a pattern (`sender:*-alimtalk`) names."""
    if not isinstance(given, str):
        raise ValueError("must be text such as platform:kakaotalk")
    if given in things.breakable:
        return (given,)
    near = suggestion(given, things.breakable)
    if not any(sign in given for sign in "*?["):
        raise ValueError(f"there is no component '{given}'{near}")
    found = tuple(component for component in things.breakable if fnmatchcase(component, given))
    if not found:
        raise ValueError(f"no component matches '{given}'{near}")
    return found


def cause(given: str, things: Known) -> str:
    """A component, or `<component>/<function>`."""
    component, _, function = given.partition("/")
    named = component in things.breakable and not impossible(component, State.DOWN, function)
    if given not in things.all and not named:
        raise ValueError(f"there is no component '{given}'{suggestion(given, things.all)}")
    return given


def moment(given: Any, things: Known) -> datetime:
    """A date and time in UTC; without a zone of its own it is meant in the file's."""
    try:
        read = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        shown = f"'{given}' " if isinstance(given, str) and len(given) <= 40 else ""
        raise ValueError(f"{shown}is no date and time such as 2022-10-15T15:30") from None
    if read.year not in YEARS:
        raise ValueError(f"'{given}' lies outside the years {YEARS[0]} to {YEARS[-1]}")
    return (read if read.tzinfo else read.replace(tzinfo=things.zone)).astimezone(UTC)
