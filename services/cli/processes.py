"""`bongsu run …`: one process of bongsu, as `python -m services.<name>` starts it."""

import importlib
from enum import StrEnum
from typing import Annotated

import typer


class Process(StrEnum):
    """The processes there are."""

    PROBE = "probe"
    INGEST = "ingest"
    ALERTING = "alerting"


def run_process(
    process: Annotated[Process, typer.Argument(help="which process; settings come from BONGSU_…")],
) -> None:
    """Run one process until SIGTERM.

    Example: BONGSU_KAFKA=broker:9092 bongsu run ingest
    """
    module = importlib.import_module(f"services.{process}.__main__")
    raise typer.Exit(module.main())
