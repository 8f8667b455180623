"""Which components a message passes, and a heartbeat speaks of.

In:  `probe.sent`, which carries all that held at its slot; the catalogue for heartbeats and for
functions that only a template tells. Out: component keys, sorted. Pure. After: `items.py`.
Ids are those of `services/catalogue/components.py`; the worker and bongsu's ingest come to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.alerting.detection.law import SECOND
from services.alerting.detection.window import ACCEPTANCE, DELIVERY
from services.catalogue.components import components_of
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import Carrier, Channel

SELF = "self:ingest"
# There the platform itself takes the request, or its dealer is told from it by nothing else.
_TAKEN_BY_PLATFORM = frozenset({Channel.EMAIL, Channel.PUSH, Channel.WEBPUSH, Channel.WEBHOOK})
_PROCESS_BEAT = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Beat:
    """A source's heartbeats: their interval, the plane they count in, what they speak of.

    `source`: those of one name are one source; all instances of ingest are.
    """

    source: str
    interval: int
    plane: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the catalogue tells that no event does."""

    beats: Mapping[str, Beat] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def beat(self, source: str) -> Beat | None:
        """Whose heartbeat that is; None when nobody waits for it (any more)."""
        kind, _, name = source.partition("/")
        if kind == "worker":
            return Beat(source, _PROCESS_BEAT, ACCEPTANCE, (f"worker:{name}",))
        if kind == "ingest":
            return Beat(kind, _PROCESS_BEAT, DELIVERY, (SELF,))
        return self.beats.get(source)


def inventory(catalogue: Catalogue) -> Inventory:
    """The observers' heartbeats and the routes' functions of a catalogue."""
    beats = {}
    for phone in catalogue.receivers.values():
        for observer in phone.observers:
            seen = f"{phone.id}/{observer.kind}"
            path = (f"observer:{seen}", f"receiver:{phone.id}", SELF, f"site:{phone.site}")
            source = f"observer/{seen}"
            every = observer.heartbeat_s * SECOND
            beats[source] = Beat(source, every, DELIVERY, tuple(sorted(path)))
    functions = {
        route.id: tuple(
            part
            for part in components_of(catalogue, route, route.receivers[0])
            if part.startswith("platform:") and part.endswith("/media")
        )
        for route in catalogue.routes.values()
    }
    return Inventory(beats, functions)


def acceptance_path(sent: ProbeSent) -> tuple[str, ...]:
    """What a request passes until it is taken."""
    parts = {*_sending(sent, sent.worker)}
    if sent.channel in _TAKEN_BY_PLATFORM:
        parts.add(f"platform:{sent.platform}")
    return tuple(sorted(parts))


def delivery_path(sent: ProbeSent, worker: str, functions: tuple[str, ...]) -> tuple[str, ...]:
    """What an accepted message passes until bongsu knows that a device saw it."""
    # Of several apps that see the message none is needed: an arrival would clear a dead one.
    alone = len(sent.observers) == 1
    seen = {f"observer:{sent.receiver}/{kind}" for kind in sent.observers if alone}
    ends = {f"receiver:{sent.receiver}", f"site:{sent.site}", SELF}
    line = f"line:{sent.account}-{sent.channel}"
    return tuple(
        sorted({*_sending(sent, worker), line, *seen, *ends, *_deliverer(sent, functions)})
    )


def reach(sent: ProbeSent) -> str:
    """The recipient's own account on the platform."""
    return f"reach:{sent.receiver}/{sent.platform}"


def _sending(sent: ProbeSent, worker: str) -> set[str]:
    dealer = {f"provider:{sent.provider}", f"account:{sent.account}"}
    return dealer | {f"worker:{worker}", f"sender:{sent.sender}", f"route:{sent.route}"}


def _deliverer(sent: ProbeSent, functions: tuple[str, ...]) -> set[str]:
    if sent.platform != sent.carrier:
        platform = f"platform:{sent.platform}"
        return {platform, f"{platform}/{sent.channel}", reach(sent), *functions}
    if sent.carrier is Carrier.NONE:
        return set()
    carrier = f"carrier:{sent.carrier}"
    return {carrier, f"{carrier}/{sent.channel}", f"pair:{sent.account}-{sent.carrier}"}
