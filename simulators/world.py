"""The simulated outside world: everything that will ever happen to a message.

In:  a message, the time it is handed to its provider, the world (seed, recipients, faults).
Out: `Journey`: when the API answers, when the carrier or platform takes it, when it reaches the
     handset (and how often), what the handset's apps tell of it and when, when its person opens it,
     what the provider will report, and the substitute message if one goes.
Before: a front end (`sens.py`) or a replay makes the message. After: `carriage.py` lives the
     journey in real time, a replay in virtual time.

Pure. Faults are looked up at the time at which the message passes the component, and every draw
depends only on the seed and the message's fate (a probe's id and leg): asking again after a fault
was set or cleared changes only what had not happened yet.

What the states mean, by stage:

=============  ===========================================  =====================================
state          provider, account, body, sender (entry)      platform, carrier (delivery)
=============  ===========================================  =====================================
down           the call gets no answer                      lost without a result
refusing       the API refuses                              a failure report
silent-sender  accepted, nothing goes, no result            as at entry
lossy          lost with probability `share`, no result
degraded       lost with probability 0.5, else delayed by `delay_s`
delayed        delayed by `delay_s`
loaded         every latency of the stage times `factor`
duplicating    arrives twice
lying          the report says delivered whatever happened; alone it also loses the message
=============  ===========================================  =====================================

A receiver, an observer, a site or a worker can only be down. For a receiver that is down, carriers
and KakaoTalk keep the message and deliver it when it is back (no result until then). A worker that
is down reaches nobody: no message of it comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial

from simulators import sights
from simulators.chance import Draws, Latencies
from simulators.faults import Condition, Delay, Fault, Passing, State, condition
from simulators.journey import Answer, Journey, Message, Reason, Recipient, Report, Sight


@dataclass(frozen=True)
class World:
    """`recipients` by component id; `faults` of all times, in force when their time is."""

    seed: int
    recipients: Mapping[str, Recipient]
    base_loss: float = 0.0
    latencies: Latencies = field(default_factory=Latencies)
    faults: tuple[Fault, ...] = ()

    def under(self, faults: tuple[Fault, ...]) -> World:
        """The same world with these faults."""
        return replace(self, faults=faults)

    def send(self, message: Message, at: datetime) -> Journey:
        """All that becomes of a message handed to its provider at `at` (aware)."""
        chain = (message.provider, message.account, message.body, message.sender)
        entry = self.meets(_passing(message, chain), at)
        worst = entry.worst
        if worst is not None and worst.state is State.DOWN:
            return Journey(message, at, Answer.SILENT, looked_until=at)
        draws = Draws(self.seed, message.fate)
        stretch = worst.factor if worst is not None and worst.state is State.LOADED else 1.0
        answered = at + draws.seconds("api", self.latencies.api) * stretch
        journey = Journey(message, at, Answer.ACCEPTED, looked_until=at, answered_at=answered)
        if worst is not None and worst.state is State.REFUSING:
            return replace(journey, answer=Answer.REFUSED, refused_by=worst.component)
        if worst is not None and worst.state is State.SILENT_SENDER and not entry.lying:
            return journey
        handed = answered + draws.travel("relay", self.latencies.relay, entry)
        journey = replace(journey, handed_at=handed, looked_until=handed)
        return _delivery(journey, handed, entry, draws, self)

    def works(self, at: datetime, *components: str, recipient: str | None = None) -> bool:
        """Whether nothing is wrong with these components at a time."""
        return self.meets(Passing("", recipient, components), at).worst is None

    def answers(self, at: datetime, *components: str) -> bool:
        """Whether a look-up at these components of a provider is answered."""
        worst = self.meets(Passing("", None, components), at).worst
        return worst is None or worst.state not in (State.DOWN, State.REFUSING)

    def app_works(self, to: Recipient, kind: str, at: datetime) -> bool:
        """Whether an app runs, on a phone that lives and has its network."""
        app = sights.observer(to, kind)
        return self.works(at, to.id, app, to.site, recipient=to.id)

    def clear_from(
        self, recipient: str, components: tuple[str, ...], at: datetime
    ) -> datetime | None:
        """The first moment from `at` at which all of these work; None: no end is known."""
        passing = Passing("", recipient, components)
        while (met := self.meets(passing, at).worst) is not None:
            if met.until is None:
                return None
            at = met.until
        return at

    def population(self, component: str) -> tuple[str, ...]:
        """The recipients over which a share of a fault of the component is counted: a carrier's
        subscribers, a platform's users, the phones of a site; where it has none, everybody."""
        known = self.recipients.values()
        its = tuple(r.id for r in known if component in (r.id, r.carrier, r.site, *r.platforms))
        return its or tuple(self.recipients)

    def meets(self, passing: Passing, at: datetime) -> Condition:
        """What a message, or a phone's own traffic, meets at the components of one stage."""
        known = self._faults_by_component
        relevant = [f for component in passing.components for f in known.get(component, ())]
        if not relevant:
            return _FINE
        return condition(relevant, passing, at, self.seed, self.population)

    @cached_property
    def _faults_by_component(self) -> Mapping[str, Sequence[Fault]]:
        found: dict[str, list[Fault]] = {}
        for fault in self.faults:
            found.setdefault(fault.component, []).append(fault)
        return found


