"""Step 2: announce a probe, hand it to its adapter, record the answer.

In:  planned probes (step 1, or a command). Out: `probe.sent`, a call (step 3), `probe.answered`.
Before: `schedule.due_probes`, `commands.py`. After: the provider, and ingest's step 4.
Nothing is sent that was not announced: without Kafka's acknowledgement the slot is not measured.
A process that dies between the two events leaves a probe without an answer: unknown, no fault.
"""

import asyncio
import contextlib
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.adapters.base import Adapter, Message, SendResult
from services.contracts.catalogue import Catalogue
from services.contracts.codec import encode
from services.contracts.evidence import ProbeAnswered, ProbeSent
from services.contracts.slots import ACCEPTED_WITHIN
from services.contracts.topics import EVIDENCE
from services.contracts.vocabulary import AnswerResult, FaultDomain, Purpose
from services.probe import schedule
from services.probe.accounts import Accounts, OpenAccount
from services.probe.call import call
from services.probe.gate import Gate
from services.probe.message import Keys, announcement, answer_of, build_message, canary
from services.probe.metrics import Metrics
from services.probe.schedule import NotSent, PlannedProbe, Wheel
from services.probe.stops import Admission, StopReason
from services.runtime.clock import Clock
from services.runtime.errors import Retry, SetAside, Stop
from services.runtime.kafka import Publisher
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause

PERMIT_WITHIN_S = 5.0
ANSWER_KEPT_S = 300.0
MOST_IN_FLIGHT = 5_000
LONGEST_SLEEP_S = 0.2  # routes that came meanwhile wait no longer
CANARY_EVERY = timedelta(seconds=10)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announced:
    """A probe that Kafka knows of and that holds a permit of its account."""

    sent: ProbeSent
    message: Message
    adapter: Adapter
    account: OpenAccount
    admission: Admission


class _Unsent(Exception):
    """Nothing of this slot or command will be sent."""

    def __init__(self, reason: NotSent) -> None:
        self.reason = reason


