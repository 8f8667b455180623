"""Step 9, its first half: who is to be told what now. Pure.

In:  incidents as they are being written, the pages there are, acknowledgements, who is on duty,
what is muted, the time. Out: pages to make. Before: `incidents/lifecycle.py`. After:
`incidents/writing.py` makes them in the incidents' own transaction; `dispatch.py` sends them.
Differences, not messages: a decision that was lost is made again, one that was kept is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import NamedTuple

from services.alerting.paging.message import Kind
from services.storage.incidents import Incident
from services.storage.pages import Acknowledged, Page

MOST, WITHIN = 3, timedelta(minutes=5)  # pages of what opened, for one recipient
GATHERED = timedelta(seconds=10)
_COUNTED = (Kind.OPENED, Kind.DIGEST)


class Step(NamedTuple):
    """Who is called, too, after so long without an acknowledgement."""

    after: timedelta
    people: tuple[str, ...]


class Duty(NamedTuple):
    """Recipients: whom to call now, whom later, and which systems get everything at once."""

    first: tuple[str, ...]
    later: tuple[Step, ...]
    systems: tuple[str, ...]


NOBODY = Duty((), (), ())


class Known(NamedTuple):
    """What there is already. `growing`: digests that may take more."""

    pages: Sequence[Page]
    growing: Set[str]
    acknowledged: Mapping[str, Acknowledged]


class _Told(NamedTuple):
    """By incident: its pages since it was last cleared, as they were made; and when that was."""

    pages: Mapping[str, list[Page]]
    cleared: Mapping[str, datetime]


def decide(
    incidents: Iterable[Incident], known: Known, duty: Duty, muted: Set[str], now: datetime
) -> list[Page]:
    """Pages to make; one whose id is there already takes more incidents. `incidents`: open ones,
    and closed ones for as long as they may not be cleared yet; `muted`: by planned work."""
    told, listed = _told(known.pages), list(incidents)
    over = [one for one in listed if one.status == "closed"]
    loud = [one for one in listed if one.status == "open" and one.id not in muted]
    return [
        *_cleared(over, told, now),
        *_opened([one for one in loud if not told.pages[one.id]], told, known, duty, now),
        *_unanswered([one for one in loud if not one.monitor], told, known, duty, now),
    ]


def _told(pages: Sequence[Page]) -> _Told:
    found, cleared = defaultdict[str, list[Page]](list), dict[str, datetime]()
    for page in pages:
        if page.kind == Kind.CLEARED:
            cleared |= dict.fromkeys(page.incidents, page.made_at)
    for page in pages:
        if page.kind != Kind.CLEARED:
            for name in page.incidents:
                if name not in cleared or page.made_at > cleared[name]:
                    found[name].append(page)
    return _Told(found, cleared)


def _cleared(over: Iterable[Incident], told: _Told, now: datetime) -> Iterator[Page]:
    """To everybody who was told."""
    owed = defaultdict[str, list[Incident]](list)
    for one in over:
        for recipient in sorted({page.recipient for page in told.pages[one.id]}):
            owed[recipient].append(one)
    for recipient, found in owed.items():
        for group in _groups(found, told):
            yield _page(Kind.CLEARED, recipient, group, str(group[0].reopened), now)


def _opened(
    fresh: Iterable[Incident], told: _Told, known: Known, duty: Duty, now: datetime
) -> Iterator[Page]:
    """The worst first. Of bongsu's own faults only systems hear."""
    found = sorted(fresh, key=lambda one: (one.severity or 9, one.detected_at, one.id))
    for recipient in (*duty.first, *duty.systems):
        theirs = [one for one in found if not one.monitor or recipient in duty.systems]
        counted = [p for p in known.pages if p.recipient == recipient and p.kind in _COUNTED]
        growing = [page for page in counted if page.id in known.growing]
        joining = [one for one in theirs if growing and _joins(one, growing[-1], told)]
        if joining:
            yield growing[-1]._replace(incidents=tuple(one.id for one in joining))
            theirs = [one for one in theirs if not _joins(one, growing[-1], told)]
        yield from _within_budget(recipient, theirs, counted, now)


def _joins(one: Incident, digest: Page, told: _Told) -> bool:
    """What was cleared since a digest was made would be told before it was cleared."""
    cleared = told.cleared.get(one.id)
    return cleared is None or digest.made_at > cleared


def _within_budget(
    recipient: str, fresh: Sequence[Incident], counted: Sequence[Page], now: datetime
) -> Iterator[Page]:
    """Two are told one by one; all others in a digest, once one more page is allowed."""
    times = sorted(page.accepted_at or max(page.due_at, now) for page in counted)
    alone = max(0, MOST - 1 - sum(at > now - WITHIN for at in times))
    for one in fresh[:alone]:
        yield _page(Kind.OPENED, recipient, (one,), str(one.reopened), now)
    if rest := fresh[alone:]:
        allowed = times[-MOST] + WITHIN if len(times) >= MOST else now
        made = _page(Kind.DIGEST, recipient, rest, str(rest[0].reopened), now)
        yield made._replace(due_at=max(now + GATHERED, allowed))


def _unanswered(
    loud: Iterable[Incident], told: _Told, known: Known, duty: Duty, now: datetime
) -> Iterator[Page]:
    """Again, once an acknowledgement ran out; to others, while nobody acknowledges."""
    owed = defaultdict[tuple[Kind, int, str], list[Incident]](list)
    since = {}
    for one in loud:
        pages = told.pages[one.id]
        has_it = _has_it(pages, known.acknowledged.get(one.id))
        if not pages or (has_it and now < has_it.until):
            continue
        since[one.id] = has_it.until if has_it else min(page.due_at for page in pages)
        made = {(page.kind, page.step) for page in pages if page.made_at >= since[one.id]}
        for call in _calls(pages, has_it is not None, now - since[one.id], duty):
            if call[:2] not in made:
                owed[call].append(one)
    for (kind, step, recipient), found in owed.items():
        for group in _groups(found, told):
            number = f"{since[group[0].id].timestamp():.0f}.{step}"
            yield _page(kind, recipient, group, number, now)._replace(step=step)


def _has_it(pages: Sequence[Page], newest: Acknowledged | None) -> Acknowledged | None:
    """An acknowledgement of the time when it was open before is none."""
    return newest if newest and pages and newest.at >= pages[0].made_at else None


def _calls(
    pages: Sequence[Page], ran_out: bool, waited: timedelta, duty: Duty
) -> Iterator[tuple[Kind, int, str]]:
    if ran_out:
        before = {page.recipient for page in pages} - set(duty.systems)
        yield from ((Kind.AGAIN, 0, person) for person in sorted(before | set(duty.first)))
    for number, step in enumerate(duty.later, 1):
        if waited >= step.after:
            yield from ((Kind.ESCALATED, number, person) for person in step.people)


def _groups(found: Iterable[Incident], told: _Told) -> Iterator[Sequence[Incident]]:
    """What was told by itself goes on by itself, under its own key; what was told in a digest,
    with the others."""
    rest = []
    for one in found:
        if any(page.kind == Kind.OPENED for page in told.pages[one.id]):
            yield (one,)
        else:
            rest.append(one)
    if rest:
        yield rest


def _page(
    kind: Kind, recipient: str, about: Sequence[Incident], number: str, now: datetime
) -> Page:
    """Named after its first incident, so that a repeat makes the same."""
    names = tuple(one.id for one in about)
    return Page(
        f"{names[0]}/{kind}/{recipient}/{number}", kind, recipient, 0, now, now, None, names
    )
