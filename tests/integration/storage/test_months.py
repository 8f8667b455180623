"""A month is sealed once, in order and when due; two people correct it; nobody else writes."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.reporting import chain
from services.storage import corrections, months, people
from services.storage.corrections import CorrectionRefused
from services.storage.errors import StorageRefused
from services.storage.leader import Deposed
from services.storage.pool import Connection, Pool, open_pool, transaction
from tests.integration.storage.logins import initialised, logged_in
from tests.support.reports import a_report

__all__ = ["initialised"]
SOON = datetime.now(UTC) + timedelta(hours=1)
REASON = "단말이 로그아웃되어 있었음을 확인했습니다."
FAULT = {
    "component": "receiver:skt-01", "cause": "account",
    "from": "2026-10-20T05:20:00Z", "to": "2026-10-20T05:50:00Z",
}  # fmt: skip


def _sealed(prev: str, revision: int, **other: Any) -> bytes:
    states = ("preliminary", "closed", "corrected")
    told = {"month": "2026-10", "revision": revision, "state": states[min(revision, 2)], **other}
    return chain.text_of(chain.sealed(a_report(lambda report: report.update(told)), prev))


def _entry(content: bytes) -> str:
    entry: str = json.loads(content)["seal"]["entry"]
    return entry


@pytest.fixture
async def owner(initialised: str) -> AsyncIterator[Pool]:
    """Of whoever owns the database."""
    async with open_pool(initialised, role_label="test") as pool:
        yield pool


@pytest.fixture
async def as_report(initialised: str) -> AsyncIterator[Pool]:
    """As the process that seals logs in, and the command line."""
    async with open_pool(logged_in(initialised, "bongsu_report"), role_label="report") as pool:
        yield pool


@asynccontextmanager
async def _writing(pool: Pool) -> AsyncIterator[Connection]:
    async with transaction(pool) as conn:
        await people.may_write(conn)
        yield conn


async def _token(owner: Pool, person: str, *roles: str) -> bytes:
    async with transaction(owner) as conn:
        await people.put_token(conn, person, person, roles or [corrections.ROLE], "test", SOON)
    return people.hashed(person)


async def _propose(pool: Pool, token: bytes, reason: str = REASON) -> int:
    async with _writing(pool) as conn:
        return await corrections.propose(
            conn, token, "geoje", "2026-10", "monitor_fault", FAULT, reason, "cli"
        )


async def _epoch(pool: Pool) -> int:
    async with _writing(pool) as conn:
        epoch = await months.take_turn(conn, "test")
        assert epoch is not None
        return epoch


async def test_revisions_are_sealed_in_order_and_read_as_they_were_made(as_report: Pool) -> None:
    epoch = await _epoch(as_report)
    first = _sealed(chain.ZEROS, 0)
    second = _sealed(_entry(first), 1)
    for content in (first, second):
        async with _writing(as_report) as conn:
            await months.seal(conn, epoch, content)
    async with transaction(as_report) as conn:
        found = await months.revisions(conn, "geoje")
        assert [(one.revision, one.state, one.epoch) for one in found] == [
            (0, "preliminary", epoch), (1, "closed", epoch),
        ]  # fmt: skip
        assert found[1].prev == found[0].entry == _entry(first)
        assert await months.head(conn, "geoje") == _entry(second)
        assert await months.content(conn, "geoje", "2026-10", 1) == second


FIRST = _sealed(chain.ZEROS, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (_sealed("1" * 64, 1), "chain"),
        (_sealed(_entry(FIRST), 1).replace(b'"revision":1', b'"revision":2'), "chain"),
        (_sealed(_entry(FIRST), 0), "comes next"),
        (_sealed(_entry(FIRST), 1, state="preliminary"), "state"),
        (_sealed(_entry(FIRST), 1, cutoff="2026-11-02T15:00:00.000Z"), "cannot be sealed"),
        (_sealed(_entry(FIRST), 1, cutoff="2096-11-02T15:00:00.000Z"), "cannot be sealed"),
    ],
)
async def test_what_is_not_the_next_revision_or_not_due_is_refused(
    as_report: Pool, content: bytes, why: str
) -> None:
    epoch = await _epoch(as_report)
    async with _writing(as_report) as conn:
        await months.seal(conn, epoch, FIRST)
    with pytest.raises(StorageRefused, match=why):
        async with _writing(as_report) as conn:
            await months.seal(conn, epoch, content)


async def test_who_lost_its_turn_seals_nothing(as_report: Pool) -> None:
    old = await _epoch(as_report)
    assert await _epoch(as_report) == old + 1
    with pytest.raises(Deposed):
        async with _writing(as_report) as conn:
            await months.seal(conn, old, FIRST)


async def test_while_one_session_has_the_turn_no_other_gets_it(as_report: Pool) -> None:
    async with _writing(as_report) as one, _writing(as_report) as other:
        assert await months.take_turn(one, "one") is not None
        assert await months.take_turn(other, "other") is None


async def test_a_correction_is_proposed_by_one_and_approved_by_another(
    owner: Pool, as_report: Pool
) -> None:
    kim, lee = await _token(owner, "kim"), await _token(owner, "lee")
    number = await _propose(as_report, kim)
    async with _writing(as_report) as conn:
        await corrections.decide(conn, lee, number, True, "확인했습니다.", "cli")
    async with transaction(as_report) as conn:
        (one,) = await corrections.corrections(conn, "geoje", "2026-10")
        assert (one.proposed_by, one.state, one.decided_by) == ("kim", "approved", "lee")
        assert one.data == FAULT
        assert await conn.fetch("SELECT component, kind FROM monitor_fault") == [
            ("receiver:skt-01", "account")
        ]
        assert await conn.fetch("SELECT person, action FROM audit ORDER BY number") == [
            ("kim", "report.correct"), ("lee", "report.approve"),
        ]  # fmt: skip


async def test_a_correction_is_decided_once_and_never_by_who_proposed_it(
    owner: Pool, as_report: Pool
) -> None:
    kim, lee = await _token(owner, "kim"), await _token(owner, "lee")
    number = await _propose(as_report, kim)
    await _refused(as_report, kim, number, "same_person")
    async with _writing(as_report) as conn:
        await corrections.decide(conn, lee, number, False, "근거 부족", "cli")
    await _refused(as_report, lee, number, "decided")
    await _refused(as_report, lee, number + 1, "no_such")


async def test_a_token_without_the_role_neither_proposes_nor_decides(
    owner: Pool, as_report: Pool
) -> None:
    kim, operator = await _token(owner, "kim"), await _token(owner, "op", "operator", "viewer")
    number = await _propose(as_report, kim)
    await _refused(as_report, operator, number, "no_role")
    await _refused(as_report, people.hashed("nobody"), number, "no_token")
    with pytest.raises(CorrectionRefused, match="role"):
        await _propose(as_report, operator)


async def _refused(pool: Pool, token: bytes, number: int, reason: str) -> None:
    with pytest.raises(CorrectionRefused) as refusal:
        async with _writing(pool) as conn:
            await corrections.decide(conn, token, number, True, "x", "cli")
    assert refusal.value.reason == reason


async def test_a_month_is_corrected_for_13_months_and_with_a_reason_that_says_something(
    owner: Pool, as_report: Pool
) -> None:
    kim = await _token(owner, "kim")
    with pytest.raises(Exception, match="report_correction_reason_check"):
        await _propose(as_report, kim, reason="x" * 19 + " ")
    async with transaction(owner) as conn:
        await conn.execute("INSERT INTO replay_clock (at) VALUES ('2027-12-01')")
    with pytest.raises(CorrectionRefused, match="13 months"):
        await _propose(as_report, kim)


@pytest.mark.parametrize("role", ["bongsu_report", "bongsu_sink"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE report_correction SET state = 'approved', decided_by = 'lee'",
        "DELETE FROM report_revision",
        "INSERT INTO replay_clock (at) VALUES (now())",
        "INSERT INTO exclusion SELECT * FROM exclusion",
        "INSERT INTO monitor_fault SELECT * FROM monitor_fault",
        "INSERT INTO report_correction (body, month, kind, data, reason, proposed_by, proposed_at)"
        " VALUES ('geoje', '2026-10', 'exclusion', '{}', repeat('x', 20), 'kim', now())",
        "INSERT INTO report_revision DEFAULT VALUES",
        "INSERT INTO api_token SELECT * FROM api_token",
    ],
)
async def test_no_login_of_a_process_approves_seals_or_turns_the_clock(
    initialised: str, role: str, statement: str
) -> None:
    async with open_pool(logged_in(initialised, role), role_label="test") as pool:
        with pytest.raises(Exception, match="permission denied"):
            async with _writing(pool) as conn:
                await conn.execute(statement)


async def test_the_sink_seals_no_month(initialised: str) -> None:
    async with open_pool(logged_in(initialised, "bongsu_sink"), role_label="sink") as pool:
        for call in (months.take_turn(pool, "x"), months.seal(pool, 1, FIRST)):  # type: ignore[arg-type]
            with pytest.raises(Exception, match="permission denied"):
                await call


async def test_time_stands_still_in_a_replay_database_only(owner: Pool, as_report: Pool) -> None:
    async with transaction(as_report) as conn:
        assert abs(await months.now(conn) - datetime.now(UTC)) < timedelta(minutes=1)
    played = datetime(2022, 11, 4, tzinfo=UTC)
    async with transaction(owner) as conn:
        await conn.execute("INSERT INTO replay_clock (at) VALUES ($1)", played)
    async with transaction(as_report) as conn:
        assert await months.now(conn) == played


async def test_everything_is_stored_only_when_every_partition_is(
    owner: Pool, as_report: Pool
) -> None:
    at = datetime(2026, 11, 4, tzinfo=UTC)
    wanted = {"bongsu.evidence": 2, "bongsu.heartbeats": 1}
    places: list[tuple[str, int, timedelta, Callable[[datetime | None], bool]]] = [
        ("bongsu.evidence", 0, timedelta(0), lambda found: found is None),
        ("bongsu.heartbeats", 0, timedelta(hours=1), lambda found: found is None),
        ("bongsu.evidence", 1, timedelta(hours=2), lambda found: found == at),
    ]
    for topic, partition, later, right in places:
        async with transaction(owner) as conn:
            put = "INSERT INTO consumer_offset VALUES ($1, $2, 0, $3)"
            await conn.execute(put, topic, partition, at + later)
        async with transaction(as_report) as conn:
            assert right(await months.stored_until(conn, wanted))
