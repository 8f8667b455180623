"""Step 9, planned work: which windows hold at a time, and what they keep quiet. Pure.

In:  windows as they are stored, a time, an incident. Out: components in maintenance; whether they
account for all of an incident. Before: `storage/planned.py`. After: `decide.py`.
A window that recurs does so weekly, by this subset of RFC 5545, in Korean time, which has no
summer time: `FREQ=WEEKLY;BYDAY=TU,TH`. Its first span says at what hour and for how long. A rule
that cannot be read keeps nobody quiet.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerting.incidents.words import KST
from services.catalogue.components import components, covered, worked_on
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import DAYS
from services.contracts.weekly import days_of, rule_of
from services.runtime.errors import Refuse
from services.storage.planned import LONGEST_REASON, Window

LONGEST = timedelta(days=1)  # of what recurs
OWN = ("worker", "self")  # parts of bongsu's own, which no catalogue names
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Planned work as a person enters it; with `days` it recurs."""

    component: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    days: Sequence[str] = ()
    announced_at: datetime | None = None
    proof: str | None = None


def entered(asked: Asked, catalogue: Catalogue | None, actor: str) -> Window:
    """A window. The same component and start make a new version of the same one. Raises Refuse for
    what would keep nothing quiet, or nobody could mean."""
    start, end, rule = asked.starts_at, asked.ends_at, None
    if end <= start:
        raise Refuse("planned", "the end is not after the start")
    if asked.days:
        rule = weekly(asked.days)
        if start.astimezone(KST).weekday() not in days_of(rule):
            raise Refuse("planned", "the start is on none of these days in Korea")
        if end - start > LONGEST:
            raise Refuse("planned", "weekly work lasts 24 hours at most")
    require_known(catalogue, asked.component)
    return Window(
        f"{asked.component}@{int(start.timestamp())}", asked.component, start, end, rule,
        reason_of(asked.reason), asked.announced_at, asked.proof, actor,
    )  # fmt: skip


def withdrawn(window: Window, reason: str, actor: str) -> Window:
    """The version that takes it back. Raises Refuse for a reason that is none."""
    return window._replace(
        starts_at=None, ends_at=None, recurs=None, reason=reason_of(reason), actor=actor
    )


def require_known(catalogue: Catalogue | None, component: str) -> None:
    """Raises Refuse for a component that no message passes."""
    named = catalogue is None or component.partition(":")[0] in OWN
    if not named and catalogue and component not in components(catalogue):
        raise Refuse("planned", f"the catalogue in force has no component {component}")


def reason_of(text: str) -> str:
    """Raises Refuse for none, and for a long one."""
    if not 0 < len(text.strip()) <= LONGEST_REASON:
        raise Refuse("planned", f"a reason has 1 to {LONGEST_REASON} characters")
    return text.strip()


def weekly(days: Collection[str]) -> str:
    """The rule of these days. Raises Refuse for what is no day."""
    if not days or not set(days) <= set(DAYS):
        raise Refuse("planned", f"days are {','.join(DAYS)} or some of them")
    return rule_of(days)


def holds(window: Window, at: datetime) -> tuple[datetime, datetime] | None:
    """The span of a window in which a time lies, the end excluded; None outside of all."""
    first, end = window.starts_at, window.ends_at
    if first is None or end is None or at < first:
        return None
    if window.recurs is None:
        return (first, end) if at < end else None
    starts = _starts(first.astimezone(KST), end - first, days_of(window.recurs), at)
    return next(((start, start + (end - first)) for start in starts), None)


def _starts(
    first: datetime, length: timedelta, days: frozenset[int], at: datetime
) -> Iterable[datetime]:
    """Of the spans that began before `at` and are not over, the newest first."""
    newest = first + (at - first) // _DAY * _DAY
    for back in range(min(length, LONGEST) // _DAY + 1):
        start = newest - back * _DAY
        if start >= first and start.weekday() in days and at < start + length:
            yield start


def maintained(windows: Iterable[Window], at: datetime) -> frozenset[str]:
    """The components that are worked on at that time."""
    return frozenset(window.component for window in windows if holds(window, at))


def muted(
    catalogue: Catalogue, component: str, routes: Sequence[str], parts: frozenset[str]
) -> bool:
    """Do `parts`, which are worked on, account for all of an incident: for its component, or for
    every message of each of its routes?"""
    if not parts:
        return False
    known = [catalogue.routes.get(name) for name in routes]
    every = bool(known) and all(route and covered(catalogue, route, parts) for route in known)
    return every or worked_on(component, parts)
