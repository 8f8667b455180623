"""Golden: worked months as the report's JSON says them; every number computed by hand."""

from typing import Any

from services.contracts.report import Report
from services.contracts.report_item import Item
from services.contracts.report_words import State, Verdict
from services.contracts.vocabulary import Outcome
from services.reporting.exclusions import Announcement, Exclusion, Maintenance
from services.reporting.laid import Month
from services.reporting.notices import Notice
from services.reporting.response import Incident
from services.reporting.written import time
from tests.unit.reporting.exported import a_context, a_report
from tests.unit.reporting.worked import (
    PUBLIC,
    WEEKDAYS,
    Was,
    a_contract,
    a_month,
    minute,
    ms,
    with_planned_work,
)

SEOUL_1400 = "2026-10-20T05:00:00.000Z"


def _told(name: str, month: Month, **changes: Any) -> tuple[Report, Item]:
    months = {"alimtalk": month}
    report = a_report(a_context(name, months, **changes), months)
    return report, report.items[0]


def test_golden_g2_two_routes_one_of_them_longer() -> None:
    contract = a_contract(("r1", "r2"), grade=2, monthly_price_krw=1_000_000,
        credit_table=[{"below_ppm": 950_000, "credit_ppm": 500_000}])  # fmt: skip
    said = Notice("kakao", "down", None, ms("10-15 16:28", 2022), "0" * 64)
    report, item = _told("2022-10", a_month("2022-10", *PUBLIC, contract=contract, notices=(said,)))
    assert (item.outage_min, item.budget_min) == ("3480.000000", "44.640000")
    assert item.budget_used == "77.956990"
    available = item.availability
    assert (available.measured, available.partial_full, available.partial_ignored) == (
        "0.922043", "0.911962", "0.932123",
    )  # fmt: skip
    assert item.probes.ratio.model_dump() == {
        "value": "0.922043", "low": "0.920265", "high": "0.923794"
    }  # fmt: skip
    assert [(r.route, r.outage_min) for r in item.routes] == [
        ("r1", "3030.000000"), ("r2", "3930.000000")
    ]  # fmt: skip
    device = item.latency[2]
    assert (device.p95_ms, device.p99_ms) == (None, None)
    assert device.arrived.p99_ms is not None
    (outage,) = report.outages
    assert outage.fix.model_dump() == {
        "lower": 3930, "upper": 3930, "limit": 180, "verdict": Verdict.MISSED
    }  # fmt: skip
    assert (outage.notice_lag_min, outage.notice_bound) == (58, "at_most")
    assert (outage.peak_share, outage.origin, len(outage.samples)) == ("1.000000", "afterwards", 5)
    assert item.response.late_fix_min == "3750.000000"
    assert (item.credit.krw, item.credit.claim_deadline) == (500_000, "2022-11-17T14:59:59.000Z")


def test_golden_g3_planned_work_is_a_row_a_stretch() -> None:
    report, item = _told("2026-11", with_planned_work())
    assert (item.minutes.excluded.maintenance, item.minutes.service) == (120, 43_080)
    assert (item.availability.measured, item.availability.no_exclusions) == ("0.999303", "0.996527")
    assert item.budget_used == "0.870474"
    assert [(e.kind, e.minutes, e.counted) for e in report.exclusions] == [
        ("maintenance", 120, False), ("unannounced", 20, True)
    ]  # fmt: skip
    assert report.outages[0].t0 == "2026-11-07T19:00:00.000Z"
    assert item.verdict is Verdict.MET


def test_work_that_ends_late_is_announced_as_far_as_it_was_said() -> None:
    said = (
        ("11-01 10:00", "11-08 02:00", "11-08 04:00"),
        ("11-08 03:50", "11-08 02:00", "11-08 05:00"),
    )
    work = Maintenance(frozenset({"r1"}), tuple(Announcement(*map(minute, each)) for each in said))
    agreed = Exclusion(frozenset({"r1"}), minute("11-30 23:00"), minute("12-01 01:00"))
    report, _ = _told("2026-11", a_month("2026-11", works=(work,), agreed=(agreed,)))
    assert [(e.kind, e.minutes, e.counted) for e in report.exclusions] == [
        ("maintenance", 120, False), ("unannounced", 60, True), ("force_majeure", 60, False)
    ]  # fmt: skip


