"""Where the command line finds Kafka, Postgres and the outside world, and how it speaks.

In a terminal beside `bongsu up` the stack's own data folder tells; elsewhere BONGSU_ settings do.
"""

import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import quote

import orjson
import typer
from pydantic import BaseModel, Field, SecretStr
from rich.console import Console
from rich.table import Table

from services.alerting.incidents.words import KST
from services.local.keys import shared_key
from services.local.stack import ADDRESSES, DATABASE
from services.runtime.kafka import Address, address_of
from services.runtime.settings import Settings, load
from services.storage.pool import Connection, open_pool, transaction

T = TypeVar("T")
NOT_DONE, USAGE, UNREACHABLE, INVALID, REFUSED, INTERRUPTED = 1, 2, 3, 4, 6, 130

Data = Annotated[
    Path, typer.Option("--data", envvar="BONGSU_DATA", help="data folder of the local stack")
]
DATA = Path("data")
Json = Annotated[bool, typer.Option("--json", help="for programs")]
_SPAN = re.compile(r"(\d{1,6}(?:\.\d+)?)(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class CliSettings(Settings):
    """What the command line can be told outside a local stack."""

    postgres: SecretStr | None = Field(None, description="DSN of a role that may read")
    proof_every_s: float = Field(
        3600, ge=1, description="as alerting is told: what catalogue validate and plan count"
    )
    api: str | None = Field(None, description="ops port of an alerting, where the API answers")
    token: SecretStr | None = Field(None, description="personal token, to correct a month")
    simulators: str | None = Field(
        None, description="address of a simulated outside world, for break and repair"
    )


@dataclass(frozen=True, slots=True)
class Context:
    """Addresses of one installation; `dsn` for reports. All below only in a local stack: `answers`,
    where links of pages lead; `ops`, the ops ports by process."""

    kafka: Address
    dsn: str | None
    simulators: str | None
    prometheus: str | None = None
    boards_dsn: str | None = None
    answers: str | None = None
    ops: Mapping[str, str] = field(default_factory=dict)

    @property
    def postgres(self) -> str:
        """The database. Ends the command when nobody named it."""
        if self.dsn is None:
            fail("BONGSU_POSTGRES is not set: it names the database to read", UNREACHABLE)
        return self.dsn


def context(data: Path) -> Context:
    """The stack that runs on this data folder, else what the settings name."""
    try:
        found = json.loads((data / ADDRESSES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _from_settings(data)
    report, grafana = (_dsn(data, role, found["postgres_port"]) for role in ("report", "grafana"))
    address = Address({"bootstrap_servers": found["kafka"]}, prefix="bongsu", development=True)
    world, prometheus = found["simulators"], found.get("prometheus")
    return Context(address, report, world, prometheus, grafana, found["answers"], found["ops"])


def _dsn(data: Path, role: str, port: int) -> str:
    password = quote(shared_key(data / "secrets", f"postgres-{role}"))
    return f"postgresql://bongsu_{role}:{password}@127.0.0.1:{port}/{DATABASE}"


def _from_settings(data: Path) -> Context:
    if not any(name.startswith(("BONGSU_KAFKA", "BONGSU_POSTGRES")) for name in os.environ):
        fail(
            f"no local stack runs on {data}/, and neither BONGSU_KAFKA nor BONGSU_POSTGRES is set:"
            " start one with `bongsu up`, or name one with --data",
            UNREACHABLE,
        )
    settings = load(CliSettings)
    dsn = settings.postgres.get_secret_value() if settings.postgres else None
    return Context(address_of(settings), dsn, settings.simulators)


def seconds(span: str) -> float:
    """`90s`, `10m` or `2h` in seconds; ends the command with a sentence for anything else."""
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        fail(f"{span!r} is no span of time: write 90s, 10m or 2h", USAGE)
    return float(match.group(1)) * _SECONDS[match.group(2)]


def moment(text: str) -> datetime:
    """`2026-12-01 02:00`, Korean time unless it says its own; ends the command with a sentence for
    anything else."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        fail(f"{text!r} is no time: write 2026-12-01 02:00 or 2026-12-01T02:00+09:00", USAGE)
    return at if at.tzinfo else at.replace(tzinfo=KST)


def clock(at: datetime | None) -> str:
    """Korean time to the minute, as `moment` reads it."""
    return f"{at.astimezone(KST):%Y-%m-%d %H:%M}" if at else "-"


def listed(records: Sequence[object], shown: Table, nothing: str, json: bool) -> None:
    """A list: `records` for programs, `shown` for people, or that there is nothing."""
    if json:
        typer.echo(as_json(records))
    elif records:
        Console(width=None if Console().is_terminal else 200).print(shown)
    else:
        typer.echo(nothing)


async def in_database(data: Path, do: Callable[[Connection], Awaitable[T]]) -> T:
    """One transaction of the role that reads; what writes in it begins with `people.may_write`."""
    dsn = context(data).postgres
    async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
        return await do(conn)


def as_json(value: object) -> str:
    """Dataclasses, models and what they hold, for programs; keys that are enums by their value."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)


def fail(sentence: str, code: int) -> NoReturn:
    """End with one sentence on standard error."""
    typer.echo(f"bongsu: {sentence}", err=True)
    raise typer.Exit(code)
