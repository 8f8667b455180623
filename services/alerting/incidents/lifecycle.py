"""Step 8: what became of each incident since it was last written: opened, wider, over. Pure.

In:  the rows as they stand in Postgres and as the detector sees them now. Out: rows to write, each
with the lines that its timeline grows by. Before: `rows.py`. After: `writing.py`, one transaction.
Differences, not messages: whatever was lost on the way is found at the next look, once.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from services.alerting.incidents import words
from services.alerting.incidents.words import Said, Words
from services.storage.incidents import Action, Event, EventKind, Incident

BONGSU = "bongsu"
Line = tuple[EventKind, Said]


class Change(NamedTuple):
    """A row to write. `named`: its candidates are to be written too."""

    row: Incident
    events: tuple[Event, ...]
    named: bool


def next_steps(
    written: Mapping[str, Incident],
    wanted: Mapping[str, Incident],
    closers: Mapping[str, Action],
    called: Words,
    now: datetime,
    refresh: bool = False,
) -> list[Change]:
    """What to write, endings first: a component has one open incident. `closers`: who closed one
    by hand; `refresh`: figures that changed, too."""
    found = [
        change
        for name, row in wanted.items()
        if (change := _step(written.get(name), row, closers.get(name), called, now, refresh))
    ]
    return sorted(found, key=lambda change: change.row.status == "open")


def _step(
    before: Incident | None, row: Incident, closer: Action | None,
    called: Words, now: datetime, refresh: bool,
) -> Change | None:  # fmt: skip
    if before is None:
        said: list[Line] = [("opened", words.opened(row, called)), *_symptoms((), row, called)]
        ending = [_ending(row, closer)] if row.status == "closed" else []
        opened = _lines(said, row.detected_at)
        return Change(row, (*opened, *ending), row.status == "open")
    if before.status == row.status == "closed" and row.closed_at == before.closed_at:
        return None
    row = _carried(before, row)
    events = [*_lines(_differences(before, row, called), now)]
    if row.status == "closed" and before.status == "open":
        events.append(_ending(row, closer))
    if not events and not (refresh and row != before):
        return None
    named = row.status == "open" and (row.component, row.status) != (
        before.component,
        before.status,
    )
    return Change(row, tuple(events), named)


def _carried(before: Incident, row: Incident) -> Incident:
    """With what detection does not keep: how often it came back; its figures, and what it was told
    apart from, until this instance has them; once it is over, how bad it was and what belonged to
    it."""
    row = row._replace(figures=row.figures or before.figures)
    if row.margin is None and row.component == before.component:
        row = row._replace(margin=before.margin, rival=before.rival)
    if row.status == "closed":
        return row._replace(reopened=before.reopened, severity=before.severity, notes=before.notes)
    return row._replace(reopened=before.reopened + (before.status == "closed"))


def _differences(before: Incident, row: Incident, called: Words) -> Iterator[Line]:
    if row.status == "closed":
        return
    if before.status == "closed":
        yield "reopened", words.reopened(row)
    if row.component != before.component:
        yield "renamed", words.renamed(before, row, called)
    elif row.hypothesis != before.hypothesis:
        yield "changed", words.changed(row)
    if more := set(row.routes) - set(before.routes):
        yield "widened", words.widened(more)
    if less := set(before.routes) - set(row.routes):
        yield "narrowed", words.narrowed(less)
    yield from _symptoms(before.notes, row, called)
    if row.severity != before.severity:
        yield "graded", words.graded(before, row)


def _symptoms(known: tuple[str, ...] | list[str], row: Incident, called: Words) -> Iterator[Line]:
    fresh = (name for name in row.notes if name not in known)
    yield from (("noted", words.noted(name, called)) for name in fresh)


def _ending(row: Incident, closer: Action | None) -> Event:
    at = row.closed_at or row.detected_at
    if closer is not None:
        return Event(at, "closed", closer.actor, *words.closed_by_hand(closer.text))
    return Event(at, "closed", BONGSU, *words.closed(row))


def _lines(said: Iterator[Line] | list[Line], at: datetime) -> list[Event]:
    return [Event(at, kind, BONGSU, *sentence) for kind, sentence in said]
