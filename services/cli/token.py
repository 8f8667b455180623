"""`bongsu token`: who may use the API. Only the owner of the database lets people in."""

import asyncio
import getpass
import json as json_
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import typer
from rich.table import Table

from services.cli.context import DATA, INVALID, Data, Json, clock, fail, listed
from services.cli.operate import InitSettings
from services.local.keys import shared_key
from services.local.stack import ADDRESSES, DATABASE
from services.runtime.settings import load
from services.storage import people
from services.storage.people import Token
from services.storage.pool import Connection, open_pool, transaction

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, help="Personal tokens of the API: make, list, revoke.")


@app.command()
def make(
    person: Annotated[str, typer.Argument(help="whose it is, as the on-call file calls them")],
    role: Annotated[list[str], typer.Option(help=f"one or more of {', '.join(people.ROLES)}")],
    days: Annotated[int, typer.Option(min=1, max=366, help="for how long")] = 90,
    data: Data = DATA,
) -> None:
    """Make a token; it is shown once and stored nowhere.

    Example: bongsu token make kim-bongsu --role operator
    """
    if wrong := sorted(set(role) - set(people.ROLES)):
        fail(f"there is no role {', '.join(wrong)}: {', '.join(people.ROLES)}", INVALID)
    secret, me = people.new_secret(people.TOKEN_BYTES), getpass.getuser()

    async def write(conn: Connection) -> None:
        until = datetime.now(UTC) + timedelta(days=days)
        await people.put_token(conn, secret, person, sorted(set(role)), me, until)
        about = {"roles": role, "until": until}
        await people.record(conn, me, "cli", "token.make", person, about)

    asyncio.run(_as_owner(data, write))
    typer.echo(secret)


@app.command("list")
def list_(data: Data = DATA, json: Json = False) -> None:
    """Show all that were ever made, without the tokens.

    Example: bongsu token list
    """
    found = asyncio.run(_as_owner(data, people.tokens))
    listed([one._asdict() | {"hash": one.short} for one in found], _table(found), "no token", json)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="as the list calls it")], data: Data = DATA
) -> None:
    """Let a token be of no use from now on.

    Example: bongsu token revoke 0123456789ab
    """

    async def write(conn: Connection) -> str | None:
        person = await people.revoke(conn, token)
        if person is not None:
            about = {"token": token}
            await people.record(conn, getpass.getuser(), "cli", "token.revoke", person, about)
        return person

    person = asyncio.run(_as_owner(data, write))
    if person is None:
        fail(f"there is no token {token} that could be used", INVALID)
    typer.echo(f"revoked: {person}")


async def _as_owner(data: Path, do: Callable[[Connection], Awaitable[T]]) -> T:
    pool_ = open_pool(_owner(data), role_label="cli", max_size=1)
    async with pool_ as pool, transaction(pool) as conn:
        return await do(conn)


def _owner(data: Path) -> str:
    """The local stack's owner; elsewhere whom `bongsu init` logs in as."""
    try:
        port = json_.loads((data / ADDRESSES).read_text(encoding="utf-8"))["postgres_port"]
    except FileNotFoundError:
        settings = load(InitSettings)
        parts = urlsplit(settings.postgres_admin.get_secret_value())
        return urlunsplit(parts._replace(path=f"/{settings.postgres_database}"))
    password = quote(shared_key(data / "secrets", "postgres-owner"))
    return f"postgresql://bongsu:{password}@127.0.0.1:{port}/{DATABASE}"


def _table(found: list[Token]) -> Table:
    shown, now = Table(box=None, pad_edge=False, header_style="bold"), datetime.now(UTC)
    for title in ("token", "person", "roles", "until", "made by"):
        shown.add_column(title, no_wrap=True)
    for one in found:
        until = clock(one.expires_at) if one.valid(now) else "revoked or over"
        shown.add_row(one.short, one.person, ", ".join(one.roles), until, one.made_by)
    return shown