class Worker:
    """Runs the routes of the shards it owns, and the commands it is given."""

    def __init__(
        self,
        keys: Keys,
        accounts: Accounts,
        publisher: Publisher,
        clock: Clock,
        metrics: Metrics,
        health: Health,
    ) -> None:
        self._keys, self._accounts, self._publisher = keys, accounts, publisher
        self._clock, self._metrics, self._health = clock, metrics, health
        self.catalogue: Catalogue | None = None
        self._wheel, self._gate = Wheel(), Gate(metrics, clock)
        self._owned: frozenset[int] = frozenset()
        self._partitions = 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._canary_at: datetime | None = None
        self._said: set[str] = set()

    def change(self, catalogue: Catalogue) -> None:
        """A catalogue came into force: routes follow it from their next slot."""
        self.catalogue = catalogue
        self._said.clear()
        self._accounts.keep(catalogue.accounts)
        self._gate.change(catalogue)
        self._turn_routes()

    def own(self, shards: Collection[int], of: int) -> None:
        """These of `of` shards are mine now; the routes of lost ones stop at once."""
        self._owned, self._partitions = frozenset(shards), of
        self._turn_routes()

    def disown(self, shards: Collection[int]) -> None:
        """These shards are no longer mine."""
        self.own(self._owned - set(shards), self._partitions)

    @property
    def share(self) -> float:
        """The share of all shards that is owned here."""
        return len(self._owned) / self._partitions

    async def run(self, stopping: asyncio.Event) -> None:
        """Step 1 in a loop: start what is due, sleep to the next tick that is not empty."""
        while not stopping.is_set():
            self._health.turn("schedule")
            if self.catalogue is not None:
                self._start_due(self.catalogue)
                self._start_canary(self._clock.steady())
            await pause(stopping, self._sleep_s())
        self._stopping = True

    async def run_probe(self, planned: PlannedProbe) -> None:
        """One probe from its slot to its recorded answer."""
        announced = await self.announce(planned)
        if isinstance(announced, Announced):
            await self.carry_out(announced)

    async def announce(self, planned: PlannedProbe) -> Announced | NotSent:
        """Publish `probe.sent`, wait until Kafka has it. What comes back announced must be given
        to `carry_out`; what is not sent is counted here, with the reason."""
        try:
            return await self._announce(planned)
        except _Unsent as unsent:
            self._metrics.not_sent.labels(planned.route.channel, unsent.reason).inc()
            return unsent.reason

    async def _announce(self, planned: PlannedProbe) -> Announced:
        message = self._write(planned)
        account, adapter = self._way_out(planned)
        await self._take_permit(account)
        try:
            admission = self._admit(planned)
            sent = await self._publish_sent(planned, message, admission)
        except BaseException:
            account.release()
            raise
        return Announced(sent, message, adapter, account, admission)

    async def carry_out(self, announced: Announced) -> None:
        """Call the provider, publish `probe.answered`."""
        sent = announced.sent
        try:
            answer = await self._call(announced)
            self._metrics.answered.labels(sent.channel, sent.provider, answer.result).inc()
            if answer.fault is FaultDomain.UNKNOWN:
                self._metrics.unmapped_codes.labels(sent.adapter).inc()
            await self._publish_answer(answer)
        except asyncio.CancelledError:
            self._metrics.unfinished.labels("stopped").inc()
            raise

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Let a probe go on in the background; `drain` waits for it."""
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, within_s: float) -> None:
        """Take nothing new, let calls under way end; the rest stays without an answer."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            _log.warning("probes stay without an answer", count=len(left))

    def _turn_routes(self) -> None:
        if self.catalogue is None:
            return
        routes = schedule.owned_routes(
            self.catalogue, self._accounts.adapters, self._owned, self._partitions
        )
        self._wheel.set_routes(routes, self._clock.steady())
        self._metrics.routes.set(len(routes))

    def _start_due(self, catalogue: Catalogue) -> None:
        due = schedule.due_probes(self._wheel, catalogue, self._clock.steady())
        for planned in due.probes:
            if len(self._tasks) < MOST_IN_FLIGHT:
                self.keep(self.run_probe(planned))
            else:
                due.not_sent[planned.route.channel, NotSent.BUSY] += 1
        for (channel, reason), count in due.not_sent.items():
            self._metrics.not_sent.labels(channel, reason).inc(count)

    def _start_canary(self, now: datetime) -> None:
        """From the loop that starts probes, by a worker that has some: its silence is theirs."""
        due = self._canary_at is None or now - self._canary_at >= CANARY_EVERY
        if due and self._owned:
            self._canary_at = now
            self.keep(self._announce_canary())

    async def _announce_canary(self) -> None:
        with contextlib.suppress(Retry):  # another follows, and what is missed is missed
            await self._publisher.send(EVIDENCE, encode(canary(self._keys, self._clock.now())))
            self._metrics.selfcheck.labels("announced").set_to_current_time()

    def _sleep_s(self) -> float:
        next_at = self._wheel.next_at()
        if next_at is None:
            return LONGEST_SLEEP_S
        left_s = (next_at - self._clock.steady()).total_seconds()
        return min(LONGEST_SLEEP_S, max(0.001, left_s))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            # The top of one probe's task: a fault here must not end the probes of all others.
            self._metrics.unfinished.labels("crashed").inc()
            _log.exception("a probe failed in a way nobody foresaw")

    def _write(self, planned: PlannedProbe) -> Message:
        route = planned.route.id
        try:
            return build_message(planned, self._keys, self._accounts.secrets)
        except Stop as error:
            if route not in self._said:
                self._said.add(route)
                _log.error("route cannot be probed", route=route, reason=str(error))
            raise _Unsent(NotSent.MISCONFIGURED) from None

    def _way_out(self, planned: PlannedProbe) -> tuple[OpenAccount, Adapter]:
        route = planned.route
        try:
            account, fresh = self._accounts.open(planned.catalogue.accounts[route.account])
            adapter = account.adapter(route.adapter, self._accounts.adapters[route.adapter])
        except Stop as error:
            self._gate.stop(route.account, StopReason.MISCONFIGURED, str(error))
            raise _Unsent(NotSent.MISCONFIGURED) from None
        if fresh:
            self._gate.mended(route.account)
        return account, adapter

    async def _take_permit(self, account: OpenAccount) -> None:
        try:
            await account.permit(PERMIT_WITHIN_S)
        except Retry:
            raise _Unsent(NotSent.BUSY) from None

    def _admit(self, planned: PlannedProbe) -> Admission:
        if self._stopping:
            raise _Unsent(NotSent.STOPPING)
        admission = self._gate.admit(planned.route.account)
        if admission is Admission.CLOSED:
            raise _Unsent(NotSent.STOPPED)
        return admission

    async def _publish_sent(
        self, planned: PlannedProbe, message: Message, admission: Admission
    ) -> ProbeSent:
        now = self._clock.steady()
        sent = announcement(planned, message, self._keys, self._clock.now())
        try:
            await self._publisher.send(EVIDENCE, encode(sent))
        except (Retry, SetAside) as error:
            self._gate.not_used(sent.account, admission)
            _log.warning("not announced, so not sent", route=sent.route, reason=error.reason)
            raise _Unsent(NotSent.KAFKA) from None
        self._gate.sent(sent)
        self._metrics.sent.labels(sent.channel, sent.provider, sent.carrier, sent.body).inc()
        if sent.purpose is Purpose.SCHEDULED:
            delay_s = (now - planned.slot).total_seconds()
            self._metrics.schedule_delay.labels(sent.channel).observe(delay_s)
        return sent

    async def _call(self, announced: Announced) -> ProbeAnswered:
        sent, account, started_at = announced.sent, announced.account, self._clock.now()
        within = min(timedelta(seconds=sent.interval_s), ACCEPTED_WITHIN).total_seconds()
        try:
            result = await call(
                announced.adapter, announced.message, within, account.answer_within_s
            )
        except Stop as error:
            self._gate.stop(sent.account, StopReason.MISCONFIGURED, str(error))
            result = SendResult(AnswerResult.REFUSED, error.reason, FaultDomain.BODY)
        else:
            self._gate.learn(sent.account, announced.admission, result)
        finally:
            account.release()
        return answer_of(self._keys, sent, result, started_at, self._clock.now())

    async def _publish_answer(self, answer: ProbeAnswered) -> None:
        """A short absence of Kafka loses no answer: it is kept and tried again for 5 minutes."""
        backoff = Backoff(cap_s=2.0)
        try:
            async with asyncio.timeout(ANSWER_KEPT_S):
                while True:
                    try:
                        return await self._publisher.send(EVIDENCE, encode(answer))
                    except Retry:
                        await asyncio.sleep(backoff.next_s())
        except (TimeoutError, SetAside) as error:
            self._metrics.unfinished.labels("lost").inc()
            _log.error("an answer could not be recorded", reason=str(error) or "time-out")
