"""Did bongsu say of a scenario what its file expects? Pure.

In:  a scenario, the catalogue it was played on, what was found. Out: `Judged`: the pages, how soon,
how long, and sentences of what is not as expected. Before: `run.play`. After: `outcomes.py` shows.
Each outage that opens counts as its page. Times from the scenario's onset, in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from services.alerting.paging import words
from services.alerting.paging.filling import Language
from services.alerting.paging.message import Kind
from services.contracts.catalogue import Catalogue
from services.replay.detecting import Finding, Findings
from services.replay.idle import hit
from services.replay.known import PASSED_BY_MESSAGES
from services.replay.scenario import Expect, Scenario

LATE = timedelta(minutes=10)  # for so long what is over may still be found


class Page(NamedTuple):
    """What people are told when an outage opens. `rivals`: what it could not be told from; `text`:
    the page as it would be sent, in Korean and in English."""

    at: datetime
    cause: str
    rivals: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """`time_to_page_s` and `cause` are of the page that names the expected cause, else of the first
    that is not false. `false_pages`: none of their routes was hit by anything when they opened.
    `recovered_s`: from the end of what was broken to the last closing (below 0: before it).
    `notice_lag_s`: from the onset to the provider's first word. None: there was none. `reopened`:
    how often an outage that was closed came back. `wrong`: what is not as expected.
    """

    pages: tuple[Page, ...]
    time_to_page_s: float | None
    cause: str | None
    false_pages: int
    monitor_faults: int
    recovered_s: float | None
    notice_lag_s: float | None
    reopened: int
    wrong: tuple[str, ...]


class _Hit(NamedTuple):
    """Routes that something broken concerns, and when."""

    since: datetime
    until: datetime
    routes: frozenset[str]


def judge(scenario: Scenario, catalogue: Catalogue, found: Findings) -> Judged:
    """What a replay shows of the scenario."""
    hits, expect = list(_hits(scenario, catalogue)), scenario.expect or Expect()
    outages = [one for one in found.incidents if not one.opened.monitor]
    true = [one for one in outages if _is_true(one, hits)]
    first = next((one for one in true if _met(expect.cause, one)), true[0] if true else None)
    soon = _seconds(scenario.onset, first.opened.detected_at if first else None)
    told = min((notice.at for notice in scenario.notices), default=None)
    monitors = len(found.incidents) - len(outages)
    return Judged(
        pages=tuple(_page(one, catalogue) for one in outages),
        time_to_page_s=soon,
        cause=first.opened.component if first else None,
        false_pages=len(outages) - len(true),
        monitor_faults=monitors,
        recovered_s=_seconds(max((one.until for one in hits), default=None), _over(true)),
        notice_lag_s=_seconds(scenario.onset, told),
        reopened=sum(one.row.reopened for one in outages),
        wrong=tuple(_wrong(expect, first, soon, len(outages), monitors)),
    )


def _hits(scenario: Scenario, catalogue: Catalogue) -> Iterator[_Hit]:
    """A part of bongsu's own that breaks excuses no outage."""
    for fault, routes in hit(scenario, catalogue):
        if routes and fault.component.partition(":")[0] in PASSED_BY_MESSAGES:
            assert fault.since
            assert fault.until
            yield _Hit(fault.since, fault.until, routes)


def _is_true(found: Finding, hits: list[_Hit]) -> bool:
    at, routes = found.opened.detected_at, frozenset(found.opened.routes)
    return any(one.since <= at < one.until + LATE and routes & one.routes for one in hits)


def _page(one: Finding, catalogue: Catalogue) -> Page:
    row = one.opened
    paged = words.Page(Kind.OPENED, (row,), row.detected_at)
    texts = (words.forms(paged, language, catalogue).text for language in get_args(Language))
    return Page(row.detected_at, row.component, one.rivals, "\n\n".join(texts))


def _met(cause: str | None, one: Finding) -> bool:
    """It is named, or a function of it, or one that had the same messages, or it is stated first of
    what that could not be told from."""
    return any(cause in (name, name.partition("/")[0]) for name in one.suspects)


def _over(true: list[Finding]) -> datetime | None:
    """When the last was closed; None while one is open."""
    ends = [one.row.closed_at for one in true]
    return max((end for end in ends if end), default=None) if all(ends) else None


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    return (until - since).total_seconds() if since and until else None


def _wrong(
    expect: Expect, first: Finding | None, soon: float | None, pages: int, monitors: int
) -> Iterator[str]:
    within, most, own = expect.page_within_s, expect.max_pages, expect.monitor_fault
    if within is not None and (soon is None or soon > within):
        when = "no page" if soon is None else f"a page after {soon:g} s"
        yield f"{when}, not within {within:g} s"
    if expect.cause and (first is None or not _met(expect.cause, first)):
        named = first.opened.component if first else "nothing"
        yield f"{named} is named, not {expect.cause}"
    if most is not None and pages > most:
        yield f"{pages} pages, not {most} at most"
    if own is not None and own is not (monitors > 0):
        yield f"{monitors} faults of bongsu's own, not {'one' if own else 'none'}"
