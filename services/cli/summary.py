"""The summary of a run of the local stack, for programs: `bongsu up --summary FILE`."""

from collections.abc import Sequence
from typing import Any

from services.cli.table import Line
from services.contracts.vocabulary import Stage

COUNTS = ("sent", "accepted", "refused", "reported", "seen", "opened", "lost", "void")


def summary(
    ready_s: float | None, first_seen_s: float | None, shown: Sequence[Line]
) -> dict[str, Any]:
    """`ready_s` and `first_seen_s` count from the start of the stack; None: not reached."""
    return {
        "ready_s": ready_s,
        "first_seen_s": first_seen_s,
        "routes": [route_summary(line) for line in shown],
    }


def route_summary(line: Line) -> dict[str, Any]:
    """One route: its counts, and `p50_s`, `p95_s` by stage."""
    figures = line.figures
    spreads = figures.stages if figures else {}
    return {
        "route": line.route,
        "enabled": line.enabled,
        "restricted": line.restricted,
        **{name: getattr(figures, name) if figures else 0 for name in COUNTS},
        "unknown": figures.unknown if figures else 0,
        "p50_s": {str(stage): spreads[stage].p50_s for stage in Stage if stage in spreads},
        "p95_s": {str(stage): spreads[stage].p95_s for stage in Stage if stage in spreads},
    }
