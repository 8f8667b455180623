"""Outages that hit several bodies at once, as one each. Pure.

In: reports of one month. Out: groups of outages: of one incident of the detector, or of one channel
at overlapping times.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from services.contracts.report import Outage, Report


class Hit(NamedTuple):
    """One outage of one body."""

    report: Report
    outage: Outage


class Shared(NamedTuple):
    """`minutes` of this month, summed over bodies; `until` None: it lasts."""

    since: str
    until: str | None
    channels: list[str]
    cause: str | None
    bodies: list[Report]
    minutes: Decimal


def shared(reports: Iterable[Report]) -> list[Shared]:
    """Those of two bodies or more, the first first."""
    hits = [Hit(report, one) for report in reports for one in report.outages if _counted(one)]
    groups: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda one: one.outage.t0):
        own = [group for group in groups if any(_same(hit.outage, one.outage) for one in group)]
        groups = [group for group in groups if group not in own]
        groups.append([one for group in own for one in group] + [hit])
    told = [_told(group) for group in groups]
    return sorted((one for one in told if len(one.bodies) > 1), key=lambda one: one.since)


def _counted(outage: Outage) -> bool:
    return bool(Decimal(outage.minutes_total))


def _same(one: Outage, other: Outage) -> bool:
    if set(one.incidents) & set(other.incidents):
        return True
    ends = one.end or "9", other.end or "9"  # what lasts ends after all times
    return one.channel == other.channel and one.t0 < ends[1] and other.t0 < ends[0]


def _told(group: Sequence[Hit]) -> Shared:
    bodies = {hit.report.body.id: hit.report for hit in group}
    ends = [hit.outage.end for hit in group]
    return Shared(
        min(hit.outage.t0 for hit in group),
        None if None in ends else max(end for end in ends if end),
        sorted({hit.outage.channel for hit in group}),
        next((hit.outage.cause for hit in group if hit.outage.cause), None),
        [bodies[body] for body in sorted(bodies)],
        sum((Decimal(hit.outage.minutes_here) for hit in group), Decimal(0)),
    )
