"""The table of routes: what `bongsu up` shows live and `bongsu status` prints. Pure: rows in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.table import Table

from services.contracts import slots
from services.contracts.catalogue import Catalogue, Route
from services.contracts.vocabulary import Stage
from services.storage.status import ProbeStatus, RouteStatus

STAGES = (Stage.ACCEPTED, Stage.REPORTED, Stage.SEEN)


@dataclass(frozen=True, slots=True)
class Line:
    """One route as shown: its figures (None before its first probe), and whether it rests now."""

    route: str
    enabled: bool
    restricted: bool
    figures: RouteStatus | None


def lines(catalogue: Catalogue, found: Sequence[RouteStatus], now: datetime) -> list[Line]:
    """A line for every route of the catalogue, enabled ones first."""
    figures = {status.route: status for status in found}
    shown = [
        Line(route.id, route.enabled, rests(catalogue, route, now), figures.get(route.id))
        for route in catalogue.routes.values()
    ]
    return sorted(shown, key=lambda line: (not line.enabled, line.route))


def rests(catalogue: Catalogue, route: Route, now: datetime) -> bool:
    """Is the route inside its window in which nothing is sent?"""
    window = catalogue.window_of(route)
    return window is not None and slots.within(window.start, window.end, window.zone, now)


def render(shown: Sequence[Line], now: datetime) -> Table:
    """The table. One row a route: last probe by stage, latencies, counts."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("route", no_wrap=True)
    table.add_column("last probe")
    for title in ("seen p50", "p95", "sent", "seen", "lost", "void", "unknown"):
        table.add_column(title, justify="right")
    for line in shown:
        if line.enabled:
            table.add_row(line.route, *_cells(line, now))
    resting = sum(not line.enabled for line in shown)
    if resting:
        table.caption = f"{resting} more routes are in the catalogue and not enabled"
    return table


def _cells(line: Line, now: datetime) -> list[str]:
    figures = line.figures
    if figures is None:
        return ["[dim]night window: not sent" if line.restricted else "[dim]not yet", *[""] * 7]
    spread = figures.stages.get(Stage.SEEN)
    return [
        "[dim]night window: not sent" if line.restricted else last_probe(figures.newest, now),
        f"{spread.p50_s:.1f} s" if spread else "",
        f"{spread.p95_s:.1f} s" if spread else "",
        str(figures.sent),
        str(figures.seen),
        f"[red]{figures.lost}" if figures.lost else "0",
        str(figures.void),
        str(figures.unknown),
    ]


def last_probe(newest: ProbeStatus, now: datetime) -> str:
    """The newest probe in a few words: its age and the stages it reached, or what became of it."""
    age = max(timedelta(0), now - newest.sent_at)
    reached = [stage for stage in STAGES if stage in newest.stages]
    words = " ".join(_stage(stage, newest) for stage in reached) or "sent"
    colour = "green" if Stage.SEEN in newest.stages else "yellow"
    if newest.outcome and Stage.SEEN not in newest.stages:
        words, colour = f"{words} · {newest.outcome}", "red"
    return f"[{colour}]{age.total_seconds():3.0f} s ago  {words}"


def _stage(stage: Stage, probe: ProbeStatus) -> str:
    return f"{stage} {(probe.stages[stage] - probe.sent_at).total_seconds():.1f}"
