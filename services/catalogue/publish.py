"""Put a catalogue into force, and follow the one in force: everyone switches at once or not at all.

In:  a checked catalogue (`apply`), or the records of the topic (`Assembler`, `Follower`).
Out: records `<revision>/<kind>/<id>`, then `current`, then tombstones; a whole `Catalogue`.
Before: `check.py`, `plan.py`. After: probe, ingest and alerting read the newest whole revision.
A revision counts only if it is whole: as many records as `current` says, with that digest. So a
reader never sees half of one, in whatever order two applies mix (`docs/event-flow.md`).
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import starmap
from uuid import UUID

import structlog
from prometheus_client import CollectorRegistry, Counter
from pydantic import ValidationError

from services.contracts import ids
from services.contracts.catalogue import KINDS, Catalogue, Current, build
from services.contracts.codec import Encoded
from services.contracts.model import Model
from services.contracts.topics import CATALOGUE
from services.runtime.errors import Retry
from services.runtime.kafka import Address, Publisher
from services.runtime.kafka_readers import follow
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause

CURRENT = b"current"
TAIL = "catalogue"
ABANDONED_AFTER = timedelta(hours=1)
APPLY_WITHIN_S = 60.0
AT_ONCE = 200
_log = structlog.get_logger()


def new_revision(now: datetime) -> UUID:
    """A UUIDv7: later applies have larger revisions."""
    return ids.make_event_id(secrets.token_bytes(32), now, "catalogue", ())


def records_of(catalogue: Catalogue) -> list[tuple[bytes, bytes]]:
    """(key, value) of every object of a revision, sorted by key; values are the models' JSON."""
    return sorted(
        (f"{catalogue.revision}/{kind}/{key}".encode(), item.model_dump_json().encode())
        for kind, key, item in catalogue.objects()
    )


def digest_of(records: Iterable[tuple[bytes, bytes]]) -> str:
    """SHA-256 in hex over sorted keys and values, each with its length before it."""
    total = hashlib.sha256()
    for pair in sorted(records):
        for part in pair:
            total.update(len(part).to_bytes(4, "big") + part)
    return total.hexdigest()


@dataclass
class Assembler:
    """Puts records together; `feed` returns a catalogue at the moment it comes into force.

    Records may come in any order. A revision that `current` names but that is wrong never replaces
    the one in force: `bad` counts it, `problem` says what is the matter.
    """

    in_force: Catalogue | None = None
    current: Current | None = None
    bad: int = 0
    problem: str | None = None
    _held: dict[UUID, dict[bytes, bytes]] = field(default_factory=dict)
    _judged: UUID | None = None

    def feed(self, key: bytes | None, value: bytes | None) -> Catalogue | None:
        """Take one record; the catalogue that came into force by it, if one did."""
        revision = _revision_of(key or b"")
        if key == CURRENT:
            self._name_current(value)
        elif key is None or revision is None:
            self._reject("a record's key is not <revision>/<kind>/<id>")
        else:
            self._hold(revision, key, value)
        return self._switch()

    def _name_current(self, value: bytes | None) -> None:
        if value is None:
            return  # compaction's business: nobody takes the catalogue away by silence
        try:
            self.current = Current.model_validate_json(value)
        except ValidationError:
            self._reject("the record 'current' cannot be read")

    def _hold(self, revision: UUID, key: bytes, value: bytes | None) -> None:
        """As the topic does: the newest value of a key, until a tombstone. That is the bound, for
        every apply deletes what it replaces and what others gave up."""
        records = self._held.setdefault(revision, {})
        if value is None:
            records.pop(key, None)
        else:
            records[key] = value
        if not records:
            del self._held[revision]

    def _switch(self) -> Catalogue | None:
        """Judge the revision that `current` names, once: when it has as many records as it says."""
        current = self.current
        if current is None or current.revision == self._judged:
            return None
        records = self._held.get(current.revision, {})
        if len(records) < current.count:
            return None
        self._judged = current.revision
        self._held.pop(current.revision, None)
        if digest_of(records.items()) != current.digest:
            self._reject(f"revision {current.revision} does not match its digest")
            return None
        try:
            objects = [_object(key, value) for key, value in records.items()]
        except (KeyError, ValidationError):
            # Most likely written by a newer release: this process keeps to what it understands.
            self._reject(f"revision {current.revision} holds an object this release cannot read")
            return None
        self.in_force, self.problem = build(current.revision, objects), None
        return self.in_force

    def _reject(self, why: str) -> None:
        self.bad, self.problem = self.bad + 1, why


def _revision_of(key: bytes) -> UUID | None:
    parts = key.decode(errors="replace").split("/")
    try:
        return UUID(parts[0]) if len(parts) == 3 and len(parts[0]) == 36 else None
    except ValueError:
        return None


def _object(key: bytes, value: bytes) -> tuple[str, Model]:
    kind = key.decode(errors="replace").split("/")[1]
    return kind, KINDS[kind].model_validate_json(value)


@dataclass(frozen=True)
class Applied:
    """What `apply` did. `overtaken_by`: another apply's revision is in force instead."""

    revision: UUID
    replaced: UUID | None
    objects: int
    overtaken_by: UUID | None = None


