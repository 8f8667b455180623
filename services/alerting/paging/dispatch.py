"""Step 9: pages are sent until somebody has them. Every instance does so.

In:  pages that are due. Out: calls of notifiers, and what they answered. Before: `calls.py` says
over which path and in what words. After: people, Alertmanager, the control room.
A call is written down before it is made and its answer afterwards: who dies between the two leaves
a page that another sends again, under the same key. A call ends before the lease of its page does.
The connections are paging's own: storing that waits for Postgres delays no page.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from services.alerting.database import asking
from services.alerting.metrics import Metrics
from services.alerting.paging import calls
from services.alerting.paging.calls import Call, Terms, Turn
from services.alerting.paging.message import Answer, Kind, Message, Notifying, Result
from services.alerting.paging.targets import target_of
from services.contracts.catalogue import Catalogue
from services.runtime.errors import Retry, Stop
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause
from services.runtime.secrets import SecretFolder
from services.storage import pages
from services.storage.pages import Claimed, Try
from services.storage.pool import Pool

LOOP = "paging"
EVERY_S, GIVEN_UP_S = 0.5, 60.0
AT_ONCE, OF_ONE = 16, 2  # pages that are being sent; of one recipient, before it is busy
FIRST_S, LONGEST_S = 1.0, 60.0
DEADLINE = 0.4  # of the lease: the rest is for writing down what was answered


class Answered(NamedTuple):
    """What came of a call."""

    call: Call
    answer: Answer


class Dispatcher:
    """`run` claims, calls and records until it is stopped."""

    def __init__(
        self, pool: Pool, terms: Terms, catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder, notifiers: Notifying, metrics: Metrics, health: Health,
    ) -> None:  # fmt: skip
        self._pool, self._terms, self._catalogue = pool, terms, catalogue
        self._secrets, self._notifiers = secrets, notifiers
        self._metrics, self._health = metrics, health
        self._resting: dict[str, float] = {}  # path: monotonic time until which it is left alone
        self._sending: dict[asyncio.Task[None], str] = {}  # with the recipient
        self._gave_up = float("-inf")

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; what is being sent then is recorded first."""
        async with asyncio.TaskGroup() as tasks:
            while not stopping.is_set():
                with contextlib.suppress(Retry):
                    await self._turn(tasks, stopping)
                self._health.turn(LOOP)
                await pause(stopping, EVERY_S)

    async def _turn(self, tasks: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        catalogue, room = self._catalogue(), AT_ONCE - len(self._sending)
        if catalogue is None or not room:
            return
        busy = [name for name, many in Counter(self._sending.values()).items() if many >= OF_ONE]
        now = time.monotonic()
        resting = {path: until - now for path, until in self._resting.items() if until > now}
        async with asking(self._pool, self._health) as conn:
            turns = await calls.claimed(conn, catalogue, self._terms, resting, room, busy)
        for turn in turns:
            if turn.calls:
                task = tasks.create_task(self._send(turn, catalogue, stopping))
                self._sending[task] = turn.page.recipient
                task.add_done_callback(self._sending.pop)
            elif turn.dropped:
                self._metrics.pages.labels(turn.page.kind, "dropped").inc()
        await self._give_up()

    async def _send(self, turn: Turn, catalogue: Catalogue, stopping: asyncio.Event) -> None:
        answers = await asyncio.gather(*(self._call(call, catalogue) for call in turn.calls))
        heard = [Answered(*both) for both in zip(turn.calls, answers, strict=True)]
        backoff = Backoff(cap_s=2.0)
        while True:
            try:
                await self._record(turn, heard)
                return
            except Retry:
                if stopping.is_set():
                    return  # it is sent again after its lease
                await pause(stopping, backoff.next_s())

    async def _call(self, call: Call, catalogue: Catalogue) -> Answer:
        try:
            target = target_of(catalogue, catalogue.paths[call.path], self._secrets)
        except Stop as error:
            answer = self._notifiers.unusable(call.path, error)
        else:
            deadline_s = self._terms.lease_s * DEADLINE
            answer = await self._notifiers.send(call.message, target, deadline_s)
        if answer.retry_after_s:
            self._resting[call.path] = time.monotonic() + answer.retry_after_s
        self._metrics.page_tries.labels(call.path, answer.result).inc()
        return answer

    async def _record(self, turn: Turn, heard: Sequence[Answered]) -> None:
        page, taken = turn.page, [one.call for one in heard if one.answer.result == Result.ACCEPTED]
        async with asking(self._pool, self._health) as conn:
            for call, answer in heard:
                await pages.answered(conn, page.id, call.number, answer.result, answer.detail)
            at = await pages.accept(conn, page, taken[0].path) if taken else None
            if not taken:
                wait_s = again_s(turn.tried, datetime.now(UTC), self._terms.other_path_after_s)
                await pages.put_off(conn, page, wait_s)
        if at is not None:
            self._count(page, taken[0].message, at)

    def _count(self, page: Claimed, message: Message, at: datetime) -> None:
        self._metrics.pages.labels(page.kind, "accepted").inc()
        if page.kind in (Kind.OPENED, Kind.DIGEST):
            # What came back was detected again when its page was made.
            back = any(one.reopened for one in message.incidents)
            since = page.made_at if back else min(one.detected_at for one in message.incidents)
            self._metrics.page_seconds.labels(page.kind).observe((at - since).total_seconds())

    async def _give_up(self) -> None:
        if time.monotonic() - self._gave_up < GIVEN_UP_S:
            return
        async with asking(self._pool, self._health) as conn:
            kinds = await pages.give_up(conn)
        self._gave_up = time.monotonic()
        for kind in kinds:
            self._metrics.pages.labels(kind, "given-up").inc()


def again_s(tried: Sequence[Try], now: datetime, other_after_s: float) -> float:
    """Seconds until a page is tried again: growing, by chance up to a half shorter, so that what
    failed together does not come back together; but not beyond another path's turn."""
    bound = min(LONGEST_S, FIRST_S * float(2 ** min(len(tried), 10)))
    left = other_after_s - calls.in_turn_s(tried, now)
    wait = bound * (1 - random.random() / 2)
    return min(wait, left) if left > 0 else wait
