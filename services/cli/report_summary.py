"""`bongsu report month … --summary`: one document of all bodies asked for, for their overseer."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import typer

from services.cli.context import as_json
from services.cli.report_asked import NO_SUCH_REPORT, Asked, Known, NotThere, revision_of
from services.cli.report_database import Database, contents, log
from services.cli.report_told import Failure, end
from services.storage.months import Revision


class Writes(Protocol):
    """Puts the document of these reports, and of bodies without one, somewhere."""

    def __call__(self, texts: Sequence[bytes], without: Sequence[str]) -> list[Path]: ...


def summarised(database: Database, known: Known, asked: Asked, write: Writes, json: bool) -> None:
    """Bodies without a report stand in the document; with none at all the command ends so."""
    found, failures = _found(known, asked)
    if not found or any(each.code != NO_SUCH_REPORT for each in failures):
        end([], failures, json)
        return
    texts = [database.ask(partial(contents, which=[each]))[0] for each in found]
    files = write(texts, [each.body for each in failures])
    places = [(each.body, each.month, each.revision) for each in found]
    database.ask(partial(log, places=places, files=files))
    if json:
        typer.echo(
            as_json(
                {
                    "bodies": [each.body for each in found],
                    "files": list(map(str, files)),
                    "without": [each.body for each in failures],
                }
            )
        )
        return
    for file in files:
        typer.echo(file)


def _found(known: Known, asked: Asked) -> tuple[list[Revision], list[Failure]]:
    found, failures = [], []
    for body in asked.bodies:
        try:
            found.append(revision_of(known, body, asked.month, asked.revision))
        except NotThere as error:
            failures.append(Failure(body, str(error), error.code))
    return found, failures
