"""Who may do what in the database: owner, sink, report, and Grafana.

In: a connection of an administrator, passwords. Out: roles, rights and bounds as `sql/roles.sql`
says; an administrator may also run that by hand (`print_sql`). Before and after: `migrate.py`.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

import asyncpg

from services.storage import queries
from services.storage.errors import StorageRefused
from services.storage.pool import Connection

OWNER, SINK, REPORT, GRAFANA = ROLES = (
    *("bongsu_owner", "bongsu_sink", "bongsu_report", "bongsu_grafana"),
)
ITERATIONS = 4096
_SQL = queries.load("roles.sql")


async def make_database(conn: Connection, name: str) -> None:
    """The database, in UTF-8, unless it exists."""
    if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        try:
            await conn.execute(f"CREATE DATABASE {quoted(name)} ENCODING 'UTF8'")
        except asyncpg.DuplicateDatabaseError:
            pass  # two started at once
        except asyncpg.InsufficientPrivilegeError:
            raise StorageRefused(
                f"database {name} does not exist and this login may not create it:"
                " have an administrator create it"
            ) from None


async def make_roles(conn: Connection, database: str, passwords: Mapping[str, str]) -> None:
    """The roles, with these passwords, unless this login may not: then they must exist.

    Raises StorageRefused naming the roles that are missing.
    """
    try:
        async with conn.transaction():
            await _take_turn(conn)
            for statement in _statements(database, passwords):
                await conn.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidGrantOperationError):
        there = {r["rolname"] for r in await conn.fetch("SELECT rolname FROM pg_roles")}
        if missing := [role for role in ROLES if role not in there]:
            raise StorageRefused(
                f"roles {', '.join(missing)} do not exist and this login may not create them:"
                " have an administrator run what `bongsu init --print` writes"
            ) from None


async def grant(conn: Connection) -> None:
    """Rights on everything there is; as the owner, after every migration."""
    await conn.execute(_SQL["grant_tables"])


def print_sql(database: str = "bongsu") -> str:
    """What an administrator runs before `bongsu init` when that may not make roles."""
    places = dict.fromkeys(ROLES, "<password>")
    head = "-- Run as an administrator in the database itself; put passwords in first.\n"
    return head + "\n".join(_statements(database, places, verified=False))


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def verifier(password: str, salt: bytes) -> str:
    """SCRAM-SHA-256 as Postgres stores it (RFC 5803); passwords are printable ASCII."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(b).decode() for b in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt64}${stored64}:{server64}"


def _statements(database: str, passwords: Mapping[str, str], *, verified: bool = True) -> list[str]:
    """Every statement that makes roles, in order."""
    made = [_SQL["make_role"].format(role=role) for role in ROLES]
    for role, password in passwords.items():
        word = verifier(password, secrets.token_bytes(16)) if verified else password
        made.append(_SQL["let_log_in"].format(role=quoted(role), verifier=word))
    owned = _SQL["let_owner_own"].format(database=quoted(database))
    return [*made, owned, _SQL["limit_roles"]]


async def _take_turn(conn: Connection) -> None:
    """Roles belong to the whole server, so an advisory lock, which belongs to one database, would
    not keep two apart. Only a superuser may take this one; another's repeat is harmless."""
    if await conn.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await conn.execute("LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE")
