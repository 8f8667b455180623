"""Where the command line finds Kafka, Postgres and the outside world, and how it says no.

In a terminal beside `bongsu up` the stack's own data folder tells; elsewhere BONGSU_ settings do.
"""

import asyncio
import json
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import quote

import typer
from pydantic import Field, SecretStr

from services.local.child import ServerStartError
from services.local.keys import shared_key
from services.local.stack import ADDRESSES, DATABASE
from services.runtime.errors import Consequence, Retry
from services.runtime.kafka import Address, address_of
from services.runtime.settings import Settings, load
from services.storage import errors

NOT_DONE, UNREACHABLE, INVALID = 1, 3, 4

Data = Annotated[
    Path, typer.Option("--data", envvar="BONGSU_DATA", help="data folder of the local stack")
]
DATA = Path("data")
T = TypeVar("T")


class CliSettings(Settings):
    """What the command line can be told outside a local stack."""

    postgres: SecretStr = Field(description="DSN of a role that may read")


@dataclass(frozen=True, slots=True)
class Context:
    """Addresses of one installation; `simulators` only in a local stack."""

    kafka: Address
    postgres: str
    simulators: str | None


def context(data: Path) -> Context:
    """The stack that runs on this data folder, else what the settings name."""
    try:
        found = json.loads((data / ADDRESSES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _from_settings(data)
    password = quote(shared_key(data / "secrets", "postgres-report"))
    dsn = f"postgresql://bongsu_report:{password}@127.0.0.1:{found['postgres_port']}/{DATABASE}"
    address = Address({"bootstrap_servers": found["kafka"]}, prefix="bongsu", development=True)
    return Context(address, dsn, found["simulators"])


def _from_settings(data: Path) -> Context:
    if "BONGSU_POSTGRES" not in os.environ and "BONGSU_POSTGRES_FILE" not in os.environ:
        fail(
            f"no local stack runs on {data}/ and BONGSU_POSTGRES is not set:"
            " start one with `bongsu up`, or name one with --data",
            UNREACHABLE,
        )
    settings = load(CliSettings)
    return Context(address_of(settings), settings.postgres.get_secret_value(), None)


def fail(sentence: str, code: int) -> NoReturn:
    """End with one sentence on standard error."""
    typer.echo(f"bongsu: {sentence}", err=True)
    raise typer.Exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what a user can cause becomes a sentence and an exit code."""
    try:
        return asyncio.run(work)
    except Retry as error:
        fail(str(error), UNREACHABLE)
    except (Consequence, ServerStartError) as error:
        fail(str(error), INVALID)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        if not errors.curable(error):
            raise
        fail(f"Postgres does not answer: {error or type(error).__name__}", UNREACHABLE)
