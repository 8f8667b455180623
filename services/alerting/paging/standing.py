"""Step 9, beside it: an Alertmanager shows what is open for as long as it is, whatever stops here.

In:  what is open of the incidents an Alertmanager was told of. Out: the same told anew each minute,
and once more what was over meanwhile. Every instance does so; a repeat changes nothing there.
While Postgres is away what was open last is told: nothing ends by silence.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from services.alerting.database import asked
from services.alerting.paging import words
from services.alerting.paging.calls import worded
from services.alerting.paging.links import Addresses, links
from services.alerting.paging.message import Kind, Message, Notifying, Result
from services.alerting.paging.targets import target_of
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import PagingPath
from services.runtime.errors import Retry, Stop
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.runtime.secrets import SecretFolder
from services.storage import incidents, pages
from services.storage.incidents import Incident
from services.storage.pool import Pool, transaction

FORGETS = "alertmanager"  # the notifier whose receivers forget what is not told anew
CALL_WITHIN_S = 10.0
ONE_BY_ONE = 20  # more than these are told together


class Standing:
    """`run` tells until it is stopped."""

    def __init__(
        self, pool: Pool, every_s: float, addresses: Addresses,
        catalogue: Callable[[], Catalogue | None], secrets: SecretFolder, notifiers: Notifying,
        health: Health,
    ) -> None:  # fmt: skip
        self._pool, self._every_s, self._addresses = pool, every_s, addresses
        self._catalogue, self._secrets, self._notifiers = catalogue, secrets, notifiers
        self._health = health
        self._open: dict[str, list[Incident]] = {}  # by path, as it was when it could be read last

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. What opens or ends is looked for all the time: who looks once a minute
        does not know what opened in the minute before Postgres went."""
        clock = asyncio.get_running_loop().time
        due = clock()
        while not stopping.is_set():
            if (catalogue := self._catalogue()) is not None:
                before = self._named()
                over = await self._looked(catalogue)
                if clock() >= due or before != self._named():
                    due = clock() + self._every_s
                    await self._tell_all(catalogue, over)
            await pause(stopping, min(1.0, self._every_s))

    async def turn(self, catalogue: Catalogue) -> None:
        """Tell every Alertmanager once."""
        await self._tell_all(catalogue, await self._looked(catalogue))

    def _named(self) -> set[tuple[str, str]]:
        return {(path, row.id) for path, rows in self._open.items() for row in rows}

    async def _looked(self, catalogue: Catalogue) -> dict[str, list[Incident]]:
        paths = [path.id for path in catalogue.paths.values() if path.notifier == FORGETS]
        with contextlib.suppress(Retry), asked(self._health):
            return await self._look(paths)
        return {}

    async def _tell_all(self, catalogue: Catalogue, over: dict[str, list[Incident]]) -> None:
        for path in catalogue.paths.values():
            if path.notifier == FORGETS:
                told = [*self._open.get(path.id, ()), *over.get(path.id, ())]
                await self._tell(catalogue, path, told)

    async def _look(self, paths: Sequence[str]) -> dict[str, list[Incident]]:
        """What is over of what we told, by path."""
        async with transaction(self._pool) as conn:
            found = await pages.standing(conn, [f"path:{path}" for path in paths])
            before = {row.id for rows in self._open.values() for row in rows}
            rows = await incidents.by_ids(conn, {name for _, name in found} | before)
        told = {path: [row.id for row in known] for path, known in self._open.items()}
        self._open = {}
        for recipient, name in found:
            self._open.setdefault(recipient.removeprefix("path:"), []).append(rows[name])
        return {
            path: [rows[name] for name in names if rows[name].status == "closed"]
            for path, names in told.items()
        }

    async def _tell(self, catalogue: Catalogue, path: PagingPath, told: Sequence[Incident]) -> None:
        try:
            target = target_of(catalogue, path, self._secrets)
        except Stop as error:
            self._notifiers.unusable(path.id, error)
            return
        for rows in (*((row,) for row in told[:ONE_BY_ONE]), told[ONE_BY_ONE:]):
            if rows:
                message = _message(rows, catalogue, self._addresses)
                answer = await self._notifiers.send(message, target, CALL_WITHIN_S)
                if answer.result is not Result.ACCEPTED:
                    return  # its next turn comes


def _message(rows: Iterable[Incident], catalogue: Catalogue, addresses: Addresses) -> Message:
    about, now = tuple(rows), datetime.now(UTC)
    kind = Kind.OPENED if about[0].status == "open" else Kind.CLEARED
    kind = Kind.DIGEST if len(about) > 1 else kind
    led, name = links(addresses, about[0]), about[0].id
    forms = worded(words.Page(kind, about, now, led), "ko", catalogue)
    return Message(name, name, kind, about, "ko", forms, now, led)
