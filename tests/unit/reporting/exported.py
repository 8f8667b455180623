"""Worked months as context and evidence, sealed and exported."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.contracts.report import BodyName, Holiday, ProviderNotice, Report, Versions
from services.contracts.report_words import State
from services.reporting import chain, evidence, folder
from services.reporting.assemble import count, report
from services.reporting.calendar import days_of, public_holidays
from services.reporting.context import (
    Admitted,
    Agreed,
    Announced,
    Context,
    IncidentPart,
    ItemContext,
    PlanPart,
    Work,
)
from services.reporting.laid import Month
from services.reporting.slots import MINUTE_MS
from services.reporting.written import time, time_or_none


def an_item(channel: str, month: Month) -> ItemContext:
    """All that a worked month says beside its lines; people and words made up."""
    return ItemContext(
        channel=channel,
        contracts=month.versions,
        plans=tuple(
            PlanPart(
                route=each.route, start=time(each.start), to=time(each.end),
                receivers=each.receivers, late_s=each.late_s, interval_s=each.interval_s,
            )
            for each in month.plans
        ),
        observed=month.observed,
        disputed=False,
        works=tuple(
            Work(
                routes=tuple(sorted(work.routes)),
                versions=tuple(
                    Announced(
                        seen_at=_at(each.seen), announced_at=None,
                        start=_at(each.start), to=_at(each.end),
                    )
                    for each in work.versions
                ),
                reason="정기 점검", entered_by="kim", proof=None,
            )
            for work in month.works
        ),
        agreed=tuple(
            Agreed(
                routes=tuple(sorted(each.routes)), start=_at(each.start), to=_at(each.end),
                kind="force_majeure", reason="태풍", proposed_by="kim", approved_by="lee",
                approved_at=time(month.cutoff), proof=None,
            )
            for each in month.agreed
        ),
        declared=tuple(Admitted(start=_at(start), to=_at(end)) for start, end in month.declared),
        incidents=tuple(
            IncidentPart(
                id=each.id, routes=tuple(sorted(each.routes)), began=time(each.began),
                ended=time_or_none(each.ended), detected=time(each.detected),
                acked=time_or_none(each.acked), cause="platform:kakaotalk", confidence="0.999900",
            )
            for each in month.incidents
        ),
        notices=tuple(
            ProviderNotice(
                provider=each.provider, says=each.says, published_at=time_or_none(each.published),
                seen_at=time(each.seen), sha=each.digest,
            )
            for each in month.notices
        ),
        provider_figure=None,
    )  # fmt: skip


def a_context(name: str, months: Mapping[str, Month], **changes: Any) -> Context:
    """Closed, of the months of one body by channel."""
    month = next(iter(months.values()))
    years = {day.year for day, *_ in days_of(month.window, month.zone)}
    holidays = sorted(public_holidays("KR", years).items())
    told = Context(
        schema_="bongsu.context/1",
        body=BodyName(id="geoje", name_ko="거제시", name_en="Geoje City"),
        month=name, tz=month.zone, revision=1, state=State.CLOSED, cutoff=time(month.cutoff),
        sealed_at=time(month.cutoff + 60_000), rule="s1",
        versions=Versions(tzdata="2026.6", holidays="0.109", catalogue="0" * 64),
        holidays=tuple(
            Holiday(date=str(day), name=text, source="calendar") for day, text in holidays
        ),
        rest={},
        items=tuple(an_item(channel, each) for channel, each in months.items()),
        monitor_faults=(), corrections=(), objections=(), approval=None, diff=(),
    )  # fmt: skip
    return told.model_copy(update=changes)


def a_report(context: Context, months: Mapping[str, Month], prev: str = chain.ZEROS) -> Report:
    """Sealed after `prev`."""
    counted = {own.channel: count(context, own, months[own.channel].lines) for own in context.items}
    return chain.sealed(report(context, counted), prev)


def export(out: Path, context: Context, months: Mapping[str, Month]) -> Path:
    """A first revision with its evidence; the folder of the month."""
    first = context.model_copy(update={"revision": 0})
    told = a_report(first, months)
    place, stem = folder.place(out, told), folder.stem(told)
    lines = {channel: month.lines for channel, month in months.items()}
    folder.write(
        place,
        [
            (f"{stem}.json", chain.text_of(told)),
            (f"{stem}.chain", chain.chain_text([chain.link_of(told)])),
            *evidence.files(stem, first, lines),
        ],
    )
    return place


def _at(minute: int) -> str:
    return time(minute * MINUTE_MS)
