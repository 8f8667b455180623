"""The `bongsu` command: one file a command group, put together here; the one place where a
command's failure becomes a sentence and an exit code."""

import logging
import sys

import typer
from typer.exceptions import TyperException

from services.cli import (
    catalogue,
    containers,
    dashboards,
    demo,
    doctor,
    faults,
    health,
    incidents,
    maintenance,
    notice,
    oncall,
    operate,
    page,
    prelude,
    probe,
    replay,
    report,
    status,
    token,
    up,
)
from services.cli.context import INTERRUPTED, INVALID, UNREACHABLE, USAGE
from services.local.child import ServerStartError
from services.runtime import logs
from services.runtime.errors import Consequence, Retry
from services.storage import errors

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="봉수: do the messages of public bodies arrive? Start with `bongsu up`.",
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("init")(operate.init)
app.command("run")(operate.run_process)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(dashboards.app, name="dashboards")
app.command("probe")(probe.probe)
app.command("status")(status.status)
app.add_typer(incidents.app, name="incidents")
app.add_typer(oncall.app, name="oncall")
app.add_typer(page.app, name="page")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(notice.app, name="notice")
app.add_typer(report.app, name="report")
app.command("doctor")(doctor.doctor)
app.command("health")(health.health)
app.command("containers")(containers.containers)
app.command("prelude")(prelude.teach)
app.add_typer(token.app, name="token")
app.command("break")(faults.break_)
app.command("repair")(faults.repair)
app.command("replay")(replay.replay_)


def main() -> None:
    """The console entry point."""
    logs.configure("cli", "cli", level="error")
    # Retries of the client are for the logs of processes; a command says it in one sentence.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        code = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        sentence, code = explained(error)
        if sentence:  # without a command the help has been printed, and there is no sentence
            typer.echo(f"bongsu: {sentence}", err=True)
    sys.exit(code)


def explained(error: Exception) -> tuple[str, int]:
    """The sentence and exit code for what a user can cause; anything else is raised again."""
    match error:
        case TyperException():
            return error.format_message().replace("Value error, ", ""), USAGE
        case Retry():
            return str(error), UNREACHABLE
        case Consequence() | ServerStartError() | errors.StorageRefused():
            return str(error), INVALID
        case ModuleNotFoundError():
            return f"{error.name} is not installed: `make up` installs what this needs", INVALID
        case OSError() if error.filename is not None:
            return f"{error.filename}: {error.strerror}", INVALID
    if errors.curable(error):
        return f"Postgres does not answer: {str(error) or type(error).__name__}", UNREACHABLE
    if errors.refused(error):
        return f"Postgres refuses: {error}", INVALID
    raise error
