"""`bongsu report`: the month's report, and whether an exported one is what was sealed."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.context import NOT_DONE, fail
from services.cli.report_asked import NO_SUCH_REPORT
from services.cli.report_correct import correct
from services.cli.report_month import month
from services.cli.report_replay import replay_
from services.cli.report_sentences import language
from services.reporting.documents.words import Language
from services.reporting.finding import Finding
from services.reporting.verify import NothingHere
from services.reporting.verify import verify as findings

app = typer.Typer(no_args_is_help=True, help="Monthly reports: month, verify, correct.")
app.command()(month)
app.command("replay")(replay_)
app.command()(correct)
_MARKS = {True: "=", False: "!", None: "?"}


@app.command()
def verify(
    place: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="as `report month` wrote it")],
    raw: Annotated[bool, typer.Option("--raw", help="figures again, from exported lines")] = False,
    lang: Annotated[Language | None, typer.Option(help="of what is said")] = None,
) -> None:
    """Check an exported report against its files, seal and chain; no database is needed.

    A line each: = equal, ! different, ? not checked. Exit 1 if anything differs.

    Example: bongsu report verify reports/2026-10/geoje
    """
    spoken = lang or language()
    try:
        found = [_shown(finding, spoken) for finding in findings(place, raw)]
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
