"""Tokens of the API: shown once, stored as a hash, of no use once revoked."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from services.storage import people
from services.storage.pool import Connection
from tests.support.terminal import Terminal


async def test_a_token_is_shown_once_works_and_is_revoked(
    database: str, conn: Connection, tmp_path: Path
) -> None:
    name = urlsplit(database).path.removeprefix("/")
    owner = {"BONGSU_POSTGRES_ADMIN": database, "BONGSU_POSTGRES_DATABASE": name}
    bongsu = Terminal(tmp_path, "token", **owner)

    assert await bongsu.say("list") == (0, "no token\n")
    code, shown = await bongsu.say("make", "kim", "--role", "viewer", "--role", "operator")
    secret = shown.strip()
    assert (code, len(secret)) == (0, 43)
    token = await people.token(conn, secret)
    assert token is not None
    assert (token.person, token.roles) == ("kim", ["operator", "viewer"])
    (listed,) = await bongsu.read("list")
    assert listed["hash"] == token.short
    assert secret not in str(await bongsu.say("list"))
    assert await bongsu.say("revoke", token.short) == (0, "revoked: kim\n")
    again = await people.token(conn, secret)
    assert again is not None
    assert not again.valid(datetime.now(UTC))
    assert (await bongsu.say("revoke", token.short))[0] == 4
    assert (await bongsu.say("make", "kim", "--role", "boss"))[0] == 4
    audited = await conn.fetch("SELECT action, object, detail FROM audit ORDER BY number")
    assert [(row[0], row[1]) for row in audited] == [
        ("token.make", "kim"), ("token.revoke", "kim"),
    ]  # fmt: skip
    assert secret not in str(audited)
