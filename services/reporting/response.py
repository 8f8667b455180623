"""Response: who saw each outage and how soon; how long it took to mend; what was said of it.

In:  outages, the detector's incidents, providers' notices. Out: an account of each outage, and what
they amount to. Moments are milliseconds since 1970 UTC. Pure.
Before: `outages.py`, `notices.py`. After: `month.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.contracts.sla import Contract
from services.reporting.calendar import Left
from services.reporting.minutes import ALL, Minutes
from services.reporting.notices import Notice, Told, told
from services.reporting.outages import Fix, Outage, fix
from services.reporting.slots import MINUTE_MS


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident of the detector: which routes it hit, when. `ended`: None while it is open."""

    id: str
    routes: frozenset[str]
    began: int
    ended: int | None
    detected: int
    acked: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """장애 내역 of one outage. `contract`: in force at its first counted minute. Without incidents
    it was found afterwards (사후 확인)."""

    outage: Outage
    contract: Contract
    incidents: tuple[Incident, ...]
    fix: Fix
    told: Told

    @property
    def detected(self) -> int | None:
        """When the detector saw it first."""
        return min((each.detected for each in self.incidents), default=None)

    @property
    def acked(self) -> int | None:
        """When somebody first said to have it."""
        return min((each.acked for each in self.incidents if each.acked is not None), default=None)


def account(
    outage: Outage, minutes: Minutes, incidents: Iterable[Incident], notices: Iterable[Notice]
) -> Account:
    """Of one outage."""
    calendar = minutes.calendar
    contract = calendar.versions[calendar.version[outage.first - calendar.window.start]]
    own = tuple(each for each in incidents if _overlap(each, outage))
    said = told(outage, notices, contract)
    starts = {
        "start": None,
        "detected": min((each.detected for each in own), default=None),
        "notified": min((each.told for each in said.notices), default=None),
    }
    since = starts[contract.settings.fix_from]
    mended = fix(outage, minutes, contract, None if since is None else since // MINUTE_MS)
    return Account(outage, contract, own, mended, said)


def _overlap(incident: Incident, outage: Outage) -> bool:
    """In time, and on one of its routes (an outage only admitted has none)."""
    start, end = outage.began * MINUTE_MS, outage.until * MINUTE_MS
    shared = not outage.routes or incident.routes & set(outage.routes)
    return bool(shared) and incident.began < end and (incident.ended or end) > start


def why_uncounted(incident: Incident, minutes: Minutes) -> str:
    """Why an incident has no counted minute: its minutes were left out, nobody saw them, or what
    was seen was no outage by rule s1."""
    window = minutes.calendar.window
    end = window.end if incident.ended is None else -(-incident.ended // MINUTE_MS)
    part = window.part(incident.began // MINUTE_MS, end)
    if (minutes.left[part] != Left.NOT).all():
        return "excluded"
    return "unmeasured" if minutes.unmeasured[part].any() else "no_span"


class Spread(NamedTuple):
    """Micro-minutes over `n` outages; `missing` ones have no such time, and are in no mean."""

    mean: int | None
    median: int | None
    longest: int | None
    n: int
    missing: int


@dataclass(frozen=True, slots=True)
class Response:
    """Over a month's outages: times from the beginning to detection, from that to acknowledgement,
    from the beginning to restoration; minutes by which fixes were late, and these weighted
    (micro-minutes)."""

    outages: int
    found_afterwards: int
    to_detect: Spread
    to_acknowledge: Spread
    to_restore: Spread
    late_min: int
    late_weighted: int


def response(accounts: Sequence[Account]) -> Response:
    """What they amount to."""
    began = [each.outage.began * MINUTE_MS for each in accounts]
    detected, acked = [each.detected for each in accounts], [each.acked for each in accounts]
    ended = [None if each.outage.lasts else each.outage.until * MINUTE_MS for each in accounts]
    late = [(each.fix.late, each.contract.settings.late_fix_weight_ppm) for each in accounts]
    return Response(
        outages=len(accounts),
        found_afterwards=sum(not each.incidents for each in accounts),
        to_detect=spread(list(map(micro_minutes, began, detected))),
        to_acknowledge=spread(list(map(micro_minutes, detected, acked))),
        to_restore=spread(list(map(micro_minutes, began, ended))),
        late_min=sum(minutes for minutes, _ in late),
        late_weighted=sum(minutes * weight for minutes, weight in late),
    )


def spread(times: Sequence[int | None]) -> Spread:
    """Of micro-minutes, mean and median rounded half up; None: missing."""
    known = sorted(each for each in times if each is not None)
    n = len(known)
    if not n:
        return Spread(None, None, None, 0, len(times))
    middle = known[(n - 1) // 2] + known[n // 2]
    mean = (2 * sum(known) + n) // (2 * n)
    return Spread(mean, (middle + 1) // 2, known[-1], n, len(times) - n)


def micro_minutes(start: int | None, end: int | None) -> int | None:
    """Between two moments, rounded half up; None if one is missing."""
    if start is None or end is None:
        return None
    return (2 * (end - start) * ALL + MINUTE_MS) // (2 * MINUTE_MS)
