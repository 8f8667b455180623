"""Golden: the worked months, every number computed by hand."""

import pytest

from services.contracts.model import DailyWindow
from services.contracts.report_words import Verdict
from services.contracts.sla import Contract
from services.contracts.vocabulary import Outcome
from services.reporting import ratio
from services.reporting.calendar import month_window
from services.reporting.laid import lay
from services.reporting.month import Figures, figures
from services.reporting.notices import Notice
from services.reporting.outages import Fix
from services.reporting.response import Incident
from tests.unit.reporting.worked import (
    FINANCIAL,
    PUBLIC,
    WEEKDAYS,
    M,
    Was,
    a_contract,
    a_month,
    later,
    minute,
    ms,
    shown,
    with_planned_work,
)

MET, MISSED, INSUFFICIENT = Verdict.MET, Verdict.MISSED, Verdict.INSUFFICIENT
VOID, FAILOVER = Outcome.VOID, Outcome.FAILOVER
P50, P95, P99 = 500_000, 950_000, 990_000
ROUTES = ("r1", "r2", "r3", "r4", "r5")


@pytest.mark.parametrize(
    ("month", "zone", "minutes"),
    [
        ("2026-10", "Asia/Seoul", 44_640),
        ("2026-11", "Asia/Seoul", 43_200),
        ("2027-02", "Asia/Seoul", 40_320),
        ("2028-02", "Asia/Seoul", 41_760),
        ("1988-05", "Asia/Seoul", 44_580),
        ("1988-10", "Asia/Seoul", 44_700),
        ("2026-11", "America/New_York", 43_260),
        ("2027-03", "America/New_York", 44_580),
    ],
)
def test_golden_month_lengths(month: str, zone: str, minutes: int) -> None:
    window = month_window(month, zone)
    assert window.end - window.start == minutes


def _of(told: Figures, objective: str) -> Verdict:
    return told.rulings[objective].verdict  # type: ignore[index]


def _fixes(told: Figures) -> list[Fix]:
    return [each.fix for each in told.own]


def test_golden_g1_clean_month() -> None:
    lost = [later("11-01 00:30", 1_000 * n) for n in range(42)]
    claimed = {"provider_says": "delivered"}
    was = [Was(at, later(at, 1)) for at in lost[:25]]
    was += [Was(at, later(at, 1), changes=claimed) for at in lost[25:30]]
    was += [Was(at, later(at, 1), Outcome.LATE) for at in lost[30:]]
    contract = a_contract(grade=2, objectives={"delivery_ppm": 999_000})
    told = figures(a_month("2026-11", *was, contract=contract))
    whole = told.totals
    assert shown(whole.sums) == (43_200, 0, 43_200, 0, 0)
    assert (whole.sums.availability, whole.sums.budget) == (1_000_000, 43_200_000)
    assert whole.sums.budget_used == 0
    assert (whole.probes.good, whole.probes.valid) == (43_158, 43_200)
    assert ratio.floored(whole.probes.good, whole.probes.valid) == 999_027
    assert told.delivery.printed() == (998_686, 999_299)
    assert (whole.claims.false, whole.claims.claimed) == (5, 43_175)
    assert ratio.raised(whole.claims.false, whole.claims.claimed) == 116
    assert told.false_receipts.printed() == (38, 270)
    assert _of(told, "availability") == MET
    assert _of(told, "delivery") == INSUFFICIENT


CREDITS = [
    {"below_ppm": 999_000, "credit_ppm": 50_000},
    {"below_ppm": 990_000, "credit_ppm": 150_000},
    {"below_ppm": 950_000, "credit_ppm": 500_000},
]


def _october_2022(was: tuple[Was, ...], hours: object) -> Figures:
    contract = a_contract(
        ROUTES[:2], grade=2, service_hours=hours, credit_table=CREDITS, monthly_price_krw=1_000_001
    )
    said = Notice("kakao", "down", None, ms("10-15 16:28", 2022), "0" * 64)
    return figures(a_month("2022-10", *was, contract=contract, notices=(said,)))


