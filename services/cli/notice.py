"""`bongsu notice`: what providers say of their own outages, entered by hand with its proof."""

import asyncio
import getpass
from typing import Annotated, get_args

import typer
from rich.table import Table

from services.alerting.paging.planned import require_known
from services.cli.context import DATA, INVALID, Data, Json, clock, fail, in_database, listed, moment
from services.storage import incidents, people, planned
from services.storage.planned import Notice, Says
from services.storage.pool import Connection
from services.storage.status import latest_catalogue

app = typer.Typer(no_args_is_help=True, help="Notices of providers: add, list, withdraw.")
SAYS = tuple(word for word in get_args(Says) if word != "withdrawn")


@app.command()
def add(
    provider: Annotated[str, typer.Argument(help="who says it, such as kakao")],
    component: Annotated[str, typer.Argument(help="of what, such as platform:kakaotalk")],
    says: Annotated[str, typer.Argument(help=", ".join(SAYS))],
    at: Annotated[str, typer.Option(help="when it was said: 2026-12-01 02:00, Korean time")],
    proof: Annotated[str | None, typer.Option(help="where, an address")] = None,
    text: Annotated[str | None, typer.Option(help="in its words")] = None,
    data: Data = DATA,
) -> None:
    """Enter a notice; the same provider, component and time again is a new version of it.

    Example: bongsu notice add kakao platform:kakaotalk recovered --at "2026-12-01 02:40"
    --proof https://twitter.com/…
    """
    word = next((one for one in get_args(Says) if one == says and one in SAYS), None)
    if word is None:
        fail(f"a provider says {', '.join(SAYS)}, not {says!r}", INVALID)
    if text is not None and len(text) > incidents.LONGEST:
        fail(f"a text has {incidents.LONGEST} characters at most", INVALID)
    said_at = moment(at)
    notice = Notice(
        planned.notice_id(provider, component, said_at), provider, component, word, said_at,
        proof, text, getpass.getuser(),
    )  # fmt: skip

    async def write(conn: Connection) -> int:
        await people.may_write(conn)
        require_known(await latest_catalogue(conn), component)
        return await _put(conn, notice, "notice.add")

    version = asyncio.run(in_database(data, write))
    typer.echo(f"{notice.id}, version {version}")


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="every version, and what was withdrawn")] = (
        False
    ),
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Show notices in the order said; `bongsu incidents show` says how late they were.

    Example: bongsu notice list
    """
    found = asyncio.run(in_database(data, lambda conn: planned.notices(conn, every)))
    shown = [one for one in found if every or one.says != "withdrawn"]
    listed([one._asdict() for one in shown], _table(shown), "no notice", json)


@app.command()
def withdraw(
    notice: Annotated[str, typer.Argument(metavar="ID", help="as the list shows it")],
    data: Data = DATA,
) -> None:
    """Take a notice back that was entered wrongly; what it was is kept.

    Example: bongsu notice withdraw kakao/platform:kakaotalk@1796058000
    """

    async def write(conn: Connection) -> None:
        await people.may_write(conn)
        known = {one.id: one for one in await planned.notices(conn) if one.says != "withdrawn"}
        if notice not in known:
            fail(f"there is no notice {notice}", INVALID)
        gone = known[notice]._replace(says="withdrawn", actor=getpass.getuser())
        await _put(conn, gone, "notice.withdraw")

    asyncio.run(in_database(data, write))
    typer.echo("withdrawn")


async def _put(conn: Connection, notice: Notice, action: str) -> int:
    version = await planned.put_notice(conn, notice)
    await people.record(conn, notice.actor, "cli", action, notice.id, {"version": version})
    return version


def _table(found: list[Notice]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "said, Korean time", "says", "by", "proof"):
        shown.add_column(title, no_wrap=title != "proof")
    for one in found:
        shown.add_row(one.id, clock(one.said_at), one.says, one.actor, one.proof or "")
    return shown
