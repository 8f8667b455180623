"""What people do is kept with its line in the audit; a link acts once; a newer version holds."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from services.storage import incidents, people, planned
from services.storage.planned import Notice, Window
from services.storage.pool import Connection, Pool, transaction
from tests.support.incidents import NOW, an_incident
from tests.support.paged import page_of, people_in_force

SOON = datetime.now(UTC) + timedelta(hours=1)


async def test_an_acknowledgement_is_kept_with_its_line_of_the_audit_and_of_the_timeline(
    conn: Connection,
) -> None:
    await page_of(conn)
    await people.acknowledge(conn, [an_incident().id], "kim", "link", 30)
    (ack,) = await people.acks(conn, an_incident().id)
    assert (ack.person, ack.via) == ("kim", "link")
    held = ack.expires_at - ack.at
    assert abs(held - timedelta(minutes=30)) < timedelta(seconds=1)
    (action,) = await incidents.asked(conn)
    assert (action.incident_id, action.kind, action.actor, action.text) == (
        an_incident().id, "ack", "kim", "30",
    )  # fmt: skip
    row = await conn.fetchrow("SELECT person, via, action, object, detail FROM audit")
    assert row is not None
    assert (*row[:4], json.loads(row[4])) == (
        "kim", "link", "ack", an_incident().id, {"minutes": 30},
    )  # fmt: skip
    shown = await conn.fetchrow("SELECT acked_at, owner FROM dash.incident")
    assert shown == (ack.at, "kim")


async def test_a_link_can_be_used_once_even_by_many_at_once(conn: Connection, pool: Pool) -> None:
    _, token = await page_of(conn)

    async def use() -> bool:
        async with transaction(pool) as own:
            return await people.use_link(own, token)

    assert sorted(await asyncio.gather(*(use() for _ in range(4)))) == [False, False, False, True]
    link = await people.link(conn, token)
    assert link is not None
    assert link.used_at is not None
    assert link.person == "kim"


async def test_a_link_that_is_over_or_that_nobody_was_sent_cannot_be_used(conn: Connection) -> None:
    _, token = await page_of(conn, lasts=-timedelta(seconds=1))
    assert not await people.use_link(conn, token)
    assert not await people.use_link(conn, token[::-1])
    assert await people.link(conn, "가\udc80") is None


async def test_a_token_counts_until_it_is_over_or_revoked(conn: Connection) -> None:
    secret = people.new_secret(people.TOKEN_BYTES)
    await people.put_token(conn, secret, "kim", ["viewer", "operator"], "root", SOON)
    token = await people.token(conn, secret)
    assert token is not None
    assert (token.person, token.roles) == ("kim", ["viewer", "operator"])
    assert token.valid(SOON - timedelta(seconds=1))
    assert not token.valid(SOON)
    assert await people.revoke(conn, "0" * people.SHORT) is None
    assert await people.revoke(conn, token.short) == "kim"
    assert await people.revoke(conn, token.short) is None
    (left,) = await people.tokens(conn)
    assert not left.valid(NOW)
    assert secret not in str(left)


async def test_the_catalogue_in_force_says_how_a_person_is_spoken_to(conn: Connection) -> None:
    assert await people.spoken_to(conn, "kim") == ("ko", "kim", "kim", people.ACKNOWLEDGED_FOR_MIN)
    await people_in_force(conn, language="en", minutes=45)
    assert await people.spoken_to(conn, "kim") == ("en", "김봉수", "Kim Bongsu", 45)
    assert await people.spoken_to(conn, "path:desk") == ("ko", "path:desk", "path:desk", 45)


async def test_the_newest_version_of_planned_work_and_of_a_notice_holds(conn: Connection) -> None:
    work = Window("w", "provider:sens", NOW, SOON, None, "점검", NOW, "https://a", "kim")
    said = Notice("n", "sens", "provider:sens", "down", NOW, None, "장애", "kim")
    assert await planned.put_window(conn, work) == 1
    assert await planned.put_window(conn, work._replace(starts_at=None, ends_at=None)) == 2
    assert await planned.put_notice(conn, said) == 1
    assert await planned.put_notice(conn, said._replace(says="withdrawn")) == 2
    (window,) = await planned.windows(conn)
    (notice,) = await planned.notices(conn)
    assert (window.version, window.starts_at) == (2, None)
    assert (notice.version, notice.says) == (2, "withdrawn")
    assert len(await planned.windows(conn, every=True)) == 2
    assert len(await planned.notices(conn, every=True)) == 2
    assert await planned.notices(conn, since=SOON) == []
