"""A body that is probed every ten minutes from 2026-10-29 on, in a database whose time is played.

Everything is known a minute after its slot. From 10-30 14:00 to 17:00 KST nothing is seen, though
the phone is proven alive.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from prometheus_client import CollectorRegistry

from services.catalogue.load import load
from services.contracts import slots
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import Evidence, ProbeSent
from services.contracts.sla import Contract
from services.reporting.metrics import Metrics
from services.reporting.round import Rounds
from services.storage import sink
from services.storage.pool import Pool, transaction
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.builders import MINUTE

ROUTE = "geoje.alimtalk.sens"
PARTITIONS = {"bongsu.evidence": 2, "bongsu.heartbeats": 1}
KNOWN = datetime(2026, 10, 28, 15, tzinfo=UTC)
END = datetime(2026, 10, 31, 15, tzinfo=UTC)
CLOSED = END + timedelta(days=3)
LOST = (datetime(2026, 10, 30, 5, tzinfo=UTC), datetime(2026, 10, 30, 8, tzinfo=UTC))
EVERY = timedelta(minutes=10)
_SHIPPED = load(Path(__file__).parents[2] / "catalogue").catalogue(UUID(int=1))


def a_catalogue(*bodies: str) -> Catalogue:
    """Of the shipped one, with one contract a body, all for the same route's probes."""
    route = _SHIPPED.routes[ROUTE].model_copy(update={"interval_s": 600, "receivers": ("skt-01",)})
    contracts = {}
    for body in bodies:
        name = f"{body}.alimtalk.v1"
        contracts[name] = Contract.model_validate(
            {
                "id": name, "valid_from": "2026-10-30", "body": body, "channel": "alimtalk",
                "counterparty": "sens", "grade": 2, "routes": [{"route": ROUTE}],
            }
        )  # fmt: skip
    return _SHIPPED.model_copy(update={"routes": {ROUTE: route}, "contracts": contracts})


@dataclass(frozen=True, slots=True)
class World:
    """The database as its owner, and as the process that seals."""

    owner: Pool
    report: Pool
    login: str
    partitions: Mapping[str, int] = field(default_factory=lambda: PARTITIONS)

    async def begin(self, *bodies: str, catalogue: Catalogue | None = None) -> None:
        """Everything until the month has ended."""
        async with transaction(self.owner) as conn:
            await sink.store_catalogue(conn, catalogue or a_catalogue(*bodies), "kim", KNOWN)
        async with transaction(self.owner) as conn:
            for sent in probes():
                events = [sent, builders.an_answer(sent, provider_message_id=str(sent.probe_id))]
                seen = () if LOST[0] <= sent.slot < LOST[1] else (a_sighting(sent),)
                await store(conn, [*events, *seen], sent.slot + MINUTE)
        async with transaction(self.owner) as conn:
            for minute in range(0, 5 * 60, 5):
                at = LOST[0] - 30 * MINUTE + minute * MINUTE
                await sink.touch_liveness(conn, [sink.Sign(SOURCE, at, at)])

    async def tell(self, events: Sequence[Evidence], known_at: datetime) -> None:
        """Stored as known then."""
        async with transaction(self.owner) as conn:
            await store(conn, events, known_at)

    async def at(self, moment: datetime, stored: datetime | None = None) -> None:
        """It is that time, and everything until then (or `stored`) is stored."""
        async with transaction(self.owner) as conn:
            await conn.execute(
                "INSERT INTO replay_clock (at) VALUES ($1)"
                " ON CONFLICT (only_row) DO UPDATE SET at = excluded.at",
                moment,
            )
            for topic, count in self.partitions.items():
                for number in range(count):
                    await conn.execute(
                        "INSERT INTO consumer_offset VALUES ($1, $2, 0, $3)"
                        " ON CONFLICT (topic, partition) DO UPDATE SET stored_until = $3",
                        topic, number, stored or moment,
                    )  # fmt: skip

    async def round(self) -> None:
        """One instance looks once."""
        async with self.report.acquire() as conn:
            await a_round(self.partitions).go(conn, asyncio.Event())

    async def rows(self) -> list[tuple[str, str, int]]:
        """What is sealed, in order."""
        async with transaction(self.owner) as conn:
            found = await conn.fetch(
                "SELECT body, month, revision FROM report_revision ORDER BY number"
            )
        return [tuple(row) for row in found]


SOURCE = "observer/skt-01/smsforwarder"


def probes(until: datetime = END) -> Iterator[ProbeSent]:
    """`probe.sent` of every slot."""
    slot = slots.next_slot(ROUTE, EVERY, KNOWN)
    while slot < until:
        yield builders.a_probe_sent(
            slot=slot, route=ROUTE, receiver="skt-01", interval_s=600, account="geoje-sens"
        )
        slot += EVERY


def a_sighting(sent: ProbeSent) -> Evidence:
    """In time."""
    return builders.a_sighting(sent, source_event_id=str(sent.probe_id))


def a_round(partitions: Mapping[str, int] = PARTITIONS) -> Rounds:
    """Of an instance that has just started."""
    return Rounds("test", Metrics(CollectorRegistry()), partitions)
