"""What a receiver's app is to ingest: it proves who speaks, then says what was seen.

In:  headers and raw body of one request. Out: `Stamp` (authentic, and the phone's own time), then
     what the app says: `Observation` or `SignOfLife`. All of it pure.
Before: `app.py` took the request in. After: `receive.py` makes evidence of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import BaseModel, ConfigDict, SecretStr

from services.contracts.vocabulary import ClockSource, ObserverKind, Placement
from services.runtime.errors import Refuse

WINDOW = timedelta(seconds=300)
Keys = Mapping[str, Sequence[SecretStr]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request: header names in lower case, the body as it came."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """An authentic request: when the phone says it sent it, and the word that is good only once
    (with another body)."""

    at: datetime
    ticket: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A message on the device. Its words stay in memory: nothing but a keyed digest leaves.

    `own_id` is the app's id of this happening; without one `likeness` and the nonce name it, and
    `likeness` may hold a number, and `sender` is one, where the app shows it. `platform` None = the
    receiver's carrier.
    """

    text: str = field(repr=False)
    title: str = field(repr=False)
    observed_min: datetime
    observed_max: datetime
    clock: ClockSource
    placement: Placement
    platform: str | None = None
    links_visible: bool = True
    sender: str | None = field(default=None, repr=False)
    own_id: str | None = None
    likeness: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class RoomPost:
    """A post in an open chat room, of which the phone tells the room's title and no content.

    The room is the catalogue's to know; `platform` and `likeness` as in `Observation`.
    """

    title: str = field(repr=False)
    platform: str
    observed_min: datetime
    observed_max: datetime
    likeness: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """The app runs and can upload; `battery` from 0 to 1 where it says so."""

    battery: float | None = None


Said = Observation | RoomPost | SignOfLife


class Observes(Protocol):
    """One app. `secrets` are the fields of the observer's secret, `names` the field names its
    documents know (only these appear in a dead letter), `status` the answer to an accepted one."""

    kind: ObserverKind
    secrets: tuple[str, ...]
    names: frozenset[str]
    status: int

    def verify(self, incoming: Incoming, keys: Keys, now: datetime) -> Stamp:
        """Raises Refuse (`bad_signature`, `stale`); the body is not parsed before."""
        ...

    def read(self, body: bytes, stamp: Stamp) -> Said:
        """What an authentic body says. Raises SetAside when it cannot be understood."""
        ...


class Payload(BaseModel):
    """The allow-listed fields of a body; all others are dropped unread."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def sent_at(stamp: str, per_second: int, now: datetime) -> datetime:
    """The time in a decimal stamp. Raises Refuse: no stamp, or outside the window."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 13):
        raise Refuse("bad_signature")
    seconds = int(stamp) / per_second
    # As numbers: a stamp far beyond the calendar is stale, not an error.
    if abs(now.timestamp() - seconds) > WINDOW.total_seconds():
        raise Refuse("stale")
    return datetime.fromtimestamp(seconds, UTC)
