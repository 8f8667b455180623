"""Tokens of the API: shown once, stored as a hash, of no use once revoked."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from typer.testing import CliRunner

from services.cli.app import app
from services.storage import people
from services.storage.pool import Connection


async def test_a_token_is_shown_once_works_and_is_revoked(
    database: str, conn: Connection, tmp_path: Path
) -> None:
    name = urlsplit(database).path.removeprefix("/")
    told = {"BONGSU_POSTGRES_ADMIN": database, "BONGSU_POSTGRES_DATABASE": name,
            "BONGSU_DATA": str(tmp_path), "BONGSU_DEVELOPMENT": "true"}  # fmt: skip

    async def say(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner(env=told).invoke, app, ["token", *words])
        return done.exit_code, done.output.strip()

    assert await say("list") == (0, "no token")
    code, secret = await say("make", "kim", "--role", "viewer", "--role", "operator")
    assert (code, len(secret)) == (0, 43)
    token = await people.token(conn, secret)
    assert token is not None
    assert (token.person, token.roles) == ("kim", ["operator", "viewer"])
    (listed,) = json.loads((await say("list", "--json"))[1])
    assert listed["hash"] == token.short
    assert secret not in str(await say("list"))
    assert await say("revoke", token.short) == (0, "revoked: kim")
    again = await people.token(conn, secret)
    assert again is not None
    assert not again.valid(datetime.now(UTC))
    assert (await say("revoke", token.short))[0] == 4
    assert (await say("make", "kim", "--role", "boss"))[0] == 4
    audited = await conn.fetch("SELECT action, object, detail FROM audit ORDER BY number")
    assert [(row[0], row[1]) for row in audited] == [
        ("token.make", "kim"), ("token.revoke", "kim"),
    ]  # fmt: skip
    assert secret not in str(audited)
