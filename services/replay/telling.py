"""Step 4 in virtual time: what ingest learns of a probe, and when Kafka has it.

In:  a journey of the world. Out: records with their known times: reports, sights, openings, posts.
Before: `probing.py`. After: `stream.py` puts them in order. The events are made by ingest's own
functions; what a provider's front end, an app or a mail server would say is said here directly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.adapters import base, discover
from services.contracts import ids
from services.contracts.catalogue import Catalogue, Route
from services.contracts.evidence import Record
from services.contracts.vocabulary import (
    Channel,
    ClockSource,
    FaultDomain,
    Leg,
    ObserverKind,
    Placement,
    ReportState,
)
from services.ingest.opened import device_opened
from services.ingest.pending import next_look
from services.ingest.receive import Keeper, Witness, channel_observed, device_seen
from services.ingest.receivers.base import Observation, RoomPost
from services.ingest.reports import report_received
from services.replay import probing
from services.replay.probing import Probed
from simulators.config import RoomConfig
from simulators.journey import Journey, Reason, Report, Sight
from simulators.rooms import messages
from simulators.world import World

Known = tuple[datetime, Record]
SECOND = timedelta(seconds=1)
_FAULTS = {
    Reason.NO_SUBSCRIBER: FaultDomain.HANDSET,
    Reason.NOT_A_USER: FaultDomain.HANDSET,
    Reason.PLATFORM_REFUSED: FaultDomain.PLATFORM,
    Reason.CARRIER_REFUSED: FaultDomain.CARRIER,
}


@dataclass(frozen=True, slots=True)
class Ingest:
    """One instance. `asked`: the adapters whose providers tell results only when asked."""

    keeper: Keeper
    catalogue: Catalogue
    world: World
    asked: frozenset[str]

    def learns(self, probed: Probed, route: Route) -> Iterator[Known]:
        """Everything that becomes known of a probe after its answer."""
        if probed.journey is None:
            return
        for leg, journey in enumerate(probed.journey.legs()):
            if journey.report is not None:
                yield from self._report(probed, Leg(leg), journey.report)
            for sight in journey.sights:
                yield sight.told_at, self._seen(probed, route, Leg(leg), journey, sight)
        yield from self._opened(probed, probed.journey)

    def _report(self, probed: Probed, leg: Leg, report: Report) -> Iterator[Known]:
        sent, delivered = probed.sent, report.reason == Reason.DELIVERED
        if sent.channel is Channel.EDOCUMENT and not delivered:
            return  # an undelivered document stays SENT: nobody says that it failed
        at: datetime | None = report.at
        if sent.adapter in self.asked:
            at = self._asked_at(probed, report.at)
        if at is None:
            return
        told = base.Report(
            provider_message_id=probing.message_id(sent),
            leg=leg,
            state=ReportState.DELIVERED if delivered else ReportState.FAILED,
            code=report.reason,
            fault=None if delivered else _FAULTS[Reason(report.reason)],
            reported_at=report.at,
            final=True,
        )
        yield at, report_received(sent.probe_id, sent.account, told, self.keeper, at)

    def _asked_at(self, probed: Probed, reported_at: datetime) -> datetime | None:
        """The first look-up that is answered; none where the answer to the call, and with it the
        id, came too late."""
        sent, answer = probed.sent, probed.answer
        if answer.provider_message_id is None:
            return None
        asked = f"provider:{sent.provider}", f"account:{sent.account}"
        at = next_look(answer.ended_at, reported_at)
        while at is not None and not self.world.answers(at, *asked):
            at = next_look(answer.ended_at, at)
        return at

    def _seen(
        self, probed: Probed, route: Route, leg: Leg, journey: Journey, sight: Sight
    ) -> Record:
        sent, message = probed.sent, probed.message
        spare = message.substitute
        words = message.text if leg is Leg.OWN or spare is None else spare.text
        sender = sent.sender if leg is Leg.OWN or route.failover is None else route.failover.sender
        own_id = f"{sent.probe_id}/{leg:d}/{sight.copy}"
        item = _observation(sight, journey.handed_at or sight.arrived_at, words, own_id)
        nonce = ids.Nonce(sent.probe_id, leg)
        senders = (sender,) if item.clock is ClockSource.SMSC else None
        by = self._witness(sent.receiver, ObserverKind(sight.by), sight.told_at)
        return device_seen(item, nonce, by, senders)

    def _opened(self, probed: Probed, journey: Journey) -> Iterator[Known]:
        """The first try that finds the provider at work: it checks the token."""
        message = journey.message
        for at in journey.openings:
            if self.world.answers(at, message.provider, message.account):
                sent, nonce = probed.sent, ids.Nonce(probed.sent.probe_id, Leg.OWN)
                document = probing.message_id(sent)
                args = (nonce, sent.receiver, document, sent.platform, self.keeper, at)
                yield at, device_opened(*args)
                return

    def posts(self, route: Route, room: RoomConfig, at: datetime) -> Iterator[Known]:
        """What the members' phones tell of the post of that moment; of copies the first."""
        for message in messages(room, at):
            for sight in self.world.send(message, at).sights[:1]:
                first = sight.arrived_at.replace(microsecond=0)
                post = RoomPost(
                    title=room.title, platform=route.platform or "", observed_min=first,
                    observed_max=first + SECOND, likeness=(room.title, first.isoformat()),
                )  # fmt: skip
                member = (message.recipient or "").partition(":")[2]
                by = self._witness(member, ObserverKind(sight.by), sight.told_at)
                yield sight.told_at, channel_observed(post, route, by)

    def _witness(self, receiver: str, kind: ObserverKind, now: datetime) -> Witness:
        return Witness(self.catalogue.receivers[receiver], kind, self.keeper, now)


def _observation(sight: Sight, handed_at: datetime, words: str, own_id: str) -> Observation:
    """As the readers of each app's requests give it, and of mailboxes."""
    arrived = sight.arrived_at.replace(microsecond=0)
    match ObserverKind(sight.by):
        case ObserverKind.ANDROID_SMS_GATEWAY:
            # Both stand in whole seconds in its requests.
            first, last = (at.replace(microsecond=0) for at in (handed_at, sight.told_at))
            clock, place, platform = ClockSource.SMSC, Placement.INBOX, None
        case ObserverKind.SMSFORWARDER:
            first, last = arrived, arrived + SECOND
            clock, place, platform = ClockSource.HANDSET, Placement.NOTIFICATION, "kakaotalk"
        case _:
            first, last = arrived, min(arrived + SECOND, sight.told_at)
            clock, place, platform = ClockSource.MAIL_SERVER, Placement.INBOX, None
    return Observation(
        text=words, title="", observed_min=first, observed_max=last, clock=clock, placement=place,
        platform=platform, links_visible=place is Placement.INBOX, own_id=own_id,
    )  # fmt: skip


def asked_adapters() -> frozenset[str]:
    """The adapters whose results are looked up; of all others somebody tells."""
    found = discover().items()
    return frozenset(
        name
        for name, kind in found
        if hasattr(kind, "look_up") and not hasattr(kind, "read_reports")
    )
