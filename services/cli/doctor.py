"""`bongsu doctor`: what of an installation can be reached from here, and what is wrong with it.

One sentence a finding. It looks, and changes nothing.
"""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args

import aiohttp
import typer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from services.alerting.paging.targets import target_of
from services.alerting.settings import AlertingSettings, PublicSettings
from services.cli.catalogue import in_force
from services.cli.context import (
    DATA,
    NOT_DONE,
    CliSettings,
    Context,
    Data,
    Json,
    as_json,
    context,
)
from services.cli.operate import InitSettings
from services.contracts.catalogue import Catalogue
from services.ingest.settings import IngestSettings
from services.local.settings import LocalSettings
from services.probe.settings import ProbeSettings
from services.runtime.errors import Retry, Stop
from services.runtime.secrets import SecretFolder
from services.runtime.settings import load
from services.storage import errors, leader, migrate
from services.storage.incidents import STANDS_STILL
from services.storage.pool import open_pool, transaction
from simulators.config import SimulatorSettings

WITHIN_S = 5.0
NO_TOKEN = "A" * 22  # as long as one, and nothing is behind it
_PROCESSES: tuple[type[BaseSettings], ...] = (
    ProbeSettings, IngestSettings, AlertingSettings, CliSettings, InitSettings, LocalSettings,
    SimulatorSettings,
)  # fmt: skip
_SIGNS = {True: "ok   ", False: "WRONG", None: "-    "}
_BESIDE = ("BONGSU_DATA",)
_LOGIN = re.compile(r"//[^/@\s]+@")
_LOOPBACK = re.compile(r"^http://(127\.0\.0\.1|localhost)(:|/|$)")


class DoctorSettings(PublicSettings):
    """What else is looked at where no local stack says where it is."""

    secrets_dir: Path | None = Field(None, description="the secrets folder of probe and ingest")


class Finding(NamedTuple):
    """What was found of a part; `good` is False for what somebody must do something about, None for
    what was not looked at."""

    good: bool | None
    part: str
    says: str


