"""`bongsu replay`: scenarios in virtual time, and what became of every probe in them."""

import asyncio
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from services.alerting.detection.law import Learnt
from services.cli import catalogue as catalogues
from services.cli import dated, prelude, strips
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import INVALID, NOT_DONE, Json
from services.contracts.catalogue import Catalogue
from services.local.settings import LocalSettings
from services.replay import run
from services.replay.idle import idle
from services.replay.scenario import Scenario, Wrong, load_all
from services.runtime.settings import load

Files = Annotated[list[Path], typer.Argument(help="scenario files", metavar="SCENARIO...")]


def replay_(
    files: Files,
    directory: Directory = DIRECTORY,
    seed: Annotated[int, typer.Option(help="another seed is another run of chance")] = 1,
    check: Annotated[
        bool, typer.Option(help="a table of all; exit 1 if one is not as expected")
    ] = False,
    json: Json = False,
) -> None:
    """Play dated outages in virtual time; show what was told, and what became of every probe.

    Example: bongsu replay scenarios/kakao-2022-10-15.yaml --seed 7
    """
    catalogue = catalogues.read(directory)
    records, scenarios = [], read(files, catalogue, run.WORKERS)
    learnt = _learnt(catalogue, seed)
    if check:
        _check(scenarios, catalogue, seed, learnt)
        return
    for scenario in scenarios:
        with progress(scenario) as told:
            found = run.replay(scenario, catalogue, seed, learnt, told)
        useless = idle(scenario, catalogue)
        if json:
            records.append(found.record() | {"idle": useless})
        else:
            typer.echo("\n".join([*strips.shown(found), *useless, ""]))
    if json:
        typer.echo(orjson.dumps(records, option=orjson.OPT_INDENT_2))


def _check(scenarios: list[Scenario], catalogue: Catalogue, seed: int, learnt: Learnt) -> None:
    found = dated.replayed(scenarios, catalogue, seed, learnt, _tell)
    regressed = {one.scenario.id: said for one in found if (said := dated.wrong(one))}
    typer.echo("\n".join(dated.table(found, catalogue)))
    for name, said in regressed.items():
        typer.echo(f"{name} is not as expected: {'; '.join(said)}")
    if slow := dated.late(found, catalogue):
        typer.echo("\n".join(slow))
    if regressed or slow:
        raise typer.Exit(NOT_DONE)


def read(files: list[Path], catalogue: Catalogue, workers: Collection[str]) -> list[Scenario]:
    """Scenarios without a problem; else says all problems and ends the command."""
    try:
        return load_all(files, catalogue, workers)
    except Wrong as wrong:
        for problem in wrong.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(INVALID) from None


def _learnt(catalogue: Catalogue, seed: int) -> Learnt:
    return asyncio.run(prelude.learnt(catalogue, seed, load(LocalSettings).cache, _tell))


def _tell(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def progress(scenario: Scenario) -> Iterator[run.Progress]:
    """A bar on a terminal, nothing elsewhere."""
    span = scenario.span
    total = (span.until - span.since).total_seconds()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(scenario.id, total=total)

        def told(at: datetime) -> None:
            bar.update(task, completed=(at - span.since).total_seconds())

        yield told
