"""What a replay told, for people: each incident as the story of its timeline, and whether that is
what the file expects. Pure.

In:  `Findings`, `Judged`. Out: lines of text, times in the scenario's zone. Before and after:
`strips.py`.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from services.replay.detecting import Finding, Findings
from services.replay.judging import Judged
from services.storage.incidents import Event


def findings(found: Findings, judged: Judged, zone: ZoneInfo) -> Iterator[str]:
    """Incidents and faults of bongsu's own, what opened nothing, the verdict."""
    if not found.incidents:
        yield "told: nothing"
    for one in found.incidents:
        yield from _story(one, zone)
    for aside in found.asides:
        yield f"{aside.told}: {_at(aside.at, zone)}  {aside.component} {aside.hypothesis}"
    yield f"not as expected: {'; '.join(judged.wrong)}" if judged.wrong else "ok"


def _story(one: Finding, zone: ZoneInfo) -> Iterator[str]:
    row = one.row
    kind = "fault of bongsu's own" if row.monitor else f"severity {row.severity}"
    end = _at(row.ended_at, zone) if row.ended_at else "the end"
    rivals = f", not separated from {', '.join(one.rivals)}" if one.rivals else ""
    yield f"told: {row.component}, {kind}: {_at(row.started_at, zone)} to {end}{rivals}"
    for event in one.timeline:
        yield from _line(event, zone)


def _line(event: Event, zone: ZoneInfo) -> Iterator[str]:
    start = f"  {_at(event.at, zone)}  {event.kind:8}  "
    yield start + event.note_ko
    if event.note_en != event.note_ko:
        yield " " * len(start) + event.note_en


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
