"""The detector in the process: from evidence on a real Kafka to what `bongsu status` prints."""

import asyncio
import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from services.contracts import codec, topics
from services.contracts.codec import Encoded
from services.contracts.evidence import ProbeCommand
from services.contracts.vocabulary import Purpose
from services.runtime.kafka import Address, Producer
from services.runtime.kafka_readers import follow
from services.storage import incidents, people
from services.storage.incidents import Incident
from services.storage.pool import Pool, transaction
from tests.integration.alerting.running import Process, process, send
from tests.support.commands import BONGSU, ROOT, clean_environment
from tests.support.outage import ALIMTALK, DEAD, kakaotalk_is_dead
from tests.support.waiting import eventually

STATE = 'bongsu_channel_state{channel="alimtalk",provider="sens"} 0.0'


def _instance(address: Address, database: str, name: str = "one") -> Process:
    return Process(address.options["bootstrap_servers"], address.prefix, database, name)


async def _causes(pool: Pool) -> list[Incident]:
    async with transaction(pool) as conn:
        return (await incidents.standing(conn)).open


async def _shows_the_outage(one: Process) -> bool:
    return STATE in await _metrics(one)


def _status(address: Address, database: str, folder: Path, *words: str) -> str:
    done = _said(address, database, folder, "status", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _said(
    address: Address, database: str, folder: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    settings = {
        "BONGSU_KAFKA": address.options["bootstrap_servers"], "BONGSU_DEVELOPMENT": "true",
        "BONGSU_POSTGRES": database, "BONGSU_DATA": str(folder),
    }  # fmt: skip
    return subprocess.run(
        [*BONGSU, *words], cwd=ROOT, env=clean_environment() | settings,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


async def test_a_dead_platform_is_named_shown_and_still_the_same_after_a_kill(
    address: Address, applied: Producer, pool: Pool, database: str, tmp_path: Path
) -> None:
    one = _instance(address, database)
    await one.start()
    try:
        await eventually(one.ready, within=60)
        await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
        (cause,) = await eventually(lambda: _causes(pool), within=20)
        assert (cause.component, cause.hypothesis, cause.monitor) == (DEAD, "dead", False)
        assert set(cause.routes) == set(ALIMTALK)
        await eventually(lambda: _shows_the_outage(one), within=10)

        told = await asyncio.to_thread(_status, address, database, tmp_path)
        assert re.search(
            rf"^severity [12]: {DEAD} \(or {DEAD}/alimtalk\) dead since \d\d-\d\d \d\d:",
            told,
            re.MULTILINE,
        )
        assert re.search(r"geoje\.alimtalk\.sens +down +\d", told)
        assert re.search(r"geoje\.sms\.sens +up ", told)
        routes = json.loads(await asyncio.to_thread(_status, address, database, tmp_path, "--json"))
        states = {line["route"]: (line["state"], line["cause"]) for line in routes}
        assert states["suyeong.alimtalk.nhn"] == ("down", DEAD)
        assert states["moel.sms.nhn"] == ("up", None)

        await one.kill()
        await one.start()
        await eventually(lambda: _shows_the_outage(one), within=60)
        (again,) = await _causes(pool)
        assert (again.component, again.id, again.started_at, again.detected_at) == (
            cause.component, cause.id, cause.started_at, cause.detected_at,
        )  # fmt: skip
        assert await one.stop() == 0
    finally:
        await one.kill()


async def test_of_two_instances_one_writes_and_when_it_stops_the_other_does(
    address: Address, applied: Producer, pool: Pool, database: str
) -> None:
    kafka, prefix = address.options["bootstrap_servers"], address.prefix
    async with (
        process(kafka, prefix, database, "one") as one,
        process(kafka, prefix, database, "two") as two,
    ):
        await eventually(one.ready, within=60)
        await eventually(two.ready, within=60)
        await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
        await eventually(lambda: _causes(pool), within=20)

        async def writer() -> Process | None:
            found = [each for each in (one, two) if await _shows_the_outage(each)]
            return found[0] if len(found) == 1 else None

        first = await eventually(writer, within=10)
        assert await first.stop() == 0
        await eventually(lambda: _shows_the_outage(two if first is one else one), within=15)
        assert [cause.component for cause in await _causes(pool)] == [DEAD]


async def test_detecting_goes_on_while_storing_waits(
    address: Address, applied: Producer, pool: Pool, database: str
) -> None:
    async with process(address.options["bootstrap_servers"], address.prefix, database) as one:
        await eventually(one.ready, within=60)
        async with transaction(pool) as conn:
            await conn.execute("LOCK TABLE evidence IN ACCESS EXCLUSIVE MODE")
            await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
            (cause,) = await eventually(lambda: _causes(pool), within=20)
        assert cause.component == DEAD


async def test_storing_goes_on_while_the_detector_fails_which_is_seen_and_heals(
    address: Address, applied: Producer, pool: Pool, database: str
) -> None:
    async with process(address.options["bootstrap_servers"], address.prefix, database) as one:
        await eventually(one.ready, within=60)
        async with transaction(pool) as conn:
            await conn.execute("ALTER TABLE detector_state RENAME TO away")
        events = list(kakaotalk_is_dead(datetime.now(UTC)))
        await send(applied, events)

        async def crashed() -> bool:
            found = re.search(r"^bongsu_detection_crashes_total (\S+)", await _metrics(one), re.M)
            return found is not None and float(found[1]) > 1

        async def stored() -> bool:
            async with transaction(pool) as conn:
                return len(events) == await conn.fetchval("SELECT count(*) FROM evidence")

        await eventually(crashed, within=20)
        await eventually(stored, within=20)
        assert await one.alive()
        async with transaction(pool) as conn:
            await conn.execute("ALTER TABLE away RENAME TO detector_state")
        (cause,) = await eventually(lambda: _causes(pool), within=30)
        assert cause.component == DEAD


async def _metrics(one: Process) -> str:
    return (await one.ask("/metrics"))[1]


async def test_a_suspicion_asks_for_confirm_probes(
    address: Address, applied: Producer, pool: Pool, database: str
) -> None:
    async with process(address.options["bootstrap_servers"], address.prefix, database) as one:
        await eventually(one.ready, within=60)
        first = list(kakaotalk_is_dead(datetime.now(UTC)))[:2]
        await send(applied, first)  # one message that has been silent for a minute and a half
        stopping, found = asyncio.Event(), []
        async with asyncio.timeout(30):
            async for records, _ in follow(address, topics.COMMANDS, stopping):
                found += [codec.decode(r.value, r.headers) for r in records]
                if found:
                    stopping.set()
        command = found[0]
        assert isinstance(command, ProbeCommand)
        assert (command.route, command.purpose) == ("geoje.alimtalk.sens", Purpose.CONFIRM)


async def test_a_record_nobody_can_read_disturbs_no_verdict(
    address: Address, applied: Producer, pool: Pool, database: str
) -> None:
    await applied.send(topics.EVIDENCE, Encoded(b"one key", b"{"))
    async with process(address.options["bootstrap_servers"], address.prefix, database) as one:
        await eventually(one.ready, within=60)
        await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
        (cause,) = await eventually(lambda: _causes(pool), within=20)
        assert cause.component == DEAD


async def test_people_note_and_close_an_incident_and_the_leader_writes_it_down(
    address: Address, applied: Producer, pool: Pool, database: str, tmp_path: Path
) -> None:
    async def say(*words: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(_said, address, database, tmp_path, "incidents", *words)

    async with process(address.options["bootstrap_servers"], address.prefix, database) as one:
        await eventually(one.ready, within=60)
        await send(applied, kakaotalk_is_dead(datetime.now(UTC)))
        (cause,) = await eventually(lambda: _causes(pool), within=20)
        async with transaction(pool) as conn:
            await people.acknowledge(conn, [cause.id], "kim", "link", 20)
        assert (await say("note", cause.id, "전화함")).stdout == "noted\n"
        assert (await say("close", cause.id, "--reason", "끝남")).stdout == "closed\n"
        shown = json.loads((await say("show", cause.id, "--json")).stdout)
        assert shown["status"] == "closed"
        told = [(event["kind"], event["note_ko"]) for event in shown["events"]]
        assert told[0][0] == "opened"
        again = "확인함: 20분 안에 메모나 종료가 없으면 다시 호출"
        assert told[-3:] == [
            ("acknowledged", again), ("note", "전화함"), ("closed", "사람이 종료함: 끝남")
        ]  # fmt: skip
        assert shown["candidates"][0]["component"] == DEAD
        assert (await say("list")).stdout == "no open incident\n"
    for words, sentence in (
        (("note", cause.id, "x" * 2001), "a text has 1 to 2000 characters, this one has 2001"),
        (("close", cause.id, "--reason", "again"), f"{cause.id} is closed already"),
        (("show", "nothing@1"), "there is no incident nothing@1"),
    ):
        refused = await say(*words)
        assert refused.returncode != 0
        assert refused.stderr.startswith(f"bongsu: {sentence}")
        assert refused.stderr.count("\n") == 1
