"""`bongsu report month`: sealed revisions as documents.

In:  a month and bodies. Out: files under --out, whole or not at all; what was made stands in the
log of documents. Before: reporting sealed them. After: an official reads, `verify` checks.
"""

import json as json_
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import typer

from services.cli.context import DATA, INVALID, USAGE, Data, Json, fail
from services.cli.report_asked import (
    NO_SUCH_REPORT,
    Asked,
    Known,
    NotThere,
    a_month,
    revision_of,
    stand,
)
from services.cli.report_database import Database, contents, log
from services.cli.report_evidence import Sources
from services.cli.report_progress import Progress
from services.cli.report_sentences import language, sentence
from services.cli.report_summary import summarised
from services.cli.report_told import Failure, Told, end, say, told
from services.reporting.documents import fonts
from services.reporting.documents.making import Format, Made, Order, make, summarise
from services.reporting.documents.orders import chain_until, earlier
from services.reporting.documents.words import LANGUAGES

T = TypeVar("T")
FORMATS: tuple[Format, ...] = get_args(Format)
OUT = Path("reports")


def month(
    which: Annotated[str, typer.Argument(metavar="MONTH", help="2026-10")],
    body: Annotated[str, typer.Option(help="geoje, or several: geoje,tongyeong")] = "",
    every: Annotated[bool, typer.Option("--all", help="all bodies")] = False,
    channel: Annotated[str, typer.Option(help="only these, such as alimtalk,sms")] = "",
    formats: Annotated[str, typer.Option("--format")] = ",".join(FORMATS),
    lang: Annotated[str, typer.Option(help="of the documents")] = ",".join(LANGUAGES),
    out: Annotated[Path, typer.Option(help="OUT/2026-10/geoje/ holds the files")] = OUT,
    revision: Annotated[int | None, typer.Option(help="that one; else the latest sealed")] = None,
    preview: Annotated[bool, typer.Option(help="as of now, sealed or not; not final")] = False,
    evidence: Annotated[bool, typer.Option(help="every probe that was counted, too")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="one document of all bodies")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="processes that make them")] = 2,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Make the documents of a month that is sealed, or a preview, and say its verdicts.

    Example: bongsu report month 2026-10 --body geoje --out reports
    """
    kinds, spoken = _listed(formats, FORMATS), _listed(lang, LANGUAGES)
    asked = Asked(which, _split(body), tuple(_split(channel)), revision, preview)
    _check(asked, every)
    if summary and (preview or evidence or channel or kinds == ["json"]):
        fail(sentence("summary_alone"), USAGE)
    fonts.check(language=language())
    with Database(data) as database:
        known = database.ask(stand)
        asked = _all_or(asked, known)
        if summary:
            write = partial(summarise, out=out, languages=spoken, formats=kinds)
            return summarised(database, known, asked, write, json)
        sources = Sources(database, known, evidence)
        failures: list[Failure] = []
        made = make(_orders(database, known, asked, sources, failures), out, spoken, kinds, jobs)
        put = partial(sources.put, out=out)
        progress = Progress(len(asked.bodies), ",".join(kinds))
        done = _shown(_made(made, database, put, failures), asked, failures, progress, json)
    end(done, failures, json)


def _check(asked: Asked, every: bool) -> None:
    """Ends the command with a sentence for what cannot be meant."""
    if bool(asked.bodies) == every:
        fail(sentence("whom"), USAGE)
    if asked.preview and asked.revision is not None:
        fail(sentence("preview_or_revision"), USAGE)
    try:
        a_month(asked.month)
    except NotThere as error:
        fail(str(error), error.code)


def _all_or(asked: Asked, known: Known) -> Asked:
    """All bodies where none was named; ends the command where there is none."""
    if not asked.bodies and not known.bodies:
        fail(sentence("no_contracts"), NO_SUCH_REPORT)
    return asked._replace(bodies=asked.bodies or known.bodies)


def _shown(
    making: Iterator[Made],
    asked: Asked,
    failures: Sequence[Failure],
    progress: Progress,
    json: bool,
) -> list[Told]:
    """Each body's, as it is made."""
    done: list[Told] = []
    for made in making:
        done.append(told(made, asked.channels))
        if not json:
            say(done[-1])
        progress.tell(len(done) + len(failures), done[-1])
    return done


def _orders(
    database: Database, known: Known, asked: Asked, sources: Sources, failures: list[Failure]
) -> Iterator[Order]:
    """One after another: no more are in memory than are being made."""
    for body in asked.bodies:
        try:
            order = (
                _preview(database, known, sources, body, asked)
                if asked.preview
                else _sealed(database, known, body, asked)
            )
            _check_channels(body, json_.loads(order.text), asked.channels)
        except NotThere as error:
            failures.append(Failure(body, str(error), error.code))
            continue
        yield order


def _sealed(database: Database, known: Known, body: str, asked: Asked) -> Order:
    found = revision_of(known, body, asked.month, asked.revision)
    which = [found, *earlier(found, known.revisions)]
    text, *texts = database.ask(partial(contents, which=which))
    return Order(text, tuple(texts), chain_until(found, known.revisions), asked.channels)


def _preview(database: Database, known: Known, sources: Sources, body: str, asked: Asked) -> Order:
    text = sources.preview(body, asked.month)
    own = [each for each in known.revisions if each.body == body][-1:]
    before = [each._replace(month=asked.month, number=each.number + 1) for each in own]
    which = [each for one in before for each in earlier(one, known.revisions)]
    return Order(text, tuple(database.ask(partial(contents, which=which))), None, asked.channels)


def _check_channels(body: str, report: Any, channels: Sequence[str]) -> None:
    there = [item["channel"] for item in report["items"]]
    for each in channels:
        if each not in there:
            raise NotThere(USAGE, "no_channel", body=body, asked=each, there=", ".join(there))


def _made(
    making: Iterator[Made],
    database: Database,
    put: Callable[[bytes], list[Path]],
    failures: list[Failure],
) -> Iterator[Made]:
    """Each body's files as they are made, with its evidence, and logged."""
    for made in making:
        report = json_.loads(made.order.text)
        body = report["body"]["id"]
        if made.failed is not None:
            why = sentence("not_made", body=body, why=made.failed)
            failures.append(Failure(body, why, INVALID))
            continue
        try:
            made = made._replace(files=[*made.files, *put(made.order.text)])
        except NotThere as error:
            failures.append(Failure(body, str(error), error.code))
        place = (body, report["month"], report["revision"])
        database.ask(partial(log, places=[place], files=made.files))
        yield made


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _listed(text: str, there: tuple[T, ...]) -> list[T]:
    """Those of a closed set; ends the command with a sentence for anything else, and for none."""
    for each in _split(text) or [""]:
        if each not in there:
            fail(sentence("one_of", asked=each, there=", ".join(map(str, there))), USAGE)
    return [each for each in there if each in _split(text)]
