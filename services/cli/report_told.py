"""What `bongsu report month` says: of each body its verdicts and files, and what failed."""

import json as json_
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import typer

from services.cli.context import as_json
from services.cli.report_sentences import language, sentence
from services.contracts.report_words import State, Verdict
from services.reporting.documents.making import Made
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import Words


class Failure(NamedTuple):
    """A body without documents, and why."""

    body: str
    sentence: str
    code: int


class Told(NamedTuple):
    """A body's documents. `blind`: no minute of its month was measured."""

    body: str
    name: str
    month: str
    revision: int
    state: str
    verdicts: dict[str, str]
    files: list[str]
    blind: bool


def told(made: Made, channels: Sequence[str]) -> Told:
    """Of what was made; these channels, or all."""
    report = json_.loads(made.order.text)
    items = [each for each in report["items"] if not channels or each["channel"] in channels]
    minutes = [each["minutes"] for each in items]
    return Told(
        report["body"]["id"], report["body"][f"name_{language()}"], report["month"],
        report["revision"], report["state"],
        {each["channel"]: each["verdict"] for each in items}, list(map(str, made.files)),
        all(each["unmeasured"] == each["service"] for each in minutes),
    )  # fmt: skip


def say(made: Told) -> None:
    """For people."""
    shown = Shown(Words(language()), "Asia/Seoul")
    state = shown.words(f"state.{made.state}")
    typer.echo(f"{made.name} {made.body} {made.month} r{made.revision} ({state})")
    for channel, verdict in made.verdicts.items():
        word = shown.verdict(Verdict(verdict), State(made.state))
        typer.echo(f"  {shown.channel(channel)}: {word}")
    for file in made.files:
        typer.echo(f"  {file}")
    if made.blind:
        typer.echo(sentence("no_evidence", body=made.body), err=True)


def end(made: Iterable[Told], failures: Sequence[Failure], json: bool) -> None:
    """What failed comes last, each sentence once; ends the command with the highest code."""
    if json:
        listed = [each._asdict() for each in made]
        typer.echo(as_json({"made": listed, "failed": [each._asdict() for each in failures]}))
    for each in dict.fromkeys(failure.sentence for failure in failures):
        typer.echo(f"bongsu: {each}", err=True)
    if failures:
        raise typer.Exit(max(failure.code for failure in failures))
