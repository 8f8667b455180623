"""`bongsu status --ladders`: each notice's rungs in order, and what the last drill showed. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from rich.console import Group
from rich.text import Text

from services.cli import table
from services.contracts.catalogue import Catalogue, Notice, Rung
from services.contracts.ladder import Drill
from services.storage.status import DrillStatus

WORDS = {
    "fired": "fired", "arrived": "arrived", "in_time": "in time", "once": "once",
    "whole": "whole", "right_sender": "sender",
}  # fmt: skip
MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[dim]–[/]"}


@dataclass(frozen=True, slots=True)
class Drilled:
    """The newest drill of a route that showed something, and since when they show the same."""

    drill: DrillStatus
    since: datetime


@dataclass(frozen=True, slots=True)
class Ladder:
    """One notice: its rungs, each with its route's line (None: not probed); by route the
    last drill (None: none within the time looked at)."""

    body: str
    notice: Notice
    rungs: tuple[tuple[Rung, table.Line | None], ...]
    drills: Mapping[str, Drilled | None]


def ladders(
    catalogue: Catalogue, lines: Sequence[table.Line], drills: Sequence[DrillStatus]
) -> list[Ladder]:
    """Every notice's ladder, by body; `drills` stand newest first."""
    by_route = {line.route: line for line in lines}
    return [
        Ladder(
            body.id,
            notice,
            tuple((rung, by_route.get(rung.route or "")) for rung in notice.ladder),
            {
                rung.route: last_drill(rung.route, drills)
                for rung in notice.ladder
                if rung.route in catalogue.routes and catalogue.routes[rung.route].ladder_probe
            },
        )
        for _, body in sorted(catalogue.bodies.items())
        for notice in body.notices
    ]


def last_drill(route: str, drills: Sequence[DrillStatus]) -> Drilled | None:
    """The newest drill of a route that says anything, and the first of the same kind before it."""
    mine = [drill for drill in drills if drill.route == route and drill.shows.tried]
    same = list(takewhile(lambda drill: drill.shows == mine[0].shows, mine))
    return Drilled(same[0], same[-1].sent_at) if same else None


def record(ladder: Ladder) -> dict[str, Any]:
    """A ladder for programs; of a drill each answer is true, false or null (cannot be told)."""
    return {
        "body": ladder.body,
        "notice": ladder.notice.id,
        "rungs": [
            {"channel": rung.channel, "route": rung.route, "state": line and table.record(line)}
            for rung, line in ladder.rungs
        ],
        "drills": [
            {
                "route": route,
                "receiver": found.drill.receiver if found else None,
                "last_at": found.drill.sent_at.isoformat() if found else None,
                "since": found.since.isoformat() if found else None,
                **asdict(found.drill.shows if found else Drill()),
            }
            for route, found in ladder.drills.items()
        ],
    }


def render(found: Sequence[Ladder], now: datetime, looked_back: str) -> Group:
    """For people, in 80 columns."""
    told = (line for ladder in found for line in _told(ladder, now, looked_back))
    return Group(*map(Text.from_markup, told))


def _told(ladder: Ladder, now: datetime, looked_back: str) -> Iterator[str]:
    yield f"[bold]{ladder.body} {ladder.notice.id}[/]  {ladder.notice.name.ko}"
    for place, (rung, line) in enumerate(ladder.rungs, start=1):
        name = rung.route or rung.channel
        yield f"  {place} {name:26} {_state(line, now)}"
    for route, drilled in ladder.drills.items():
        yield from _drill(route, drilled, looked_back)
    if not ladder.drills:
        yield "  [dim]no drill: no route here has a ladder_probe[/]"
    yield ""


def _state(line: table.Line | None, now: datetime) -> str:
    if line is None:
        return "[dim]not probed[/]"
    if not line.enabled:
        return "[dim]not enabled[/]"
    if line.observed:
        return table.last_post(line, now)
    if line.figures is None:
        return "[dim]no probe yet[/]"
    return table.last_probe(line.figures.newest, now)


def _drill(route: str, drilled: Drilled | None, looked_back: str) -> Iterator[str]:
    if drilled is None:
        yield f"  [yellow]drill: none of {route} ended in the last {looked_back}[/]"
        return
    shows, at = drilled.drill.shows, drilled.drill.sent_at.astimezone()
    marks = "  ".join(f"{word} {MARKS[getattr(shows, name)]}" for name, word in WORDS.items())
    yield f"  drill: {marks}"
    since = drilled.since.astimezone()
    to = drilled.drill.receiver
    yield f"  [dim]last at {at:%H:%M:%S} to {to}, the same since {since:%m-%d %H:%M}[/]"
