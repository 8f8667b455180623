"""What a front end keeps of the messages it accepted, whichever provider it speaks for.

In:  accepted messages. Out: they are found again, with what became of them by now.
Before: a front end accepts a call. After: its look-ups. Nothing is ever updated: what is shown is
computed from the journey at the time of the look-up.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.carriage import LiveWorld
from simulators.journey import Journey, Message

KEPT = 50_000


@dataclass(eq=False)
class Record:
    """One recipient of one accepted call, or the substitute SMS that may follow it.

    `facts` are the fields of the request that look-ups repeat. `sent_at` None: not under way
    (held, or dropped).
    """

    kind: str
    service_id: str
    request_id: str
    requested_at: datetime
    message: Message
    facts: Mapping[str, Any] = field(repr=False)
    sent_at: datetime | None = None
    substitute: Record | None = None
    parent: Record | None = None

    def began(self, journey: Journey | None) -> datetime:
        """When it was requested, of a substitute when it was sent."""
        return journey.sent_at if journey and self.parent else self.requested_at

    def exists(self, journey: Journey | None, by: datetime) -> bool:
        """Whether look-ups know it: a substitute once it was sent."""
        if self.parent is None:
            return self.requested_at <= by
        return journey is not None and journey.sent_at <= by

    def journey(self, live: LiveWorld) -> Journey | None:
        """What becomes of it under the faults known by now."""
        if self.parent is not None:
            ahead = self.parent.journey(live)
            return ahead.substitute if ahead else None
        if self.sent_at is None:
            return None
        return live.send(self.message, self.sent_at)


class Store:
    """The last `KEPT` records, by message and by request."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, Record] = OrderedDict()
        self._requests: dict[str, list[Record]] = {}

    def keep(self, records: list[Record]) -> None:
        for record in records:
            for one in filter(None, (record, record.substitute)):
                self._messages[one.message.id] = one
                self._requests.setdefault(one.request_id, []).append(one)
        while len(self._messages) > KEPT:
            _, oldest = self._messages.popitem(last=False)
            self._requests.pop(oldest.request_id, None)

    def message(self, message_id: str) -> Record | None:
        return self._messages.get(message_id)

    def of_request(self, request_id: str) -> list[Record]:
        return self._requests.get(request_id, [])
