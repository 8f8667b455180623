"""The journey of one message through the simulated world.

In:  a message, the time it is handed to its provider, the faults, the world (seed, recipients).
Out: `Journey`: when the API answers, when the carrier or platform takes it, when it reaches the
     handset (and how often), what the provider will report, and the substitute message if one goes.
Before: a front end (`sens.py`) or a replay makes the message. After: `carriage.py` lives it.

Pure. Faults are looked up at the time at which the message passes the component, and every draw
depends only on the seed and the message id: planning again after a fault was set or cleared
changes only what had not happened yet.

What the states mean, by stage:

=============  =======================================  =========================================
state          provider, account, sender (entry)        platform, carrier (delivery)
=============  =======================================  =========================================
down           the call gets no answer                  lost without a result
refusing       the API refuses                          a failure report
silent-sender  accepted, nothing goes, no result        as at entry
lossy          lost with probability `share`, no result
degraded       lost with probability 0.5, else delayed by `delay_s`
delayed        delayed by `delay_s`
loaded         every latency of the stage times `factor`
duplicating    arrives twice
lying          the report says delivered whatever happened; alone it also loses the message
=============  =======================================  =========================================

A receiver, an observer or a site can only be down. For a receiver that is down, carriers and
KakaoTalk keep the message and deliver it when it is back (no result until then).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

from simulators.faults import Condition, Delay, Fault, Passing, State, condition, uniform

_NORMAL = NormalDist()
_P95 = _NORMAL.inv_cdf(0.95)
_LOSS = {State.DOWN: 1.0, State.SILENT_SENDER: 1.0, State.DEGRADED: 0.5}


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


class Latencies(BaseModel):
    """Lognormal latencies of a world at rest, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    api: Delay = Delay(median=0.06, p95=0.11)
    relay: Delay = Delay(median=0.15, p95=0.4)
    platform: Delay = Delay(median=1.2, p95=3.75)  # p99 about 6 s
    carrier: Delay = Delay(median=2.5, p95=7.6)  # p99 about 12 s
    report: Delay = Delay(median=0.6, p95=1.8)
    substitute: Delay = Delay(median=0.8, p95=2.0)
    wake: Delay = Delay(median=2.0, p95=5.0)  # a receiver is back until it gets what waited
    second_copy: Delay = Delay(median=1.0, p95=3.0)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A test handset as the networks see it. `id` and `carrier` are component ids."""

    id: str
    carrier: str
    kakaotalk: bool = True


@dataclass(frozen=True)
class World:
    seed: int
    recipients: Mapping[str, Recipient]
    base_loss: float = 0.0
    latencies: Latencies = field(default_factory=Latencies)

    def population(self, component: str) -> tuple[str, ...]:
        """The recipients over which a share of a fault of the component is counted."""
        if component.startswith("carrier:"):
            return tuple(r.id for r in self.recipients.values() if r.carrier == component)
        return tuple(self.recipients)

    def meets(self, passing: Passing, at: datetime, faults: Iterable[Fault]) -> Condition:
        relevant = [fault for fault in faults if fault.component in passing.components]
        if not relevant:
            return Condition()
        populations = {fault.component: self.population(fault.component) for fault in relevant}
        return condition(relevant, passing, at, self.seed, populations)


@dataclass(frozen=True, slots=True)
class Letter:
    """What the message says; no part in planning, never shown in a representation or a log.

    `open`: of a document, what a person does who opens it: the address it leads to, or None when
    it cannot be opened (any more).
    """

    text: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    sender_number: str = field(default="", repr=False)
    open: Callable[[], str | None] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Message:
    """One message to one recipient. All but `id`, `channel`, `fails_with` are component ids.

    `platform` is None for what a carrier delivers. `recipient` is None for a number that nobody
    has. `fails_with` is a provider's code that the final result is to be; `reported` False means
    that no result is ever given. `image`: it shows one.
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
    letter: Letter = Letter()


