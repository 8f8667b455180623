"""`bongsu init`: topics, schema and roles, before the first start and after every upgrade."""

from typing import Annotated

import typer

from services.cli.context import INVALID, fail, run
from services.contracts import topics
from services.runtime.kafka import address_of, create_topics
from services.runtime.settings import Settings, load
from services.storage import migrate, roles
from services.storage.errors import StorageRefused


class InitSettings(Settings):
    """What `bongsu init` can be told."""

    postgres_admin: str = "postgresql://postgres@127.0.0.1/postgres"
    postgres_database: str = "bongsu"


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
        return
    settings = load(InitSettings)
    made = run(create_topics(address_of(settings), topics.ALL))
    try:
        applied = run(
            migrate.init_database(settings.postgres_admin, settings.postgres_database, {})
        )
    except StorageRefused as error:
        fail(str(error), INVALID)
    typer.echo(f"topics made: {', '.join(made) or 'none'}; migrations: {len(applied)}")


def _for_administrators() -> list[str]:
    lines = ["-- Topics (3 copies, min.insync.replicas 2) and who may write and read them"]
    for topic in topics.ALL:
        config = ", ".join(f"{key}={value}" for key, value in topic.config.items())
        lines.append(f"-- bongsu.{topic.name}: {topic.partitions} partitions, {config}")
        lines.append(f"--   write: {', '.join(topic.written_by)}; read: {', '.join(topic.read_by)}")
    return [*lines, "", roles.print_sql()]
