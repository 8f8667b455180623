"""One round of the reporting process: whatever is due is sealed, the oldest first.

In:  a connection of its own, whose session holds the turn from the first body to the last. Out:
sealed revisions, metrics. The database's time decides, the wall clock of a machine nothing.
Several replicas: who does not get the turn leaves it to the one that has it. A crash leaves what
was sealed, and the next round goes on with the next body.
Before: `run.py`. After: `sealing.py`.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import structlog

from services.contracts.catalogue import Catalogue
from services.reporting import objecting, sealing
from services.reporting.due import Due, Promised, due, too_late
from services.reporting.metrics import Metrics
from services.storage import corrections, errors, months, people
from services.storage.leader import Deposed
from services.storage.pool import Connection, part
from services.storage.status import latest_catalogue

_log = structlog.get_logger()


class Rounds:
    """`go` is one round; between rounds only counts of failures are kept. `partitions`: how many
    each topic has that must be stored up to a cutoff, by full name."""

    def __init__(self, holder: str, metrics: Metrics, partitions: Mapping[str, int]) -> None:
        self._holder, self._metrics, self._partitions = holder, metrics, partitions
        self._tries: Counter[str] = Counter()  # by body
        # Months whose contract was known only after their first cutoff: nobody's, and said once.
        self._none: set[tuple[str, str]] = set()

    async def go(self, conn: Connection, stopping: asyncio.Event) -> None:
        """Raises what a connection in doubt raises."""
        open_ = await self._due(conn)
        disputed = await objecting.waiting(conn)
        if not open_ and not disputed:
            return
        epoch = await turn(conn, self._holder)
        if epoch is None:
            return
        try:
            await self._seal(conn, epoch, open_, stopping)
            await self._tell(conn, epoch)
        finally:
            await months.give_turn(conn)
            await self._due(conn)

    async def _due(self, conn: Connection) -> list[Due]:
        bodies, sealed = await promised(conn), await months.revisions(conn)
        for body in bodies:
            for month in too_late(body):
                self._nobodys(body.body, month)
        now = await months.now(conn)
        found = due(bodies, sealed, await corrections.corrections(conn), now)
        open_ = [step for step in found if step[1:3] not in self._none]
        self._metrics.stand(sealed, open_)
        waiting = {step.body for step in open_}
        self._tries = Counter({body: n for body, n in self._tries.items() if body in waiting})
        self._metrics.tries.set(max(self._tries.values(), default=0))
        return open_

    async def _seal(
        self, conn: Connection, epoch: int, open_: list[Due], stopping: asyncio.Event
    ) -> None:
        stored_until = await months.stored_until(conn, self._partitions)
        held: set[str] = set()  # bodies whose chain waits for a step that could not be sealed
        # What failed comes last: one body keeps no other from its report.
        for step in sorted(open_, key=lambda step: self._tries[step.body]):
            if stopping.is_set():
                return
            if step.body in held or step[1:3] in self._none:
                continue
            if not await self._one(conn, epoch, step, stored_until):
                held.add(step.body)

    async def _tell(self, conn: Connection, epoch: int) -> None:
        """Of objections, in revisions of their own."""
        for before in await objecting.waiting(conn):
            try:
                await objecting.seal(conn, epoch, before, await months.now(conn))
            except Deposed:
                raise
            except Exception as error:
                _log.exception("an objection was not sealed", body=before.body, month=before.month)
                if errors.distrusted(error) or conn.is_closed():
                    raise

    async def _one(
        self, conn: Connection, epoch: int, step: Due, stored_until: datetime | None
    ) -> bool:
        """Was it sealed? Raises what leaves the connection in doubt."""
        told = {"body": step.body, "month": step.month, "revision": step.revision}
        if stored_until is None or stored_until < step.cutoff:
            _log.warning("a report waits until storing has passed its cutoff", **told)
            return False
        try:
            report = await sealing.seal(conn, epoch, step)
        except Deposed:
            raise
        except Exception as error:
            self._tries[step.body] += 1
            _log.exception("a report was not sealed", tries=self._tries[step.body], **told)
            if errors.distrusted(error) or conn.is_closed():
                raise
            return False
        del self._tries[step.body]
        if report is None:
            self._nobodys(step.body, step.month)
        else:
            _log.info("sealed", entry=report.seal.entry, **told)
        return True

    def _nobodys(self, body: str, month: str) -> None:
        if (body, month) not in self._none:
            self._none.add((body, month))
            _log.warning("no report: no contract was known in time", body=body, month=month)


async def promised(conn: Connection, catalogue: Catalogue | None = None) -> list[Promised]:
    """Every body with contracts in the newest catalogue."""
    newest = catalogue or await latest_catalogue(conn)
    known = await months.contracted(conn)
    there = [one for one in newest.contracts.values() if one.item in known] if newest else []
    found = sorted(there, key=attrgetter("body", "item", "version"))
    return [Promised(body, known, tuple(own)) for body, own in groupby(found, attrgetter("body"))]


async def turn(conn: Connection, holder: str) -> int | None:
    """The epoch under which this session seals; None while another has the turn."""
    async with part(conn):
        await people.may_write(conn)
        return await months.take_turn(conn, holder)
