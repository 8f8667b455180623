"""`bongsu report correct`: a month is corrected by two people.

In:  a file that one person proposes, words by which another decides; each has a personal token.
Out: what the API answers. After: approved, it stands in the month's next revision.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from services.alerting.incidents.words import KST
from services.cli.api import call
from services.cli.context import DATA, INVALID, USAGE, Data, fail
from services.cli.correction_file import Unfit, read
from services.cli.report_asked import NotThere, a_month
from services.cli.report_sentences import sentence

T = TypeVar("T")


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
    check_month(month)
    match (file, approve, reject):
        case (Path(), None, None):
            _propose(data, body, month, file)
        case (None, int(number), None) | (None, None, int(number)):
            if not words:
                fail(sentence("no_words"), USAGE)
            asyncio.run(_decide(data, body, month, number, approve is not None, words))
        case _:
            fail(sentence("which_act"), USAGE)


def check_month(month: str) -> None:
    """Ends the command for what is no month, or not yet."""
    try:
        a_month(month)
    except NotThere as error:
        fail(str(error), error.code)
    if month > f"{datetime.now(UTC).astimezone(KST):%Y-%m}":
        fail(sentence("not_begun", month=month), USAGE)


def _propose(data: Path, body: str, month: str, file: Path) -> None:
    found = taken_from(read, file)
    asked = {"body": body, "month": month, **found._asdict()}
    taken = asyncio.run(call(data, "/corrections", asked))
    about = {"number": taken["id"], "month": month, "body": body}
    typer.echo(sentence("proposed", **about))


def taken_from(reading: Callable[[Path], T], file: Path) -> T:
    """What a file says; ends the command with what is wrong with it."""
    try:
        return reading(file)
    except Unfit as unfit:
        *others, last = unfit.said
        for said in others:
            typer.echo(f"bongsu: {said}", err=True)
        fail(last, INVALID)


async def _decide(
    data: Path, body: str, month: str, number: int, approve: bool, words: str
) -> None:
    about = {"number": number, "month": month, "body": body}
    known = await call(data, "/corrections")
    if not any(is_of(one, number, body, month) for one in known):
        fail(sentence("no_correction", **about), USAGE)
    word = "approve" if approve else "reject"
    await call(data, f"/corrections/{number}/{word}", {"words": words})
    typer.echo(sentence("approved" if approve else "rejected", **about))


def is_of(one: dict[str, Any], number: int, body: str, month: str) -> bool:
    """Is it that one, of that month?"""
    return (one["id"], one["body"], one["month"]) == (number, body, month)
