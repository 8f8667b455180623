"""`bongsu report correct`: a month is corrected by two people.

In:  a file that one person proposes, words by which another decides; each has a personal token.
Out: what the API answers. After: approved, it stands in the month's next revision.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from services.alerting.incidents.words import KST
from services.cli.api import call
from services.cli.context import DATA, INVALID, USAGE, Data, fail
from services.cli.correction_file import Unfit, read
from services.cli.report_asked import NotThere, a_month
from services.cli.report_sentences import sentence


def correct(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="2026-10")],
    body: Annotated[str, typer.Option(help="whose month")],
    file: Annotated[Path | None, typer.Option(help="YAML: kind, reason, data of the kind")] = None,
    approve: Annotated[int | None, typer.Option(metavar="ID", help="another's proposal")] = None,
    reject: Annotated[int | None, typer.Option(metavar="ID", help="another's proposal")] = None,
    words: Annotated[str | None, typer.Option(help="why so decided")] = None,
    data: Data = DATA,
) -> None:
    """Propose a correction of a month, or decide one that somebody else proposed.

    Needs a personal token with the role report_approve in BONGSU_TOKEN.

    Example: bongsu report correct 2026-10 --body geoje --file logged-out.yaml
    """
    _check_month(month)
    match (file, approve, reject):
        case (Path(), None, None):
            _propose(data, body, month, file)
        case (None, int(number), None) | (None, None, int(number)):
            if not words:
                fail(sentence("no_words"), USAGE)
            asyncio.run(_decide(data, body, month, number, approve is not None, words))
        case _:
            fail(sentence("which_act"), USAGE)


def _check_month(month: str) -> None:
    try:
        a_month(month)
    except NotThere as error:
        fail(str(error), error.code)
    if month > f"{datetime.now(UTC).astimezone(KST):%Y-%m}":
        fail(sentence("not_begun", month=month), USAGE)


def _propose(data: Path, body: str, month: str, file: Path) -> None:
    try:
        found = read(file)
    except Unfit as unfit:
        *others, last = unfit.said
        for said in others:
            typer.echo(f"bongsu: {said}", err=True)
        fail(last, INVALID)
    asked = {"body": body, "month": month, **found._asdict()}
    taken = asyncio.run(call(data, "/corrections", asked))
    about = {"number": taken["id"], "month": month, "body": body}
    typer.echo(sentence("proposed", **about))


async def _decide(
    data: Path, body: str, month: str, number: int, approve: bool, words: str
) -> None:
    about = {"number": number, "month": month, "body": body}
    known = await call(data, "/corrections")
    if not any(_is(one, number, body, month) for one in known):
        fail(sentence("no_correction", **about), USAGE)
    word = "approve" if approve else "reject"
    await call(data, f"/corrections/{number}/{word}", {"words": words})
    typer.echo(sentence("approved" if approve else "rejected", **about))


def _is(one: dict[str, Any], number: int, body: str, month: str) -> bool:
    return (one["id"], one["body"], one["month"]) == (number, body, month)
