"""The sample report of `docs/samples`: golden month G7 as a body would get it, corrected once.

October 2026 of Geoje, two channels: the handset of Alimtalk was logged out within an outage, which
a correction says after the closing. Made up, but of the real fold; `python -m
tests.unit.reporting.sample` writes it anew.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.contracts.report import (
    Approval,
    BodyName,
    Correction,
    FaultPart,
    Report,
    Versions,
)
from services.contracts.report_words import State
from services.contracts.vocabulary import Outcome
from services.reporting import chain
from services.reporting.difference import figures_changed
from services.reporting.documents.making import Order, files_of
from services.reporting.exclusions import Announcement, Maintenance
from services.reporting.laid import Month
from services.reporting.lines import Line
from services.reporting.notices import Notice
from services.reporting.response import Incident
from services.reporting.written import time
from tests.unit.reporting.exported import a_context, a_report
from tests.unit.reporting.worked import Was, a_contract, a_month, minute, ms

SAMPLES = Path(__file__).parents[3] / "docs" / "samples"
ALIMTALK, SMS = "geoje.alimtalk.nhn", "geoje.sms.nhn"
REASON = "시험 단말이 14시 20분부터 50분까지 로그아웃되어 있었음을 단말 기록으로 확인하였습니다."
VERSIONS = Versions(tzdata="2026.6", holidays="0.109", catalogue="5f" * 32)


def orders() -> list[Order]:
    """The corrected revision, its chain and the months before."""
    august = _earlier("2026-08", chain.ZEROS, Was("08-11 03:10", "08-11 03:22"))
    september = _earlier("2026-09", august[-1].seal.entry)
    first = _october(Was("10-20 14:00", "10-20 14:50"))
    preliminary = _report(
        first, september[-1].seal.entry, revision=0, state=State.PRELIMINARY,
        **_at("11-01 06:00", "11-01 06:00"),
    )  # fmt: skip
    closed = _report(first, preliminary.seal.entry, **_at("11-04 00:00", "11-04 00:00"))
    second = _october(
        Was("10-20 14:00", "10-20 14:20"), Was("10-20 14:20", "10-20 14:50", Outcome.VOID)
    )
    corrected = _corrected(second, closed)
    revisions = (*august, *september, preliminary, closed, corrected)
    return [Order(
        chain.text_of(corrected), (chain.text_of(august[-1]), chain.text_of(september[-1])),
        chain.chain_text(map(chain.link_of, revisions)),
    )]  # fmt: skip


def _earlier(month: str, prev: str, *was: Was) -> tuple[Report, Report]:
    """Preliminary and closed, without anything that came late."""
    months = {"alimtalk": _alimtalk(month, *was), "sms": _sms(month)}
    first = _report(months, prev, month, revision=0, state=State.PRELIMINARY)
    closed = first.model_copy(update={"revision": 1, "state": State.CLOSED})
    return first, chain.sealed(closed, first.seal.entry)


def _at(cutoff: str, sealed: str) -> dict[str, str]:
    return {"cutoff": time(ms(cutoff)), "sealed_at": time(ms(sealed) + 21_000)}


def _october(*was: Was) -> dict[str, Month]:
    lost = [Was(f"10-{day:02} 11:4{day % 10}", f"10-{day:02} 11:4{day % 10 + 1}")
            for day in (2, 7, 13, 24, 28)]  # fmt: skip
    works = (
        Maintenance(frozenset({SMS}), (Announcement(
            minute("10-08 10:00"), minute("10-11 02:00"), minute("10-11 04:00")),)),
    )  # fmt: skip
    night = Was("10-11 02:00", "10-11 03:40")
    return {
        "alimtalk": _alimtalk("2026-10", *lost, *was),
        "sms": _sms("2026-10", night, Was("10-27 09:12", "10-27 09:21"), works=works),
    }


def _alimtalk(month: str, *was: Was) -> Month:
    incidents, notices = (), ()
    if month == "2026-10":
        incidents = (Incident(
            "platform:kakaotalk@1792472460", frozenset({ALIMTALK}), ms("10-20 14:00"),
            ms("10-20 14:51"), ms("10-20 14:02"), ms("10-20 14:06"),
        ),)  # fmt: skip
        notices = (
            Notice("kakao", "down", ms("10-20 14:11"), ms("10-20 14:13"), "9d" * 32),
            Notice("kakao", "recovered", ms("10-20 14:45"), ms("10-20 14:46"), "c4" * 32),
        )
    contract = a_contract(
        (ALIMTALK,), valid_from="2026-01-01", monthly_price_krw=300_000,
        credit_table=[{"below_ppm": 999_000, "credit_ppm": 50_000}],
    )  # fmt: skip
    told = a_month(month, *was, contract=contract, receivers=("kakao-01", "kakao-02"))
    return _lively(replace(told, incidents=incidents, notices=notices), 700)


def _sms(month: str, *was: Was, **changes: Any) -> Month:
    contract = a_contract(
        (SMS,), id="geoje.sms.v2", version=2, channel="sms", grade=2, valid_from="2026-01-01",
    )  # fmt: skip
    told = a_month(month, *was, contract=contract, receivers=("skt-01", "kt-01", "lgu-01"))
    return _lively(replace(told, **changes), 2_300)


def _lively(month: Month, fastest_ms: int) -> Month:
    """Each message takes its own time, the same at every making."""
    return replace(month, lines=[_timed(line, fastest_ms) for line in month.lines])


def _timed(line: Line, fastest_ms: int) -> Line:
    luck = line.slot // 60_000 * 2_654_435_761 % 10_000
    took = fastest_ms + luck * luck // 40_000 + luck // 9_900 * (luck - 9_900) * 90
    changes: dict[str, Any] = {"answered": line.sent and line.sent + 90 + luck // 80}
    if line.seen_max is not None and line.sent is not None:
        changes |= {"seen_min": line.sent + took, "seen_max": line.sent + took}
        changes |= {"reported": line.sent + took + 1_200}
    return replace(line, **changes)


def _report(
    months: Mapping[str, Month], prev: str, month: str = "2026-10", **changes: Any
) -> Report:
    body = BodyName(id="geoje", name_ko="거제시", name_en="Geoje City")
    return a_report(a_context(month, months, body=body, versions=VERSIONS, **changes), months, prev)


def _corrected(months: Mapping[str, Month], before: Report) -> Report:
    """Proposed by one person, approved by another."""
    at = time(ms("11-10 15:00"))
    fault = FaultPart(
        component="receiver:kakao-01", start=time(ms("10-20 14:20")), to=time(ms("10-20 14:50")),
        kind="account",
    )  # fmt: skip
    changes: dict[str, Any] = {
        "revision": 2, "state": State.CORRECTED, "monitor_faults": (fault,),
        **_at("11-09 10:12", "11-10 15:00"),
        "approval": Approval(
            by="lee", role="report_approve", at=at, words="단말 기록과 대조하여 일치함을 확인함"
        ),
    }  # fmt: skip
    diff = tuple(figures_changed(before, _report(months, before.seal.entry, **changes)))
    correction = Correction(
        number=1, kind="monitor_fault", reason=REASON, proposed_by="kim", approved_by="lee",
        approved_at=at, diff=diff,
    )  # fmt: skip
    told = {"diff": diff, "corrections": (correction,), **changes}
    return _report(months, before.seal.entry, **told)


def write(out: Path) -> list[Path]:
    """All documents, with their sums."""
    (order,) = orders()
    return files_of(order, out, ("ko", "en"), ("json", "pdf", "xlsx"))


if __name__ == "__main__":
    write(SAMPLES)
