"""The schema is made once, whoever asks how often, and a past change stays as it was."""

import asyncio
from dataclasses import replace

import pytest

from services.storage import migrate, rows
from services.storage.errors import StorageRefused
from services.storage.pool import open_pool


async def test_a_second_run_applies_nothing(empty_database: str) -> None:
    applied = await migrate.migrate(empty_database)
    assert applied == [item.name for item in migrate.shipped()]
    assert await migrate.migrate(empty_database) == []


async def test_a_process_is_told_to_init_while_the_schema_is_missing_or_older(
    empty_database: str,
) -> None:
    async with open_pool(empty_database, role_label="test") as pool, pool.acquire() as conn:
        with pytest.raises(
            StorageRefused, match=r"0001_pre_evidence\.sql first: run `bongsu init`"
        ):
            await migrate.check(conn)
        await migrate.migrate(empty_database, migrations=migrate.shipped()[:-1])
        with pytest.raises(StorageRefused, match="lacks 1 of"):
            await migrate.check(conn)
        await migrate.migrate(empty_database)
        await migrate.check(conn)


async def test_of_two_at_once_one_applies_and_the_other_finds_it_done(empty_database: str) -> None:
    both = await asyncio.gather(*(migrate.migrate(empty_database) for _ in range(2)))
    assert sorted(map(len, both)) == [0, len(migrate.shipped())]


async def test_an_edited_past_migration_is_refused_by_name(empty_database: str) -> None:
    await migrate.migrate(empty_database)
    first, *others = migrate.shipped()
    edited = [replace(first, text=first.text + "-- better"), *others]
    with pytest.raises(StorageRefused, match=r"0001_pre_evidence\.sql was changed after"):
        await migrate.migrate(empty_database, migrations=edited)


async def test_a_failing_migration_leaves_nothing_of_itself(empty_database: str) -> None:
    broken = migrate.Migration("0001_pre_x.sql", "pre", "CREATE TABLE half (); SELECT 1/0;")
    with pytest.raises(Exception, match="division by zero"):
        await migrate.migrate(empty_database, migrations=[broken])
    whole = replace(broken, text="CREATE TABLE half ();")
    assert await migrate.migrate(empty_database, migrations=[whole]) == ["0001_pre_x.sql"]


async def test_the_post_phase_waits_until_it_is_asked_for(empty_database: str) -> None:
    pre = migrate.Migration("0001_pre_x.sql", "pre", "CREATE TABLE x (a int);")
    post = migrate.Migration("0002_post_x.sql", "post", "ALTER TABLE x DROP a;")
    both = [pre, post]
    assert await migrate.migrate(empty_database, ("pre",), migrations=both) == [pre.name]
    assert await migrate.migrate(empty_database, ("post",), migrations=both) == [post.name]


async def test_every_field_of_the_models_has_its_column(database: str) -> None:
    async with open_pool(database, role_label="test", min_size=1) as pool:
        for table, wanted in (
            ("attempts", rows.STAGED_COLUMNS),
            ("evidence", rows.EVIDENCE_COLUMNS),
        ):
            found = await pool.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass", table
            )
            assert set(wanted) <= {row["attname"] for row in found}
