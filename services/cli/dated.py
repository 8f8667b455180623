"""`bongsu replay --check`: all outages side by side, a line each, and what is not as it must be.

In:  what the replays found. Out: lines of text; sentences of what is wrong. Pure but for the
processes. Before: `replay.py`. After: a terminal, the exit code.
"""

import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import timedelta

from services.alerting.detection.law import Learnt
from services.cli.prelude import Tell
from services.contracts.catalogue import Catalogue
from services.replay import run
from services.replay.idle import hit, idle
from services.replay.outcomes import Outcomes
from services.replay.scenario import Scenario, faults
from simulators.faults import Fault, State

MEDIAN_S, P95_S = 60.0, 180.0  # of total outages of 5 min or more; of all
STOPPED = frozenset({State.DOWN, State.REFUSING, State.SILENT_SENDER})
LONG = timedelta(minutes=5)
SEEN_AFTER = timedelta(hours=1)  # what ended so long before the span must be closed in it


def replayed(
    scenarios: Sequence[Scenario], catalogue: Catalogue, seed: int, learnt: Learnt, tell: Tell
) -> list[Outcomes]:
    """Each played in a process of its own, as many at once as there are cores; the longest first.
    Order is the given one."""
    by_length = sorted(scenarios, key=lambda one: one.span.since - one.span.until)
    found: dict[str, Outcomes] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        played = [pool.submit(run.replay, one, catalogue, seed, learnt) for one in by_length]
        for one in as_completed(played):
            outcomes = one.result()
            found[outcomes.scenario.id] = outcomes
            tell(f"{len(found)} of {len(scenarios)}: {outcomes.scenario.id} is played")
    return [found[one.id] for one in scenarios]


def table(found: Sequence[Outcomes], catalogue: Catalogue) -> Iterator[str]:
    """A line an outage; then how soon the pages came."""
    width = max(len(one.scenario.id) for one in found)
    yield f"{'outage':{width}}  {'page':>6}  pages  {'closed':>7}  again  cause"
    for one in found:
        judged = one.judged
        soon, end = _s(judged.time_to_page_s), _s(judged.recovered_s)
        named = judged.cause or unseen(one.scenario, catalogue) or "nothing"
        counts = f"{soon:>6}  {len(judged.pages):>5}  {end:>7}  {judged.reopened:>5}"
        yield f"{one.scenario.id:{width}}  {counts}  {named}"
    yield "page: from the onset; closed: from the end of what was broken"
    yield _quantiles("total, of 5 min or more", _delays(_totals(found, catalogue)))
    yield _quantiles("all", _delays(found))


def late(found: Sequence[Outcomes], catalogue: Catalogue) -> list[str]:
    """What all together miss of the promised delays."""
    total, all_ = _delays(_totals(found, catalogue)), _delays(found)
    said = []
    if total and (median := statistics.median(total)) > MEDIAN_S:
        said.append(f"total outages: median {median:g} s, not {MEDIAN_S:g} s at most")
    if all_ and (most := _p95(all_)) > P95_S:
        said.append(f"all: p95 {most:g} s, not {P95_S:g} s at most")
    return said


def wrong(one: Outcomes) -> list[str]:
    """What is not as the file expects; and an outage must be closed after its end, once."""
    judged, said = one.judged, list(one.judged.wrong)
    if judged.reopened:
        said.append(f"opened again {judged.reopened} times")
    if judged.recovered_s is not None and judged.recovered_s < 0:
        said.append(f"closed {-judged.recovered_s:g} s before the end")
    if judged.pages and judged.recovered_s is None and _ends(one.scenario):
        said.append("never closed")
    return said


def unseen(scenario: Scenario, catalogue: Catalogue) -> str | None:
    """Who would have seen what hits no route."""
    broken = dict.fromkeys(
        f"{fault.function} of {fault.component}" if fault.function else fault.component
        for fault in faults(scenario)
    )
    if not broken or len(idle(scenario, catalogue)) < len(broken):
        return None
    return f"nothing: only a fleet with routes over {', '.join(broken)} sees it"


def _ends(scenario: Scenario) -> bool:
    last = max(segment.until for segment in scenario.segments)
    return last + SEEN_AFTER <= scenario.span.until


def _total(scenario: Scenario, catalogue: Catalogue) -> bool:
    """Did something that a route needs stop for all, for long enough?"""
    return any(
        fault.state in STOPPED and fault.share == 1 and _lasted(fault) >= LONG
        for fault, routes in hit(scenario, catalogue)
        if routes
    )


def _lasted(fault: Fault) -> timedelta:
    assert fault.since
    assert fault.until
    return fault.until - fault.since


def _totals(found: Iterable[Outcomes], catalogue: Catalogue) -> list[Outcomes]:
    return [one for one in found if _total(one.scenario, catalogue)]


def _delays(found: Iterable[Outcomes]) -> list[float]:
    return sorted(s for one in found if (s := one.judged.time_to_page_s) is not None)


def _quantiles(what: str, soon: Sequence[float]) -> str:
    if not soon:
        return f"{what}: no page"
    median = statistics.median(soon)
    return f"{what}: {len(soon)} pages, median {median:g} s, p95 {_p95(soon):g} s"


def _p95(soon: Sequence[float]) -> float:
    return soon[-(-95 * len(soon) // 100) - 1]


def _s(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s"