_FINE = Condition()


def _delivery(
    journey: Journey, handed: datetime, entry: Condition, draws: Draws, world: World
) -> Journey:
    """The second half: platform or carrier, the handset, the report, the substitute."""
    message = journey.message
    via, usual = _carried_by(message, world)
    met = world.meets(_passing(message, (via,)), handed)
    due = handed + draws.travel("travel", usual, met)
    lost = _is_lost(draws, entry, met, world.base_loss)
    refusal = message.fails_with or (None if lost else _refusal(message, met, world))
    if refusal is None and not lost:
        twice = entry.duplicating or met.duplicating
        journey = _at_the_handset(journey, due, twice, draws, world)
    if (entry.lying or met.lying) and message.fails_with is None:
        return _reported(journey, Reason.DELIVERED, due, draws, world)
    if refusal is not None:
        return _reported(journey, refusal, due, draws, world)
    if journey.arrivals:
        return _reported(journey, Reason.DELIVERED, journey.arrivals[0], draws, world)
    return journey


def _passing(message: Message, components: tuple[str, ...]) -> Passing:
    functions = {message.channel, *(("media",) if message.image else ())}
    return Passing(message.fate, message.recipient, components, frozenset(functions))


def _carried_by(message: Message, world: World) -> tuple[str, Delay]:
    if message.platform is not None:
        return message.platform, world.latencies.platform
    recipient = world.recipients.get(message.recipient or "")
    return (recipient.carrier if recipient else ""), world.latencies.carrier


def _refusal(message: Message, met: Condition, world: World) -> str | None:
    """Why what reached the second stage ends in a failure report, or None."""
    if met.worst is not None and met.worst.state is State.REFUSING:
        return Reason.PLATFORM_REFUSED if message.platform else Reason.CARRIER_REFUSED
    recipient = world.recipients.get(message.recipient or "")
    if message.platform is not None:
        is_user = recipient is not None and message.platform in recipient.platforms
        return None if is_user else Reason.NOT_A_USER
    return None if recipient else Reason.NO_SUBSCRIBER


def _is_lost(draws: Draws, entry: Condition, met: Condition, base_loss: float) -> bool:
    return (
        draws.loses("relay", entry)
        or draws.loses("travel", met)
        or draws.chance("base-loss") < base_loss
    )


def _at_the_handset(
    journey: Journey, due: datetime, twice: bool, draws: Draws, world: World
) -> Journey:
    """Arrival now, or as soon as the handset is back; held while it is down without an end."""
    recipient = journey.message.recipient or ""
    while (free := world.clear_from(recipient, (recipient,), due)) != due:
        if free is None:
            return replace(journey, looked_until=due, held=True)
        due = free + draws.seconds("wake", world.latencies.wake)
    copies = (due + draws.seconds("copy", world.latencies.second_copy),) if twice else ()
    journey = replace(journey, looked_until=due, arrivals=(due, *copies))
    return _noticed(journey, world.recipients[recipient], draws, world)


def _noticed(journey: Journey, to: Recipient, draws: Draws, world: World) -> Journey:
    """What the handset's apps tell, and when its person opens a document."""
    clear = partial(world.clear_from, to.id)
    message, found, waits = journey.message, list[Sight](), False
    for copy, at in enumerate(journey.arrivals):
        sight, waiting = sights.seen(message, to, copy, at, clear, draws)
        found += [sight] if sight else []
        waits = waits or waiting
    tries = sights.tries(to, journey.arrivals[0]) if message.document else ()
    times = (*(s.told_at for s in found), *tries, journey.looked_until)
    return replace(
        journey, sights=tuple(found), openings=sights.openings(to, tries, clear), held=waits,
        looked_until=max(times),
    )  # fmt: skip


def _reported(
    journey: Journey, reason: str, known: datetime, draws: Draws, world: World
) -> Journey:
    """The final result, and after a negative one the substitute message if one was asked for."""
    message = journey.message
    if not message.reported:
        return journey
    report = Report(known + draws.seconds("report", world.latencies.report), reason)
    journey = replace(journey, report=report)
    if reason == Reason.DELIVERED or message.substitute is None:
        return journey
    sent = report.at + draws.seconds("substitute", world.latencies.substitute)
    follow = world.send(message.substitute, sent)
    looked = max(journey.looked_until, follow.looked_until)
    return replace(journey, substitute=follow, looked_until=looked)
