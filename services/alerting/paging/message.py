"""What a notifier is given, and what it answers: a page in words, whom it is for, what came of it.

In:  `words.py` makes `Message`, `targets.py` makes `Target`. Out: `Answer` of one call.
Values only: whoever makes pages, words or notifiers builds on these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from pydantic import SecretStr

from services.contracts.catalogue import Account, Sender
from services.contracts.oncall import Notifier
from services.runtime.errors import Refuse, Stop
from services.storage.incidents import Incident


class Kind(StrEnum):
    """Why a page is made."""

    OPENED = "opened"  # also one that came back
    DIGEST = "digest"  # several that opened
    ESCALATED = "escalated"  # nobody acknowledged it
    AGAIN = "again"  # an acknowledgement ran out
    CLEARED = "cleared"


class Forms(NamedTuple):
    """A page in words of its language. `title` is one line; `text` and `html` say all, links too;
    `short` suffices without opening anything and has none: at most 90 bytes of EUC-KR."""

    title: str
    text: str
    short: str
    html: str


class Links(NamedTuple):
    """Where a page leads. `acknowledge` holds a token: it reaches neither a log nor a `repr`."""

    acknowledge: str | None = None
    incident: str | None = None
    runbook: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One page to one recipient.

    `page_id` is the same whenever the page is sent again, `dedup_key` for all pages of an incident
    (of a digest: its page id). `thread` is the page id of the recipient's first page of it: this
    page's own if it is the first. `incidents` as they stand now, with their figures; `at`: when the
    page was made; `probe_id`: of a proof, which pages nobody.
    """

    page_id: str
    dedup_key: str
    kind: Kind
    incidents: tuple[Incident, ...]
    language: Literal["ko", "en"]
    forms: Forms = field(repr=False)
    at: datetime
    links: Links = field(default=Links(), repr=False)
    thread: str | None = None
    probe_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """By which account a path sends, with that account's secret, from whom (`number`: of SMS), and
    the adapter that speaks to its provider."""

    account: Account
    secret: Mapping[str, SecretStr]
    sender: Sender
    number: SecretStr | None
    adapter: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where one path leads. `path` is its id; `to` a number, a mail address, or the address of a
    server; `keys` sign a webhook, newest first: it is signed with each; `login` is a user name and
    a password; `contract` None where nobody is paid for sending; `returns`: proofs come back."""

    path: str
    notifier: Notifier
    to: SecretStr
    keys: tuple[SecretStr, ...] = ()
    login: tuple[SecretStr, SecretStr] | None = None
    contract: Contract | None = None
    returns: bool = False


class Result(StrEnum):
    """What came of a call."""

    ACCEPTED = "accepted"  # the receiver has it
    REFUSED = "refused"  # it says no: repeating over this path changes nothing
    LATER = "later"  # nothing left, or a no for now
    UNCLEAR = "unclear"  # it left, and nobody knows: it is sent again under the same key


class Answer(NamedTuple):
    """`detail` for people: a code or a word, never an address; `retry_after_s`: how long the
    receiver wants to be left alone."""

    result: Result
    detail: str = ""
    retry_after_s: float | None = None


class Notifying(Protocol):
    """What `notifiers.Notifiers` does."""

    async def send(self, message: Message, target: Target, deadline_s: float) -> Answer:
        """Tell once; whatever happens is an answer."""
        ...

    def unusable(self, path: str, error: Refuse | Stop) -> Answer:
        """The answer of a path that a person must mend."""
        ...
