"""What the detector told in a replay, for people: a line an incident. Pure.

In:  `Findings`. Out: lines of text, times in the scenario's zone. Before and after: `strips.py`.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from services.alerting.detection.state import Told
from services.replay.detecting import Finding, Findings


def findings(found: Findings, zone: ZoneInfo) -> Iterator[str]:
    """Incidents and faults of bongsu's own, then what opened nothing."""
    if not found.incidents:
        yield "told: nothing"
    for one in found.incidents:
        end = _at(one.closed, zone) if one.closed else "the end"
        yield f"told: {_at(one.opened, zone)} to {end}  {_said(one, zone)}"
    for step in found.asides:
        yield f"{step.told}: {_at(step.at, zone)}  {step.component} {step.hypothesis}"


def _said(one: Finding, zone: ZoneInfo) -> str:
    kind = "fault of bongsu's own: " if one.monitor else ""
    alike = f" (or {', '.join(one.alike)})" if one.alike else ""
    since = f"since {_at(one.onset, zone)}, {len(one.routes)} routes"
    return f"{kind}{one.component}{alike} {one.hypothesis} {since}{''.join(_more(one))}"


def _more(one: Finding) -> Iterator[str]:
    first, again = one.steps[0].component, sum(s.told is Told.REOPENED for s in one.steps)
    others = [note for note in one.notes if note != one.component]
    if first != one.component:
        yield f"; first named {first}"
    if one.rival not in (None, one.component):
        yield f"; not separated from {one.rival}"
    if again:
        yield f"; reopened {again} times" if again > 1 else "; reopened once"
    if others:
        yield f"; also {', '.join(others)}"


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
