"""Commands: carried out once, within their time, their allowance and the shards' ownership."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from services.contracts.codec import encode
from services.contracts.evidence import ProbeCommand, Record
from services.contracts.vocabulary import Purpose
from services.probe.commands import Commands, Fate, judge
from services.probe.metrics import Metrics
from services.probe.schedule import PlannedProbe
from services.runtime.errors import Retry
from services.runtime.kafka_readers import Fetched
from tests.support.builders import MINUTE, SLOT, a_command, a_heartbeat
from tests.support.probing import ADAPTER, ROUTE, a_catalogue, a_route
from tests.support.waiting import eventually


def _command(**over: Any) -> ProbeCommand:
    return a_command(**{"route": ROUTE, "receiver": "kt-01"} | over)


def _numbered(number: int) -> ProbeCommand:
    return _command(command_id=UUID(int=number))


def _records(*records: Record) -> dict[tuple[str, int], list[Fetched]]:
    fetched = [
        Fetched("t.commands", 0, place, e.key, e.value, tuple(e.headers), SLOT)
        for place, e in enumerate(map(encode, records))
    ]
    return {("t.commands", 0): fetched}


@pytest.fixture
def commands_of() -> Callable[..., tuple[Commands, CollectorRegistry]]:
    def make(bench: Any, a_day: int = 1000, shards: int = 1) -> tuple[Commands, CollectorRegistry]:
        async def count() -> int:
            return shards

        registry = CollectorRegistry()
        adapters = bench.accounts.adapters
        commands = Commands(bench.worker, count, a_day, adapters, bench.clock, Metrics(registry))
        return commands, registry

    return make


def _counted(registry: CollectorRegistry, fate: Fate) -> float:
    return registry.get_sample_value("bongsu_probe_commands_total", {"result": fate}) or 0.0


async def test_a_command_is_announced_before_its_offset_may_move_and_the_call_goes_on(
    bench_of: Any, commands_of: Any
) -> None:
    gate = asyncio.Event()
    bench = await bench_of(gate)
    commands, registry = commands_of(bench)
    await commands.handle(_records(_command()))
    assert [(s.purpose, s.receiver, s.command_id) for s in bench.sent] == [
        (Purpose.CONFIRM, "kt-01", _command().command_id)
    ]
    assert not bench.answers
    gate.set()
    await eventually(lambda: bench.answers, within=5)
    assert _counted(registry, Fate.STARTED) == 1


async def test_a_command_read_again_is_carried_out_once(bench_of: Any, commands_of: Any) -> None:
    bench = await bench_of()
    commands, registry = commands_of(bench)
    await commands.handle(_records(_command(), _command()))
    await commands.handle(_records(_command()))
    await eventually(lambda: bench.answers, within=5)
    assert len(bench.sent) == 1
    assert _counted(registry, Fate.REPEATED) == 2


async def test_two_workers_make_the_same_probe_id_of_one_command(
    bench_of: Any, commands_of: Any
) -> None:
    ids = []
    for _ in range(2):
        bench = await bench_of()
        await commands_of(bench)[0].handle(_records(_command()))
        ids.append(bench.sent[0].probe_id)
    assert ids[0] == ids[1]


async def test_a_command_stays_unread_while_kafka_takes_no_announcement(
    bench_of: Any, commands_of: Any
) -> None:
    bench = await bench_of()
    commands, registry = commands_of(bench)
    bench.publisher.away = True
    with pytest.raises(Retry):
        await commands.handle(_records(_command()))
    bench.publisher.away = False
    await commands.handle(_records(_command()))
    await eventually(lambda: bench.answers, within=5)
    assert _counted(registry, Fate.STARTED) == 1


async def test_a_command_stays_unread_when_the_process_ends(
    bench_of: Any, commands_of: Any
) -> None:
    bench = await bench_of()
    await bench.worker.drain(0)
    with pytest.raises(Retry):
        await commands_of(bench)[0].handle(_records(_command()))


@pytest.mark.parametrize(
    ("over", "fate"),
    [
        ({"expires_at": SLOT}, Fate.EXPIRED),
        ({"purpose": Purpose.SCHEDULED}, Fate.INVALID),
        ({"slot": SLOT + 11 * MINUTE}, Fate.INVALID),
        ({"route": "geoje.sms.gone"}, Fate.UNKNOWN),
        ({"receiver": "skt-99"}, Fate.UNKNOWN),
        ({"route": "off"}, Fate.DISABLED),
        ({"route": "odd"}, Fate.UNKNOWN),
    ],
)
def test_what_cannot_be_carried_out_says_why(over: dict[str, Any], fate: Fate) -> None:
    routes = a_route(), a_route(id="off", enabled=False), a_route(id="odd", adapter="none")
    assert judge(_command(**over), a_catalogue(*routes), {ADAPTER}, SLOT) is fate


def test_a_command_in_the_restricted_hours_is_not_carried_out() -> None:
    night = SLOT.replace(hour=13)
    command = _command(slot=night, expires_at=night + MINUTE)
    assert judge(command, a_catalogue(night=True), {ADAPTER}, night) is Fate.RESTRICTED


def test_without_a_receiver_the_one_whose_turn_it_is_gets_the_probe() -> None:
    receivers = set()
    for n in range(2):
        command = _command(receiver=None, purpose=Purpose.MANUAL, slot=SLOT - n * MINUTE)
        planned = judge(command, a_catalogue(), {ADAPTER}, SLOT)
        assert isinstance(planned, PlannedProbe)
        receivers.add(planned.receiver)
    assert receivers == {"skt-01", "kt-01"}


def test_confirm_probes_change_the_receiver_with_every_round() -> None:
    receivers = []
    for n in range(6):
        command = _command(
            receiver=None, purpose=Purpose.CONFIRM, slot=SLOT - n * timedelta(seconds=5)
        )
        planned = judge(command, a_catalogue(), {ADAPTER}, SLOT)
        assert isinstance(planned, PlannedProbe)
        receivers.append(planned.receiver)
    assert set(pairwise(receivers)) == {
        ("skt-01", "kt-01"), ("kt-01", "skt-01")
    }  # fmt: skip


async def test_what_is_no_command_is_counted_and_the_others_go_on(
    bench_of: Any, commands_of: Any
) -> None:
    bench = await bench_of()
    commands, registry = commands_of(bench)
    records = _records(a_heartbeat(), _command())
    empty = Fetched("t.commands", 0, 9, None, None, (), SLOT)
    records["t.commands", 0].append(empty)
    await commands.handle(records)
    assert _counted(registry, Fate.INVALID) == 2
    assert _counted(registry, Fate.STARTED) == 1


async def test_the_days_allowance_is_the_owned_share_of_it(bench_of: Any, commands_of: Any) -> None:
    bench = await bench_of()
    commands, registry = commands_of(bench, a_day=12, shards=4)
    await commands.assigned([("t.commands", 1)])
    await commands.handle(_records(*map(_numbered, range(5))))
    assert _counted(registry, Fate.STARTED) == 3
    assert _counted(registry, Fate.ALLOWANCE) == 2
    bench.clock.at += timedelta(days=1)
    over = {"slot": bench.clock.at, "expires_at": bench.clock.at + MINUTE}
    await commands.handle(_records(_command(command_id=UUID(int=9), **over)))
    assert _counted(registry, Fate.STARTED) == 4


async def test_a_command_that_is_read_again_uses_the_allowance_once(
    bench_of: Any, commands_of: Any
) -> None:
    bench = await bench_of()
    commands, registry = commands_of(bench, a_day=1)
    bench.publisher.away = True
    for _ in range(3):
        with pytest.raises(Retry):
            await commands.handle(_records(_command()))
    bench.publisher.away = False
    await commands.handle(_records(_command()))
    assert _counted(registry, Fate.STARTED) == 1
    assert _counted(registry, Fate.ALLOWANCE) == 0


async def test_assigned_shards_bring_their_routes_and_revoked_ones_take_them_away(
    bench_of: Any, commands_of: Any
) -> None:
    bench = await bench_of(catalogue=a_catalogue(*(a_route(id=f"r{n}") for n in range(100))))
    commands, _ = commands_of(bench, shards=2)
    starts = await commands.assigned([("t.commands", 0)])
    assert starts == {("t.commands", 0): None}
    half = bench.value("bongsu_probe_routes")
    assert 20 < half < 80
    await commands.assigned([("t.commands", 0), ("t.commands", 1)])
    assert bench.value("bongsu_probe_routes") == 100
    await commands.revoked([("t.commands", 1)])
    assert bench.value("bongsu_probe_routes") == half
