"""`bongsu report claim`: the facts about one outage, as files for whoever asks for a credit.

In:  an outage of a sealed month, whose evidence is kept. Out: a folder with its SHA256SUMS.
"""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from services.cli.context import DATA, USAGE, Data, fail, moment
from services.cli.report_asked import NO_SUCH_REPORT, Known, NotThere, revision_of, stand
from services.cli.report_database import Database
from services.cli.report_sentences import sentence
from services.contracts.report import Outage, Report
from services.reporting import chain, claim_pack, folder, sealing
from services.reporting.calendar import moment_of
from services.reporting.claim_pack import Claim
from services.reporting.context import Context
from services.reporting.documents.pdf import pdf
from services.reporting.documents.statement import statement
from services.reporting.documents.words import LANGUAGES
from services.reporting.due import month_of
from services.storage import months
from services.storage.pool import Connection, snapshot

OUT = Path("claims")
_KOREA = "Asia/Seoul"


class Which(NamedTuple):
    """An outage, by its channel and first counted minute."""

    body: str
    id: str
    month: str


def claim(
    outage: Annotated[
        str, typer.Argument(help='alimtalk@1665815400 or "alimtalk@2022-10-15 15:30"')
    ],
    body: Annotated[str, typer.Option(help="who was hit")],
    lang: Annotated[str, typer.Option(help="of the statement")] = ",".join(LANGUAGES),
    out: Annotated[Path, typer.Option(help="where the folder comes")] = OUT,
    data: Data = DATA,
) -> None:
    """Make the claim pack of an outage: statement of facts, ledger of notices, probes, manifest.

    Example: bongsu report claim "alimtalk@2022-10-15 15:30" --body geoje --out claims
    """
    spoken = [each for each in LANGUAGES if each in lang.split(",")]
    if not spoken:
        fail(sentence("one_of", asked=lang, there=", ".join(LANGUAGES)), USAGE)
    which = _which(outage, body)
    try:
        with Database(data) as database:
            found = database.alone(lambda conn: _claim(conn, which))
    except NotThere as error:
        fail(str(error), error.code)
    files = dict(claim_pack.data(found))
    files |= {f"{folder.stem(report)}.json": chain.text_of(report) for report, _ in found.parts}
    files |= {f"statement.{each}.pdf": pdf(statement(found, each)) for each in spoken}
    place = out / f"{body}-{which.id.replace('@', '-')}"
    for file in folder.write(place, files.items()):
        typer.echo(file)


def _which(text: str, body: str) -> Which:
    channel, _, at = text.partition("@")
    if not channel or not at:
        fail(sentence("no_such_outage", asked=text), USAGE)
    seconds = int(at) if at.isdecimal() else int(moment(at).timestamp())
    began = moment_of(seconds // 60)
    return Which(body, f"{channel}@{seconds // 60 * 60}", month_of(began, _KOREA))


async def _claim(conn: Connection, which: Which) -> Claim:
    async with snapshot(conn):
        known = await stand(conn)
        parts, place = await _parts(conn, known, which)
        context = Context.model_validate_json(await months.context(conn, *place) or b"")
        lines = await sealing.lines_of(conn, context)
        found = claim_pack.claim(context, parts, lines[parts[0][1].channel])
        if found is None:
            raise NotThere(NO_SUCH_REPORT, "evidence_gone", asked=which.id)
        return found


async def _parts(
    conn: Connection, known: Known, which: Which
) -> tuple[list[tuple[Report, Outage]], tuple[str, str, int]]:
    """Of each month from its own on, as long as it is told there; the last one's revision."""
    revision_of(known, which.body, which.month, None)  # or why there is none
    parts: list[tuple[Report, Outage]] = []
    place = (which.body, which.month, 0)
    later = {one.month: one for one in known.revisions if one.body == which.body}
    for month in sorted(each for each in later if each >= which.month):
        here = (which.body, month, later[month].revision)
        report = Report.model_validate_json(await months.content(conn, *here) or b"")
        told = {one.id: one for one in report.outages if one.peak_share != "0.000000"}
        if which.id not in told:
            break
        parts, place = [*parts, (report, told[which.id])], here
    if not parts:
        there = ", ".join(told) or "–"
        raise NotThere(
            USAGE, "no_outage", month=which.month, body=which.body, asked=which.id, there=there
        )
    return parts, place