@pytest.mark.parametrize(
    ("was", "hours", "service", "down", "partial", "outage", "available", "used", "fix", "late"),
    [
        (PUBLIC, "always", 44_640, 3_030, 900, 3_480, 922_043, 77.9570, 3_930, 3_750),
        (FINANCIAL, "always", 44_640, 2_910, 0, 2_910, 934_811, 65.1882, 2_910, 2_730),
        (PUBLIC, WEEKDAYS, 10_260, 540, 0, 540, 947_368, 52.6316, 540, 360),
        (FINANCIAL, WEEKDAYS, 10_260, 420, 0, 420, 959_064, 40.9357, 420, 240),
    ],
)
def test_golden_g2_october_2022(
    was: tuple[Was, ...], hours: object, service: int, down: int, partial: int, outage: int,
    available: int, used: float, fix: int, late: int,
) -> None:  # fmt: skip
    told = _october_2022(was, hours)
    sums = told.totals.sums
    assert (sums.service, sums.down, sums.partial, sums.unmeasured) == (service, down, partial, 0)
    assert (sums.outage, sums.availability) == (outage * M, available)
    assert sums.budget == service * 1_000
    assert -(-(sums.budget_used or 0) // 100) == round(used * 10_000)
    assert _fixes(told) == [Fix(fix, fix, 180, MISSED)]
    assert told.response.late_min == late
    assert told.verdict == MISSED
    (own,) = told.own
    assert (own.told.lag_min, own.told.bound, own.told.duty) == (58, "at_most", "kept")
    assert told.credit.row is not None
    assert told.credit.row.credit_ppm == (150_000 if available == 959_064 else 500_000)
    assert told.credit.krw == (150_000 if available == 959_064 else 500_000)
    assert told.credit.deadline is not None
    until = "2022-11-17" if was is PUBLIC else "2022-11-16"
    assert told.credit.deadline.isoformat() == f"{until}T23:59:59+09:00"


def test_golden_g2_partial_and_delivery() -> None:
    told = _october_2022(PUBLIC, "always")
    assert (told.totals.sums.if_full, told.totals.sums.if_ignored) == (911_962, 932_123)
    probes = told.totals.probes
    assert (probes.good, probes.valid) == (82_320, 89_280)
    assert ratio.floored(probes.good, probes.valid) == 922_043
    assert told.delivery.printed() == (920_265, 923_794)
    shown_us = told.totals.latencies["device"].quantiles(P50, P95, P99)
    assert shown_us[0] is not None
    assert shown_us[1:] == [None, None]


def test_golden_g3_maintenance() -> None:
    told = figures(with_planned_work())
    sums = told.totals.sums
    assert (sums.maintenance, sums.service, sums.outage) == (120, 43_080, 30 * M)
    assert (sums.budget, sums.budget_used) == (34_464_000, 870_474)
    assert (sums.availability, sums.if_bare) == (999_303, 996_527)
    assert sums.bare_counted == 150 * M
    assert told.verdict == MET
    assert [each.outage.first for each in told.own] == [
        minute("11-08 04:00"), minute("11-20 01:00")
    ]  # fmt: skip


COVERAGE = {"settings": {"gap_rule": "coverage"}}
NIGHTS = tuple(Was(f"11-{d:02} 03:00", f"11-{d:02} 03:02", VOID) for d in range(1, 31))
G4 = {
    "a": ((Was("11-12 10:00", "11-12 11:30", VOID),),
          90, 0, 1_000_000, 997_916, 1_000_000, INSUFFICIENT, MET),
    "b": ((Was("11-12 10:00", "11-12 11:30", VOID), Was("11-18 10:00", "11-18 10:50")),
          90, 50, 998_840, 996_759, 998_842, MISSED, MISSED),
    "c": ((Was("11-12 10:00", "11-12 10:20", VOID), Was("11-18 10:00", "11-18 10:10")),
          20, 10, 999_768, 999_305, 999_768, MET, MET),
    "d": (NIGHTS, 0, 0, 1_000_000, 1_000_000, 1_000_000, MET, MET),
    "e": ((Was("11-12 10:00", "11-12 10:30"), Was("11-12 10:30", "11-12 12:00", VOID),
           Was("11-12 12:00", "11-12 12:20")),
          90, 50, 998_840, 996_759, 998_842, MISSED, MISSED),
}  # fmt: skip


@pytest.mark.parametrize("case", G4)
def test_golden_g4_monitor_fault(case: str) -> None:
    was, unmeasured, outage, measured, lowest, highest, by_bounds, by_coverage = G4[case]
    told = figures(a_month("2026-11", *was))
    sums = told.totals.sums
    assert (sums.unmeasured, sums.outage) == (unmeasured, outage * M)
    assert (sums.availability, sums.lowest, sums.highest) == (measured, lowest, highest)
    assert sums.budget == 34_560_000
    assert sums.bridged == (60 if case == "d" else 0)
    assert _of(told, "availability") == by_bounds
    told = figures(a_month("2026-11", *was, contract=a_contract(**COVERAGE)))
    assert _of(told, "availability") == by_coverage


def test_golden_g4e_is_one_outage_whose_fix_cannot_be_told() -> None:
    told = figures(a_month("2026-11", *G4["e"][0]))
    assert _fixes(told) == [Fix(50, 140, 120, INSUFFICIENT)]
    assert _of(told, "fix_minutes") == INSUFFICIENT
    assert told.verdict == MISSED


def test_golden_g5_night_window() -> None:
    contract = a_contract(channel="brandmessage", grade=2)
    rest = {"brandmessage": DailyWindow.model_validate({"start": "20:00", "end": "08:00"})}
    nights = [Was(later("10-31 20:00", d * 1_440), later("11-01 08:00", d * 1_440), None)
              for d in range(31)]  # fmt: skip
    was = [Was("11-12 19:40", "11-13 08:25"), *nights]
    told = figures(a_month("2026-11", *was, contract=contract, rest=rest))
    sums = told.totals.sums
    assert (sums.restricted, sums.service, sums.unmeasured) == (21_600, 21_600, 0)
    assert (sums.outage, sums.budget) == (45 * M, 21_600_000)
    assert (sums.budget_used, sums.availability) == (2_083_334, 997_916)
    assert _of(told, "availability") == MISSED
    assert _fixes(told) == [Fix(45, 45, 180, MET)]
    without = figures(a_month("2026-11", *nights, contract=contract, rest=rest))
    assert (without.totals.sums.unmeasured, without.verdict) == (0, MET)


def test_golden_g6_thin_evidence() -> None:
    contract = a_contract(grade=2, service_hours=WEEKDAYS)
    told = figures(a_month("2026-10", contract=contract, interval_s=600))
    assert (told.totals.sums.service, told.totals.sums.outage) == (10_800, 0)
    assert (told.totals.probes.slots, told.totals.probes.delivered) == (1_080, 1_080)
    assert told.totals.sums.budget == 10_800_000
    assert told.rulings["availability"] == (INSUFFICIENT, "thin_probing")
    assert told.delivery.printed() == (996_590, 1_000_000)


@pytest.mark.parametrize(
    ("was", "unmeasured", "outage", "measured", "lowest", "used", "verdict"),
    [
        ([Was("10-20 14:00", "10-20 14:50")], 0, 50, 998_879, 998_879, 1_400_090, MISSED),
        ([Was("10-20 14:00", "10-20 14:20"), Was("10-20 14:20", "10-20 14:50", VOID)],
         30, 20, 999_551, 998_879, 560_036, INSUFFICIENT),
        ([Was("10-20 14:00", "10-20 14:20")], 0, 20, 999_551, 999_551, 560_036, MET),
    ],
    ids=["r1", "r2", "r3"],
)  # fmt: skip
def test_golden_g7_corrected_month(
    was: list[Was], unmeasured: int, outage: int, measured: int, lowest: int, used: int,
    verdict: Verdict,
) -> None:  # fmt: skip
    told = figures(a_month("2026-10", *was))
    sums = told.totals.sums
    assert (sums.unmeasured, sums.outage, sums.budget) == (unmeasured, outage * M, 35_712_000)
    assert (sums.availability, sums.lowest, sums.budget_used) == (measured, lowest, used)
    assert told.verdict == verdict


def test_golden_g8_month_border() -> None:
    incident = Incident(
        "i1", frozenset({"r1"}), ms("10-31 23:41"), ms("11-01 00:33"), ms("10-31 23:43"),
        ms("10-31 23:47"),
    )  # fmt: skip
    said = (
        Notice("kakao", "down", ms("11-01 00:05"), ms("11-01 00:06"), "0" * 64),
        Notice("kakao", "recovered", ms("11-01 00:20"), ms("11-01 00:20"), "1" * 64),
    )
    was = Was("10-31 23:40", "11-01 00:30")
    october, november = (
        figures(a_month(month, was, incidents=(incident,), notices=said))
        for month in ("2026-10", "2026-11")
    )
    assert (october.totals.sums.outage, november.totals.sums.outage) == (20 * M, 30 * M)
    assert october.totals.sums.availability == 999_551
    assert november.totals.sums.availability == 999_305
    assert october.totals.sums.budget_used == 560_036
    assert november.totals.sums.budget_used == 868_056
    assert (october.verdict, november.verdict) == (MET, MET)
    (own,) = october.own
    assert november.own == ()
    assert (own.outage.here, own.outage.total) == (20 * M, 50 * M)
    assert own.fix == Fix(50, 50, 120, MET)
    assert own.incidents == (incident,)
    assert october.response.to_detect.mean == 3 * M
    assert october.response.to_acknowledge.median == 4 * M
    assert october.response.to_restore.longest == 50 * M
    assert (own.told.lag_min, own.told.bound, own.told.recovery_min) == (25, "exact", -10)


def test_golden_g8_short_form_is_seen_from_both_sides() -> None:
    was = Was("10-31 23:58", "11-01 00:01")
    assert figures(a_month("2026-10", was)).totals.sums.outage == 2 * M
    assert figures(a_month("2026-11", was)).totals.sums.outage == 1 * M


def test_golden_g9_service_hours() -> None:
    contract = a_contract(grade=2, service_hours=WEEKDAYS)
    was = Was("10-05 10:00", "10-05 12:00"), Was("10-08 17:30", "10-12 09:15")
    told = figures(a_month("2026-10", *was, contract=contract))
    sums = told.totals.sums
    assert (sums.service, sums.outage, sums.budget) == (10_800, 45 * M, 10_800_000)
    assert (sums.budget_used, sums.availability) == (4_166_667, 995_833)
    assert _of(told, "availability") == MISSED
    assert _fixes(told) == [Fix(45, 45, 180, MET)]
    worked = contract.holidays.model_copy(update={"remove": ("2026-10-05", "2026-10-09")})
    assert sums.holiday == 2 * 540
    assert worked.country == "KR"


@pytest.mark.parametrize(
    ("remove", "service", "outage", "available"),
    [
        (["2026-10-05"], 11_340, 165, 985_449),
        (["2026-10-03", "2026-10-05", "2026-10-09"], 11_880, 705, 940_656),
    ],
    ids=["no substitute days", "no holidays"],
)
def test_golden_g9_what_wrong_holidays_would_show(
    remove: list[str], service: int, outage: int, available: int
) -> None:
    contract = a_contract(grade=2, service_hours=WEEKDAYS, holidays={"remove": remove})
    was = Was("10-05 10:00", "10-05 12:00"), Was("10-08 17:30", "10-12 09:15")
    sums = figures(a_month("2026-10", *was, contract=contract)).totals.sums
    assert (sums.service, sums.outage, sums.availability) == (service, outage * M, available)


def _one_of_four(contract: Contract) -> Figures:
    came_late = {"substitute": None}
    was = (
        Was("11-10 09:00", "11-10 12:10", FAILOVER, route="r1"),
        *(
            Was(at, later(at, 1), FAILOVER, "r1", changes={"substitute": ms(at) + 700_000})
            for at in (later("11-10 12:10", n) for n in range(6))
        ),
        Was("11-10 12:16", "11-10 12:20", route="r1", changes=came_late),
    )
    return figures(a_month("2026-11", *was, contract=contract))


@pytest.mark.parametrize(
    ("partial", "measured", "verdict"),
    [("weighted", 998_842, MISSED), ("full", 995_370, MISSED), ("ignore", 1_000_000, MET)],
)
def test_golden_g10_i_one_route_of_four(partial: str, measured: int, verdict: Verdict) -> None:
    told = _one_of_four(a_contract(ROUTES[:4], settings={"partial": partial}))
    sums = told.totals.sums
    assert shown(sums) == (43_200, 0, 43_000, 200, 0)
    assert (sums.outage, sums.full, sums.ignored) == (50 * M, 200 * M, 0)
    assert (sums.if_full, sums.if_ignored) == (995_370, 1_000_000)
    assert (sums.availability, _of(told, "availability")) == (measured, verdict)
    if partial == "weighted":
        assert sums.budget_used == 1_446_760
    substitutes = told.totals.fallback
    assert (substitutes.eligible, substitutes.in_time, substitutes.late) == (200, 190, 6)
    assert (substitutes.never, substitutes.not_started) == (4, 0)
    assert ratio.floored(substitutes.in_time, substitutes.eligible) == 950_000
    assert told.fallback.printed() == (909_972, 975_766)


def test_golden_g10_ii_one_receiver_of_four() -> None:
    receivers = ("p1", "p2", "p3", "p4")
    lines = a_month("2026-11", receivers=receivers).lines
    at_nine = next(ln.receiver for ln in lines if ln.slot // 60_000 == minute("11-10 09:00"))
    was = Was("11-10 09:00", "11-10 12:20", receiver=at_nine)
    month = a_month("2026-11", was, receivers=receivers)
    (judged,) = lay(month).judged
    assert [(span.start, span.end) for span in judged.spans] == [
        (minute("11-10 09:00"), minute("11-10 12:17"))
    ]
    told = figures(month)
    assert shown(told.totals.sums) == (43_200, 0, 43_150, 0, 50)
    assert (told.totals.sums.outage, told.totals.sums.availability) == (50 * M, 998_842)


def test_golden_g10_iii_every_second_slot() -> None:
    bad = [later("11-10 10:00", 2 * n) for n in range(30)]
    month = a_month("2026-11", *(Was(at, later(at, 1)) for at in bad))
    (judged,) = lay(month).judged
    assert [(span.start, span.end) for span in judged.spans] == [
        (minute("11-10 10:00"), minute("11-10 10:59"))
    ]
    told = figures(month)
    assert (told.totals.sums.outage, told.totals.sums.availability) == (30 * M, 999_305)
    assert told.verdict == MET


def test_golden_g10_iv_four_routes_of_five() -> None:
    was = [Was("11-10 13:44", "11-10 13:50", route=route) for route in ROUTES[:4]]
    told = figures(a_month("2026-11", *was, contract=a_contract(ROUTES)))
    sums = told.totals.sums
    assert (sums.outage, sums.availability, sums.budget_used) == (4_800_000, 999_888, 138_889)
    assert shown(sums) == (43_200, 0, 43_194, 6, 0)
