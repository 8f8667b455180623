"""Outages 장애: which spans are one, when it began and ended, how long it took to mend.

In:  minutes, judged slots. Out: outages in order, each with its minutes. Minutes are counted since
1970 UTC; shares are millionths. Pure.
Before: `minutes.py`. After: `response.py` says who saw and told it; `month.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.contracts.report_words import Verdict
from services.contracts.sla import Contract
from services.reporting import verdict
from services.reporting.calendar import Window
from services.reporting.minutes import Minutes, Route
from services.reporting.slots import Judged, Stretch
from services.reporting.spans import GOOD, MEMORY, Marks


@dataclass(frozen=True, slots=True)
class Outage:
    """Minutes [began, until). `lasts`: nothing had ended it at the cutoff. `first`: its first
    counted minute (t0), which says whose month's it is. `here`, `total`: micro-minutes in the month
    and in all; `peak`: the largest share; `routes`: those that were bad."""

    began: int
    until: int
    lasts: bool
    first: int
    here: int
    total: int
    peak: int
    routes: tuple[str, ...]

    @property
    def restored(self) -> int | None:
        """The end of its last span; None while it lasts."""
        return None if self.lasts else self.until


def outages(
    minutes: Minutes, routes: Sequence[Route], judged: Sequence[Judged], month: Window
) -> list[Outage]:
    """All that have a counted minute in the month, in order."""
    bad = {r.route: r.counted & (r.in_force > 0) & (minutes.share > 0) for r in routes}
    window = minutes.calendar.window
    spans = [
        span
        for each in judged
        for span in each.spans
        if bad[each.slots.route][window.part(span.start, span.end)].any()
    ]
    joined = _joined(minutes, judged, sorted([*spans, *_admitted(minutes)]))
    found = (_outage(minutes, bad, span, month) for span in joined)
    return [outage for outage in found if outage.here]


def _admitted(minutes: Minutes) -> list[Stretch]:
    """Minutes that the provider admits to have been down, as spans."""
    edges = np.flatnonzero(np.diff(minutes.admitted, prepend=False, append=False))
    starts_and_ends = (edges + minutes.calendar.window.start).reshape(-1, 2).tolist()
    return [Stretch(start, end, open=False) for start, end in starts_and_ends]


def _joined(minutes: Minutes, judged: Sequence[Judged], spans: Sequence[Stretch]) -> list[Stretch]:
    """Spans that overlap, lie at most 15 minutes apart, or between which nobody saw anything well
    are one outage."""
    blind = (~minutes.service | minutes.unmeasured) & ~_seen_well(minutes.calendar.window, judged)
    joined: list[Stretch] = []
    for span in spans:
        last = joined[-1] if joined else None
        between = minutes.calendar.window.part(last.end, span.start) if last else slice(0)
        if last and (span.start - last.end <= MEMORY or blind[between].all()):
            end = max(last.end, span.end)
            joined[-1] = Stretch(last.start, end, last.open or span.open)
        else:
            joined.append(span)
    return joined


def _seen_well(window: Window, judged: Sequence[Judged]) -> Marks:
    """The minutes in which any route has a good slot."""
    good = np.zeros(window.end - window.start, bool)
    for each in judged:
        slots = each.slots
        here = window.part(int(slots.start[0]), int(slots.end[-1]))
        good[here] |= np.repeat(each.states == GOOD, slots.end - slots.start)
    return good


def _outage(minutes: Minutes, bad: dict[str, Marks], span: Stretch, month: Window) -> Outage:
    window = minutes.calendar.window
    end = window.end if span.open else span.end
    part, own = window.part(span.start, end), window.part(month.start, month.end)
    share = minutes.share[part]
    here = minutes.share[max(part.start, own.start) : min(part.stop, own.stop)]
    return Outage(
        began=span.start,
        until=end,
        lasts=span.open,
        first=span.start + int(np.argmax(share > 0)),
        here=int(here.sum()),
        total=int(share.sum()),
        peak=int(share.max()),
        routes=tuple(name for name, marks in bad.items() if marks[part].any()),
    )


class Fix(NamedTuple):
    """Minutes to mend an outage, at least and at most (None: it lasts), against the limit."""

    lower: int
    upper: int | None
    limit: int | None
    verdict: Verdict

    @property
    def late(self) -> int:
        """Minutes beyond the limit, proven."""
        return 0 if self.limit is None else max(0, self.lower - self.limit)


def fix(outage: Outage, minutes: Minutes, contract: Contract, since: int | None) -> Fix:
    """From its first counted minute, or from `since` if the contract's clock starts with that
    (detection or notice) and it is later; unmeasured minutes make the difference.

    `contract`: the version in force at the first counted minute.
    """
    settings, limit = contract.settings, contract.fix_min
    start = max(outage.first, since or 0)
    part = minutes.calendar.window.part(start, outage.until)
    counting = minutes.service[part] | (settings.fix_minutes_of == "clock")
    upper, lower = int(counting.sum()), int((counting & ~minutes.unmeasured[part]).sum())
    if limit is None or outage.peak < settings.fix_min_share_ppm:
        return Fix(lower, None if outage.lasts else upper, None, Verdict.NOT_APPLICABLE)
    known = False if lower > limit else None if outage.lasts or upper > limit else True
    return Fix(lower, None if outage.lasts else upper, limit, verdict.of(known))