@dataclass(frozen=True, slots=True)
class Report:
    """A final result; `reason` is a `Reason` or the code of `Message.fails_with`."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Journey:
    """What becomes of a message. Absent times: it does not happen under the faults given.

    `looked_until` is the latest time at which a component was looked at: after it only a fault
    set in the past could change the journey. `held` means it waits for its receiver.
    """

    message: Message
    sent_at: datetime
    answer: Answer
    looked_until: datetime
    answered_at: datetime | None = None
    refused_by: str | None = None
    handed_at: datetime | None = None
    arrivals: tuple[datetime, ...] = ()
    held: bool = False
    report: Report | None = None
    substitute: Journey | None = None

    def legs(self) -> Iterator[Journey]:
        """This journey and those of its substitutes, in order."""
        yield self
        if self.substitute is not None:
            yield from self.substitute.legs()


@dataclass(frozen=True, slots=True)
class _Draws:
    """All chance of one message."""

    seed: int
    message_id: str

    def chance(self, what: str) -> float:
        return uniform(self.seed, self.message_id, what)

    def seconds(self, what: str, delay: Delay) -> timedelta:
        sigma = math.log(delay.p95 / delay.median) / _P95
        return timedelta(
            seconds=delay.median * math.exp(sigma * _NORMAL.inv_cdf(self.chance(what)))
        )

    def loses(self, what: str, met: Condition) -> bool:
        fault = met.worst
        if fault is None:  # a liar with no other fault loses the message, else that one decides
            return met.lying
        odds = fault.share if fault.state is State.LOSSY else _LOSS.get(fault.state, 0.0)
        return self.chance(f"{what}-loss") < odds

    def travel(self, what: str, usual: Delay, met: Condition) -> timedelta:
        """The time a stage takes: its usual latency, stretched or with a delay on top."""
        taken = self.seconds(what, usual)
        fault = met.worst
        if fault is not None and fault.state is State.LOADED:
            return taken * fault.factor
        if fault is not None and fault.state in (State.DELAYED, State.DEGRADED):
            return taken + self.seconds(f"{what}-delay", fault.delay_s)
        return taken


def plan(message: Message, at: datetime, faults: Iterable[Fault], world: World) -> Journey:
    """The journey of a message handed to its provider at `at` (aware) under these faults."""
    known = tuple(faults)
    draws = _Draws(world.seed, message.id)
    chain = (message.provider, message.account, message.sender)
    entry = world.meets(_passing(message, chain), at, known)
    worst = entry.worst
    if worst is not None and worst.state is State.DOWN:
        return Journey(message, at, Answer.SILENT, looked_until=at)
    stretch = worst.factor if worst is not None and worst.state is State.LOADED else 1.0
    answered = at + draws.seconds("api", world.latencies.api) * stretch
    journey = Journey(message, at, Answer.ACCEPTED, looked_until=at, answered_at=answered)
    if worst is not None and worst.state is State.REFUSING:
        return replace(journey, answer=Answer.REFUSED, refused_by=worst.component)
    if worst is not None and worst.state is State.SILENT_SENDER:
        return journey
    handed = answered + draws.travel("relay", world.latencies.relay, entry)
    journey = replace(journey, handed_at=handed, looked_until=handed)
    return _delivery(journey, handed, entry, known, world)


def _delivery(
    journey: Journey, handed: datetime, entry: Condition, faults: tuple[Fault, ...], world: World
) -> Journey:
    """The second half: platform or carrier, the handset, the report, the substitute."""
    message = journey.message
    draws = _Draws(world.seed, message.id)
    via, usual = _carried_by(message, world)
    met = world.meets(_passing(message, (via,)), handed, faults)
    due = handed + draws.travel("travel", usual, met)
    refusal = _refusal(message, met, world)
    if refusal is None and not _is_lost(draws, entry, met, world.base_loss):
        twice = entry.duplicating or met.duplicating
        journey = _at_the_handset(journey, due, twice, faults, world)
    if (entry.lying or met.lying) and message.fails_with is None:
        return _reported(journey, Reason.DELIVERED, due, faults, world)
    if refusal is not None:
        return _reported(journey, refusal, due, faults, world)
    if journey.arrivals:
        return _reported(journey, Reason.DELIVERED, journey.arrivals[0], faults, world)
    return journey


def _passing(message: Message, components: tuple[str, ...]) -> Passing:
    functions = {message.channel, *(("media",) if message.image else ())}
    return Passing(message.id, message.recipient, components, frozenset(functions))


def _carried_by(message: Message, world: World) -> tuple[str, Delay]:
    if message.platform is not None:
        return message.platform, world.latencies.platform
    recipient = world.recipients.get(message.recipient or "")
    return (recipient.carrier if recipient else ""), world.latencies.carrier


def _refusal(message: Message, met: Condition, world: World) -> str | None:
    """Why the second stage ends in a failure report, or None."""
    if message.fails_with is not None:
        return message.fails_with
    state = met.worst.state if met.worst else None
    if state is State.DOWN:  # nobody is there to say no
        return None
    if state is State.REFUSING:
        return Reason.PLATFORM_REFUSED if message.platform else Reason.CARRIER_REFUSED
    recipient = world.recipients.get(message.recipient or "")
    if message.platform is not None:
        return None if recipient and recipient.kakaotalk else Reason.NOT_A_USER
    return None if recipient else Reason.NO_SUBSCRIBER


def _is_lost(draws: _Draws, entry: Condition, met: Condition, base_loss: float) -> bool:
    return (
        draws.loses("relay", entry)
        or draws.loses("travel", met)
        or draws.chance("base-loss") < base_loss
    )


def _at_the_handset(
    journey: Journey, due: datetime, twice: bool, faults: tuple[Fault, ...], world: World
) -> Journey:
    """Arrival now, or as soon as the handset is back; held while it is down without an end."""
    message = journey.message
    draws = _Draws(world.seed, message.id)
    passing = _passing(message, (message.recipient or "",))
    while (met := world.meets(passing, due, faults).worst) is not None:
        if met.until is None:
            return replace(journey, looked_until=due, held=True)
        due = met.until + draws.seconds("wake", world.latencies.wake)
    copies = (due + draws.seconds("copy", world.latencies.second_copy),) if twice else ()
    return replace(journey, looked_until=due, arrivals=(due, *copies))


def _reported(
    journey: Journey, reason: str, known: datetime, faults: tuple[Fault, ...], world: World
) -> Journey:
    """The final result, and after a negative one the substitute message if one was asked for."""
    message = journey.message
    if not message.reported:
        return journey
    draws = _Draws(world.seed, message.id)
    report = Report(known + draws.seconds("report", world.latencies.report), reason)
    journey = replace(journey, report=report)
    if reason == Reason.DELIVERED or message.substitute is None:
        return journey
    sent = report.at + draws.seconds("substitute", world.latencies.substitute)
    follow = plan(message.substitute, sent, faults, world)
    looked = max(journey.looked_until, follow.looked_until)
    return replace(journey, substitute=follow, looked_until=looked)