def tombstones(held: Mapping[bytes, bytes], now: datetime) -> list[bytes]:
    """Keys to delete: of the revision in force, and of unfinished ones older than an hour."""
    replaced, oldest = in_force(held), ids.first_id_at(now - ABANDONED_AFTER)
    revisions = {key: _revision_of(key) for key in sorted(held)}
    return [key for key, r in revisions.items() if r and (r == replaced or r < oldest)]


def in_force(held: Mapping[bytes, bytes]) -> UUID | None:
    """The revision that `current` names among the records of a topic."""
    try:
        return Current.model_validate_json(held.get(CURRENT, b"")).revision
    except ValidationError:
        return None


def current_of(catalogue: Catalogue, now: datetime, applied_by: str) -> Current:
    """The record that puts a catalogue into force."""
    records = records_of(catalogue)
    return Current(
        revision=catalogue.revision, count=len(records), digest=digest_of(records),
        applied_at=now, applied_by=applied_by,
    )  # fmt: skip


async def apply(
    catalogue: Catalogue,
    publisher: Publisher,
    read: Callable[[], Awaitable[Mapping[bytes, bytes]]],
    now: datetime,
    applied_by: str,
) -> Applied:
    """Put `catalogue` (of a `new_revision`) into force; `read` gives the topic's newest records.

    Raises Retry when Kafka is away or slower than a minute: everyone then has the old catalogue or
    everyone the new one. A second try needs a new revision.
    """
    try:
        async with asyncio.timeout(APPLY_WITHIN_S):
            before = await read()
            current = current_of(catalogue, now, applied_by)
            await _send(publisher, starmap(Encoded, records_of(catalogue)))
            await _send(publisher, [Encoded(CURRENT, current.model_dump_json().encode())])
            await _send(publisher, [Encoded(key, None) for key in tombstones(before, now)])
            winner = in_force(await read())
    except TimeoutError:
        raise Retry("silent", f"not applied within {APPLY_WITHIN_S:g} s: try again") from None
    overtaken_by = winner if winner != catalogue.revision else None
    return Applied(catalogue.revision, in_force(before), current.count, overtaken_by)


async def _send(publisher: Publisher, records: Iterable[Encoded]) -> None:
    waiting = list(records)
    for start in range(0, len(waiting), AT_ONCE):
        sending = [publisher.send(CATALOGUE, one) for one in waiting[start : start + AT_ONCE]]
        # All are waited for, so that nothing is under way any more when the first error is raised.
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if result is not None:
                raise result


async def read_held(address: Address) -> dict[bytes, bytes]:
    """The newest value of every key of the catalogue's topic. Raises Retry when Kafka is away."""
    held: dict[bytes, bytes] = {}
    enough = asyncio.Event()
    async for records, caught_up in follow(address, CATALOGUE, enough):
        for record in records:
            if record.value is None:
                held.pop(record.key or b"", None)
            else:
                held[record.key or b""] = record.value
        if caught_up:
            enough.set()
    return held


class Follower:
    """Keeps the newest whole catalogue of the topic; None before the first."""

    def __init__(self, address: Address, health: Health, registry: CollectorRegistry) -> None:
        self._address, self._health = address, health
        self.catalogue: Catalogue | None = None
        self._rejected = Counter(
            "bongsu_catalogue_rejected_total",
            "Catalogue records or revisions that could not be used; the one in force stayed",
            registry=registry,
        )
        health.waits(TAIL, "no catalogue has been applied yet: run `bongsu catalogue apply`")

    async def follow(self, stopping: asyncio.Event, on_change: Callable[[Catalogue], None]) -> None:
        """Read until `stopping`; `on_change` is called with each catalogue that comes into force,
        but not with those that were in force before reading began."""
        backoff = Backoff(cap_s=2.0)
        while not stopping.is_set():
            try:
                await self._read(stopping, on_change, backoff)
            except Retry as error:
                # Without Kafka the catalogue in force stays in force.
                _log.warning("catalogue cannot be read", reason=str(error))
                self._health.turn(TAIL)
                await pause(stopping, backoff.next_s())

    async def _read(
        self, stopping: asyncio.Event, on_change: Callable[[Catalogue], None], backoff: Backoff
    ) -> None:
        assembler = Assembler()
        async for records, caught_up in follow(self._address, CATALOGUE, stopping):
            bad = assembler.bad
            for record in records:
                assembler.feed(record.key, record.value)
            if assembler.bad > bad:
                self._rejected.inc(assembler.bad - bad)
                _log.error("a catalogue was not taken into force", reason=assembler.problem)
            if caught_up and assembler.in_force is not None:
                self._put_in_force(assembler.in_force, on_change)
            backoff.reset()
            self._health.turn(TAIL)

    def _put_in_force(self, whole: Catalogue, on_change: Callable[[Catalogue], None]) -> None:
        if self.catalogue is not None and self.catalogue.revision == whole.revision:
            return
        self.catalogue = whole
        on_change(whole)
        self._health.waits(TAIL, None)
        _log.info("catalogue in force", revision=str(whole.revision), routes=len(whole.routes))
