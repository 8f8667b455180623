"""Before step 2: the message of one probe, `probe.sent` that announces it, `probe.answered`.

In:  what is planned and the catalogue that holds at this moment; the adapter's result. Out:
`Message`, `ProbeSent`, `ProbeAnswered`. Before: step 1. After: `worker.py`, which calls all three.
The text carries the probe id and the leg, so that whoever sees it needs no memory; `probe.sent`
carries everything that held at the slot, so that nobody looks it up later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from pydantic import SecretStr

from services.adapters.base import Message, SendResult, Substitute
from services.contracts import evidence, ids, links, slots, text
from services.contracts.catalogue import Catalogue, Route
from services.contracts.evidence import CanaryAnnounced, ProbeAnswered, ProbeSent
from services.contracts.vocabulary import Channel, ObserverKind, Purpose
from services.probe.schedule import PlannedProbe
from services.probe.settings import ProbeSettings
from services.runtime.errors import Stop
from services.runtime.secrets import SecretFolder

NUMBER = "number"  # the field of a receiver's or sender's secret that holds its number
ADDRESS = "address"  # the same for a mailbox
SENDER_KEY = "sender_key"  # what a dealer calls a channel, if not by its id
_OF_ROUTE = ("body", "notice", "channel", "adapter", "account", "sender", "template")


@dataclass(frozen=True, slots=True)
class Keys:
    """Who this worker is, and its keys: BONGSU_ID_KEY, BONGSU_CONTENT_KEY. `public_url`: where
    the documents it sends open, BONGSU_PUBLIC_URL."""

    worker: str
    id_key: bytes
    content_key: bytes
    public_url: str | None = None

    @classmethod
    def of(cls, settings: ProbeSettings) -> Self:
        """From the settings."""
        id_key, content_key = settings.id_key, settings.content_key
        return cls(
            settings.instance,
            id_key.get_secret_value().encode(),
            content_key.get_secret_value().encode(),
            settings.public_url,
        )


def build_message(planned: PlannedProbe, keys: Keys, secrets: SecretFolder) -> Message:
    """The message for the adapter. Raises Stop for a missing secret or template, or
    a document that could not be opened."""
    catalogue, route = planned.catalogue, planned.route
    # Same slot (and command) → same id, on every worker.
    command = str(planned.command_id) if planned.command_id else None
    probe_id = ids.make_probe_id(
        keys.id_key, route.id, planned.receiver, planned.slot, planned.purpose, command
    )
    return Message(
        probe_id=probe_id,
        channel=route.channel,
        to=secrets.one(
            catalogue.receivers[planned.receiver].secret,
            ADDRESS if route.channel is Channel.EMAIL else NUMBER,
        ),
        text=_own_text(catalogue, route, probe_id),
        template=route.template,
        identity=_identity_of(catalogue, route.sender, secrets),
        sender_number=_number_of(catalogue, route.sender, secrets),
        substitute=_substitute(catalogue, route, probe_id, secrets),
        recipient=secrets.fields(catalogue.receivers[planned.receiver].secret),
        link=_link(route, planned.receiver, probe_id, keys),
        opens_within_s=catalogue.channels[route.channel].opens_within_s,
    )


def announcement(
    planned: PlannedProbe, message: Message, keys: Keys, sent_at: datetime
) -> ProbeSent:
    """`probe.sent` of a message that is announced at `sent_at`."""
    catalogue, route, probe_id = planned.catalogue, planned.route, message.probe_id
    receiver, spare = catalogue.receivers[planned.receiver], message.substitute
    opens_s = catalogue.channels[route.channel].opens_within_s
    late_s, interval_s, observers = _measured_by(planned)
    return ProbeSent(
        event_id=evidence.sent_id(keys.id_key, probe_id, keys.worker, sent_at),
        source=f"worker/{keys.worker}",
        probe_id=probe_id,
        sent_at=sent_at,
        slot=planned.slot,
        purpose=planned.purpose,
        command_id=planned.command_id,
        revision=catalogue.revision,
        route=route.id,
        **{name: getattr(route, name) for name in _OF_ROUTE},
        notice_class=catalogue.notice_of(route).notice_class,
        provider=catalogue.accounts[route.account].provider,
        platform=catalogue.platform_of(route, receiver),
        carrier=receiver.carrier,
        worker=keys.worker,
        receiver=receiver.id,
        site=receiver.site,
        observers=observers,
        interval_s=interval_s,
        accepted_due=sent_at + slots.ACCEPTED_WITHIN,
        seen_due=sent_at + timedelta(seconds=late_s),
        reported_due=sent_at + slots.REPORTED_WITHIN,
        opened_due=sent_at + timedelta(seconds=opens_s) if opens_s else None,
        text_digest=text.digest(keys.content_key, message.text),
        link_digest=text.link_digest(keys.content_key, message.text),
        text_chars=text.length(message.text),
        substitute_sender=route.failover.sender if route.failover else None,
        substitute_digest=text.digest(keys.content_key, spare.text) if spare else None,
    )


def answer_of(
    keys: Keys, sent: ProbeSent, result: SendResult, started_at: datetime, ended_at: datetime
) -> ProbeAnswered:
    """`probe.answered` of a call that lasted from `started_at` to `ended_at`."""
    told = ("result", "code", "fault", "provider_message_id")
    same = ("source", "probe_id", "worker", "channel", "adapter", "account", "provider")
    return ProbeAnswered(
        event_id=evidence.answered_id(keys.id_key, sent.probe_id, sent.worker, started_at),
        started_at=started_at,
        ended_at=ended_at,
        **{name: getattr(sent, name) for name in same},
        **{name: getattr(result, name) for name in told},
    )


def canary(keys: Keys, at: datetime) -> CanaryAnnounced:
    """The canary that this worker announces at `at`."""
    event_id = evidence.canary_id(keys.id_key, keys.worker, at)
    return CanaryAnnounced(event_id=event_id, source=f"worker/{keys.worker}", at=at)


def _measured_by(planned: PlannedProbe) -> tuple[int, int, tuple[ObserverKind, ...]]:
    """Seconds until it is late, seconds to the next one, who must be alive to see it.

    A drill waits for the substitute, which starts only once the own leg has failed.
    """
    catalogue, route = planned.catalogue, planned.route
    receiver, late_s = catalogue.receivers[planned.receiver], catalogue.late_s(route)
    if planned.purpose is not Purpose.DRILL or route.failover is None:
        return late_s, route.interval_s, catalogue.observers_of(route, receiver)
    late_s += catalogue.channels[Channel(route.failover.channel)].late_s
    every_s = route.ladder_probe.every_s if route.ladder_probe else route.interval_s
    return late_s, every_s, catalogue.substitute_observers_of(route, receiver)


def _own_text(catalogue: Catalogue, route: Route, probe_id: UUID) -> str:
    if route.channel is Channel.EDOCUMENT:
        return text.document_title(probe_id)
    if route.template is None:
        return text.probe_text(probe_id, 0, route.channel)
    template = catalogue.template_of(route)
    if template is None:
        raise Stop("template", f"sender {route.sender} has no template {route.template}")
    return text.fill(template.text, probe_id, 0)


def _link(route: Route, receiver: str, probe_id: UUID, keys: Keys) -> str | None:
    if route.channel is not Channel.EDOCUMENT:
        return None
    if keys.public_url is None:
        raise Stop("settings", "BONGSU_PUBLIC_URL is not set: documents would open nowhere")
    return links.document_link(keys.public_url, keys.id_key, route.account, receiver, probe_id)


def _substitute(
    catalogue: Catalogue, route: Route, probe_id: UUID, secrets: SecretFolder
) -> Substitute | None:
    if route.failover is None:
        return None
    number = _number_of(catalogue, route.failover.sender, secrets)
    if number is None:
        raise Stop("secret", f"sender {route.failover.sender} of a substitute has no number")
    channel = Channel(route.failover.channel)
    return Substitute(channel, text.probe_text(probe_id, 1, channel), number)


def _number_of(catalogue: Catalogue, sender: str, secrets: SecretFolder) -> SecretStr | None:
    told = catalogue.senders[sender]
    return secrets.one(told.secret, NUMBER) if told.secret and not told.identity else None


def _identity_of(catalogue: Catalogue, sender: str, secrets: SecretFolder) -> str | None:
    told = catalogue.senders[sender]
    if told.secret and told.identity:
        return secrets.one(told.secret, SENDER_KEY).get_secret_value()
    return told.identity
