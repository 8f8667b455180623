"""The figures of routes: what `bongsu up` shows live and `bongsu status` prints. Pure: rows in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from services.alerting.incidents.notices import Told
from services.alerting.incidents.words import tens
from services.contracts import ids
from services.contracts.catalogue import Catalogue, Route
from services.contracts.vocabulary import Stage
from services.storage.incidents import STANDS_STILL, Incident, Standing
from services.storage.pages import Sent
from services.storage.status import COUNTS, ObservedStatus, ProbeStatus, RouteStatus


@dataclass(frozen=True, slots=True)
class Line:
    """One route as shown: its figures (None before its first probe), and whether it rests now.

    Of a route that is only observed `post` tells; `quiet` (조용함) once it was silent too long.
    `incident`: the open one that it is part of; None while nothing is known against it.
    """

    route: str
    enabled: bool
    restricted: bool
    figures: RouteStatus | None
    observed: bool = False
    post: ObservedStatus | None = None
    quiet: bool = False
    incident: Incident | None = None

    @property
    def state(self) -> str:
        """`up`, `down`, `lossy` or `slow`; `unseen` (무자료) while a part of bongsu is at fault."""
        if self.incident is None:
            return "up"
        wrong = self.incident.hypothesis.rpartition("-")[2]
        return "unseen" if self.incident.monitor else _STATES[wrong]


# By the last word of the hypothesis.
_STATES = {"dead": "down", "lossy": "lossy", "slow": "slow"}


def lines(
    catalogue: Catalogue,
    found: Sequence[RouteStatus],
    posts: Sequence[ObservedStatus],
    now: datetime,
    incidents: Sequence[Incident] = (),
) -> list[Line]:
    """A line for every route of the catalogue, enabled ones first."""
    figures, seen = {status.route: status for status in found}, {post.route: post for post in posts}
    # Outages come first; of several on one route the first one speaks.
    told = {route: one for one in reversed(incidents) for route in one.routes}
    shown = [
        _observed(catalogue, route, seen.get(route.id), now)
        if route.observed
        else Line(
            route.id,
            route.enabled,
            catalogue.rests(route, now),
            figures.get(route.id),
            incident=told.get(route.id),
        )
        for route in catalogue.routes.values()
    ]
    return sorted(shown, key=lambda line: (not line.enabled, line.route))


def _observed(
    catalogue: Catalogue, route: Route, post: ObservedStatus | None, now: datetime
) -> Line:
    # Before it is stored that it is watched, watching begins with this revision.
    watched_since = post.watched_since if post else ids.time_of(catalogue.revision)
    last = (post and post.last_seen_at) or watched_since
    quiet = now - last > timedelta(seconds=route.expected_within_s or 0)
    return Line(route.id, route.enabled, False, None, observed=True, post=post, quiet=quiet)


def record(line: Line) -> dict[str, Any]:
    """A line for programs: its counts, and `p50_s`, `p95_s` (seconds from sending) by stage.

    Of an observed route: `quiet`, `last_seen_at`, and as `seen` how many members saw a post.
    """
    figures = line.figures
    newest = figures.newest if figures else None
    spreads = figures.stages if figures else {}
    counted = figures or line.post
    return {
        "route": line.route,
        "enabled": line.enabled,
        "restricted": line.restricted,
        "observed": line.observed,
        "quiet": line.quiet,
        **{name: getattr(counted, name, 0) for name in COUNTS},
        "p50_s": {str(stage): spread.p50_s for stage, spread in spreads.items()},
        "p95_s": {str(stage): spread.p95_s for stage, spread in spreads.items()},
        "last_seen_at": _iso(counted.last_seen_at if counted else None),
        "last_sent_at": _iso(newest.sent_at if newest else None),
        "last_outcome": newest.outcome if newest else None,
        "state": line.state,
        "state_since": _iso(line.incident.started_at if line.incident else None),
        "cause": line.incident.component if line.incident else None,
        "incident": line.incident.id if line.incident else None,
    }


def told(standing: Standing, now: datetime) -> list[Text]:
    """A line for every open incident, and one when nobody detects."""
    found = [Text(sentence(one), style="red") for one in standing.open]
    at = standing.ticked_at
    if at is None or now - at > STANDS_STILL:
        since = f"since {at.astimezone():%H:%M:%S}" if at else "yet"
        found.append(Text(f"nobody detects: no verdict {since}", style="red"))
    return found


def news(before: Standing | None, standing: Standing) -> list[str]:
    """What opened and what is over since the last look."""
    was = {one.id: one for one in before.open} if before else {}
    now = {one.id: one for one in standing.open}
    opened = [sentence(one) for name, one in now.items() if name not in was]
    return opened + [f"{one.component} is over" for name, one in was.items() if name not in now]


def sentence(one: Incident) -> str:
    """An open incident in one line."""
    kind = "fault of bongsu's own: " if one.monitor else ""
    severity = "" if one.monitor else f"severity {one.severity}: "
    alike = f" (or {', '.join(one.alike)})" if one.alike else ""
    rival = f"; not separated from {one.rival}" if one.rival else ""
    notes = f"; also {', '.join(one.notes)}" if one.notes else ""
    return (
        f"{kind}{severity}{one.component}{alike} {one.hypothesis} since"
        f" {one.started_at.astimezone():%m-%d %H:%M:%S}: {one.failed} of {one.total} messages,"
        f" evidence {tens(one.gain)}, {len(one.routes)} routes{rival}{notes}"
    )


def incident_record(one: Incident) -> dict[str, Any]:
    """An incident for programs; `gain` and `margin` in nats, times in UTC."""
    at = ("started_at", "detected_at", "ended_at", "closed_at")
    return one._asdict() | {name: _iso(getattr(one, name)) for name in at}


def page_record(sent: Sent) -> dict[str, object]:
    """A page as JSON."""
    told = sent._asdict()
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in told.items()}


def notice_record(one: Told) -> dict[str, Any]:
    """A notice for programs: `lag_s` after the onset, `too_early_s` of a false *recovered*."""
    fields = ("id", "version", "provider", "component", "says", "proof", "text", "actor")
    return {name: getattr(one.notice, name) for name in fields} | {
        "said_at": _iso(one.notice.said_at),
        "lag_s": one.lag.total_seconds(),
        "too_early_s": one.too_early.total_seconds() if one.too_early else None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def render(shown: Sequence[Line], now: datetime) -> Table:
    """The table. One row a route: last probe by stage, latencies, counts."""
    table = Table(
        box=None, pad_edge=False, collapse_padding=True, header_style="bold", caption_justify="left"
    )
    table.add_column("route", no_wrap=True, min_width=22)
    table.add_column("state", no_wrap=True)
    table.add_column("last probe", no_wrap=True)
    for title in ("p95", "sent", "seen", "lost", "void", "unkn"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for line in shown:
        if line.enabled:
            table.add_row(line.route, _state(line, now), *_cells(line, now))
    resting = sum(not line.enabled for line in shown)
    notes = ["last probe: its age, and how far it came; * not yet reported by the provider"]
    if any(line.enabled and line.restricted for line in shown):
        notes += ["not measured: in its hours of rest a route sends nothing and loses nothing"]
    notes += [f"{resting} more routes are in the catalogue and not enabled"] if resting else []
    table.caption = "\n".join(notes)
    return table


def _state(line: Line, now: datetime) -> str:
    if line.observed:
        return ""
    if line.incident is None:
        return "[green]up" if line.figures else ""
    since = line.incident.started_at
    return f"[red]{line.state} {_age((now - since).total_seconds()).strip()}"


def _cells(line: Line, now: datetime) -> list[str]:
    figures = line.figures
    if line.observed:
        return [last_post(line, now)]
    resting = "[dim]not measured" if line.restricted else None
    if figures is None:
        return [resting or "[dim]not yet"]
    spread = figures.stages.get(Stage.SEEN)
    return [
        resting or last_probe(figures.newest, now),
        f"{spread.p95_s:.1f}s" if spread else "",
        str(figures.sent),
        str(figures.seen),
        f"[red]{figures.lost}" if figures.lost else "0",
        str(figures.void),
        str(figures.unknown),
    ]


def last_probe(newest: ProbeStatus, now: datetime) -> str:
    """The newest probe in a few words: its age, and how far it came or what became of it."""
    age = _age((now - newest.sent_at).total_seconds())
    seen = newest.stages.get(Stage.SEEN)
    opened = newest.stages.get(Stage.OPENED)
    if opened:
        return f"[green]{age} opened {(opened - newest.sent_at).total_seconds():.1f}s"
    if seen:
        report = "" if Stage.REPORTED in newest.stages else "*"
        return f"[green]{age} seen {(seen - newest.sent_at).total_seconds():.1f}s{report}"
    if newest.outcome:
        return f"[red]{age} {newest.outcome}"
    reached = [str(s) for s in (Stage.REPORTED, Stage.ACCEPTED) if s in newest.stages]
    return f"[yellow]{age} {reached[0] if reached else 'sent'}"


def last_post(line: Line, now: datetime) -> str:
    """The newest post in an observed channel in a few words, or that it is quiet."""
    last = line.post.last_seen_at if line.post else None
    age = _age((now - last).total_seconds()) if last else None
    if line.quiet:
        return f"[red]{age or 'nothing yet'}: quiet"
    return f"[green]{age} observed" if age else "[dim]nothing yet"


def _age(passed_s: float) -> str:
    unit, size = ("s", 1) if passed_s < 100 else ("m", 60) if passed_s < 6_000 else ("h", 3_600)
    return f"{max(0.0, passed_s) / size:2.0f}{unit}"
