"""`bongsu report`: the month's report, and whether an exported one is what was sealed."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import report_month
from services.cli.context import DATA, NOT_DONE, USAGE, Data, fail
from services.cli.report_asked import NO_SUCH_REPORT, NotThere
from services.cli.report_claim import claim
from services.cli.report_close import close
from services.cli.report_correct import correct
from services.cli.report_diff import diff
from services.cli.report_list import list_
from services.cli.report_object import object_
from services.cli.report_replay import replay_
from services.cli.report_sentences import language, sentence
from services.cli.report_stored import stored
from services.reporting.documents.words import Language
from services.reporting.finding import Finding
from services.reporting.verify import NothingHere
from services.reporting.verify import verify as findings

app = typer.Typer(
    no_args_is_help=True,
    help="Monthly reports: month, list, close, verify, diff, correct, object, claim, replay.",
)
app.command()(report_month.month)
app.command("list")(list_)
app.command()(close)
app.command("replay")(replay_)
app.command()(diff)
app.command()(correct)
app.command("object")(object_)
app.command()(claim)
_MARKS = {True: "=", False: "!", None: "?"}


@app.command()
def verify(
    place: Annotated[
        Path | None, typer.Argument(metavar="[DIR|FILE]", help="as `report month` wrote it")
    ] = None,
    body: Annotated[str, typer.Option(help="what the database holds of it, in --month")] = "",
    month: Annotated[str, typer.Option(help="2026-10")] = "",
    revision: Annotated[int | None, typer.Option(help="that one; else all of the month")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="figures again, from the evidence")] = False,
    lang: Annotated[Language | None, typer.Option(help="of what is said")] = None,
    data: Data = DATA,
) -> None:
    """Check an exported report against its files, seal and chain, for which no database is needed;
    or what the database holds of a month.

    A line each: = equal, ! different, ? not checked. Exit 1 if anything differs.

    Example: bongsu report verify reports/2026-10/geoje

    Example: bongsu report verify --body geoje --month 2026-10 --raw
    """
    spoken = lang or language()
    if (place is None) != bool(body and month):
        fail(sentence("where"), USAGE)
    try:
        told = findings(place, raw) if place else stored(data, body, month, revision, raw)
        found = [_shown(finding, spoken) for finding in told]
    except NotThere as error:
        fail(str(error), error.code)
    except NothingHere as nothing:
        none = {"ko": "내보낸 보고서가 없습니다.", "en": "there is no exported report."}
        fail(f"{nothing}: {none[spoken]}", NO_SUCH_REPORT)
    first = next((line for finding, line in found if finding.equal is False), None)
    if first:
        fail(first, NOT_DONE)


def _shown(finding: Finding, spoken: Language) -> tuple[Finding, str]:
    line = f"{finding.what}: {finding.ko if spoken == 'ko' else finding.en}"
    typer.echo(f"{_MARKS[finding.equal]} {line}")
    return finding, line
