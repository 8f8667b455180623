"""Step 4, look-ups: providers without webhooks are asked about our own messages, by their ids.

In:  evidence of the partitions owned in group `poll`, from two hours back. Out: `report.received`
     on Kafka, whenever a leg's state changes.
Before: `probe` published `probe.answered`. After: storing and detection.
Nothing is kept: a restart reads the last two hours again and asks about what is still open.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr, ValidationError

from services.adapters.base import Adapter, LooksUp, Report, Surroundings
from services.contracts import codec, evidence, topics
from services.contracts.catalogue import Account, Catalogue
from services.contracts.evidence import ProbeAnswered, ReportReceived
from services.ingest.metrics import Metrics
from services.ingest.pending import Line, Message, Pending, news
from services.ingest.receive import Keeper, Publisher
from services.runtime.clock import Clock
from services.runtime.errors import Retry, Stop
from services.runtime.http import Destination, open_session
from services.runtime.kafka_readers import Fetched, Partition
from services.runtime.retry import Backoff, pause
from services.runtime.secrets import SecretFolder

REACHES_BACK = timedelta(hours=2)
TICK_S = 0.25
ASKED_WITHIN_S = 60.0
AGAIN_CAP_S = 60.0
LOCKED_OUT = timedelta(minutes=10)
_log = structlog.get_logger()

Starts = Callable[[Collection[Partition], datetime], Awaitable[Mapping[Partition, int]]]


@dataclass(frozen=True)
class Contract:
    """What an account is asked with; a change of any part opens a new session."""

    account: Account
    secret: Mapping[str, SecretStr] = field(repr=False)


@dataclass
class _Desk:
    """An account while its session is open."""

    around: Surroundings
    adapters: dict[str, LooksUp]
    again: Backoff


class Poller:
    """A member of group `poll` that asks about the messages of its partitions.

    The methods of `runtime.kafka_readers.Handler` keep `pending`; `run` asks, account by account.
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
        self.pending = Pending()
        self._keeper, self._catalogue, self._secrets = keeper, catalogue, secrets
        self._adapters = {n: kind for n, kind in adapters.items() if hasattr(kind, "look_up")}
        self._destinations, self._publisher, self._starts = destinations, publisher, starts
        self._metrics, self._clock = metrics, clock
        self._behind: dict[Partition, datetime] = {}
        self._locked_out: set[str] = set()

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
        """Ask until `stopping`, each account in a task of its own."""
        async with asyncio.TaskGroup() as tasks:
            serving: set[str] = set()
            while not stopping.is_set():
                for account in self.pending.accounts() - serving:
                    tasks.create_task(self._serve(account, stopping), name=f"look-up:{account}")
                    serving.add(account)
                self._metrics.look_ups_pending.set(len(self.pending))
                self._metrics.look_ups_dropped.inc(self.pending.take_dropped())
                await pause(stopping, TICK_S)

    async def _serve(self, account: str, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            contract = None
            try:
                contract = self._contract(account)
                if contract is None:
                    await pause(stopping, TICK_S)
                else:
                    await self._under(contract, stopping)
            except Stop as error:
                self._tell_locked_out(account, error)
                await self._wait_for_change(account, contract, stopping)

    def _contract(self, account: str) -> Contract | None:
        """The account as it stands in catalogue and secrets now. Raises Stop without a secret."""
        catalogue = self._catalogue()
        known = catalogue.accounts.get(account) if catalogue else None
        return Contract(known, self._secrets.fields(known.secret)) if known else None

    async def _under(self, contract: Contract, stopping: asyncio.Event) -> None:
        """One session, for as long as account and secret stay what they are."""
        account = contract.account
        destination = self._destinations.get(account.id, Destination())
        async with contextlib.AsyncExitStack() as stack:
            try:
                session = await stack.enter_async_context(
                    open_session(destination, account.concurrency)
                )
            except OSError as error:
                raise Stop("ca", f"account {account.id}: its CA: {error.strerror}") from None
            url = destination.url or account.base_url
            around = Surroundings(account, contract.secret, session, url, destination.proxy)
            desk = _Desk(around, {}, Backoff(1.0, AGAIN_CAP_S))
            while not stopping.is_set() and self._contract(account.id) == contract:
                asked = [await self._ask(n, desk, stopping) for n in self._open_lines(account.id)]
                if not any(asked):
                    await pause(stopping, TICK_S)

    def _open_lines(self, account: str) -> list[Line]:
        return [] if self._behind else self.pending.lines(account)

    async def _ask(self, line: Line, desk: _Desk, stopping: asyncio.Event) -> bool:
        """One look-up of what is due on a line, if anything is. Raises Stop when locked out."""
        name, now = line[1], self._clock.now()
        if name not in desk.adapters:
            desk.adapters[name] = _looking(self._adapters[name](desk.around))
        batch = self.pending.due(line, now, desk.adapters[name].look_up_batch)
        if not batch:
            return False
        wait = timedelta(0)
        left = {message.provider_message_id: message for message in batch}
        try:
            await self._look_up(desk.adapters[name], left)
            desk.again.reset()
            self._locked_out.discard(line[0])
            self._metrics.look_ups.labels(name, "answered").inc()
        except (Retry, TimeoutError) as error:
            wait = timedelta(seconds=desk.again.next_s())
            reason = error.reason if isinstance(error, Retry) else "silent"
            self._metrics.look_ups.labels(name, "retried").inc()
            _log.warning("look-up to be repeated", account=line[0], adapter=name, reason=reason)
        finally:
            self.pending.later(left.values(), self._clock.now(), self._clock.now() + wait)
        await pause(stopping, wait.total_seconds())
        return True

    async def _look_up(self, adapter: LooksUp, left: dict[str, Message]) -> None:
        """Ask and publish; `left` loses each message whose news is safe. Raises Retry, Stop."""
        async with asyncio.timeout(ASKED_WITHIN_S):
            reports = await adapter.look_up(list(left))
        for message_id, message in list(left.items()):
            mine = [r for r in reports if r.provider_message_id == message_id]
            for report in news(message, mine):
                await self._publish(message, report)
            del left[message_id]
            self.pending.asked(message, mine, self._clock.now())

    async def _publish(self, message: Message, report: Report) -> None:
        try:
            record = report_received(message, report, self._keeper, self._clock.now())
        except ValidationError:
            self._metrics.look_ups.labels(message.line[1], "unreadable").inc()
            return
        await self._publisher.send(topics.EVIDENCE, codec.encode(record))

    def _tell_locked_out(self, account: str, error: Stop) -> None:
        self._metrics.look_ups.labels("none", "stopped").inc()
        if account not in self._locked_out:
            self._locked_out.add(account)
            _log.error("look-ups of an account stopped", account=account, reason=str(error))

    async def _wait_for_change(
        self, account: str, contract: Contract | None, stopping: asyncio.Event
    ) -> None:
        """Ten minutes, or until somebody changes the account or its secret."""
        until = self._clock.steady() + LOCKED_OUT
        while not stopping.is_set() and self._clock.steady() < until:
            await pause(stopping, TICK_S)
            try:
                if self._contract(account) != contract:
                    return
            except Stop:
                if contract is not None:
                    return


def report_received(
    message: Message, report: Report, keeper: Keeper, now: datetime
) -> ReportReceived:
    """The event of one report. Its id takes UTC midnight where the provider gives no time, so that
    whoever asks again on that day makes the same one; a code that is absent is its state."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    code = report.code or report.state
    return ReportReceived(
        event_id=evidence.report_id(
            keeper.id_key, message.probe_id, (message.line[0], message.provider_message_id),
            report.leg, code, report.reported_at or midnight,
        ),
        source=keeper.source,
        probe_id=message.probe_id,
        account=message.line[0],
        provider_message_id=message.provider_message_id,
        leg=report.leg,
        state=report.state,
        code=report.code,
        fault=report.fault,
        reported_at=report.reported_at or now,
        fields=dict(report.fields),
    )  # fmt: skip


def _looking(adapter: Adapter) -> LooksUp:
    assert isinstance(adapter, LooksUp)  # its class has look_up: see Poller
    return adapter
