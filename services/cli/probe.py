"""`bongsu probe ROUTE`: one manual probe, its stages printed as they happen."""

import asyncio
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from services.cli.catalogue import in_force, short_producer
from services.cli.context import (
    DATA,
    NOT_DONE,
    UNREACHABLE,
    Context,
    Data,
    Json,
    as_json,
    context,
    fail,
    seconds,
)
from services.contracts import codec, ids, topics
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ProbeCommand
from services.contracts.vocabulary import AnswerResult, Purpose, Stage
from services.storage.pool import open_pool, transaction
from services.storage.status import ProbeStatus, find_probe

EXPIRES_AFTER = timedelta(seconds=30)
LOOK_EVERY_S = 0.2
FAILED = (AnswerResult.REFUSED, AnswerResult.UNREACHABLE)


def probe(
    route: Annotated[str, typer.Argument(help="for example geoje.alimtalk.sens")],
    receiver: Annotated[str | None, typer.Option(help="which test handset; else its turn")] = None,
    wait: Annotated[str, typer.Option(help="how long to wait for it to be seen")] = "120s",
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Send one test message now. Exit 0: a device saw it; 1: none did; 3: it could not be tried.

    Of a document the opening is waited for too, and changes no exit code.

    Example: bongsu probe geoje.alimtalk.sens --wait 60s
    """
    where, patience = context(data), seconds(wait)
    found = asyncio.run(_probe(where, route, receiver, patience, quiet=json))
    if json:
        typer.echo(as_json(found))
    _end(found, patience)


async def _probe(
    where: Context, route: str, receiver: str | None, patience: float, quiet: bool
) -> ProbeStatus | None:
    catalogue = await _check(where, route, receiver)
    opens = catalogue.channels[catalogue.routes[route].channel].opens_within_s is not None
    command = _command(route, receiver, datetime.now(UTC))
    async with short_producer(where.kafka) as producer:
        await producer.send(topics.COMMANDS, codec.encode(command))
    return await _watch(where, command, patience, quiet, Stage.OPENED if opens else Stage.SEEN)


async def _check(where: Context, name: str, receiver: str | None) -> Catalogue:
    catalogue = await in_force(where.kafka)
    if catalogue is None:
        fail("no catalogue is in force: run `bongsu catalogue apply`", UNREACHABLE)
    route = catalogue.routes.get(name)
    if route is None:
        near = [r for r in catalogue.routes if r.split(".")[0] == name.split(".")[0]]
        hint = f"there is {', '.join(near)}" if near else "`bongsu status` shows all"
        fail(f"there is no route {name}; {hint}", UNREACHABLE)
    if route.observed:
        fail(f"on route {name} nothing is sent: it is only observed", UNREACHABLE)
    if not route.enabled:
        fail(f"route {name} is not enabled", UNREACHABLE)
    window = catalogue.window_of(route)
    if window is not None and catalogue.rests(route, datetime.now(UTC)):
        until = f"{window.end:%H:%M} ({window.zone})"
        fail(f"route {name} rests until {until}: nothing may be sent now", UNREACHABLE)
    if receiver is not None and receiver not in route.receivers:
        fail(f"route {name} has no receiver {receiver}", UNREACHABLE)
    return catalogue


def _command(route: str, receiver: str | None, now: datetime) -> ProbeCommand:
    slot = datetime.fromtimestamp(ids.milliseconds(now) / 1000, UTC)
    return ProbeCommand(
        command_id=UUID(bytes=secrets.token_bytes(16), version=4),
        source="cli/probe",
        route=route,
        receiver=receiver,
        slot=slot,
        purpose=Purpose.MANUAL,
        expires_at=slot + EXPIRES_AFTER,
    )


async def _watch(
    where: Context, command: ProbeCommand, patience: float, quiet: bool, last: Stage
) -> ProbeStatus | None:
    """Look until the message reached its last stage, is refused for good, or patience ends."""
    deadline = asyncio.get_running_loop().time() + patience
    told: set[str] = set()
    found: ProbeStatus | None = None
    async with open_pool(where.postgres, role_label="cli", max_size=1) as pool:
        while asyncio.get_running_loop().time() < deadline:
            async with transaction(pool) as conn:
                found = await find_probe(conn, command.route, command.slot, command.purpose)
            if found is not None:
                _tell([] if quiet else _lines(found), told)
                if _over(found, last):
                    break
            await asyncio.sleep(LOOK_EVERY_S)
    return found


def _over(found: ProbeStatus, last: Stage) -> bool:
    return found.answer in FAILED or last in found.stages


def _lines(found: ProbeStatus) -> list[str]:
    lines = [f"sent      {_clock(found.sent_at)}  to {found.receiver}"]
    for stage in Stage:
        if stage in found.stages:
            took = (found.stages[stage] - found.sent_at).total_seconds()
            lines.append(f"{stage:9} {_clock(found.stages[stage])}  after {took:.2f} s")
    if found.answer is not None and found.answer is not AnswerResult.ACCEPTED:
        lines.append(f"the provider's answer: {_answer(found)}")
    return lines


def _tell(lines: Iterable[str], told: set[str]) -> None:
    for line in lines:
        if line not in told:
            typer.echo(line)
            told.add(line)


def _end(found: ProbeStatus | None, patience: float) -> None:
    if found is None:
        why = f"no worker took the probe within {patience:g} s: are probe workers running?"
        fail(why, UNREACHABLE)
    if Stage.SEEN in found.stages:
        return
    if found.answer in FAILED:
        fail(f"not accepted: the provider's answer was {_answer(found)}", NOT_DONE)
    reached = [stage for stage in Stage if stage in found.stages]
    missing = Stage.SEEN if Stage.ACCEPTED in reached else Stage.ACCEPTED
    after = f"; the last stage reached was {reached[-1]}" if reached else ""
    fail(f"not {missing} within {patience:g} s{after}", NOT_DONE)


def _answer(found: ProbeStatus) -> str:
    return f"{found.answer} ({found.answer_code})" if found.answer_code else f"{found.answer}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S.%f}"[:-3]
