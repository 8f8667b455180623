"""A month's context from what storage knew before the cutoff.

In:  `Objects`, which revision is asked for, the span its lines reach. Out: a `Context`. After the
closing an object enters by its own correction only. Pure.
Before: `storage/sla.py`. After: `assemble.py`; parts of an item: `known_item.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from services.catalogue.components import worked_on
from services.catalogue.publish import digest_of, records_of
from services.contracts import correction as data
from services.contracts.catalogue import Catalogue
from services.contracts.report import (
    Approval,
    BodyName,
    Change,
    Correction,
    FaultPart,
    Holiday,
    Versions,
)
from services.contracts.report_words import State
from services.contracts.sla import Contract
from services.reporting.calendar import Window as Minutes
from services.reporting.calendar import days_of, minute_of, month_window, public_holidays
from services.reporting.context import Context, ItemContext
from services.reporting.known_item import Known, at, item
from services.storage import corrections
from services.storage.sla import Objects

RULE = "s1"


@dataclass(frozen=True, slots=True)
class Asked:
    """A revision of a month. Evidence known before `cutoff` counts, and what people entered before
    `entered_before`; `entered`: the approved corrections that count, in order, each with what it
    changed; the last one made a corrected revision."""

    body: str
    month: str
    revision: int
    state: State
    cutoff: datetime
    entered_before: datetime
    sealed_at: datetime
    entered: tuple[tuple[corrections.Correction, tuple[Change, ...]], ...] = ()

    @property
    def data(self) -> tuple[data.Data, ...]:
        """What the corrections say."""
        return tuple(data.data_of(one.kind, one.data) for one, _ in self.entered)


def context(asked: Asked, objects: Objects, start: datetime, end: datetime) -> Context | None:
    """None when no contract of the body holds in the month."""
    known = Known(objects, asked.data, tuple(one for one, _ in asked.entered), start, end)
    items = tuple(item(known, *own) for own in _contracts(known, asked))
    if not items:
        return None
    tz = items[0].contracts[-1].tz
    name = objects.catalogue.bodies[asked.body].name
    return Context(
        schema_="bongsu.context/1",
        body=BodyName(id=asked.body, name_ko=name.ko, name_en=name.en),
        month=asked.month,
        tz=tz,
        revision=asked.revision,
        state=asked.state,
        cutoff=at(asked.cutoff),
        sealed_at=at(asked.sealed_at),
        rule=RULE,
        versions=_versions(objects.catalogue),
        holidays=_holidays(start, end, tz),
        rest=_rest(objects.catalogue, items),
        items=items,
        monitor_faults=_faults(known, items),
        corrections=tuple(_correction(n, *one) for n, one in enumerate(asked.entered, start=1)),
        objections=(),
        approval=_approval(asked),
        diff=(),
    )


def _contracts(known: Known, asked: Asked) -> Iterator[tuple[str, tuple[Contract, ...]]]:
    """By channel the versions that touch what is read, as they were corrected."""
    fixed = {one.contract.id: one.contract for one in known.data if one.kind == "contract_fix"}
    catalogue = known.objects.catalogue
    own = sorted({one.item for one in catalogue.contracts.values() if one.body == asked.body})
    for name in own:
        versions = [fixed.get(one.id, one) for one in catalogue.versions_of(name)]
        window = month_window(asked.month, versions[-1].tz)
        if any(_touches(one, window) for one in versions):
            read = Minutes(minute_of(known.start), minute_of(known.end))
            yield versions[-1].channel, tuple(one for one in versions if _touches(one, read))


def _touches(contract: Contract, window: Minutes) -> bool:
    days = [day for day, *_ in days_of(window, contract.tz)]
    last = contract.valid_to or days[-1]
    return contract.valid_from <= days[-1] and days[0] <= last


@cache
def _package(name: str) -> str:
    return version(name)


def _versions(catalogue: Catalogue) -> Versions:
    return Versions(
        tzdata=_package("tzdata"),
        holidays=_package("holidays"),
        catalogue=digest_of(records_of(catalogue)),
    )


def _holidays(start: datetime, end: datetime, tz: str) -> tuple[Holiday, ...]:
    years = {day.year for day, *_ in days_of(Minutes(minute_of(start), minute_of(end)), tz)}
    found = sorted(public_holidays("KR", years).items())
    return tuple(Holiday(date=str(day), name=name, source="calendar") for day, name in found)


def _rest(catalogue: Catalogue, items: tuple[ItemContext, ...]) -> dict[str, Any]:
    windows = {own.channel: catalogue.channels[own.contracts[-1].channel] for own in items}
    return {name: rule.restricted for name, rule in windows.items() if rule.restricted}


def _faults(known: Known, items: tuple[ItemContext, ...]) -> tuple[FaultPart, ...]:
    """Those of parts that the routes' messages pass, or passed."""
    names = {share.route for own in items for one in own.contracts for share in one.routes}
    phones = {name for own in items for plan in own.plans for name in plan.receivers}
    parts = {*known.parts(names), *(f"receiver:{name}" for name in phones)}
    entered = {(f.component, f.from_at, f.to_at, f.kind) for f in known.objects.faults}
    own = {(f.component, f.start, f.to, f.cause) for f in known.data if f.kind == "monitor_fault"}
    return tuple(
        FaultPart.model_validate(
            {"component": component, "from": at(start), "to": at(to), "kind": kind}
        )
        for component, start, to, kind in sorted(entered | own)
        if component.startswith("worker:") or any(worked_on(part, {component}) for part in parts)
    )


def _correction(number: int, one: corrections.Correction, diff: tuple[Change, ...]) -> Correction:
    return Correction.model_validate(
        {
            "number": number, "kind": one.kind, "reason": one.reason,
            "proposed_by": one.proposed_by, "approved_by": one.decided_by,
            "approved_at": at(one.decided_at or one.proposed_at), "diff": diff,
        }
    )  # fmt: skip


def _approval(asked: Asked) -> Approval | None:
    """Of a corrected revision: who let its correction count."""
    if asked.state is not State.CORRECTED or not asked.entered:
        return None
    one, _ = asked.entered[-1]
    return Approval(
        by=one.decided_by or "", role=corrections.ROLE, at=at(one.decided_at or one.proposed_at),
        words=one.words or "",
    )  # fmt: skip
