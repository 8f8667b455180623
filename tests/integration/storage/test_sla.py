"""What was entered after a cutoff is not known before it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.contracts.catalogue import Catalogue
from services.storage import sink, sla
from services.storage.pool import Connection
from services.storage.sla import Objects
from tests.support.sealed_months import ROUTE, a_catalogue

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
CUTOFF = END + timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def _apply(conn: Connection, number: int, known_at: datetime, **route: object) -> Catalogue:
    made = a_catalogue("geoje")
    changed = made.routes[ROUTE].model_copy(update=route)
    revision = {"revision": UUID(int=number), "routes": {ROUTE: changed}}
    made = made.model_copy(update=revision)
    await sink.store_catalogue(conn, made, "kim", known_at)
    return made


async def _known(conn: Connection, cutoff: datetime = CUTOFF, body: str = "geoje") -> Objects:
    found = await sla.objects(conn, body, START, END, cutoff)
    assert found is not None
    return found


async def test_the_catalogue_is_the_newest_before_the_cutoff_and_lives_are_those_of_the_span(
    conn: Connection,
) -> None:
    for number, days in enumerate((-9, -3, 9, 20, 40), start=1):
        await _apply(conn, number, START + days * DAY, interval_s=60 * number)
    told = await _known(conn)
    assert told.catalogue.revision == UUID(int=4)
    routes = [life.route for life in told.lives]
    assert [route and route.interval_s for route in routes] == [120, 180, 240]
    assert {life.late_s for life in told.lives} == {120}
    early = await _known(conn, START + 9 * DAY)
    assert early.catalogue.revision == UUID(int=2)
    assert len(early.lives) == 1


async def test_before_any_contract_of_a_body_nothing_is_known_of_it(conn: Connection) -> None:
    await _apply(conn, 1, START)
    assert await sla.objects(conn, "geoje", START, END, START) is None
    assert await sla.objects(conn, "moel", START, END, CUTOFF) is None


async def test_an_outage_is_told_as_it_stood_before_the_cutoff(conn: Connection) -> None:
    await _apply(conn, 1, START)
    for name, detected, closed, routes in (
        ("ended", CUTOFF - 9 * DAY, CUTOFF - 8 * DAY, [ROUTE]),
        ("open then", CUTOFF - 8 * DAY, CUTOFF, [ROUTE]),
        ("later", CUTOFF, None, [ROUTE]),
        ("another's", CUTOFF - 9 * DAY, None, ["lh.sms.sens"]),
    ):
        await conn.execute(
            "INSERT INTO incident (id, kind, status, component, hypothesis, title_ko, title_en,"
            " routes, people, started_at, detected_at, ended_at, closed_at, gain, failed, total,"
            " alike, notes) VALUES ($1, 'outage', $2, $1, 'dead', '', '', $3, 0, $4, $5, $6, $7,"
            " 1, 1, 1, '{}', '{}')",
            name, "closed" if closed else "open", routes, detected - HOUR, detected,
            closed and closed - HOUR, closed,
        )  # fmt: skip
    for days in (1, 9):
        await conn.execute(
            "INSERT INTO incident_ack (incident_id, at, person, via, expires_at)"
            " VALUES ('ended', $1, 'kim', 'cli', $1)",
            CUTOFF - 9 * DAY + days * DAY,
        )
    told = (await _known(conn)).incidents
    assert [(each.id, each.ended_at, each.acked_at) for each in told] == [
        ("ended", CUTOFF - 8 * DAY - HOUR, CUTOFF - 8 * DAY), ("open then", None, None),
    ]  # fmt: skip


async def test_what_people_entered_later_is_not_there(conn: Connection) -> None:
    await _apply(conn, 1, START)
    for version, known_at in enumerate((CUTOFF - DAY, CUTOFF), start=1):
        await conn.execute(
            "INSERT INTO maintenance (id, version, component, starts_at, ends_at, reason, actor,"
            " known_at) VALUES ('w', $1, 'platform:kakaotalk', $2, $3, '점검', 'kim', $4)",
            version, START, START + HOUR, known_at,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO provider_notice (id, version, provider, component, says, said_at, actor,"
            " known_at) VALUES ('n', $1, 'kakao', 'platform:kakaotalk', 'down', $2, 'kim', $3)",
            version, START, known_at,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO monitor_fault VALUES ('receiver:skt-01', $1, $2, 'power', 'kim', $3)",
            START, START + HOUR, known_at,
        )  # fmt: skip
    told = await _known(conn)
    assert [(each.id, each.version) for each in told.works] == [("w", 1)]
    assert [(each.id, each.version) for each in told.notices] == [("n", 1)]
    assert [each.component for each in told.faults] == ["receiver:skt-01"]
    assert (await _known(conn, CUTOFF - DAY)).faults == []
