"""What the simulated world knows of a message, and all that becomes of it.

In:  a front end's or a replay's message. Out: the values that `world.py` computes with.
Before: whoever makes a `Message`. After: `world.World.send`. Values only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.contracts import ids


class Answer(StrEnum):
    """What the provider's API does with the call."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    SILENT = "silent"


class Reason(StrEnum):
    """Why a final result is what it is; front ends spell it in their provider's codes."""

    DELIVERED = "delivered"
    NO_SUBSCRIBER = "no-subscriber"
    NOT_A_USER = "not-a-user"
    PLATFORM_REFUSED = "platform-refused"
    CARRIER_REFUSED = "carrier-refused"


KAKAOTALK = "platform:kakaotalk"
RESEND_S = 20.0  # SmsForwarder's usual is five minutes; a stack to try things on is quicker


@dataclass(frozen=True, slots=True)
class Recipient:
    """A test handset or mailbox as the networks see it: component ids, `apps` by observer kind.

    `platforms`: where it has an account. `resend_s`: how often SmsForwarder tries again what it
    could not upload. `opens_after_s`: how long its person waits before a document is opened.
    """

    id: str
    carrier: str
    site: str = ""
    apps: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset({KAKAOTALK})
    resend_s: float = RESEND_S
    opens_after_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What the message says; no part in its journey, never shown in a representation or a log.

    `open`: of a document, what a person does who opens it: the address it leads to, or None when
    it cannot be opened (any more).
    """

    text: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    sender_number: str = field(default="", repr=False)
    open: Callable[[], str | None] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Message:
    """One message to one recipient. `provider`, `account`, `sender`, `recipient`, `platform` and
    `body` are component ids.

    `platform` is None for what a carrier delivers, `recipient` for a number that nobody has.
    `chance` names it in every draw, the id if it is empty: of a probe `chance_of` its text, so that
    a probe has one fate, whoever plays it. `fails_with` is a provider's code that the final result
    is to be; `reported` False means that no result is ever given. `image`: it shows one;
    `document`: its person opens it.
    """

    id: str
    channel: str
    provider: str
    account: str
    sender: str
    recipient: str | None
    platform: str | None = None
    substitute: Message | None = None
    fails_with: str | None = None
    reported: bool = True
    image: bool = False
    document: bool = False
    body: str = ""
    chance: str = ""
    letter: Letter = Letter()

    @property
    def fate(self) -> str:
        """The name of all its draws."""
        return self.chance or self.id


def chance_of(*texts: str) -> str:
    """The fate of the probe that one of these texts names; empty when none does."""
    found = next(filter(None, map(ids.read_nonce, texts)), None)
    return f"{found.probe_id}/{found.leg}" if found else ""


@dataclass(frozen=True, slots=True)
class Report:
    """A final result; `reason` is a `Reason` or the code of `Message.fails_with`."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Sight:
    """An app of kind `by` noticed arrival number `copy` (0 the first) and tells of it then."""

    by: str
    copy: int
    arrived_at: datetime
    told_at: datetime


@dataclass(frozen=True)
class Journey:
    """What becomes of a message. Absent times: it does not happen under the faults given.

    `openings`: when its person tries to open a document; one try that works is enough.
    `looked_until` is the latest time at which a component was looked at: after it only a fault
    set in the past could change the journey. `held` means that something waits for the end of a
    fault that has none yet.
    """

    message: Message
    sent_at: datetime
    answer: Answer
    looked_until: datetime
    answered_at: datetime | None = None
    refused_by: str | None = None
    handed_at: datetime | None = None
    arrivals: tuple[datetime, ...] = ()
    sights: tuple[Sight, ...] = ()
    openings: tuple[datetime, ...] = ()
    held: bool = False
    report: Report | None = None
    substitute: Journey | None = None

    def legs(self) -> Iterator[Journey]:
        """This journey and those of its substitutes, in order."""
        yield self
        if self.substitute is not None:
            yield from self.substitute.legs()
