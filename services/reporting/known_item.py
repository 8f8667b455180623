"""One item's part of the context: how its routes were probed, what was said and entered of them.

In:  `Known`, the item's versions. Out: an `ItemContext`. Pure. Part of `known.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby, pairwise
from re import fullmatch

from services.catalogue.components import components_of, covered, worked_on
from services.contracts import correction as data
from services.contracts.ids import milliseconds
from services.contracts.report import ProviderNotice
from services.contracts.report_words import Hash, Time
from services.contracts.sla import Contract
from services.contracts.weekly import spans
from services.reporting.context import (
    Admitted,
    Agreed,
    Announced,
    IncidentPart,
    ItemContext,
    PlanPart,
    Work,
)
from services.reporting.written import time
from services.storage.corrections import Correction
from services.storage.planned import Notice, Window
from services.storage.sla import Life, Objects

_MINUTE_S = 60
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Known:
    """What storage knew, what corrections say (`data`, `entered` side by side), the time that is
    read, [start, end)."""

    objects: Objects
    data: tuple[data.Data, ...]
    entered: tuple[Correction, ...]
    start: datetime
    end: datetime

    def covered(self, routes: Iterable[str], component: str) -> tuple[str, ...]:
        """Those of which every message passes that component."""
        catalogue, parts = self.objects.catalogue, {component}
        known = ((name, catalogue.routes.get(name)) for name in routes)
        return tuple(name for name, route in known if route and covered(catalogue, route, parts))

    def parts(self, routes: Iterable[str]) -> set[str]:
        """All that any of their messages passes."""
        catalogue = self.objects.catalogue
        known = filter(None, map(catalogue.routes.get, routes))
        return {
            part
            for route in known
            for receiver in route.receivers
            for part in (*components_of(catalogue, route, receiver), f"body:{route.body}")
        }


def at(moment: datetime) -> Time:
    """A moment as reports write it."""
    return time(milliseconds(moment))


def item(known: Known, channel: str, versions: tuple[Contract, ...]) -> ItemContext:
    """The context of one channel."""
    routes = sorted({share.route for one in versions for share in one.routes})
    return ItemContext(
        channel=channel,
        contracts=versions,
        plans=tuple(_plans(known, routes)),
        observed=_observed(known, routes),
        disputed=False,
        works=tuple(_works(known, routes)),
        agreed=tuple(_agreed(known, routes)),
        declared=tuple(
            Admitted(start=at(each.start), to=at(each.to))
            for each in known.data
            if each.kind == "declared_outage" and each.channel == channel
        ),
        incidents=tuple(_incidents(known, routes)),
        notices=tuple(_notices(known, routes)),
        provider_figure=None,
    )


def _plans(known: Known, routes: Sequence[str]) -> Iterator[PlanPart]:
    """Stretches of one way of probing. A route that is not probed once in whole minutes has none:
    its minutes are not measured."""
    own = (life for life in known.objects.lives if life.id in routes)
    for _, lives in groupby(own, key=lambda life: life.id):
        told = [part for life in _with_ends(list(lives), known.end) if (part := _plan(*life))]
        found: list[PlanPart] = []
        for part in (each for each in told if each.to > at(known.start)):
            start = max(part.start, at(known.start))
            if (
                found
                and found[-1].model_copy(update={"start": start, "to": part.to})
                == (part.model_copy(update={"start": start}))
                and found[-1].to == start
            ):
                start = found.pop().start
            found.append(part.model_copy(update={"start": start}))
        yield from found


def _with_ends(lives: list[Life], end: datetime) -> Iterator[tuple[Life, datetime]]:
    yield from ((one, following.known_at) for one, following in pairwise(lives))
    yield lives[-1], end


def _plan(life: Life, end: datetime) -> PlanPart | None:
    route = life.route
    if route is None or not route.enabled or route.interval_s % _MINUTE_S:
        return None
    return PlanPart(
        route=route.id, start=at(life.known_at), to=at(end), receivers=route.receivers,
        late_s=route.late_s or life.late_s, interval_s=route.interval_s,
    )  # fmt: skip


def _observed(known: Known, routes: Iterable[str]) -> bool:
    catalogue = known.objects.catalogue
    return any(
        catalogue.observers_of(route, catalogue.receivers[receiver])
        for route in filter(None, map(catalogue.routes.get, routes))
        for receiver in route.receivers
        if receiver in catalogue.receivers
    )


def _works(known: Known, routes: Sequence[str]) -> Iterator[Work]:
    ordered = sorted(known.objects.works, key=lambda one: (one.id, one.version))
    proofs = {one.maintenance: one for one in known.data if one.kind == "maintenance_proof"}
    for name, group in groupby(ordered, key=lambda one: one.id):
        versions = list(group)
        proven, last = proofs.get(name), versions[-1]
        hit = known.covered(routes, last.component)
        for told in _announcements(versions, known) if hit else ():
            first = told[0]
            if proven:
                seen = min(first.seen_at, at(proven.announced_at))
                first = first.model_copy(
                    update={"seen_at": seen, "announced_at": at(proven.announced_at)}
                )
            yield Work(
                routes=hit, versions=(first, *told[1:]), reason=last.reason, entered_by=last.actor,
                proof=proven.proof if proven else _hash(last.proof),
            )  # fmt: skip


def _announcements(versions: Sequence[Window], known: Known) -> Iterator[list[Announced]]:
    """All versions of one span; what recurs has several."""
    weekly = any(each.recurs for each in versions)
    told: dict[datetime | None, list[Announced]] = {}
    for each in versions:
        named = {start if weekly else None: (start, end) for start, end in _spans(each, known.end)}
        for key in [*told, *(key for key in named if key not in told)]:
            start, end = named.get(key, (each.known_at, each.known_at))
            told.setdefault(key, []).append(
                Announced(
                    seen_at=at(each.known_at), start=at(start), to=at(end),
                    announced_at=at(each.announced_at) if each.announced_at else None,
                )
            )  # fmt: skip
    for own in told.values():
        if any(one.start < at(known.end) and one.to > at(known.start) for one in own):
            yield own


def _spans(window: Window, until: datetime) -> Iterator[Span]:
    if window.starts_at and window.ends_at:
        yield from spans(window.starts_at, window.ends_at, window.recurs, until)


def _agreed(known: Known, routes: Sequence[str]) -> Iterator[Agreed]:
    for one, told in zip(known.entered, known.data, strict=True):
        if told.kind == "exclusion" and (hit := known.covered(routes, told.component)):
            yield Agreed(
                routes=hit, start=at(told.start), to=at(told.to), kind=told.cause,
                reason=one.reason, proposed_by=one.proposed_by, approved_by=one.decided_by or "",
                approved_at=at(one.decided_at or one.proposed_at), proof=None,
            )  # fmt: skip


def _incidents(known: Known, routes: Sequence[str]) -> Iterator[IncidentPart]:
    for each in known.objects.incidents:
        if hit := tuple(sorted(set(each.routes) & set(routes))):
            yield IncidentPart(
                id=each.id, routes=hit, began=at(each.started_at),
                ended=at(each.ended_at) if each.ended_at else None, detected=at(each.detected_at),
                acked=at(each.acked_at) if each.acked_at else None, cause=each.component,
                confidence=None,
            )  # fmt: skip


def _notices(known: Known, routes: Sequence[str]) -> Iterator[ProviderNotice]:
    """The newest version of each, as seen when it was entered first."""
    parts = known.parts(routes)
    ordered = sorted(known.objects.notices, key=lambda one: (one.id, one.version))
    for _, group in groupby(ordered, key=lambda one: one.id):
        versions = list(group)
        last = versions[-1]
        about = any(worked_on(part, {last.component}) for part in parts)
        if about and last.says != "withdrawn":
            yield ProviderNotice(
                provider=last.provider, says=last.says, published_at=at(last.said_at),
                seen_at=at(versions[0].known_at), sha=_sha(last),
            )  # fmt: skip


def _sha(notice: Notice) -> Hash:
    """Of what was stored of it: the hash that was entered, else that of its words."""
    words = notice.proof or notice.text or notice.id
    return _hash(notice.proof) or sha256(words.encode()).hexdigest()


def _hash(proof: str | None) -> Hash | None:
    return proof if proof and fullmatch(r"[0-9a-f]{64}", proof) else None
