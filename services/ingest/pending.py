"""Which accepted messages still lack the provider's word, and when to ask again. Pure.

In:  `probe.answered` and `report.received` of the partitions this instance owns, answers of
     look-ups. Out: the messages due now, and what of an answer is new.
Before: `poll.py` reads evidence. After: `poll.py` asks and publishes.
"""

import heapq
from bisect import bisect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from services.adapters.base import Report
from services.contracts.evidence import ProbeAnswered, ReportReceived
from services.contracts.vocabulary import AnswerResult, ReportState
from services.runtime.kafka_readers import Partition

# Seconds after a message was accepted: soon, each 30 s up to 10 min, each 10 min up to 26 h.
LOOKS_S = (1, 2, 5, 10, *range(40, 600, 30), *range(600, 26 * 3600 + 1, 600))
MOST_PER_PARTITION = 20_000
Line = tuple[str, str]  # account, adapter


@dataclass(slots=True)
class Message:
    """One accepted message. `told`: state and code last published of each leg."""

    probe_id: UUID
    line: Line
    provider_message_id: str
    partition: Partition
    since: datetime
    told: dict[int, tuple[ReportState, str | None]] = field(default_factory=dict)


def next_look(since: datetime, now: datetime) -> datetime | None:
    """The first moment after `now` to ask about a message accepted at `since`; None = no more."""
    place = bisect(LOOKS_S, (now - since).total_seconds())
    return since + timedelta(seconds=LOOKS_S[place]) if place < len(LOOKS_S) else None


class Pending:
    """The messages of the partitions owned. Bounded: beyond the limit a partition's oldest goes,
    which would be asked about last. `goes_on`: by adapter, the codes that say delivered and are
    not the last word."""

    def __init__(
        self,
        most: int = MOST_PER_PARTITION,
        goes_on: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self._most, self._goes_on = most, goes_on
        self._by_partition: dict[Partition, dict[tuple[str, str], Message]] = {}
        self._due: dict[Line, list[tuple[datetime, int, Message]]] = {}
        self._number = 0
        self._dropped = 0

    def __len__(self) -> int:
        return sum(map(len, self._by_partition.values()))

    @property
    def partitions(self) -> frozenset[int]:
        """The numbers of the partitions owned."""
        return frozenset(number for _, number in self._by_partition)

    def take_dropped(self) -> int:
        """How many messages were given up unreported since the last call."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def own(self, partitions: Collection[Partition]) -> None:
        """Partitions came, with nothing known of them yet."""
        self.forget(partitions)
        self._by_partition.update({partition: {} for partition in partitions})

    def forget(self, partitions: Collection[Partition]) -> None:
        """Partitions go: their messages are another instance's."""
        for partition in partitions:
            self._by_partition.pop(partition, None)
        for line, queue in self._due.items():
            self._due[line] = [entry for entry in queue if self._has(entry[2])]
            heapq.heapify(self._due[line])

    def answered(self, partition: Partition, event: ProbeAnswered, now: datetime) -> None:
        """A provider took a message: ask about it from now on."""
        accepted = event.result is AnswerResult.ACCEPTED and event.provider_message_id
        if not accepted or partition not in self._by_partition:
            return
        message = Message(
            event.probe_id, (event.account, event.adapter), event.provider_message_id or "",
            partition, event.ended_at,
        )  # fmt: skip
        held = self._by_partition[partition]
        if _key(message) in held:
            return
        held[_key(message)] = message
        if len(held) > self._most:
            del held[next(iter(held))]
            self._dropped += 1
        self.later([message], now)

    def reported(self, partition: Partition, event: ReportReceived) -> None:
        """A report stands in evidence already. A failed own leg may have a substitute to come."""
        held = self._by_partition.get(partition, {})
        message = held.get((event.account, event.provider_message_id))
        if message is None:
            return
        message.told[event.leg] = (event.state, event.code)
        failed = event.state is ReportState.FAILED and event.leg > 0
        goes_on = event.code in self._goes_on.get(message.line[1], ())
        if failed or (event.state is ReportState.DELIVERED and not goes_on):
            self._drop(message)

    def due(self, line: Line, now: datetime, most: int) -> list[Message]:
        """Up to `most` messages to ask about now; `asked` or `later` puts them back."""
        queue, found = self._due.get(line, []), list[Message]()
        while queue and queue[0][0] <= now and len(found) < most:
            message = heapq.heappop(queue)[2]
            if self._has(message):
                found.append(message)
        return found

    def lines(self) -> set[Line]:
        """The lines that have ever had a message."""
        return set(self._due)

    def asked(
        self,
        message: Message,
        reports: Sequence[Report],
        now: datetime,
        not_before: datetime | None = None,
    ) -> None:
        """The provider answered and its news is published: done with, or to be asked again."""
        message.told.update({report.leg: (report.state, report.code) for report in reports})
        if reports and all(report.final for report in reports):
            self._drop(message)
        else:
            self.later([message], now, not_before)

    def later(
        self, messages: Iterable[Message], now: datetime, not_before: datetime | None = None
    ) -> None:
        """Put messages back for their next moment; those past their time are given up."""
        for message in filter(self._has, messages):
            at = next_look(message.since, now)
            if at is None:
                self._dropped += not _is_delivered(message)
                self._drop(message)
            else:
                self._number += 1
                entry = (max(at, not_before or at), self._number, message)
                heapq.heappush(self._due.setdefault(message.line, []), entry)

    def _has(self, message: Message) -> bool:
        return self._by_partition.get(message.partition, {}).get(_key(message)) is message

    def _drop(self, message: Message) -> None:
        if self._has(message):
            del self._by_partition[message.partition][_key(message)]


def news(message: Message, reports: Iterable[Report]) -> list[Report]:
    """The reports that change what was last published of their leg."""
    return [r for r in reports if message.told.get(r.leg) != (r.state, r.code)]


def _is_delivered(message: Message) -> bool:
    """Delivered, though more might have been said: nothing is missing of it."""
    return any(state is ReportState.DELIVERED for state, _ in message.told.values())


def _key(message: Message) -> tuple[str, str]:
    return message.line[0], message.provider_message_id
