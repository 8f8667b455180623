"""`bongsu report object`: what somebody holds against a closed month, and the answer to it.

In:  a file, or words; a personal token. Out: what the API answers. After: the month's next revision
tells of it, and counts the same.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli.api import call
from services.cli.context import DATA, USAGE, Data, fail
from services.cli.correction_file import objection
from services.cli.report_correct import check_month, is_of, taken_from
from services.cli.report_sentences import sentence


def object_(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="2026-10, closed")],
    body: Annotated[str, typer.Option(help="whose month")],
    file: Annotated[Path | None, typer.Option(help="YAML: by, about, channel, attachment")] = None,
    decide: Annotated[int | None, typer.Option(metavar="ID", help="which one is answered")] = None,
    words: Annotated[str | None, typer.Option(help="the answer")] = None,
    data: Data = DATA,
) -> None:
    """Enter an objection to a closed month, or answer one. No figure changes by it.

    Needs a personal token with the role report_approve in BONGSU_TOKEN.

    Example: bongsu report object 2026-10 --body geoje --file objection.yaml
    """
    check_month(month)
    match (file, decide):
        case (Path(), None):
            said = {"body": body, "month": month, "objection": taken_from(objection, file)}
            taken = asyncio.run(call(data, "/objections", said))
            typer.echo(sentence("objected", number=taken["id"], month=month, body=body))
        case (None, int(number)) if words:
            asyncio.run(_decide(data, body, month, number, words))
        case _:
            fail(sentence("which_objection"), USAGE)


async def _decide(data: Path, body: str, month: str, number: int, words: str) -> None:
    known = await call(data, "/objections")
    if not any(is_of(one, number, body, month) for one in known):
        fail(sentence("no_objection", number=number, month=month, body=body), USAGE)
    await call(data, f"/objections/{number}/decide", {"words": words})
    typer.echo(sentence("answered", number=number))
