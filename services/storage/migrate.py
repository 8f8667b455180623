"""The schema: plain SQL files, applied once each, in order, by one process at a time.

In: `sql/migrations/NNNN_{pre,post}_what.sql`. `pre` runs before new code starts and lets old code
go on (expand); `post` runs once the old code is gone (contract). Out: a schema that names each file
it holds, with its checksum. `init_database` makes database and roles around it.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from services.storage import queries, roles
from services.storage.errors import StorageRefused
from services.storage.pool import CLOSE_S, CONNECT_S, Connection

Phase = Literal["pre", "post"]
# What a provider's code means: adapter, code, state, fault, meaning (words of `contracts`).
Code = tuple[str, str, str, str | None, str | None]
BOTH: tuple[Phase, ...] = ("pre", "post")
STATEMENT_S = 120.0
_SQL = queries.load("migrate.sql")
_FILE = re.compile(r"(\d{4})_(pre|post)_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name, its phase, its statements."""

    name: str
    phase: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


async def migrate(
    dsn: str,
    phases: tuple[Phase, ...] = BOTH,
    *,
    owner: str | None = None,
    migrations: list[Migration] | None = None,
) -> list[str]:
    """Apply what is missing; returns the names applied. Safe to repeat, and for two at once.

    `owner` is the role that owns what is made. Raises StorageRefused for a file that was changed
    after it was applied; then nothing is applied.
    """
    wanted = migrations if migrations is not None else shipped()
    async with _connected(dsn) as conn:
        if owner:
            await conn.execute(f"SET ROLE {roles.quoted(owner)}")
        await conn.execute(_SQL["wait_for_turn"])
        await conn.execute(_SQL["make_ledger"])
        missing = missing_of(wanted, await _applied(conn))
        todo = [item for item in missing if item.phase in phases]
        for item in todo:
            async with conn.transaction():
                await conn.execute(item.text)
                await conn.execute(_SQL["enter"], item.name, item.checksum)
        return [item.name for item in todo]


async def check(conn: Connection) -> None:
    """Raises StorageRefused with a sentence unless the schema this version needs is there."""
    try:
        missing = missing_of(shipped(), await _applied(conn))
    except asyncpg.UndefinedTableError:
        missing = shipped()
    if needed := [item.name for item in missing if item.phase == "pre"]:
        raise StorageRefused(
            f"the database lacks {len(needed)} of this version's migrations, {needed[0]} first:"
            " run `bongsu init`"
        )


def missing_of(wanted: list[Migration], applied: Mapping[str, str]) -> list[Migration]:
    """What is not applied yet, in order. Raises StorageRefused for a file edited since. Pure.

    What is applied and not wanted was made by a newer version, and does not disturb this one.
    """
    for item in wanted:
        if applied.get(item.name, item.checksum) != item.checksum:
            raise StorageRefused(
                f"migration {item.name} was changed after it was applied to this database:"
                " restore the file, and make the change a new migration"
            )
    return [item for item in wanted if item.name not in applied]


def shipped() -> list[Migration]:
    """The migrations of this version, in order. Raises ValueError for a file that is not one."""
    found = []
    for file in sorted((queries.FOLDER / "migrations").iterdir(), key=lambda file: file.name):
        if (match := _FILE.fullmatch(file.name)) is None:
            raise ValueError(f"{file.name} is not called NNNN_pre_what.sql or NNNN_post_what.sql")
        found.append(Migration(file.name, match[2], file.read_text(encoding="utf-8")))
    return found


async def init_database(
    admin_dsn: str, database: str, passwords: Mapping[str, str], codes: Sequence[Code]
) -> list[str]:
    """Database, roles, schema, rights, codes and first partitions; returns the migrations applied.

    `passwords` by role (`bongsu_sink`, `bongsu_report`, `bongsu_grafana`, `bongsu_owner` if it is
    to log in); they are set anew where this login may do so, else an administrator has made the
    roles.
    Raises StorageRefused when something is missing that this login may not make.
    """
    async with _connected(admin_dsn) as conn:
        await roles.make_database(conn, database)
    dsn = urlunsplit(urlsplit(admin_dsn)._replace(path=f"/{database}"))
    async with _connected(dsn) as conn:
        await roles.make_roles(conn, database, passwords)
    applied = await migrate(dsn, owner=roles.OWNER)
    async with _connected(dsn) as conn:
        await conn.execute(f"SET ROLE {roles.OWNER}")
        await roles.grant(conn)
        await conn.execute(_SQL["store_codes"], *map(list, zip(*codes, strict=True)))
        await conn.execute(_SQL["first_partitions"])
    return applied


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    conn = await asyncpg.connect(
        dsn,
        timeout=CONNECT_S,
        command_timeout=STATEMENT_S,
        target_session_attrs=SessionAttribute.primary,
        server_settings={
            "application_name": "bongsu init",
            "timezone": "UTC",
            "search_path": "public",  # a login called bongsu would make tables in that schema
            "client_min_messages": "warning",
        },
    )
    try:
        yield conn
    finally:
        await conn.close(timeout=CLOSE_S)


async def _applied(conn: Connection) -> dict[str, str]:
    return {row["name"]: row["checksum"] for row in await conn.fetch(_SQL["applied"])}