def doctor(
    ops: Annotated[
        list[str] | None, typer.Option(help="ops port to ask, http://host:8473; repeat it")
    ] = None,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Check Kafka, Postgres, processes, the public address, secrets, settings. Exit 1: wrong.

    Example: bongsu doctor --ops http://10.0.0.5:8472 --ops http://10.0.0.5:8473
    """
    found = asyncio.run(_looked(context(data), load(DoctorSettings), data, ops or []))
    found += list(settings_said(os.environ))
    if json:
        typer.echo(as_json([one._asdict() for one in found]))
    for one in () if json else found:
        typer.echo(f"{_SIGNS[one.good]} {one.part}: {one.says}")
    if any(one.good is False for one in found):
        raise typer.Exit(NOT_DONE)


async def _looked(
    where: Context, settings: DoctorSettings, data: Path, ops: list[str]
) -> list[Finding]:
    catalogue, kafka = await _kafka(where)
    found = [kafka, await _postgres(where.dsn)]
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        asked = dict(where.ops) | {url: url.rstrip("/") for url in ops}
        found += [await _ready(session, name, url) for name, url in asked.items()]
        found.append(await _public(session, where.answers or settings.public_url))
    if not asked:
        found.append(Finding(None, "processes", "none was named with --ops, so none was asked"))
    folder = data / "secrets" if where.answers else settings.secrets_dir
    return [*found, *_secrets(folder, catalogue)]


async def _kafka(where: Context) -> tuple[Catalogue | None, Finding]:
    try:
        catalogue = await in_force(where.kafka)
    except Retry as error:
        return None, Finding(False, "Kafka", str(error))
    if catalogue is None:
        return None, Finding(
            False, "Kafka", "no catalogue is in force: run `bongsu catalogue apply`"
        )
    says = f"answers; catalogue {catalogue.revision}, {len(catalogue.routes)} routes"
    return catalogue, Finding(True, "Kafka", says)


async def _postgres(dsn: str | None) -> Finding:
    if dsn is None:
        return Finding(False, "Postgres", "BONGSU_POSTGRES is not set, so it was not asked")
    try:
        async with open_pool(dsn, role_label="cli", max_size=1) as pool, transaction(pool) as conn:
            await migrate.check(conn)
            ticked = await leader.ticked_at(conn)
    except errors.StorageRefused as error:
        return Finding(False, "Postgres", str(error))
    except Exception as error:
        if not (errors.curable(error) or errors.refused(error)):
            raise
        return Finding(False, "Postgres", f"does not serve us: {error or type(error).__name__}")
    if ticked is None or datetime.now(UTC) - ticked > STANDS_STILL:
        since = f"since {ticked:%m-%d %H:%M:%S} UTC" if ticked else "yet"
        return Finding(False, "Postgres", f"answers, but nobody detects: no verdict {since}")
    return Finding(True, "Postgres", "answers with this version's schema; outages are looked for")


async def _ready(session: aiohttp.ClientSession, name: str, url: str) -> Finding:
    try:
        async with session.get(f"{url}/readyz") as response:
            if response.status == 200:
                return Finding(True, name, "is ready")
            why = await response.text()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Finding(False, name, f"{url} does not answer ({type(error).__name__})")
    return Finding(False, name, f"is not ready: {' '.join(why.split())[:200]}")


async def _public(session: aiohttp.ClientSession, url: str | None) -> Finding:
    """Is it the port of acknowledgement links that answers there?"""
    part = "public address"
    if url is None:
        return Finding(
            False, part, "BONGSU_PUBLIC_URL is not set: no page can be acknowledged by link"
        )
    if not url.startswith("https://") and not _LOOPBACK.match(url):
        return Finding(
            False, part, f"{url} is no https address: anybody on the way reads the links"
        )
    try:
        async with session.get(f"{url.rstrip('/')}/a/{NO_TOKEN}") as response:
            ours = response.status == 404 and response.headers.get("X-Robots-Tag") == "noindex"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Finding(False, part, f"{url} does not answer ({type(error).__name__})")
    if not ours:
        return Finding(False, part, f"{url} is answered by something else: let /a/ through to 8476")
    return Finding(True, part, f"{url} answers links, seen from here; try it from a phone too")


def _secrets(folder: Path | None, catalogue: Catalogue | None) -> Iterator[Finding]:
    if folder is None or catalogue is None:
        missing = "BONGSU_SECRETS_DIR is not set" if folder is None else "no catalogue names any"
        yield Finding(None, "secrets", f"{missing}, so none was looked for")
        return
    held, names = SecretFolder(folder), sorted(set(_named(catalogue.model_dump())))
    wrong = [one for name in names if (one := _spoilt(held, folder, name))]
    yield from (Finding(False, "secrets", one) for one in wrong)
    yield Finding(True, "secrets", f"{len(names) - len(wrong)} of {len(names)} are in order")
    for path in catalogue.paths.values():
        try:
            target_of(catalogue, path, held)
        except Stop as error:
            yield Finding(False, f"path {path.id}", f"cannot be used: {error}")


def _named(value: Any) -> Iterator[str]:
    """What every field `secret` of a catalogue names."""
    if isinstance(value, dict):
        if isinstance(value.get("secret"), str):
            yield value["secret"]
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for each in value:
        yield from _named(each)


def _spoilt(held: SecretFolder, folder: Path, name: str) -> str | None:
    try:
        held.fields(name)
    except Stop as error:
        return str(error)
    if (folder / f"{name}.json").stat().st_mode & 0o077:
        return f"secret {name}: others than its owner may read it"
    return None


def settings_said(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Every setting that is made here, secrets masked; a name that nothing reads is misspelt."""
    known = dict(_known(_PROCESSES)) | dict.fromkeys(_BESIDE, False)
    for name in sorted(name for name in environment if name.startswith("BONGSU_")):
        plain = name.removesuffix("_FILE")
        if name not in known and plain not in known:
            yield Finding(False, "settings", f"{name} is no setting of bongsu")
        elif known.get(name):
            yield Finding(True, "settings", f"{name} is set (a secret)")
        else:
            yield Finding(True, "settings", f"{name}={_LOGIN.sub('//…@', environment[name])}")


def _known(classes: Iterable[type[BaseSettings]]) -> Iterator[tuple[str, bool]]:
    """Variables, and whether each is a secret."""
    for one in classes:
        prefix = str(one.model_config["env_prefix"])
        for name, field in one.model_fields.items():
            kinds = (field.annotation, *get_args(field.annotation))
            yield f"{prefix}{name.upper()}", SecretStr in kinds
