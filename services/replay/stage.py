"""The simulated world as a catalogue sees it, for virtual time.

In:  a catalogue, a seed, faults. Out: the `World`, and the message that a probe is in it.
Before: a scenario is read. After: `probing.py` sends through it. No number and no key is needed:
what stands in a secret decides nothing in the world.
"""

from pathlib import Path

from pydantic import SecretStr

from services.adapters.base import Message
from services.contracts.catalogue import Catalogue, Receiver, Route
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import Carrier, Channel, Leg, ObserverKind
from services.runtime.secrets import SecretFolder
from simulators import journey
from simulators.config import RoomConfig
from simulators.faults import Fault
from simulators.world import World


class Unneeded(SecretFolder):
    """Secrets nobody reads."""

    def __init__(self) -> None:
        super().__init__(Path())

    def all(self, name: str, field: str) -> tuple[SecretStr, ...]:
        """Every field is there and says nothing."""
        return (SecretStr("-"),)

    def fields(self, name: str) -> dict[str, SecretStr]:
        """Nothing."""
        return {}


def world_of(catalogue: Catalogue, seed: int, faults: tuple[Fault, ...]) -> World:
    """The world with every receiver of the catalogue."""
    recipients = map(_recipient, catalogue.receivers.values())
    return World(seed, {one.id: one for one in recipients}, faults=faults)


def _recipient(receiver: Receiver) -> journey.Recipient:
    kinds = frozenset(str(observer.kind) for observer in receiver.observers)
    if receiver.carrier is Carrier.NONE:  # a mailbox is on no site: bongsu itself looks into it
        mail = frozenset({f"platform:{receiver.platform}"})
        return journey.Recipient(f"receiver:{receiver.id}", "", apps=kinds, platforms=mail)
    return journey.Recipient(
        f"receiver:{receiver.id}", f"carrier:{receiver.carrier}", f"site:{receiver.site}", kinds,
        platforms=frozenset({journey.KAKAOTALK} if ObserverKind.SMSFORWARDER in kinds else ()),
    )  # fmt: skip


def message_of(
    sent: ProbeSent, message: Message, route: Route, catalogue: Catalogue
) -> journey.Message:
    """A probe as the world knows it, with the substitute its provider is asked for."""
    spare = message.substitute
    sender = catalogue.senders[sent.sender]
    template = next((t for t in sender.templates if t.code == sent.template), None)
    substitute = (
        _leg(sent, Leg.FIRST_SUBSTITUTE, spare.channel, route.failover.sender)
        if spare and route.failover
        else None
    )
    return _leg(
        sent, Leg.OWN, sent.channel, sent.sender,
        platform=f"platform:{sent.platform}" if sent.platform in catalogue.platforms else None,
        substitute=substitute,
        image=template is not None and template.image,
        document=sent.channel is Channel.EDOCUMENT,
    )  # fmt: skip


def _leg(
    sent: ProbeSent,
    leg: Leg,
    channel: Channel,
    sender: str,
    platform: str | None = None,
    substitute: journey.Message | None = None,
    image: bool = False,
    document: bool = False,
) -> journey.Message:
    return journey.Message(
        id=f"{sent.probe_id}/{leg:d}", channel=str(channel), provider=f"provider:{sent.provider}",
        account=f"account:{sent.account}", body=f"body:{sent.body}", sender=f"sender:{sender}",
        recipient=f"receiver:{sent.receiver}", platform=platform, substitute=substitute,
        image=image, document=document,
    )  # fmt: skip


def as_if_built(catalogue: Catalogue) -> Catalogue:
    """Every route that is sent on, as if it were enabled."""
    routes = {
        name: route if route.observed else route.model_copy(update={"enabled": True})
        for name, route in catalogue.routes.items()
    }
    return catalogue.model_copy(update={"routes": routes})


def rooms_of(catalogue: Catalogue) -> dict[str, RoomConfig]:
    """By route, the rooms that bodies post in."""
    return {
        route.id: RoomConfig(
            sender=f"sender:{route.sender}", body=route.body, members=route.receivers,
            title=catalogue.senders[route.sender].room or route.id, every_s=route.interval_s,
        )
        for route in catalogue.routes.values()
        if route.observed and route.enabled
    }  # fmt: skip
