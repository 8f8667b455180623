"""The `bongsu` command: one file a command group, imported here into one application."""

import logging

import typer

from services.cli import catalogue, faults, init, probe, processes, status, up
from services.runtime import logs

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="봉수: do the messages of public bodies arrive? Start with `bongsu up`.",
)
app.command("up")(up.up)
app.command("init")(init.init)
app.command("run")(processes.run_process)
app.add_typer(catalogue.app, name="catalogue")
app.command("probe")(probe.probe)
app.command("status")(status.status)
app.command("break")(faults.break_)
app.command("repair")(faults.repair)


def main() -> None:
    """The console entry point."""
    logs.configure("cli", "cli", level="error")
    # Retries of the client are for the logs of processes; a command says it in one sentence.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    app()
