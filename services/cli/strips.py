"""What a replay found, for people: a route a line, its time as a strip. Pure.

In:  `Outcomes`. Out: lines of text. Before: `replay.py`. After: a terminal.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from services.cli.findings import findings
from services.contracts.vocabulary import Outcome
from services.replay.outcomes import Outcomes
from services.replay.scenario import Scenario, Segment

# The share of what counts that was delivered in time, and its sign.
SHARES = ((0.99, "█"), (0.75, "▓"), (0.4, "▒"), (0.01, "░"), (0.0, "·"))
NOTHING_COUNTS = "?"  # only void, unknown or exempt
NOTHING_SENT = " "
LEFT_OUT = frozenset({Outcome.VOID, Outcome.UNKNOWN, Outcome.EXEMPT})  # of every ratio
BAD_BELOW = 0.75


def shown(found: Outcomes) -> Iterator[str]:
    """Title, what was wrong, what was told, ruler, a line a route, the legend."""
    scenario, zone = found.scenario, found.scenario.tz
    span, size = scenario.span, found.buckets.size
    totals = found.totals()
    width = max((len(route) for route in (*totals, *found.rooms())), default=0)
    yield f"{scenario.id}: {scenario.title.ko} / {scenario.title.en}"
    yield (
        f"{_at(span.since, zone)} to {_at(span.until, zone)} ({zone}), seed {found.seed};"
        f" each sign is {size.total_seconds() / 60:g} min"
    )
    yield from (f"  {line}" for line in _segments(scenario))
    yield from findings(found.told, found.judged, zone)
    yield f"{'':{width}}  {_ruler(found.buckets.starts(), zone)}"
    for route, counts in totals.items():
        over_time = found.over_time(route)
        strip = "".join(map(_sign, over_time))
        words = ", ".join(f"{outcome} {counts[outcome]}" for outcome in Outcome if counts[outcome])
        stopped = found.stopped.get(route, 0)
        words += f", account stopped {stopped}" if stopped else ""
        yield f"{route:{width}}  {strip}  {words}{_spell(found, over_time, zone)}"
    for room in found.rooms():
        yield f"{room:{width}}  {_posts(found.posts_in(room))}  posts seen"
    yield (
        f"delivered in time: {SHARES[0][1]} all, {SHARES[1][1]} {SHARES[2][1]} {SHARES[3][1]} part,"
        f" {SHARES[4][1]} none; {NOTHING_COUNTS} nothing that counts; blank: nothing sent"
    )


def _segments(scenario: Scenario) -> Iterator[str]:
    """What was wrong, in order of its beginning."""
    for one in sorted(scenario.segments, key=lambda segment: segment.since):
        since, until = (_at(at, scenario.tz) for at in (one.since, one.until))
        yield f"{since} to {until}  {worded(one)}"


def worded(one: Segment) -> str:
    """Which components are how, without times: `platform:kakaotalk: text degraded, 80% of it`."""
    few = len(one.components) <= 3
    who = ", ".join(one.components) if few else f"{len(one.components)} components"
    what = f"{one.function} {one.state}" if one.function else str(one.state)
    share = f", {one.share:.0%} of it" if one.share < 1 else ""
    return f"{who}: {what}{share}"


def _share(counts: Counter[Outcome]) -> float | None:
    counted = sum(number for outcome, number in counts.items() if outcome not in LEFT_OUT)
    return counts[Outcome.DELIVERED] / counted if counted else None


def _sign(counts: Counter[Outcome]) -> str:
    share = _share(counts)
    if share is None:
        return NOTHING_COUNTS if counts else NOTHING_SENT
    return next(sign for least, sign in SHARES if share >= least)


def _spell(found: Outcomes, over_time: list[Counter[Outcome]], zone: ZoneInfo) -> str:
    """From the first stretch that was bad to the end of the last."""
    shares = enumerate(map(_share, over_time))
    bad = [n for n, share in shares if share is not None and share < BAD_BELOW]
    if not bad:
        return ""
    starts, size = found.buckets.starts(), found.buckets.size
    return f"; bad from {_at(starts[bad[0]], zone)} to {_at(starts[bad[-1]] + size, zone)}"


def _posts(numbers: list[int]) -> str:
    usual = sorted(numbers)[len(numbers) // 2] or max(numbers)
    shares = ((number / usual) if usual else 0.0 for number in numbers)
    return "".join(next(sign for least, sign in SHARES if share >= least) for share in shares)


def _ruler(starts: list[datetime], zone: ZoneInfo) -> str:
    """The time every ten stretches."""
    marks = starts[::10]
    day = any(one.astimezone(zone).date() != starts[0].astimezone(zone).date() for one in marks)
    form = "%m-%d %H" if day else "%H:%M"
    return "".join(f"{one.astimezone(zone):{form}}".ljust(10) for one in marks).rstrip()


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
