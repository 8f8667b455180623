"""Look-ups: rebuilt from evidence, published when something changed, patient with a provider."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from services.adapters.base import Adapter, Message, Report, SendResult, Surroundings
from services.contracts.catalogue import Account, Catalogue
from services.contracts.codec import encode
from services.contracts.evidence import Record, ReportReceived
from services.contracts.vocabulary import Channel, ReportState
from services.ingest.metrics import Metrics
from services.ingest.pending import Message as Open
from services.ingest.poll import Poller
from services.ingest.reports import report_received
from services.runtime.errors import Retry, Stop
from services.runtime.kafka_readers import Fetched, Partition
from services.runtime.secrets import SecretFolder
from tests.support import probing
from tests.support.builders import MINUTE, SECOND, SLOT, a_report, an_answer
from tests.support.memory import MemoryPublisher
from tests.support.probing import MovedClock, an_account
from tests.support.waiting import eventually
from tests.unit.ingest.handset import KEEPER

HERE = ("t.evidence", 3)
SOON_S = 10.0


class Script:
    """What the provider answers, in order; the last stays. `asked` = ids of each look-up."""

    def __init__(self, *answers: list[Report] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []
        self.built: list[Surroundings] = []


def scripted(script: Script, batch: int = 10) -> type[Adapter]:
    """An adapter class that looks up by the script."""

    class Scripted:
        channels = frozenset({Channel.SMS})
        look_up_batch = batch

        def __init__(self, surroundings: Surroundings) -> None:
            script.built.append(surroundings)

        async def send(self, message: Message) -> SendResult:
            raise AssertionError("ingest sends nothing")

        async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
            script.asked.append(list(message_ids))
            answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

    kind: type[Adapter] = Scripted
    return kind


class Bench:
    """A poller with a scripted provider, a moved clock, and evidence handed to it."""

    def __init__(
        self,
        folder: Path,
        script: Script,
        batch: int = 10,
        others: Mapping[str, type[Adapter]] | None = None,
    ) -> None:
        self.folder, self.script = folder, script
        self.clock, self.published = MovedClock(SLOT + SECOND), MemoryPublisher()
        self.registry = CollectorRegistry()
        self.catalogue: Catalogue = probing.a_catalogue(accounts=(an_account(),))
        self.asked_from: list[datetime] = []
        self.turns = 0
        self.give_secret("first secret")
        self.poller = Poller(
            KEEPER, {"scripted": scripted(script, batch), **(others or {})}, self._in_force,
            SecretFolder(folder), {}, self.published, self._starts, Metrics(self.registry),
            self.clock,
        )  # fmt: skip

    def turned_round(self) -> bool:
        """Has the loop of the account looked for work and found none at least once?"""
        return self.turns > 1

    def _in_force(self) -> Catalogue:
        self.turns += 1
        return self.catalogue

    def give_secret(self, value: str) -> None:
        """Put the account's secret into the folder."""
        (self.folder / "sens.json").write_text(json.dumps({"access_key": value}))

    def change(self, account: Account) -> None:
        """Another catalogue comes into force."""
        self.catalogue = probing.a_catalogue(accounts=(account,))

    async def _starts(
        self, partitions: Collection[Partition], since: datetime
    ) -> Mapping[Partition, int]:
        self.asked_from.append(since)
        return dict.fromkeys(partitions, 42)

    async def read(self, *records: Record) -> None:
        """Evidence arrives, and the end of the partition is reached."""
        fetched = [_fetched(record, n, self.clock.now()) for n, record in enumerate(records)]
        await self.poller.handle({HERE: fetched})
        await self.poller.idle({HERE: self.clock.now()})

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The poller asks until the block ends."""
        stopping = asyncio.Event()
        running = asyncio.create_task(self.poller.run(stopping))
        try:
            yield
        finally:
            stopping.set()
            async with asyncio.timeout(SOON_S):
                await running

    async def passes(self, seconds: float, asked: int) -> None:
        """Time passes; then so many look-ups have been made."""
        self.clock.at += timedelta(seconds=seconds)
        await eventually(lambda: len(self.script.asked) >= asked, within=SOON_S)

    @property
    def stopped(self) -> float:
        """How often an account was found locked out."""
        labels = {"adapter": "scripted", "result": "stopped"}
        return self.registry.get_sample_value("bongsu_ingest_look_ups_total", labels) or 0

    @property
    def states(self) -> list[ReportState]:
        """What was published."""
        reports = [r for r in self.published.records if isinstance(r, ReportReceived)]
        assert len(reports) == len(self.published.records)
        return [report.state for report in reports]


def _fetched(record: Record, offset: int, at: datetime) -> Fetched:
    raw = encode(record)
    return Fetched(*HERE, offset, raw.key, raw.value, tuple(raw.headers), at)


def _answer(**over: Any) -> Any:
    return an_answer(account="sens", adapter="scripted", ended_at=SLOT + SECOND, **over)


def _says(state: ReportState, final: bool, at: datetime | None = SLOT + SECOND) -> Report:
    return Report("message-0001", 0, state, None, None, at, final)


PENDING = [_says(ReportState.PENDING, final=False)]
DELIVERED = [_says(ReportState.DELIVERED, final=True)]


async def test_a_message_is_asked_about_until_its_final_word(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Script([], PENDING, PENDING, DELIVERED))
    assert await bench.poller.assigned([HERE]) == {HERE: 42}
    assert bench.asked_from == [SLOT + SECOND - 2 * 60 * MINUTE]
    await bench.read(_answer())
    async with bench.running():
        for seconds, asked in ((1, 1), (1, 2), (3, 3), (5, 4)):
            await bench.passes(seconds, asked)
        await eventually(lambda: len(bench.poller.pending) == 0, within=SOON_S)
    assert bench.states == [ReportState.PENDING, ReportState.DELIVERED]
    assert bench.script.asked == [["message-0001"]] * 4


async def test_a_code_that_no_table_holds_is_kept_raw_and_counted_once(tmp_path: Path) -> None:
    unknown = Report("message-0001", 0, ReportState.UNKNOWN, "Q1", None, None, final=False)
    bench = Bench(tmp_path, Script([unknown], [unknown], DELIVERED))
    await bench.poller.assigned([HERE])
    await bench.read(_answer())
    async with bench.running():
        for seconds, asked in ((1, 1), (1, 2), (3, 3)):
            await bench.passes(seconds, asked)
        await eventually(lambda: len(bench.poller.pending) == 0, within=SOON_S)
    told = [r.code for r in bench.published.records if isinstance(r, ReportReceived)]
    assert told == ["Q1", None]
    labels = {"adapter": "scripted"}
    assert bench.registry.get_sample_value("bongsu_unmapped_codes_total", labels) == 1


async def test_after_a_restart_only_what_is_still_open_is_asked_about(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Script(DELIVERED))
    await bench.poller.assigned([HERE])
    done = _answer(provider_message_id="done")
    report = a_report(account="sens", provider_message_id="done")
    await bench.read(done, _answer(), report, _answer(result="unclear", provider_message_id=None))
    async with bench.running():
        await bench.passes(1, 1)
    assert bench.script.asked[0] == ["message-0001"]


async def test_nobody_is_asked_before_the_partition_is_read_to_its_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Script(DELIVERED))
    await bench.poller.assigned([HERE])
    old = _fetched(_answer(), 1, SLOT - 60 * MINUTE)
    await bench.poller.handle({HERE: [old]})
    async with bench.running():
        bench.clock.at += 60 * SECOND
        await eventually(bench.turned_round, within=SOON_S)
        assert bench.script.asked == []
        await bench.poller.handle({HERE: [_fetched(_answer(), 2, bench.clock.now())]})
        await bench.passes(0, 1)


async def test_messages_of_partitions_that_went_are_not_asked_about(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Script(DELIVERED))
    await bench.poller.assigned([HERE])
    await bench.read(_answer())
    await bench.poller.revoked([HERE])
    assert len(bench.poller.pending) == 0


async def test_a_provider_that_is_away_is_asked_again(tmp_path: Path, lines: list[Any]) -> None:
    bench = Bench(tmp_path, Script(Retry("unreachable"), DELIVERED))
    await bench.poller.assigned([HERE])
    await bench.read(_answer())
    async with bench.running():
        await bench.passes(1, 1)
        await bench.passes(60, 2)
        await eventually(lambda: bench.states, within=SOON_S)
    assert [line["reason"] for line in lines] == ["unreachable"]


async def test_a_report_that_kafka_did_not_take_is_fetched_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Script(DELIVERED))
    bench.published.away = True
    await bench.poller.assigned([HERE])
    await bench.read(_answer())
    async with bench.running():
        await bench.passes(1, 1)
        await eventually(lambda: bench.published.refused, within=SOON_S)
        assert len(bench.poller.pending) == 1
        bench.published.away = False
        await bench.passes(60, 2)
        await eventually(lambda: bench.states == [ReportState.DELIVERED], within=SOON_S)


async def test_a_locked_out_account_rests_says_so_once_and_wakes_with_a_new_secret(
    tmp_path: Path, lines: list[Any]
) -> None:
    bench = Bench(tmp_path, Script(Stop("bad_key"), Stop("bad_key"), DELIVERED))
    await bench.poller.assigned([HERE])
    await bench.read(_answer())
    async with bench.running():
        await bench.passes(1, 1)
        await eventually(lambda: bench.stopped == 1, within=SOON_S)
        await bench.passes(601, 2)
        await eventually(lambda: bench.stopped == 2, within=SOON_S)
        bench.give_secret("second secret")
        await bench.passes(600, 3)
        await eventually(lambda: bench.states, within=SOON_S)
    assert [line["event"] for line in lines] == ["look-ups stopped"]
    secrets = [around.secret["access_key"].get_secret_value() for around in bench.script.built]
    assert secrets[-1] == "second secret"
    assert bench.stopped == 2


async def test_a_key_locked_out_of_one_service_is_asked_with_at_the_other(tmp_path: Path) -> None:
    closed = {"closed": scripted(Script(Stop("permission")))}
    bench = Bench(tmp_path, Script(DELIVERED), others=closed)
    await bench.poller.assigned([HERE])
    locked_out = _answer(provider_message_id="locked-out").model_copy(update={"adapter": "closed"})
    await bench.read(locked_out, _answer())
    async with bench.running():
        await bench.passes(1, 1)
        await eventually(lambda: bench.states == [ReportState.DELIVERED], within=SOON_S)


async def test_a_changed_account_gets_a_session_of_its_own(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Script([]))
    await bench.poller.assigned([HERE])
    await bench.read(_answer())
    async with bench.running():
        await bench.passes(1, 1)
        bench.change(an_account(base_url="http://127.0.0.1:2"))
        await bench.passes(60, 2)
    assert [around.base_url for around in bench.script.built][-1] == "http://127.0.0.1:2"


def test_a_report_without_a_time_has_the_same_id_all_day_and_another_by_state() -> None:
    probe = an_answer().probe_id
    message = Open(probe, ("sens", "scripted"), "message-0001", HERE, SLOT)
    morning, evening = SLOT, SLOT + timedelta(hours=9)
    waiting, done = (
        _says(state, final=True, at=None) for state in (ReportState.PENDING, ReportState.DELIVERED)
    )
    one = report_received(message.probe_id, "sens", waiting, KEEPER, morning)
    assert one.reported_at == morning
    assert (
        one.event_id == report_received(message.probe_id, "sens", waiting, KEEPER, evening).event_id
    )
    assert one.event_id != report_received(message.probe_id, "sens", done, KEEPER, morning).event_id
