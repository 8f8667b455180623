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
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog
from prometheus_client import CollectorRegistry, Counter
from pydantic import ValidationError

from services.contracts import ids
from services.contracts.catalogue import KINDS, Catalogue, Current, Model, build
from services.contracts.topics import CATALOGUE, Topic
from services.runtime.errors import Retry
from services.runtime.kafka import Address
from services.runtime.kafka_readers import follow
from services.runtime.ops import Health
from services.runtime.retry import Backoff, pause

CURRENT = b"current"
TAIL = "catalogue"
ABANDONED_AFTER = timedelta(hours=1)
MOST_REVISIONS = 8  # held unfinished at a time; more can only be rubbish
APPLY_WITHIN_S = 60.0
AT_ONCE = 200
_log = structlog.get_logger()

Record = tuple[bytes, bytes | None]


class Sends(Protocol):
    """Where records go: `services.runtime.kafka.Producer`."""

    async def send_raw(self, topic: Topic, key: bytes, value: bytes | None) -> None:
        """Returns once the record is safe; raises Retry."""
        ...


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
    the one in force: `bad` counts it, `problem` says what is the matter. Raw records are held only
    for revisions that may still come into force.
    """

    in_force: Catalogue | None = None
    current: Current | None = None
    bad: int = 0
    problem: str | None = None
    _held: dict[UUID, dict[bytes, bytes]] = field(default_factory=dict)
    _done: UUID | None = None

    def feed(self, key: bytes | None, value: bytes | None) -> Catalogue | None:
        """Take one record; the catalogue that came into force by it, if one did."""
        if key == CURRENT:
            self._name_current(value)
            return self._switch()
        revision = _revision_of(key or b"")
        if revision is None:
            self._reject("a record's key is not <revision>/<kind>/<id>")
        elif revision != self._done:
            self._hold(revision, key or b"", value)
        wanted = self.current.revision if self.current else None
        return self._switch() if revision == wanted else None

    @property
    def held(self) -> int:
        """How many raw records are kept."""
        return sum(len(records) for records in self._held.values())

    @property
    def missing(self) -> str | None:
        """A sentence while the revision that `current` names has not come whole."""
        if self.current is None or self.current.revision == self._done:
            return None
        held = len(self._held.get(self.current.revision, ()))
        return f"revision {self.current.revision} has {held} of {self.current.count} records"

    def _name_current(self, value: bytes | None) -> None:
        if value is None:
            return  # compaction's business: nobody takes the catalogue away by silence
        try:
            self.current = Current.model_validate_json(value)
        except ValidationError:
            self._reject("the record 'current' cannot be read")

    def _hold(self, revision: UUID, key: bytes, value: bytes | None) -> None:
        records = self._held.pop(revision, {})  # and back: the newest fed stands last
        if value is None:
            records.pop(key, None)
        else:
            records[key] = value
        if records:
            self._held[revision] = records
        self._forget()

    def _forget(self) -> None:
        wanted = {self.current.revision} if self.current else set()
        for revision in [r for r in self._held if r not in wanted][:-MOST_REVISIONS]:
            del self._held[revision]

    def _switch(self) -> Catalogue | None:
        current = self.current
        if current is None or current.revision == self._done:
            return None
        records = self._held.get(current.revision, {})
        if len(records) < current.count:
            return None
        if len(records) > current.count or digest_of(records.items()) != current.digest:
            self._reject(f"revision {current.revision} does not match its digest")
            return None
        return self._build(current, records)

    def _build(self, current: Current, records: dict[bytes, bytes]) -> Catalogue | None:
        self._done = current.revision
        self._held.pop(current.revision, None)
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


def tombstones(held: Mapping[bytes, bytes], now: datetime) -> list[Record]:
    """Deletions for the revision in force and for unfinished ones older than an hour."""
    replaced, oldest = in_force(held), ids.first_id_at(now - ABANDONED_AFTER)
    revisions = {key: _revision_of(key) for key in sorted(held)}
    return [(key, None) for key, r in revisions.items() if r and (r == replaced or r < oldest)]


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
    producer: Sends,
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
            await _send(producer, records_of(catalogue))
            current = current_of(catalogue, now, applied_by)
            await _send(producer, [(CURRENT, current.model_dump_json().encode())])
            await _send(producer, tombstones(before, now))
            winner = in_force(await read())
    except TimeoutError:
        raise Retry("silent", f"not applied within {APPLY_WITHIN_S:g} s: try again") from None
    overtaken_by = winner if winner != catalogue.revision else None
    return Applied(catalogue.revision, in_force(before), current.count, overtaken_by)


async def _send(producer: Sends, records: Sequence[Record]) -> None:
    for start in range(0, len(records), AT_ONCE):
        sending = [
            producer.send_raw(CATALOGUE, key, value)
            for key, value in records[start : start + AT_ONCE]
        ]
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
    """Keeps the newest whole catalogue of the topic; `ready` waits for the first one."""

    def __init__(self, address: Address, health: Health, registry: CollectorRegistry) -> None:
        self._address, self._health = address, health
        self._ready = asyncio.Event()
        self.catalogue: Catalogue | None = None
        self.problem: str | None = None
        self._rejected = Counter(
            "bongsu_catalogue_rejected_total",
            "Catalogue records or revisions that could not be used; the one in force stayed",
            registry=registry,
        )
        health.waits(TAIL, "no catalogue has been applied yet: run `bongsu catalogue apply`")

    async def ready(self) -> Catalogue:
        """The catalogue in force, as soon as there is one."""
        await self._ready.wait()
        assert self.catalogue is not None
        return self.catalogue

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
            self._note(assembler, assembler.bad - bad)
            if caught_up and assembler.in_force is not None:
                self._put_in_force(assembler.in_force, on_change)
            backoff.reset()
            self._health.turn(TAIL)

    def _note(self, assembler: Assembler, bad: int) -> None:
        self.problem = assembler.problem or assembler.missing
        if bad:
            self._rejected.inc(bad)
            _log.error("a catalogue was not taken into force", reason=assembler.problem)

    def _put_in_force(self, whole: Catalogue, on_change: Callable[[Catalogue], None]) -> None:
        if self.catalogue is not None and self.catalogue.revision == whole.revision:
            return
        self.catalogue = whole
        on_change(whole)
        self._ready.set()
        self._health.waits(TAIL, None)
        _log.info("catalogue in force", revision=str(whole.revision), routes=len(whole.routes))
