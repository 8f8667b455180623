"""What an adapter is: it sends one message, and where its provider has look-ups, asks for results.

`send` raises Retry (`unreachable`: nothing left the machine; `throttled`; NotNow: a no that may
change) for what may work later within the slot, and Stop when the account itself is misconfigured
(bad key): that stops the account's routes, not the process. Everything else is an answer.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

import aiohttp
from pydantic import SecretStr

from services.contracts.catalogue import Account
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, ReportState
from services.runtime.errors import Retry, Stop


@dataclass(frozen=True, slots=True)
class Substitute:
    """What the provider shall send by itself when the own leg fails (leg 1)."""

    channel: Channel
    text: str
    sender_number: SecretStr


@dataclass(frozen=True, slots=True)
class Message:
    """One probe as an adapter needs it. Numbers are secrets: they never reach a log or a `repr`.

    `to` is a number, or a mail address; `sender_number` the registered number, `identity` the
    channel id (`@geoje`) or the address mail comes from, `recipient` all fields of the receiver's
    secret. Of a document: `text` is its title, `link` where it opens, and `opens_within_s` how
    long it can be opened. `subject`: of an LMS that is no probe.
    """

    probe_id: UUID
    channel: Channel
    to: SecretStr
    text: str
    template: str | None = None
    identity: str | None = field(default=None, repr=False)
    sender_number: SecretStr | None = None
    substitute: Substitute | None = None
    recipient: Mapping[str, SecretStr] = field(default_factory=dict)
    link: str | None = field(default=None, repr=False)
    opens_within_s: int | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class SendResult:
    """The provider's answer: accepted or refused with its code, or unclear."""

    result: AnswerResult
    code: str | None = None
    fault: FaultDomain | None = None
    provider_message_id: str | None = None


class NotNow(Retry):
    """The provider answered with a no for now: `result` stands when no try is left."""

    def __init__(self, result: SendResult) -> None:
        super().__init__("not_now", f"the provider answers {result.code}")
        self.result = result


@dataclass(frozen=True, slots=True)
class Report:
    """One state a look-up or webhook tells of a message.

    `final`: nothing more will come for this leg. `fields` are the allow-listed raw ones.
    `probe_id`: by the provider's correlation field, where it has one.
    """

    provider_message_id: str
    leg: int
    state: ReportState
    code: str | None
    fault: FaultDomain | None
    reported_at: datetime | None
    final: bool
    fields: Mapping[str, str] = field(default_factory=dict)
    probe_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is built with: its contract, the contract's secret, and the way out.

    `base_url`, `proxy` and `session` (with its CA) come from the destination's settings. Who does
    not speak HTTP uses `trust` (None: the system's CAs), the session's deadline, and `told`, which
    learns of each exchange: the first digits of the answer or None, and seconds.
    """

    account: Account
    secret: Mapping[str, SecretStr]
    session: aiohttp.ClientSession
    base_url: str
    proxy: str | None = None
    trust: ssl.SSLContext | None = None
    told: Callable[[int | None, float], None] = lambda status, seconds: None

    def revealed(self, names: Sequence[str]) -> list[str]:
        """These fields of the secret, to be used and not kept. Raises Stop when one is missing."""
        for name in names:
            if name not in self.secret:
                raise Stop("secret", f"account {self.account.id}: its secret has no field {name}")
        return [self.secret[name].get_secret_value() for name in names]


# What a provider's code means: state, whose fault, and for people the words of its documents. Each
# adapter's table STATES holds one line a code; a key that ends in `*` stands for a family whose
# members are not all documented, and the smallest family counts.
Judged = tuple[ReportState, FaultDomain | None]
Meaning = Judged | tuple[ReportState, FaultDomain | None, str]


def meaning(states: Mapping[str, Meaning], code: str) -> Judged:
    """Of the code's own line, else its family's, else unknown."""
    families = (f"{code[:length]}*" for length in range(len(code), 0, -1))
    known = next((key for key in (code, *families) if key in states), None)
    found = states[known] if known else (ReportState.UNKNOWN, FaultDomain.UNKNOWN)
    return found[0], found[1]


class Adapter(Protocol):
    """The sending half, and the codes it knows; `secret_fields` are its account's secrets."""

    channels: frozenset[Channel]
    secret_fields: tuple[str, ...]

    def __init__(self, surroundings: Surroundings) -> None: ...

    async def send(self, message: Message) -> SendResult:
        """Send one message; see the module's docstring for what it raises."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """The provider tells results only when asked, by the ids of our own messages.

    It may also have `goes_on`, the codes that say delivered and are not the last word, and
    `look_up_pause_s`, the least seconds between two look-ups of one message.
    """

    look_up_batch: int

    async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
        """What the provider says now of these messages; those it knows nothing of are absent.

        Raises Retry when it cannot be asked just now.
        """
        ...


@runtime_checkable
class ReadsReports(Protocol):
    """Its provider tells results by itself: POST /reports/<adapter>/<account> of ingest.

    `report_fields` are the documented names of a body, all that may be said of one that nobody
    understood; `proof` is the field of the account's secret that a body is proven by. The class
    itself is asked: no stranger makes us open a way out.
    """

    report_fields: frozenset[str]
    proof: str

    @classmethod
    def verify(cls, headers: Mapping[str, str], body: bytes, proofs: Sequence[SecretStr]) -> None:
        """`headers` in lower case; `proofs`: every valid value of `proof`, any of which will do.
        Raises Refuse(`bad_signature`) for what is not authentic."""
        ...

    @classmethod
    def read_reports(cls, body: bytes) -> list[Report]:
        """The results of an authentic body; none for an event that tells of no result, and none of
        a message that the correlation field shows to be somebody else's: an account may be shared
        with notices to citizens. Raises SetAside with a reason for what is not understood."""
        ...


@runtime_checkable
class Opens(Protocol):
    """Its messages are documents, which a person opens on a page of ours."""

    channels: frozenset[Channel]
    platform: str

    async def admit(self, query: Mapping[str, str], probe_id: UUID) -> str:
        """The id of the document that the query of the page shows a good one-time token for.

        Raises Refuse(`token`) when it does not, Retry when it cannot be asked just now, Stop.
        """
        ...

    async def report_read(self, document_id: str) -> None:
        """Tell the provider that the document is being read; a repeat does no harm. Raises Retry,
        Stop."""
        ...
