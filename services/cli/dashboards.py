"""`bongsu dashboards build|check|preview`: boards as files, judged, and shown.

grafanalib and the judges are installed for development only, so they are imported when a command
needs them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

import typer

from services.cli.context import DATA, INVALID, UNREACHABLE, USAGE, Data, context, fail
from services.local.stack import ADDRESSES

app = typer.Typer(no_args_is_help=True, help="Boards of Grafana: make their files, judge them.")

FOLDER = Path("deploy/grafana/dashboards")
Login = Annotated[
    str | None,
    typer.Option(
        envvar="BONGSU_PREVIEW_POSTGRES",
        show_envvar=True,
        help="DSN of the login that Grafana has, bongsu_grafana; better as the variable",
    ),
]


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="folder of the JSON files")] = FOLDER,
    check: Annotated[bool, typer.Option("--check", help="compare only, write nothing")] = False,
) -> None:
    """Write the boards as files for Grafana, or tell which file is not what its board says.

    Example: bongsu dashboards build
    """
    with _installed():
        from dashboards import build as building

    boards = building.rendered()
    if not check:
        for path in building.write(boards, out):
            typer.echo(f"wrote {path}")
        return
    differences = building.differences(boards, out)
    for sentence in differences:
        typer.echo(sentence, err=True)
    if differences:
        fail(f"{len(differences)} of the files in {out}/ are not what their boards say", INVALID)
    typer.echo(f"{out}/ is what the boards say")


@app.command("check")
def check_(
    prometheus: Annotated[str | None, typer.Option(help="URL of a Prometheus")] = None,
    postgres: Login = None,
    offline: Annotated[bool, typer.Option("--offline", help="ask no server")] = False,
    data: Data = DATA,
) -> None:
    """Judge the boards: shape, rules of the house, metrics, and every question on real servers,
    by default those of the local stack. Exit 3 when a part could not be checked.

    Example: bongsu dashboards check
    """
    with _installed():
        from dashboards import build as building
        from dashboards import check

    boards = building.rendered()
    problems, unchecked = check.static(boards), []
    if not offline and not problems:
        if (data / ADDRESSES).exists():
            stack = context(data)
            prometheus = prometheus or stack.prometheus
            postgres = postgres or stack.boards_dsn
        verdict = asyncio.run(check.served(boards, prometheus, postgres, datetime.now(UTC)))
        problems, unchecked = verdict.problems, verdict.unchecked
    for sentence in (*problems, *unchecked):
        typer.echo(sentence, err=True)
    if problems:
        fail(f"{len(problems)} problem{'s' * (len(problems) > 1)} in the boards", INVALID)
    if unchecked:
        fail("the rest of the boards is in order", UNREACHABLE)
    typer.echo(f"{len(boards)} boards are in order" + " (no server was asked)" * offline)


@app.command()
def preview(
    out: Annotated[Path, typer.Option(help="folder of the pages")],
    board: Annotated[list[str] | None, typer.Option(help="only this one; may be repeated")] = None,
    var: Annotated[
        list[str] | None,
        typer.Option(help="what a variable holds; may be repeated", metavar="NAME=VALUE"),
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="such as now-6h")] = None,
    language: Annotated[
        Literal["ko", "en"], typer.Option(help="of what is not the board's")
    ] = "ko",
    prometheus: Annotated[str | None, typer.Option(help="URL of a Prometheus")] = None,
    postgres: Login = None,
    data: Data = DATA,
) -> None:
    """Write the boards as plain pages, with the answers of real servers, by default those of the
    local stack: a preview for where no Grafana is.

    Example: bongsu dashboards preview --out preview --board bongsu-body --var body=geoje
    """
    from dashboards.preview import files
    from dashboards.preview.answers import Servers

    if (data / ADDRESSES).exists():
        stack = context(data)
        prometheus, postgres = prometheus or stack.prometheus, postgres or stack.boards_dsn
    found, servers = files.boards(), Servers(postgres, prometheus)
    if unknown := set(board or ()) - found.keys():
        fail(f"no such board: {', '.join(sorted(unknown))}; there are {', '.join(found)}", USAGE)
    wanted = {uid: found[uid] for uid in board or found}
    query = urlencode([*map(_chosen, var or ())] + [("from", since)] * bool(since))
    try:
        pages = asyncio.run(files.written(wanted, servers, language, query, datetime.now(UTC)))
    except ValueError as error:
        fail(str(error), USAGE)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {out / name}")


def _chosen(said: str) -> tuple[str, str]:
    """As an address says it."""
    name, equals, value = said.partition("=")
    if not equals:
        fail(f"--var {said}: not NAME=VALUE", USAGE)
    return f"var-{name}", value


@contextmanager
def _installed() -> Iterator[None]:
    """Ends the command when what boards need is not there."""
    try:
        yield
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is not installed: `make install` installs what boards need", INVALID)
