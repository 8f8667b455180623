"""`bongsu containers`: what the containers of `docker-compose.yml` are given, before any starts."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import catalogue as catalogues
from services.cli.catalogue import DIRECTORY, Directory
from services.local import containers as making


def containers(
    out: Annotated[Path, typer.Option(help="folder that gets them, one below it a container kind")],
    directory: Directory = DIRECTORY,
) -> None:
    """Make secrets, addresses and the simulated world's file for containers; those there stay.

    Example: bongsu containers --out /run/bongsu
    """
    making.make(out, catalogues.read(directory))
    typer.echo(f"{out}/ holds what the containers are given")
