"""What storage knew becomes the context of a month: who probed when, what was said and entered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.contracts.report_words import State
from services.reporting.context import Context
from services.reporting.known import Asked, context
from services.storage.corrections import Correction
from services.storage.planned import Notice, Window
from services.storage.sla import Fault, Hit, Life, Objects
from tests.support.sealed_months import ROUTE, a_catalogue

START, END = datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 11, 3, 15, tzinfo=UTC)
CATALOGUE = a_catalogue("geoje")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY = datetime(2026, 10, 6, 17, tzinfo=UTC)  # Wednesday, 02:00 KST


def _life(at: datetime, **route: Any) -> Life:
    return Life(at, ROUTE, CATALOGUE.routes[ROUTE].model_copy(update=route), 120)


def _objects(**changes: Any) -> Objects:
    return replace(Objects(CATALOGUE, [_life(START - DAY)], [], [], [], []), **changes)


def _window(version: int, known_at: datetime, start: datetime | None, **other: Any) -> Window:
    end = start + 2 * HOUR if start else None
    told = Window("w", "platform:kakaotalk", start, end, None, "점검", None, None, "kim", version)
    return told._replace(known_at=known_at, **other)


def _correction(kind: str, **data: Any) -> Correction:
    return Correction(
        7, "geoje", "2026-10", kind, data, "두 사람이 확인한 사유입니다.", "kim", END, "approved",
        "lee", END + HOUR, "확인",
    )  # fmt: skip


def _context(objects: Objects, *entered: Correction, **changes: Any) -> Context:
    asked = Asked(
        "geoje", "2026-10", 2, State.CORRECTED, END, END, END, tuple((one, ()) for one in entered)
    )
    found = context(replace(asked, **changes), objects, START, END)
    assert found is not None
    return found


def _plans(*lives: Life) -> list[tuple[str, str, int]]:
    (own,) = _context(_objects(lives=list(lives))).items
    return [(plan.start[:13], plan.to[:13], plan.interval_s) for plan in own.plans]


def _works(*windows: Window, entered: Sequence[Correction] = ()) -> list[list[tuple[str, ...]]]:
    (own,) = _context(_objects(works=list(windows)), *entered).items
    return [[(v.seen_at[5:13], v.start[5:13], v.to[5:13]) for v in w.versions] for w in own.works]


def test_a_route_s_life_is_stretches_of_one_way_of_probing() -> None:
    assert _plans(
        _life(START - DAY), _life(START + DAY), _life(START + 2 * DAY, interval_s=60),
        _life(START + 3 * DAY, enabled=False), _life(START + 4 * DAY, interval_s=90),
        _life(START + 5 * DAY),
    ) == [
        ("2026-09-28T00", "2026-09-30T00", 600), ("2026-09-30T00", "2026-10-01T00", 60),
        ("2026-10-03T00", "2026-11-03T15", 600),
    ]  # fmt: skip


def test_who_is_probed_in_turn_and_when_it_is_late_belong_to_the_stretch() -> None:
    told = [_life(START), _life(START + DAY, receivers=("skt-01", "skt-02"), late_s=60)]
    (own,) = _context(_objects(lives=told)).items
    assert [(plan.receivers, plan.late_s) for plan in own.plans] == [
        (("skt-01",), 120), (("skt-01", "skt-02"), 60)
    ]  # fmt: skip


def test_planned_work_comes_with_every_version_of_its_notice() -> None:
    first = _window(1, TUESDAY - 3 * DAY, TUESDAY)
    longer = first._replace(version=2, ends_at=TUESDAY + 3 * HOUR, known_at=TUESDAY - DAY)
    gone = _window(3, TUESDAY - HOUR, None)
    assert _works(longer, gone, first) == [
        [
            ("10-03T17", "10-06T17", "10-06T19"), ("10-05T17", "10-06T17", "10-06T20"),
            ("10-06T16", "10-06T16", "10-06T16"),
        ]
    ]  # fmt: skip


def test_weekly_work_is_one_work_for_each_of_its_spans_that_is_read() -> None:
    weekly = _window(1, START - 9 * DAY, TUESDAY - 14 * DAY, recurs="FREQ=WEEKLY;BYDAY=WE")
    fewer = weekly._replace(version=2, ends_at=TUESDAY - 14 * DAY + HOUR, known_at=TUESDAY + DAY)
    told = _works(weekly, fewer)
    assert [work[0][1] for work in told] == [
        "09-29T17", "10-06T17", "10-13T17", "10-20T17", "10-27T17"
    ]  # fmt: skip
    assert told[1][1:] == [("10-07T17", "10-06T17", "10-06T18")]


def test_work_on_what_not_every_message_passes_is_none_of_the_route_s() -> None:
    for component in ("platform:naver-mail", "receiver:skt-02", "carrier:kt"):
        assert _works(_window(1, START, TUESDAY, component=component)) == []
    for component in ("provider:sens", "body:geoje", f"route:{ROUTE}", "receiver:skt-01"):
        assert len(_works(_window(1, START, TUESDAY, component=component))) == 1


def test_proof_of_an_earlier_announcement_counts_from_then() -> None:
    proof = _correction(
        "maintenance_proof", maintenance="w", announced_at="2026-10-01T00:00:00Z", proof="a" * 64
    )
    late = _window(1, TUESDAY - HOUR, TUESDAY)
    assert _works(late, entered=[proof]) == [[("10-01T00", "10-06T17", "10-06T19")]]
    (own,) = _context(_objects(works=[late]), proof).items
    assert own.works[0].proof == "a" * 64


def test_a_notice_is_told_as_it_reads_now_and_seen_when_it_was_entered_first() -> None:
    def notice(name: str, version: int, says: Any, component: str = "platform:kakaotalk") -> Notice:
        known = TUESDAY + version * HOUR
        return Notice(name, "kakao", component, says, TUESDAY, None, name, "kim", version, known)

    told = [
        notice("a", 1, "down"), notice("a", 2, "recovering"), notice("b", 1, "down"),
        notice("b", 2, "withdrawn"), notice("c", 1, "down", "platform:naver-mail"),
    ]  # fmt: skip
    (own,) = _context(_objects(notices=told)).items
    assert [(each.says, each.seen_at[:13]) for each in own.notices] == [
        ("recovering", "2026-10-06T18")
    ]


def test_what_two_people_agreed_on_enters_by_its_correction() -> None:
    span = {"from": "2026-10-30T05:00:00Z", "to": "2026-10-30T06:00:00Z"}
    told = _context(
        _objects(),
        _correction("exclusion", component="platform:kakaotalk", cause="force_majeure", **span),
        _correction("declared_outage", channel="alimtalk", proof="b" * 64, **span),
        _correction("monitor_fault", component="receiver:skt-01", cause="account", **span),
    )
    (own,) = told.items
    assert [(one.kind, one.routes, one.approved_by) for one in own.agreed] == [
        ("force_majeure", (ROUTE,), "lee")
    ]
    assert [each.start[:13] for each in own.declared] == ["2026-10-30T05"]
    assert [(each.component, each.kind) for each in told.monitor_faults] == [
        ("receiver:skt-01", "account")
    ]
    assert [(one.number, one.kind) for one in told.corrections] == [
        (1, "exclusion"), (2, "declared_outage"), (3, "monitor_fault"),
    ]  # fmt: skip
    assert told.approval is not None
    assert (told.approval.by, told.approval.words) == ("lee", "확인")


def test_before_a_correction_nobody_approved_the_month() -> None:
    told = _context(_objects(), _correction("evidence_import"), state=State.CLOSED, revision=1)
    assert told.approval is None


def test_a_fixed_contract_stands_for_the_one_of_its_id() -> None:
    (name, contract), *_ = CATALOGUE.contracts.items()
    fixed = contract.model_copy(update={"grade": 1}).model_dump(mode="json")
    told = _context(_objects(), _correction("contract_fix", contract=fixed))
    assert [(one.id, one.grade) for one in told.items[0].contracts] == [(name, 1)]


def test_faults_of_parts_that_no_message_of_the_body_passes_are_not_its_own() -> None:
    at = datetime(2026, 10, 30, tzinfo=UTC)
    faults = [Fault(f"receiver:{name}", at, at + HOUR, "power") for name in ("kt-01", "skt-01")]
    told = _context(_objects(faults=[*faults, Fault("worker:w1", at, at + HOUR, "network")]))
    assert [each.component for each in told.monitor_faults] == ["receiver:skt-01", "worker:w1"]


def test_incidents_are_told_of_the_routes_they_hit() -> None:
    hit = Hit("i", "platform:kakaotalk", [ROUTE, "lh.alimtalk"], TUESDAY, None, TUESDAY, None)
    (own,) = _context(_objects(incidents=[hit, hit._replace(routes=["lh.alimtalk"])])).items
    assert [(each.id, each.routes, each.ended) for each in own.incidents] == [("i", (ROUTE,), None)]


def test_a_month_without_a_contract_in_force_has_no_context() -> None:
    asked = Asked("geoje", "2026-09", 0, State.PRELIMINARY, END, END, END)
    assert context(asked, _objects(), START, END) is None


def test_holidays_and_versions_are_those_of_the_pinned_packages() -> None:
    told = _context(_objects())
    assert ("2026-10-05", "calendar") in [(each.date, each.source) for each in told.holidays]
    assert (told.versions.holidays, told.rule, told.tz) == ("0.109", "s1", "Asia/Seoul")