def test_golden_g4b_a_breach_and_a_blindness() -> None:
    void = Was("11-12 10:00", "11-12 11:30", Outcome.VOID)
    _, item = _told("2026-11", a_month("2026-11", void, Was("11-18 10:00", "11-18 10:50")))
    available = item.availability
    assert (item.minutes.unmeasured, item.outage_min) == (90, "50.000000")
    assert (available.measured, available.lowest, available.highest) == (
        "0.998840", "0.996759", "0.998842",
    )  # fmt: skip
    assert [(v.objective, v.verdict) for v in item.verdicts] == [
        ("availability", Verdict.MISSED), ("fix_minutes", Verdict.MET)
    ]  # fmt: skip


def test_golden_g7_and_what_the_detector_saw() -> None:
    incident = Incident(
        "platform:kakaotalk@1", frozenset({"r1"}), ms("10-20 14:00"), ms("10-20 14:50"),
        ms("10-20 14:01"), ms("10-20 14:05"),
    )  # fmt: skip
    noise = Incident(
        "provider:nhn@2", frozenset({"r1"}), ms("10-05 14:00"), ms("10-05 14:10"),
        ms("10-05 14:02"), None,
    )  # fmt: skip
    month = a_month("2026-10", Was("10-20 14:00", "10-20 14:50"), incidents=(incident, noise))
    report, item = _told("2026-10", month)
    assert (item.availability.measured, item.budget_used) == ("0.998879", "1.400090")
    assert item.verdict is Verdict.MISSED
    outage, none = report.outages
    assert (outage.t0, outage.minutes_here, outage.cause) == (
        SEOUL_1400, "50.000000", "platform:kakaotalk",
    )  # fmt: skip
    assert (outage.id, outage.detected_at) == ("alimtalk@1792472400", "2026-10-20T05:01:00.000Z")
    assert (none.id, none.minutes_here, none.cause) == ("provider:nhn@2", "0.000000", "no_span")
    spread = item.response.mttd
    assert (spread.mean, spread.max, spread.n, spread.missing) == ("1.000000", "1.000000", 1, 0)
    day = report.days[19]
    assert (day.day, day.down, day.outage_min, day.evidence_count) == (
        "2026-10-20", 50, "50.000000", 1440,
    )  # fmt: skip


def test_golden_g9_the_month_s_holidays_and_what_a_contract_adds() -> None:
    contract = a_contract(
        service_hours=WEEKDAYS, holidays={"add": ["2026-10-23"], "remove": ["2026-10-09"]}
    )
    report, item = _told("2026-10", a_month("2026-10", contract=contract))
    assert [(each.date, each.source) for each in report.holidays] == [
        ("2026-10-03", "calendar"), ("2026-10-05", "calendar"), ("2026-10-23", "added")
    ]  # fmt: skip
    assert item.minutes.service == 20 * 540


def test_golden_g8_an_outage_over_the_border_is_told_in_both_months() -> None:
    was = Was("10-31 23:40", "11-01 00:30")
    for name, here, own in (("2026-10", "20.000000", 1), ("2026-11", "30.000000", 0)):
        report, item = _told(name, a_month(name, was))
        (outage,) = report.outages
        assert (outage.minutes_here, outage.minutes_total) == (here, "50.000000")
        assert (outage.fix.lower, item.response.outages) == (50, own)


def test_an_outage_that_lasts_has_no_end_and_a_channel_without_objective_no_budget() -> None:
    contract = a_contract(grade=3)
    month = a_month("2026-10", Was("10-31 23:00", "11-04 00:00"), contract=contract)
    report, item = _told("2026-10", month)
    (outage,) = report.outages
    assert (outage.end, outage.fix.limit) == (None, None)
    assert (item.budget_min, item.budget_used, item.verdict) == (
        None, None, Verdict.NOT_APPLICABLE,
    )  # fmt: skip


def test_of_an_open_month_only_what_has_passed_is_told() -> None:
    month = a_month("2026-10", Was("10-20 14:00", "10-20 14:50"))
    report, item = _told("2026-10", month, state=State.OPEN, cutoff=time(ms("10-21 00:00")))
    assert (report.window.minutes, item.minutes.total) == (20 * 1440, 20 * 1440)
    assert len(report.days) == 20
