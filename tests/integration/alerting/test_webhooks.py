"""Webhooks through a real Kafka into a real Postgres: whoever tells first, one report is stored."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from prometheus_client import CollectorRegistry

from services.contracts import topics
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ProbeAnswered, ProbeSent
from services.ingest.metrics import Metrics
from services.ingest.poll import Poller
from services.ingest.receivers.base import Incoming
from services.ingest.webhooks import Webhooks
from services.runtime.clock import SystemClock
from services.runtime.kafka import Address, Producer
from services.runtime.kafka_readers import GroupReader, offsets_since
from services.runtime.ops import Health
from services.runtime.secrets import SecretFolder
from services.storage.pool import Pool, transaction
from tests.integration.alerting.running import Member, send
from tests.support import builders, telling
from tests.support.telling import Telling, result, told
from tests.support.waiting import eventually
from tests.unit.ingest.handset import KEEPER

SOON_S = 20.0
STORED = """
SELECT probe_id, count(*) FILTER (WHERE kind = 'report.received') AS reports,
       (SELECT report_event IS NOT NULL FROM attempts WHERE attempts.probe_id = $1) AS joined
FROM evidence
WHERE probe_id = $1 OR (account = 'teller' AND provider_message_id = $2 AND probe_id IS NULL)
GROUP BY probe_id ORDER BY probe_id
"""


class Ingest:
    """The door and the look-ups of one instance on a real Kafka."""

    def __init__(
        self, address: Address, producer: Producer, pool: Pool, folder: Path, member: Member
    ) -> None:
        class Asked(Telling):
            says: ClassVar[dict[str, bytes]] = {}

        (folder / "teller.json").write_text(json.dumps({"word": telling.WORD}))
        self.says, self.registry, self._pool = Asked.says, CollectorRegistry(), pool
        self._storing = member.registry
        kinds, secrets, metrics = (
            {telling.NAME: Asked},
            SecretFolder(folder),
            Metrics(self.registry),
        )
        self.catalogue: Catalogue = telling.a_telling_catalogue()
        self._webhooks = Webhooks(
            KEEPER, kinds, lambda: self.catalogue, secrets, producer, metrics, SystemClock()
        )
        self.poller = Poller(
            KEEPER, kinds, lambda: self.catalogue, secrets, {}, producer,
            partial(offsets_since, address), metrics, SystemClock(),
        )  # fmt: skip
        self._reader = GroupReader(address, "poll", [topics.EVIDENCE], self.poller, Health())

    async def post(self, *results: Any) -> None:
        """A webhook; returns once it is acknowledged."""
        await self._webhooks.receive(
            telling.NAME, "teller", Incoming({"x-word": telling.WORD}, told(*results))
        )

    def looked_up(self) -> float:
        """How often the provider was asked."""
        labels = {"adapter": telling.NAME, "result": "answered"}
        return self.registry.get_sample_value("bongsu_ingest_look_ups_total", labels) or 0

    def repeats(self) -> float:
        """How many repeated reports came to storing."""
        labels = {"kind": "report.received"}
        return self._storing.get_sample_value("bongsu_store_duplicates_total", labels) or 0

    async def stored(self, sent: ProbeSent, message: str) -> tuple[int, bool]:
        """Reports stored of a message, and whether its attempt has one."""
        async with transaction(self._pool) as conn:
            found = await conn.fetch(STORED, sent.probe_id, message)
        return sum(row["reports"] for row in found), any(row["joined"] for row in found)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look-ups are made until the block ends."""
        stopping = asyncio.Event()
        loops = (self._reader.run(stopping), self.poller.run(stopping))
        running = [asyncio.create_task(loop) for loop in loops]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(*running)


@pytest.fixture
async def ingest(
    address: Address, producer: Producer, pool: Pool, tmp_path: Path
) -> AsyncIterator[Ingest]:
    """An ingest whose evidence is stored."""
    member = Member(address, pool)
    made = Ingest(address, producer, pool, tmp_path, member)
    async with member.running(), made.running():
        await eventually(lambda: len(made.poller.pending.partitions) == 12, within=SOON_S)
        yield made


def a_probe(message: str) -> tuple[ProbeSent, ProbeAnswered]:
    """Sent and accepted just now, under this id of the provider."""
    sent = builders.a_probe_sent(
        slot=datetime.now(UTC), account="teller", adapter=telling.NAME, receiver=message
    )
    return sent, builders.an_answer(sent, provider_message_id=message)


async def is_one_report(ingest: Ingest, sent: ProbeSent, message: str, repeats: int) -> None:
    """All that was told is stored, and amounts to this."""
    await eventually(lambda: ingest.repeats() == repeats, within=SOON_S)

    async def joined() -> bool:
        return (await ingest.stored(sent, message))[1]

    await eventually(joined, within=SOON_S)
    assert await ingest.stored(sent, message) == (1, True)


async def test_a_webhook_after_the_answer_is_stored_once_and_ends_the_look_ups(
    ingest: Ingest, producer: Producer
) -> None:
    sent, answered = a_probe("m1")
    await send(producer, [sent, answered])
    await eventually(lambda: len(ingest.poller.pending) == 1, within=SOON_S)
    for _ in range(2):
        await ingest.post(result("m1", probe=sent.probe_id, at=sent.sent_at))
    await eventually(lambda: len(ingest.poller.pending) == 0, within=SOON_S)
    await is_one_report(ingest, sent, "m1", repeats=1)


async def test_a_webhook_before_the_answer_and_a_look_up_of_the_same_word_are_one_report(
    ingest: Ingest, producer: Producer
) -> None:
    sent, answered = a_probe("m2")
    word = result("m2", probe=sent.probe_id, at=sent.sent_at)
    ingest.says["m2"] = told(word)
    await ingest.post(word)
    await send(producer, [sent, answered])
    await eventually(lambda: ingest.looked_up() >= 1, within=SOON_S)
    await eventually(lambda: len(ingest.poller.pending) == 0, within=SOON_S)
    await ingest.post(word)
    await is_one_report(ingest, sent, "m2", repeats=2)


@pytest.mark.parametrize("first", ["webhook", "answer"])
async def test_a_webhook_that_names_no_probe_is_joined_whichever_side_comes_first(
    ingest: Ingest, producer: Producer, first: str
) -> None:
    sent, answered = a_probe("m3")
    if first == "answer":
        await send(producer, [sent, answered])
    for _ in range(2):
        await ingest.post(result("m3", at=sent.sent_at))
    if first == "webhook":
        await send(producer, [sent, answered])
    await is_one_report(ingest, sent, "m3", repeats=1)
