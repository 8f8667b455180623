"""Step 4, look-ups: providers are asked about our own messages, by their ids.

In:  evidence of the partitions owned in group `poll`, from two hours back. Out: `report.received`
     on Kafka, whenever a leg's state changes.
Before: `probe` published `probe.answered`. After: storing and detection.
What a webhook told stands in evidence too, and is not asked for.
Nothing is kept: a restart reads the last two hours again and asks about what is still open.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr

from services.adapters.base import Adapter, LooksUp, Report
from services.contracts import codec, topics
from services.contracts.catalogue import Account, Catalogue
from services.contracts.evidence import ProbeAnswered, ReportReceived
from services.contracts.vocabulary import ReportState
from services.ingest.asking import asking
from services.ingest.metrics import Metrics
from services.ingest.pending import Line, Message, Pending, news
from services.ingest.receive import Keeper
from services.ingest.reports import report_received
from services.runtime.clock import Clock
from services.runtime.errors import Retry, SetAside, Stop
from services.runtime.http import Destination
from services.runtime.kafka import Publisher
from services.runtime.kafka_readers import Fetched, Partition
from services.runtime.retry import Backoff, pause
from services.runtime.secrets import SecretFolder

REACHES_BACK = timedelta(hours=2)
TICK_S = 0.25
ASKED_WITHIN_S = 60.0
AGAIN_CAP_S = 60.0
LOCKED_OUT = timedelta(minutes=10)
_log = structlog.get_logger()

# What an account is asked with; a change of any part opens a new session.
Contract = tuple[Account, Mapping[str, SecretStr]]
Starts = Callable[[Collection[Partition], datetime], Awaitable[Mapping[Partition, int]]]


class Poller:
    """A member of group `poll` that asks about the messages of its partitions.

    The methods of `runtime.kafka_readers.Handler` keep `pending`; `run` asks, each line by
    itself: SENS locks a key out of one service and leaves it the other.
    """

    def __init__(
        self,
        keeper: Keeper,
        adapters: Mapping[str, type[Adapter]],
        catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder,
        destinations: Mapping[str, Destination],
        publisher: Publisher,
        starts: Starts,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._keeper, self._catalogue, self._secrets = keeper, catalogue, secrets
        self._adapters = {n: kind for n, kind in adapters.items() if hasattr(kind, "look_up")}
        goes_on = {n: getattr(kind, "goes_on", ()) for n, kind in self._adapters.items()}
        self.pending = Pending(goes_on=goes_on)
        self._destinations, self._publisher, self._starts = destinations, publisher, starts
        self._metrics, self._clock = metrics, clock
        self._behind: dict[Partition, datetime] = {}
        self._locked_out: set[Line] = set()

    async def assigned(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Each partition starts two hours back."""
        now = self._clock.now()
        starts = await self._starts(partitions, now - REACHES_BACK)
        self.pending.own(partitions)
        self._behind.update(dict.fromkeys(partitions, now))
        return starts

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Another instance asks about these from now on."""
        self.pending.forget(partitions)
        for partition in partitions:
            self._behind.pop(partition, None)

    async def handle(self, records: Mapping[Partition, list[Fetched]]) -> None:
        """Learn what was accepted and what is known of it."""
        now = self._clock.now()
        for partition, fetched in records.items():
            for record in fetched:
                self._learn(partition, record, now)
            # Before the end is reached, the report a message waits for may lie ahead.
            if fetched and fetched[-1].known_at >= self._behind.get(partition, now):
                self._behind.pop(partition, None)

    async def idle(self, stored: Mapping[Partition, datetime]) -> None:
        """These partitions are read to their end."""
        for partition in stored:
            self._behind.pop(partition, None)

    def _learn(self, partition: Partition, record: Fetched, now: datetime) -> None:
        try:
            event = codec.decode(record.value, record.headers)
        except codec.InvalidEvent:
            return  # storing sets it aside
        if isinstance(event, ProbeAnswered) and event.adapter in self._adapters:
            self.pending.answered(partition, event, now)
        elif isinstance(event, ReportReceived):
            self.pending.reported(partition, event)

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask until `stopping`, each line in a task of its own."""
        async with asyncio.TaskGroup() as tasks:
            serving: set[Line] = set()
            while not stopping.is_set():
                for line in self.pending.lines() - serving:
                    tasks.create_task(self._serve(line, stopping), name=f"look-up:{line}")
                    serving.add(line)
                self._metrics.look_ups_pending.set(len(self.pending))
                self._metrics.look_ups_dropped.inc(self.pending.take_dropped())
                await pause(stopping, TICK_S)

    async def _serve(self, line: Line, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            contract = None
            try:
                contract = self._contract(line)
                if contract is not None:
                    await self._under(contract, line, stopping)
                await pause(stopping, TICK_S)
            except Stop as error:
                self._tell_locked_out(line, error)
                await self._wait_for_change(line, contract, stopping)

    def _contract(self, line: Line) -> Contract | None:
        """The account as it stands in catalogue and secrets now. Raises Stop without a secret."""
        catalogue = self._catalogue()
        known = catalogue.accounts.get(line[0]) if catalogue else None
        return (known, self._secrets.fields(known.secret)) if known else None

    async def _under(self, contract: Contract, line: Line, stopping: asyncio.Event) -> None:
        """One session, for as long as account and secret stay what they are."""
        account, secret = contract
        kind = self._adapters[line[1]]
        async with asking(kind, account, secret, self._destinations) as adapter:
            assert isinstance(adapter, LooksUp)  # its class has look_up: see __init__
            again = Backoff(1.0, AGAIN_CAP_S)
            while not stopping.is_set() and self._contract(line) == contract:
                await pause(stopping, await self._ask(line, adapter, again))

    async def _ask(self, line: Line, adapter: LooksUp, again: Backoff) -> float:
        """One look-up of what is due, if anything is; the seconds to rest. Raises Stop when locked
        out."""
        now, wait = self._clock.now(), 0.0
        batch = [] if self._behind else self.pending.due(line, now, adapter.look_up_batch)
        if not batch:
            return TICK_S
        left = {message.provider_message_id: message for message in batch}
        try:
            await self._look_up(adapter, left)
            again.reset()
            self._locked_out.discard(line)
            self._metrics.look_ups.labels(line[1], "answered").inc()
        except (Retry, TimeoutError) as error:
            wait = again.next_s()
            reason = error.reason if isinstance(error, Retry) else "silent"
            self._metrics.look_ups.labels(line[1], "retried").inc()
            _log.warning("look-up to be repeated", account=line[0], adapter=line[1], reason=reason)
        finally:
            now = self._clock.now()
            self.pending.later(left.values(), now, now + timedelta(seconds=wait))
        return wait

    async def _look_up(self, adapter: LooksUp, left: dict[str, Message]) -> None:
        """Ask and publish; `left` loses each message whose news is safe. Raises Retry, Stop."""
        async with asyncio.timeout(ASKED_WITHIN_S):
            reports = await adapter.look_up(list(left))
        rest = timedelta(seconds=getattr(adapter, "look_up_pause_s", 0))
        for message_id, message in list(left.items()):
            mine = [r for r in reports if r.provider_message_id == message_id]
            for report in news(message, mine):
                await self._publish(message, report)
            del left[message_id]
            now = self._clock.now()
            self.pending.asked(message, mine, now, now + rest)

    async def _publish(self, message: Message, report: Report) -> None:
        try:
            record = report_received(
                message.probe_id, message.line[0], report, self._keeper, self._clock.now()
            )
        except SetAside:
            self._metrics.look_ups.labels(message.line[1], "unreadable").inc()
            return
        await self._publisher.send(topics.EVIDENCE, codec.encode(record))
        if report.state is ReportState.UNKNOWN:
            self._metrics.unmapped_codes.labels(message.line[1]).inc()

    def _tell_locked_out(self, line: Line, error: Stop) -> None:
        account, adapter = line
        self._metrics.look_ups.labels(adapter, "stopped").inc()
        if line not in self._locked_out:
            self._locked_out.add(line)
            _log.error("look-ups stopped", account=account, adapter=adapter, reason=str(error))

    async def _wait_for_change(
        self, line: Line, contract: Contract | None, stopping: asyncio.Event
    ) -> None:
        """Ten minutes, or until somebody changes the account or its secret."""
        until, held = self._clock.steady() + LOCKED_OUT, contract
        while not stopping.is_set() and self._clock.steady() < until and held == contract:
            await pause(stopping, TICK_S)
            try:
                held = self._contract(line)
            except Stop:
                held = None
