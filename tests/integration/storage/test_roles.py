"""The sink stores and cannot delete; the report reads and cannot write."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.contracts.evidence import Evidence
from services.storage import incidents, migrate, people, planned, roles, sink
from services.storage.errors import StorageRefused
from services.storage.planned import Notice, Window
from services.storage.pool import Pool, open_pool, transaction
from tests.integration.storage.logins import CODES, PASSWORDS, initialised, logged_in
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.incidents import NOW, an_incident

__all__ = ["initialised"]


@pytest.fixture
async def as_sink(initialised: str) -> AsyncIterator[Pool]:
    """As the sink logs in."""
    async with open_pool(logged_in(initialised, "bongsu_sink"), role_label="sink") as pool:
        yield pool


async def test_the_sink_stores_a_batch_with_its_own_rights(as_sink: Pool) -> None:
    sent = builders.a_probe_sent()
    batches: list[list[Evidence]] = [
        [sent, builders.an_answer(sent)],
        [builders.a_report(sent, probe_id=None)],
    ]
    for events in batches:
        async with transaction(as_sink) as conn:
            await store(conn, events)
            await sink.touch_liveness(conn, [sink.Sign("worker/a", builders.SLOT, builders.SLOT)])
            await sink.mark_stored_until(conn, "evidence", 0, 1, builders.SLOT)
    async with transaction(as_sink) as conn:
        await sink.maintain(conn, 14, 400)
        assert await conn.fetchval("SELECT count(*) FROM evidence") == 3


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM evidence",
        "UPDATE evidence SET source = 'x'",
        "DELETE FROM attempts",
        "DELETE FROM message_ref",
        "DELETE FROM page",
        "TRUNCATE evidence",
        "DROP TABLE evidence_default",
        "CREATE TABLE mine ()",
        "SELECT make_day('evidence', '2026-01-01')",
        "UPDATE catalogue_object SET kind = 'x'",
        "INSERT INTO monitor_fault VALUES ('worker:a', now(), now(), 'x', 'me', now())",
    ],
)
async def test_the_sink_can_neither_change_nor_remove_what_happened(
    as_sink: Pool, statement: str
) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        await as_sink.execute(statement)


async def test_the_report_reads_tables_and_boards_and_writes_nothing(initialised: str) -> None:
    async with open_pool(logged_in(initialised, "bongsu_report"), role_label="report") as pool:
        pass_through = "SELECT count(*) FROM dash.probe WHERE probe_id >= dash.id_floor(now())"
        assert await pool.fetchval(pass_through) == 0
        assert await pool.fetchval("SELECT count(*) FROM evidence") == 0
        with pytest.raises(Exception, match=r"permission denied|read-only"):
            await pool.execute("DELETE FROM attempts")


async def test_grafana_reads_every_view_of_boards_and_nothing_else(initialised: str) -> None:
    async with open_pool(initialised, role_label="test") as pool:
        views = await _names(pool, "dash")
        behind = await _names(pool, "public")
    assert {"dash.probe", "dash.receiver", "dash.change"} <= set(views)
    assert {"public.evidence", "public.attempts", "public.catalogue_object"} <= set(behind)
    async with open_pool(logged_in(initialised, "bongsu_grafana"), role_label="grafana") as pool:
        for view in views:
            assert await pool.fetch(f"SELECT * FROM {view}") == []
        assert await pool.fetchval("SELECT dash.id_floor(now()) IS NOT NULL")
        for table in behind:
            with pytest.raises(Exception, match="permission denied"):
                await pool.fetch(f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM attempts",
        "UPDATE provider_code SET meaning = NULL",
        "CREATE TABLE mine ()",
        "CREATE TABLE dash.mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "SELECT maintain(14, 400)",
        "SELECT forget_pages(400, 1)",
        "SELECT make_day('evidence', '2026-01-01')",
    ],
)
async def test_grafana_changes_nothing_even_in_a_session_that_may_write(
    initialised: str, statement: str
) -> None:
    async with (
        open_pool(logged_in(initialised, "bongsu_grafana"), role_label="grafana") as pool,
        pool.acquire() as conn,
    ):
        assert await conn.fetchval("SHOW default_transaction_read_only") == "on"
        await conn.execute("SET default_transaction_read_only = off")
        with pytest.raises(Exception, match="permission denied"):
            await conn.execute(statement)


async def test_a_statement_of_grafana_ends_after_15_s_at_the_latest(initialised: str) -> None:
    async with open_pool(initialised, role_label="test") as pool:
        told = await pool.fetchval(
            "SELECT rolconfig FROM pg_roles WHERE rolname = 'bongsu_grafana'"
        )
    assert "statement_timeout=15s" in told


async def _names(pool: Pool, schema: str) -> list[str]:
    found = await pool.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname",
        schema,
    )
    return [f"{schema}.{row['relname']}" for row in found]


async def test_the_owner_sets_up_what_an_administrator_has_made(
    initialised: str,
) -> None:
    name = urlsplit(initialised).path.removeprefix("/")
    async with open_pool(initialised, role_label="test") as pool:
        await pool.execute(f"ALTER ROLE {roles.OWNER} LOGIN PASSWORD 'owner-pw'")
    dsn = logged_in(initialised, roles.OWNER)
    assert await migrate.init_database(dsn, name, PASSWORDS, CODES) == []
    with pytest.raises(StorageRefused, match="have an administrator create it"):
        await migrate.init_database(dsn, f"{name}_absent", PASSWORDS, CODES)


async def test_the_printed_sql_names_every_role_and_no_password() -> None:
    text = roles.print_sql()
    assert all(f"CREATE ROLE {role}" in text for role in roles.ROLES)
    assert "<password>" in text
    assert f"ALTER ROLE {roles.GRAFANA} SET statement_timeout = '15s'" in text


async def test_the_report_asks_and_only_the_sink_does_it(initialised: str, as_sink: Pool) -> None:
    row = an_incident()
    async with transaction(as_sink) as conn:
        await incidents.put(conn, row)
        await incidents.append(conn, row.id, [incidents.Event(NOW, "opened", "bongsu", "ㄱ", "a")])
    async with open_pool(logged_in(initialised, "bongsu_report"), role_label="report") as report:
        async with transaction(report) as conn:
            number = await incidents.ask(conn, row.id, "note", "kim", "they know")
        async with transaction(report) as conn:
            assert await incidents.by_id(conn, row.id) == row
            with pytest.raises(asyncpg.PostgresError, match=r"read-only|permission"):
                await incidents.done(conn, [number])
    async with transaction(as_sink) as conn:
        assert [one.text for one in await incidents.asked(conn)] == ["they know"]
        await incidents.done(conn, [number])
        assert await incidents.is_done(conn, number)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(as_sink) as conn:
            await conn.execute("DELETE FROM incident_event")


async def test_the_report_acknowledges_and_plans_and_lets_nobody_in(
    initialised: str, as_sink: Pool
) -> None:
    row = an_incident()
    async with transaction(as_sink) as conn:
        await incidents.put(conn, row)
    async with open_pool(logged_in(initialised, "bongsu_report"), role_label="report") as report:
        async with transaction(report) as conn:
            await people.may_write(conn)
            await people.acknowledge(conn, [row.id], "kim", "cli", 30)
            window = Window("w", row.component, NOW, NOW.replace(hour=9), None, "x", None, None, "")
            assert await planned.put_window(conn, window) == 1
            said = Notice("n", "kakao", row.component, "down", NOW, None, None, "kim")
            assert await planned.put_notice(conn, said) == 1
            await people.record(conn, "kim", "cli", "notice", "n", {})
        for pool in (report, as_sink):
            async with pool.acquire() as conn, conn.transaction():
                await people.may_write(conn)
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await people.put_token(conn, "t", "kim", ["operator"], "kim", NOW)
    async with transaction(as_sink) as conn:
        assert await conn.fetchval("SELECT count(*) FROM audit") == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(as_sink) as conn:
            await conn.execute("DELETE FROM audit")
