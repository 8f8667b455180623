"""Golden: the worked months with what every document must print of them, as typed by hand.

Per cents, minutes and counts are the printed ones; which figure a name stands for: `reading.py`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from services.contracts.model import DailyWindow
from services.contracts.report import Report
from services.contracts.report_words import State, Verdict
from services.contracts.vocabulary import Outcome
from services.reporting.laid import Month
from services.reporting.notices import Notice
from services.reporting.response import Incident
from tests.unit.reporting.exported import a_context, a_report
from tests.unit.reporting.worked import (
    FINANCIAL,
    PUBLIC,
    WEEKDAYS,
    Was,
    a_contract,
    a_month,
    later,
    minute,
    ms,
    with_planned_work,
)

MET, MISSED, INSUFFICIENT = Verdict.MET, Verdict.MISSED, Verdict.INSUFFICIENT
VOID, FAILOVER = Outcome.VOID, Outcome.FAILOVER
ROUTES = ("r1", "r2", "r3", "r4", "r5")
SHORT = Was("10-31 23:58", "11-01 00:01")


class Golden(NamedTuple):
    """`figures`: printed text by the name of the figure."""

    month: str
    lines: Callable[[], Month]
    verdict: Verdict
    figures: Mapping[str, str]
    context: Mapping[str, Any] = {}


@cache
def report_of(name: str) -> Report:
    """The sealed report of a golden month."""
    golden = GOLDEN[name]
    months = {"alimtalk": golden.lines()}
    return a_report(a_context(golden.month, months, **golden.context), months)


def _g1(**objectives: int) -> Month:
    lost = [later("11-01 00:30", 1_000 * n) for n in range(42)]
    claimed = {"provider_says": "delivered"}
    was = [Was(at, later(at, 1)) for at in lost[:25]]
    was += [Was(at, later(at, 1), changes=claimed) for at in lost[25:30]]
    was += [Was(at, later(at, 1), Outcome.LATE) for at in lost[30:]]
    return a_month("2026-11", *was, contract=a_contract(grade=2, objectives=objectives))


def _g2(hours: object, *was: Was) -> Month:
    table = ((999_000, 50_000), (990_000, 150_000), (950_000, 500_000))
    contract = a_contract(
        ROUTES[:2], grade=2, service_hours=hours, monthly_price_krw=1_000_000,
        credit_table=[{"below_ppm": below, "credit_ppm": credit} for below, credit in table],
    )  # fmt: skip
    said = Notice("kakao", "down", None, ms("10-15 16:28", 2022), "0" * 64)
    return a_month("2022-10", *was, contract=contract, notices=(said,))


_BLIND = Was("11-12 10:00", "11-12 11:30", VOID)
_G4 = {
    "a": (_BLIND,),
    "b": (_BLIND, Was("11-18 10:00", "11-18 10:50")),
    "c": (Was("11-12 10:00", "11-12 10:20", VOID), Was("11-18 10:00", "11-18 10:10")),
    "d": tuple(Was(f"11-{day:02} 03:00", f"11-{day:02} 03:02", VOID) for day in range(1, 31)),
    "e": (Was("11-12 10:00", "11-12 10:30"), Was("11-12 10:30", "11-12 12:00", VOID),
          Was("11-12 12:00", "11-12 12:20")),
}  # fmt: skip


def _g4(case: str, gap_rule: str = "bounds") -> Month:
    return a_month("2026-11", *_G4[case], contract=a_contract(settings={"gap_rule": gap_rule}))


def _g5() -> Month:
    rest = {"brandmessage": DailyWindow.model_validate({"start": "20:00", "end": "08:00"})}
    nights = [Was(later("10-31 20:00", day * 1_440), later("11-01 08:00", day * 1_440), None)
              for day in range(31)]  # fmt: skip
    contract = a_contract(channel="brandmessage", grade=2, restricted=rest["brandmessage"])
    was = Was("11-12 19:40", "11-13 08:25"), *nights
    return a_month("2026-11", *was, contract=contract, rest=rest)


def _g6() -> Month:
    contract = a_contract(grade=2, service_hours=WEEKDAYS)
    return a_month("2026-10", contract=contract, interval_s=600)


def _g8(month: str) -> Month:
    incident = Incident(
        "platform:kakaotalk@1", frozenset({"r1"}), ms("10-31 23:41"), ms("11-01 00:33"),
        ms("10-31 23:43"), ms("10-31 23:47"),
    )  # fmt: skip
    said = (
        Notice("kakao", "down", ms("11-01 00:05"), ms("11-01 00:06"), "0" * 64),
        Notice("kakao", "recovered", ms("11-01 00:20"), ms("11-01 00:20"), "1" * 64),
    )
    was = Was("10-31 23:40", "11-01 00:30")
    return a_month(month, was, incidents=(incident,), notices=said)


def _g9() -> Month:
    was = Was("10-05 10:00", "10-05 12:00"), Was("10-08 17:30", "10-12 09:15")
    return a_month("2026-10", *was, contract=a_contract(grade=2, service_hours=WEEKDAYS))


def _g10_i() -> Month:
    was = (
        Was("11-10 09:00", "11-10 12:10", FAILOVER, route="r1"),
        *(
            Was(at, later(at, 1), FAILOVER, "r1", changes={"substitute": ms(at) + 700_000})
            for at in (later("11-10 12:10", n) for n in range(6))
        ),
        Was("11-10 12:16", "11-10 12:20", route="r1"),
    )
    return a_month("2026-11", *was, contract=a_contract(ROUTES[:4]))


def _g10_ii() -> Month:
    receivers = ("p1", "p2", "p3", "p4")
    lines = a_month("2026-11", receivers=receivers).lines
    at_nine = next(ln.receiver for ln in lines if ln.slot // 60_000 == minute("11-10 09:00"))
    was = Was("11-10 09:00", "11-10 12:20", receiver=at_nine)
    return a_month("2026-11", was, receivers=receivers)


def _g10_iii() -> Month:
    bad = [later("11-10 10:00", 2 * n) for n in range(30)]
    return a_month("2026-11", *(Was(at, later(at, 1)) for at in bad))


def _g10_iv() -> Month:
    was = [Was("11-10 13:44", "11-10 13:50", route=route) for route in ROUTES[:4]]
    return a_month("2026-11", *was, contract=a_contract(ROUTES))


def _range(
    unmeasured: str, outage: str, measured: str, lowest: str, highest: str
) -> dict[str, str]:
    return {
        "unmeasured": unmeasured, "outage": outage, "measured": measured, "lowest": lowest,
        "highest": highest, "budget": "34.56",
    }  # fmt: skip


def _october(
    service: str,
    outage: str,
    measured: str,
    used: str,
    fix: str,
    late: str,
    credit: str,
    until: str,
) -> dict[str, str]:
    return {
        "service": service, "outage": outage, "measured": measured, "used": used, "fix": fix,
        "late": late, "credit": credit, "deadline": f"{until} 23:59:59", "lag": "58",
        "outages": "1", "unmeasured": "0",
    }  # fmt: skip


GOLDEN = {
    "G1": Golden("2026-11", _g1, MET, {
        "service": "43200", "outage": "0", "unmeasured": "0", "measured": "100.0000",
        "budget": "43.2", "used": "0.00", "delivered": "99.9027", "delivered_low": "99.8686",
        "delivered_high": "99.9299", "false": "0.0116", "false_low": "0.0038",
        "false_high": "0.0270", "late_probes": "12", "undelivered": "30",
    }),
    "G1 judged on delivery": Golden("2026-11", lambda: _g1(delivery_ppm=999_000), INSUFFICIENT, {
        "measured": "100.0000", "delivered": "99.9027", "delivered_low": "99.8686",
        "delivered_high": "99.9299",
    }),
    "G2 public, always": Golden("2022-10", lambda: _g2("always", *PUBLIC), MISSED, {
        **_october("44640", "3480", "92.2043", "7795.70", "3930", "3750", "50", "2022-11-17"),
        "budget": "44.64", "down": "3030", "partial": "900", "full": "91.1962",
        "ignored": "93.2123", "delivered": "92.2043", "delivered_low": "92.0265",
        "delivered_high": "92.3794",
    }),
    "G2 financial, always": Golden("2022-10", lambda: _g2("always", *FINANCIAL), MISSED, {
        **_october("44640", "2910", "93.4811", "6518.82", "2910", "2730", "50", "2022-11-16"),
        "budget": "44.64", "down": "2910", "partial": "0", "full": "93.4811", "ignored": "93.4811",
    }),
    "G2 public, weekdays": Golden("2022-10", lambda: _g2(WEEKDAYS, *PUBLIC), MISSED, {
        **_october("10260", "540", "94.7368", "5263.16", "540", "360", "50", "2022-11-17"),
        "budget": "10.26", "down": "540", "partial": "0", "full": "94.7368", "ignored": "94.7368",
    }),
    "G2 financial, weekdays": Golden("2022-10", lambda: _g2(WEEKDAYS, *FINANCIAL), MISSED, {
        **_october("10260", "420", "95.9064", "4093.57", "420", "240", "15", "2022-11-16"),
        "budget": "10.26", "down": "420", "partial": "0", "full": "95.9064", "ignored": "95.9064",
    }),
    "G3": Golden("2026-11", with_planned_work, MET, {
        "maintenance": "120", "service": "43080", "outage": "30", "budget": "34.464",
        "used": "87.05", "measured": "99.9303", "without": "99.6527",
    }),
    "G4a": Golden("2026-11", lambda: _g4("a"), INSUFFICIENT,
                  _range("90", "0", "100.0000", "99.7916", "100.0000")),
    "G4a by coverage": Golden("2026-11", lambda: _g4("a", "coverage"), MET,
                              _range("90", "0", "100.0000", "99.7916", "100.0000")),
    "G4b": Golden("2026-11", lambda: _g4("b"), MISSED,
                  _range("90", "50", "99.8840", "99.6759", "99.8842")),
    "G4c": Golden("2026-11", lambda: _g4("c"), MET,
                  _range("20", "10", "99.9768", "99.9305", "99.9768")),
    "G4d": Golden("2026-11", lambda: _g4("d"), MET,
                  _range("0", "0", "100.0000", "100.0000", "100.0000") | {"bridged": "60"}),
    "G4e": Golden("2026-11", lambda: _g4("e"), MISSED,
                  _range("90", "50", "99.8840", "99.6759", "99.8842")
                  | {"outages": "1", "fix_lower": "50", "fix": "140"}),
    "G5": Golden("2026-11", _g5, MISSED, {
        "restricted": "21600", "service": "21600", "outage": "45", "unmeasured": "0",
        "budget": "21.6", "used": "208.34", "measured": "99.7916", "fix": "45", "outages": "1",
    }),
    "G6": Golden("2026-10", _g6, INSUFFICIENT, {
        "service": "10800", "slots": "1080", "budget": "10.8", "outage": "0",
        "delivered": "100.0000", "delivered_low": "99.6590", "delivered_high": "100.0000",
    }),
    "G7 r1": Golden("2026-10", lambda: a_month("2026-10", Was("10-20 14:00", "10-20 14:50")),
        MISSED, {
            "outage": "50", "unmeasured": "0", "measured": "99.8879", "used": "140.01",
            "budget": "35.712",
        }),
    "G7 r2": Golden("2026-10", lambda: a_month("2026-10", Was("10-20 14:00", "10-20 14:20"),
                                               Was("10-20 14:20", "10-20 14:50", VOID)),
        INSUFFICIENT, {
            "outage": "20", "unmeasured": "30", "measured": "99.9551", "lowest": "99.8879",
            "highest": "99.9551", "used": "56.01", "budget": "35.712",
        }, {"revision": 2, "state": State.CORRECTED}),
    "G7 r3": Golden("2026-10", lambda: a_month("2026-10", Was("10-20 14:00", "10-20 14:20")),
        MET, {"outage": "20", "unmeasured": "0", "measured": "99.9551", "used": "56.01"},
        {"revision": 3, "state": State.CORRECTED}),
    "G8 October": Golden("2026-10", lambda: _g8("2026-10"), MET, {
        "outage": "20", "measured": "99.9551", "used": "56.01", "outages": "1", "fix": "50",
        "mttd": "3", "mtta": "4", "mttr": "50", "lag": "25",
    }),
    "G8 November": Golden("2026-11", lambda: _g8("2026-11"), MET, {
        "outage": "30", "measured": "99.9305", "used": "86.81", "outages": "0",
    }),
    "G8 October, short": Golden(
        "2026-10", lambda: a_month("2026-10", SHORT), MET, {"outage": "2", "outages": "1"}),
    "G8 November, short": Golden(
        "2026-11", lambda: a_month("2026-11", SHORT), MET, {"outage": "1", "outages": "0"}),
    "G9": Golden("2026-10", _g9, MISSED, {
        "service": "10800", "holiday": "1080", "outage": "45", "budget": "10.8", "used": "416.67",
        "measured": "99.5833", "fix": "45",
    }),
    "G10 i": Golden("2026-11", _g10_i, MISSED, {
        "outage": "50", "measured": "99.8842", "used": "144.68", "full": "99.5370",
        "ignored": "100.0000", "partial": "200", "down": "0", "substitutes": "200",
        "in_time": "190", "later": "6", "never": "4", "fallback": "95.0000",
        "fallback_low": "90.9972", "fallback_high": "97.5766",
    }),
    "G10 ii": Golden("2026-11", _g10_ii, MISSED, {
        "outage": "50", "measured": "99.8842", "partial": "0", "down": "50",
    }),
    "G10 iii": Golden("2026-11", _g10_iii, MET, {"outage": "30", "measured": "99.9305"}),
    "G10 iv": Golden("2026-11", _g10_iv, MET, {
        "outage": "4.8", "measured": "99.9888", "used": "13.89",
    }),
}  # fmt: skip
