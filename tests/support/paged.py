"""A page that was sent: its rows, and the link in it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.storage import incidents, people
from services.storage.incidents import Incident
from services.storage.pool import Connection
from tests.support.incidents import an_incident

SOON = timedelta(hours=1)


async def page_of(
    conn: Connection, *rows: Incident, recipient: str = "person:kim", lasts: timedelta = SOON
) -> tuple[str, str]:
    """The page's id and the token of its link. Without `rows` of one incident."""
    named: Sequence[Incident] = rows or (an_incident(),)
    page, token = f"{named[0].id}/opened/{recipient}/1", people.new_secret(people.LINK_BYTES)
    for row in named:
        await incidents.put(conn, row)
    await conn.execute(
        "INSERT INTO page (id, kind, recipient, due_at) VALUES ($1, 'opened', $2, now())"
        " ON CONFLICT DO NOTHING",
        page, recipient,
    )  # fmt: skip
    await conn.executemany(
        "INSERT INTO page_incident VALUES ($1, $2) ON CONFLICT DO NOTHING",
        [(page, row.id) for row in named],
    )
    await conn.execute(
        "INSERT INTO page_token (hash, page_id, expires_at) VALUES ($1, $2, $3)",
        people.hashed(token), page, datetime.now(UTC) + lasts,
    )  # fmt: skip
    return page, token


async def people_in_force(conn: Connection, language: str = "ko", minutes: int = 30) -> None:
    """A catalogue with one person, kim, and how long an acknowledgement holds."""
    body = f'{{"language": "{language}", "name": {{"ko": "김봉수", "en": "Kim Bongsu"}}}}'
    await conn.execute(
        "INSERT INTO catalogue_revision VALUES (gen_random_uuid(), clock_timestamp(), 'test')"
    )
    await conn.execute(
        "INSERT INTO catalogue_object SELECT revision, kind, id, body::jsonb FROM"
        " (SELECT revision FROM catalogue_revision ORDER BY known_at DESC LIMIT 1) AS newest,"
        " (VALUES ('person', 'kim', $1), ('rota', 'oncall', $2)) AS o (kind, id, body)",
        body, f'{{"acknowledged_for_min": {minutes}}}',
    )  # fmt: skip
