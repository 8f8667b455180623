"""The end of a journey: what the apps and the person of a handset make of what arrived.

In:  arrivals, the faults of the handset, its apps and its site. Out: when each app tells of what it
     saw, and when a document's person tries to open it.
Before: `world.World.send`. After: `handsets.py` tells bongsu at these times; a replay takes them as
     they are. Pure.

KakaoTalk is seen by SmsForwarder, SMS and LMS by the gateway, mail in its box. What happens while
an app is down: the gateway finds it in the inbox later, SmsForwarder never learns of it. Without
the site's network both keep it: the gateway's job waits for it, SmsForwarder tries again every
`resend_s` seconds. Carriers carry no uploads.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulators.chance import Draws
from simulators.faults import uniform
from simulators.journey import Message, Recipient, Sight

GATEWAY, FORWARDER, MAILBOX = "android-sms-gateway", "smsforwarder", "imap"
OPENINGS = 3  # how often a person tries to open a document
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The first moment from the one given at which all these components of the recipient work; None:
# not before a fault ends that has no end yet.
ClearFrom = Callable[[tuple[str, ...], datetime], datetime | None]
Told = tuple[Sight | None, bool]  # the sight, and whether it waits for an end that is not known


def observer(recipient: Recipient, kind: str) -> str:
    """The component of one app: `observer:skt-01/smsforwarder`."""
    return f"observer:{recipient.id.partition(':')[2]}/{kind}"


def seen(
    message: Message, to: Recipient, copy: int, at: datetime, clear: ClearFrom, draws: Draws
) -> Told:
    """What is told of one arrival."""
    if message.channel == "email":
        told: datetime | None = at if MAILBOX in to.apps else None
        kind, waits = MAILBOX, False
    elif message.platform is None:
        kind = GATEWAY
        told, waits = _by_gateway(to, at, clear) if kind in to.apps else (None, False)
    else:
        kind = FORWARDER
        told, waits = _by_forwarder(to, at, clear, draws) if kind in to.apps else (None, False)
    if told is None:
        return None, waits
    return Sight(kind, copy, at, told + draws.upload(copy)), False


def tries(to: Recipient, at: datetime) -> tuple[datetime, ...]:
    """When the person of a document that came at `at` would open it."""
    step = timedelta(seconds=to.opens_after_s)
    return tuple(at + step * n for n in range(1, OPENINGS + 1))


def openings(to: Recipient, tries: tuple[datetime, ...], clear: ClearFrom) -> tuple[datetime, ...]:
    """Those tries at which the phone and its network work."""
    return tuple(at for at in tries if clear((to.id, to.site), at) == at)


def _by_gateway(to: Recipient, at: datetime, clear: ClearFrom) -> tuple[datetime | None, bool]:
    told = clear((to.id, observer(to, GATEWAY), to.site), at)
    return told, told is None


def _by_forwarder(
    to: Recipient, at: datetime, clear: ClearFrom, draws: Draws
) -> tuple[datetime | None, bool]:
    app = (to.id, observer(to, FORWARDER))
    if clear(app, at) != at:
        return None, False
    told: datetime | None = at
    parts = (*app, to.site)
    while told is not None and (free := clear(parts, told)) != told:
        told = next_beat(draws.seed, "resend", to.id, to.resend_s, free) if free else None
    return told, told is None


def next_beat(seed: int, what: str, name: str, every_s: float, after: datetime) -> datetime:
    """When an app does next what it does every so many seconds, at a phase of its own: the first
    time that is not before `after`."""
    every = timedelta(seconds=every_s)
    phase = every * uniform(seed, what, name)
    return EPOCH + phase + every * -((EPOCH + phase - after) // every)
