"""`bongsu init` and `bongsu run`: what an operator does without a local stack.

`init` makes topics, schema and roles, before the first start and after every upgrade; `run` is one
process, as `python -m services.<name>` starts it.
"""

import asyncio
import importlib
from typing import Annotated, Literal

import typer
from pydantic import Field, SecretStr

from services.adapters import known_codes
from services.contracts import topics
from services.runtime.kafka import address_of, create_topics
from services.runtime.settings import Settings, load
from services.storage import migrate, roles


class InitSettings(Settings):
    """What `bongsu init` can be told."""

    postgres_admin: SecretStr = Field(
        SecretStr("postgresql://postgres@127.0.0.1/postgres"),
        description="DSN of an administrator, or of bongsu_owner once the roles exist",
    )
    postgres_database: str = Field("bongsu", description="name of the database")
    postgres_sink_password: SecretStr | None = Field(
        None, description="lets bongsu_sink (alerting) log in; set anew at each init"
    )
    postgres_report_password: SecretStr | None = Field(
        None, description="lets bongsu_report (reporting, the command line) log in"
    )
    postgres_grafana_password: SecretStr | None = Field(
        None, description="lets bongsu_grafana (boards) log in"
    )

    def passwords(self) -> dict[str, str]:
        """The passwords given, by role."""
        given = {
            roles.SINK: self.postgres_sink_password,
            roles.REPORT: self.postgres_report_password,
            roles.GRAFANA: self.postgres_grafana_password,
        }
        return {role: word.get_secret_value() for role, word in given.items() if word}


def init(
    print_: Annotated[
        bool, typer.Option("--print", help="write what an administrator must do, do nothing")
    ] = False,
) -> None:
    """Make topics, schema and roles; doing it again changes nothing.

    Example: BONGSU_KAFKA=broker:9092 BONGSU_POSTGRES_ADMIN=postgresql://… bongsu init
    """
    if print_:
        typer.echo("\n".join(_for_administrators()))
    else:
        asyncio.run(_init(load(InitSettings)))


async def _init(settings: InitSettings) -> None:
    made = await create_topics(address_of(settings), topics.ALL)
    admin = settings.postgres_admin.get_secret_value()
    applied = await migrate.init_database(
        admin, settings.postgres_database, settings.passwords(), known_codes()
    )
    typer.echo(f"topics made: {', '.join(made) or 'none'}; migrations: {len(applied)}")


def _for_administrators() -> list[str]:
    lines = ["-- Topics (3 copies, min.insync.replicas 2) and who may write and read them"]
    for topic in topics.ALL:
        config = ", ".join(f"{key}={value}" for key, value in topic.config.items())
        lines.append(f"-- bongsu.{topic.name}: {topic.partitions} partitions, {config}")
        lines.append(f"--   write: {', '.join(topic.written_by)}; read: {', '.join(topic.read_by)}")
    lines += [
        "-- consumer groups: bongsu-probe (probe), bongsu-poll (ingest), bongsu-store (alerting)",
        "-- describe and describe configs on all topics: probe, ingest, alerting, reporting",
    ]
    return [*lines, "", roles.print_sql()]


def run_process(
    process: Annotated[
        Literal["probe", "ingest", "alerting", "reporting"],
        typer.Argument(help="which process; settings come from BONGSU_…"),
    ],
) -> None:
    """Run one process until SIGTERM.

    Example: BONGSU_KAFKA=broker:9092 bongsu run ingest
    """
    raise typer.Exit(importlib.import_module(f"services.{process}.__main__").main())
