"""Step 9, its first half: who is to be told what now. Pure.

In:  incidents as they are being written, the pages there are, acknowledgements, who is on duty,
what is muted, the time. Out: pages to make. Before: `incidents/lifecycle.py`. After:
`incidents/writing.py` makes them in the incidents' own transaction; `dispatch.py` sends them.
Differences, not messages: a decision that was lost is made again, one that was kept is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from services.alerting.paging.message import Kind
from services.contracts.oncall import MOST_PAGES, PAGES_WITHIN
from services.storage.incidents import Incident
from services.storage.pages import Page

GATHERED = timedelta(seconds=10)
_COUNTED = (Kind.OPENED, Kind.DIGEST)
# By incident: its pages since it opened last, as they were made.
_Told: TypeAlias = Mapping[str, Sequence[Page]]


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
    """What there is already. `growing`: digests that may take more; `acknowledged`: until when."""

    pages: Sequence[Page]
    growing: Set[str]
    acknowledged: Mapping[str, datetime]


def decide(
    incidents: Iterable[Incident], known: Known, duty: Duty, muted: Set[str], now: datetime
) -> list[Page]:
    """Pages to make; one whose id is there already takes more incidents. `incidents`: open ones,
    and closed ones for as long as they may not be cleared yet; `muted`: by planned work."""
    listed = list(incidents)
    told = _told(listed, known.pages)
    over = [one for one in listed if one.status == "closed"]
    loud = [one for one in listed if one.status == "open" and one.id not in muted]
    made = [
        *_cleared(over, told, now),
        *_opened([one for one in loud if not told[one.id]], known, duty, now),
        *_unanswered([one for one in loud if not one.monitor], told, known, duty, now),
    ]
    return [page._replace(due_at=_in_turn(page, known.pages)) for page in made]


def _in_turn(page: Page, others: Iterable[Page]) -> datetime:
    """Not due before what its recipient has yet to hear of the same incidents: waiting for that, it
    would seem to reach nobody."""
    before = (
        other.due_at for other in others
        if other.recipient == page.recipient and other.id != page.id and not other.accepted_at
        and not page.incidents.keys().isdisjoint(other.incidents.keys())
    )  # fmt: skip
    return max([page.due_at, *before])


def _told(incidents: Iterable[Incident], pages: Iterable[Page]) -> _Told:
    opening = {one.id: one.reopened for one in incidents}
    found: dict[str, list[Page]] = {name: [] for name in opening}
    for page in pages:
        for name, number in page.incidents.items():
            if opening.get(name) == number:
                found[name].append(page)
    return found


def _cleared(over: Iterable[Incident], told: _Told, now: datetime) -> Iterator[Page]:
    """To everybody who was told, or still will be."""
    owed = defaultdict[str, list[Incident]](list)
    for one in over:
        kinds = defaultdict[str, set[str]](set)
        for page in told[one.id]:
            if page.given_up_at is None:
                kinds[page.recipient].add(page.kind)
        for recipient in sorted(name for name in kinds if Kind.CLEARED not in kinds[name]):
            owed[recipient].append(one)
    for recipient, found in owed.items():
        for group in _groups(found, told):
            yield _page(Kind.CLEARED, recipient, group, str(group[0].reopened), now)


def _opened(fresh: Iterable[Incident], known: Known, duty: Duty, now: datetime) -> Iterator[Page]:
    """The worst first. Of bongsu's own faults only systems hear."""
    found = sorted(fresh, key=lambda one: (one.severity or 9, one.detected_at, one.id))
    for recipient in (*duty.first, *duty.systems):
        theirs = [one for one in found if not one.monitor or recipient in duty.systems]
        counted = [p for p in known.pages if p.recipient == recipient and p.kind in _COUNTED]
        growing = [page for page in counted if page.id in known.growing]
        if growing and theirs:
            yield growing[-1]._replace(incidents=_about(theirs))
            # What it named already came back since, and is told once more after its all-clear.
            theirs = [one for one in theirs if one.id in growing[-1].incidents]
        yield from _within_budget(recipient, theirs, counted, now)


def _within_budget(
    recipient: str, fresh: Sequence[Incident], counted: Sequence[Page], now: datetime
) -> Iterator[Page]:
    """Two are told one by one; all others in a digest, once one more page is allowed."""
    times = sorted(page.accepted_at or max(page.due_at, now) for page in counted)
    alone = max(0, MOST_PAGES - 1 - sum(at > now - PAGES_WITHIN for at in times))
    for one in fresh[:alone]:
        yield _page(Kind.OPENED, recipient, (one,), str(one.reopened), now)
    if rest := fresh[alone:]:
        allowed = times[-MOST_PAGES] + PAGES_WITHIN if len(times) >= MOST_PAGES else now
        made = _page(Kind.DIGEST, recipient, rest, str(rest[0].reopened), now)
        yield made._replace(due_at=max(now + GATHERED, allowed))


def _unanswered(
    loud: Iterable[Incident], told: _Told, known: Known, duty: Duty, now: datetime
) -> Iterator[Page]:
    """Again, once an acknowledgement ran out; to others, while nobody acknowledges."""
    owed = defaultdict[tuple[Kind, int, str], list[Incident]](list)
    since = {}
    for one in loud:
        pages, until = told[one.id], known.acknowledged.get(one.id)
        if not pages or (until and now < until):
            continue
        since[one.id] = until or min(page.due_at for page in pages)
        made = {(page.kind, page.step) for page in pages if page.made_at >= since[one.id]}
        for call in _calls(pages, until is not None, now - since[one.id], duty):
            if call[:2] not in made:
                owed[call].append(one)
    for (kind, step, recipient), found in owed.items():
        for group in _groups(found, told):
            number = f"{since[group[0].id].timestamp():.0f}.{step}"
            yield _page(kind, recipient, group, number, now)._replace(step=step)


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
        if any(page.kind == Kind.OPENED for page in told[one.id]):
            yield (one,)
        else:
            rest.append(one)
    if rest:
        yield rest


def _page(
    kind: Kind, recipient: str, about: Sequence[Incident], number: str, now: datetime
) -> Page:
    """Named after its first incident, so that a repeat makes the same."""
    name = f"{about[0].id}/{kind}/{recipient}/{number}"
    return Page(name, kind, recipient, 0, now, now, None, _about(about))


def _about(found: Iterable[Incident]) -> dict[str, int]:
    return {one.id: one.reopened for one in found}
