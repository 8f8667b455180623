"""Outages and exclusions of one item, as the report writes them.

In:  the item's context, `Figures`. Out: rows in order of time. Before: `month.py`. Part of
`assemble.py`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from services.contracts.report import Exclusion, Fix, Outage, ProviderNotice
from services.contracts.report_words import Verdict
from services.contracts.vocabulary import Outcome
from services.reporting import context as given
from services.reporting.calendar import Window
from services.reporting.context import ItemContext
from services.reporting.exclusions import announced
from services.reporting.lines import Line
from services.reporting.month import Figures
from services.reporting.response import Account
from services.reporting.slots import MINUTE_MS
from services.reporting.written import minutes, ratio, time, time_or_none

_SAMPLES = 5
_WELL = frozenset({Outcome.DELIVERED, Outcome.VOID, Outcome.UNKNOWN, Outcome.EXEMPT})


def samples(lines: Iterable[Line], accounts: Iterable[Account]) -> dict[int, list[str]]:
    """The first failed probes of each outage; `lines` in order."""
    failed = [line for line in lines if line.outcome not in _WELL]
    return {
        each.outage.first: [
            line.probe_id
            for line in failed
            if each.outage.began <= line.slot // MINUTE_MS < each.outage.until
            and line.route in each.outage.routes
        ][:_SAMPLES]
        for each in accounts
    }


def outages(
    own: ItemContext, figures: Figures, samples: Mapping[int, Sequence[str]]
) -> Iterator[Outage]:
    """Those with counted minutes, then incidents without any."""
    incidents = {each.id: each for each in own.incidents}
    for account in figures.accounts:
        yield _outage(own, account, samples.get(account.outage.first, ()))
    for name, why in figures.uncounted:
        yield _uncounted(own.channel, incidents[name], why)


def _outage(own: ItemContext, account: Account, samples: Sequence[str]) -> Outage:
    outage, fix, told = account.outage, account.fix, account.told
    ids = {each.id for each in account.incidents}
    causes = [each for each in own.incidents if each.id in ids and each.cause is not None]
    return Outage(
        id=f"{own.channel}@{outage.first * 60}",
        channel=own.channel,
        incidents=tuple(each.id for each in account.incidents),
        origin="detected" if account.incidents else "afterwards",
        t0=time(outage.first * MINUTE_MS),
        end=None if outage.restored is None else time(outage.restored * MINUTE_MS),
        minutes_here=minutes(outage.here),
        minutes_total=minutes(outage.total),
        peak_share=ratio(outage.peak),
        fix=Fix(
            lower=fix.lower, upper=fix.lower if fix.upper is None else fix.upper,
            limit=fix.limit, verdict=fix.verdict,
        ),
        detected_at=time_or_none(account.detected),
        acked_at=time_or_none(account.acked),
        notices=tuple(
            ProviderNotice(
                provider=each.provider, says=each.says, published_at=time_or_none(each.published),
                seen_at=time(each.seen), sha=each.digest,
            )
            for each in told.notices
        ),
        notice_lag_min=told.lag_min,
        notice_bound=told.bound,
        notice_duty=told.duty,
        cause=causes[0].cause if causes else None,
        confidence=causes[0].confidence if causes else None,
        samples=tuple(samples),
    )  # fmt: skip


def _uncounted(channel: str, incident: given.IncidentPart, why: str) -> Outage:
    """An incident that is no outage by the month's rule; `cause` says why."""
    nothing = minutes(0)
    return Outage(
        id=incident.id, channel=channel, incidents=(incident.id,), origin="detected",
        t0=incident.began, end=incident.ended, minutes_here=nothing, minutes_total=nothing,
        peak_share=ratio(0),
        fix=Fix(lower=0, upper=0, limit=None, verdict=Verdict.NOT_APPLICABLE),
        detected_at=incident.detected, acked_at=incident.acked, notices=(), notice_lag_min=None,
        notice_bound="none", notice_duty="not_reached", cause=why, confidence=None, samples=(),
    )  # fmt: skip


def exclusions(own: ItemContext, figures: Figures, window: Window) -> Iterator[Exclusion]:
    """Planned work and what was agreed, as far as it lies in the month."""
    for work in own.works:
        yield from _work(own.channel, work, figures, window)
    for each in own.agreed:
        within = _within(range(*given.span(each.start, each.to)), window)
        if within:
            yield Exclusion(
                channel=own.channel, start=each.start, to=each.to, minutes=len(within),
                kind=each.kind, reason=each.reason, proposed_by=each.proposed_by,
                approved_by=each.approved_by, approved_at=each.approved_at, announced_at=None,
                seen_at=None, proof=each.proof, counted=False,
            )  # fmt: skip


def _work(channel: str, work: given.Work, figures: Figures, window: Window) -> Iterator[Exclusion]:
    """A row for each run of minutes that was announced in time, or was not."""
    lead = figures.contract.settings.maintenance_lead_min
    in_time = set(announced(given.maintenance(work).versions, lead))
    last = max(work.versions, key=lambda each: each.seen_at)
    named = {*in_time, *range(*given.span(last.start, last.to))}
    for run in _runs(_within(sorted(named), window), in_time):
        good = run[0] in in_time
        yield Exclusion(
            channel=channel, start=time(run[0] * MINUTE_MS), to=time((run[-1] + 1) * MINUTE_MS),
            minutes=len(run), kind="maintenance" if good else "unannounced", reason=work.reason,
            proposed_by=work.entered_by, approved_by=None, approved_at=None,
            announced_at=last.announced_at, seen_at=last.seen_at, proof=work.proof,
            counted=not good,
        )  # fmt: skip


def _within(minutes: Iterable[int], window: Window) -> list[int]:
    return [each for each in minutes if each in window.range]


def _runs(minutes: Sequence[int], in_time: Collection[int]) -> Iterator[list[int]]:
    """Consecutive minutes of one kind."""
    places = enumerate(minutes)
    for _, run in groupby(places, key=lambda pair: (pair[1] - pair[0], pair[1] in in_time)):
        yield [minute for _, minute in run]
