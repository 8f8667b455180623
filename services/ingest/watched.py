"""Which mailboxes there are to watch, as catalogue, secrets and settings have it now.

In:  receivers with the observer `imap`, accounts with `bounces`. Out: `Watched` by name.
Before: the catalogue changed, or a secret. After: `mailboxes.py` watches those it owns.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from services.contracts.catalogue import Account, Catalogue, Receiver
from services.contracts.vocabulary import ObserverKind
from services.ingest import mail
from services.ingest.imap import Place
from services.runtime.errors import Stop
from services.runtime.http import Destination, trust
from services.runtime.secrets import SecretFolder

POLL_S, QUIET_POLL_S = 5.0, 60.0  # where a server cannot push: a route sends there, or none does
# Routers forget a silent connection; a whole round of a bounce mailbox.
LONGEST_IDLE_S, ROUND_S = 540, 60
_log = structlog.get_logger()


@dataclass(frozen=True)
class Watched:
    """One mailbox as catalogue, secrets and settings have it now: a change starts it anew."""

    owner: Receiver | Account
    place: Place
    every_s: float
    wait_s: float  # without a push

    @property
    def kind(self) -> str:
        """For labels: what is read here."""
        return "bounces" if isinstance(self.owner, Account) else str(ObserverKind.IMAP)

    @property
    def fields(self) -> tuple[str, ...]:
        """The header fields that tell ours from others' mails."""
        bounces = isinstance(self.owner, Account)
        return mail.BOUNCE_FIELDS if bounces else mail.PROBE_FIELDS

    def names_a_probe(self, head: bytes) -> bool:
        """Is a mail with this header one of ours? Raises SetAside when it says so twice."""
        if isinstance(self.owner, Account):
            bounces = self.owner.bounces
            return bounces is not None and mail.probe_of(head, bounces.address) is not None
        return mail.nonce_of(head) is not None


class Directory:
    """Calling it gives every mailbox by its name in BONGSU_DESTINATIONS, which is also the key of
    its partition: `<receiver>`, `<account>.bounces`."""

    def __init__(
        self,
        catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder,
        destinations: Mapping[str, Destination],
    ) -> None:
        self._catalogue, self._secrets, self._destinations = catalogue, secrets, destinations
        self._trusts = functools.cache(trust)
        self._said: set[str] = set()

    def __call__(self) -> dict[str, Watched]:
        """All mailboxes; one without a secret is left out, said once."""
        catalogue = self._catalogue()
        if catalogue is None:
            return {}
        found: dict[str, Watched] = {}
        boxes: list[Receiver | Account] = [
            *catalogue.receivers.values(),
            *catalogue.accounts.values(),
        ]
        for name, owner in ((_name_of(owner), owner) for owner in boxes):
            try:
                if watched := self._watched(catalogue, owner):
                    found[name] = watched
                self._said.discard(name)
            except Stop as error:
                if name not in self._said:
                    self._said.add(name)
                    _log.error("mailbox cannot be watched", mailbox=name, reason=str(error))
        return found

    def _watched(self, catalogue: Catalogue, owner: Receiver | Account) -> Watched | None:
        if isinstance(owner, Account):
            if owner.bounces is None:
                return None
            place = self._place(_name_of(owner), owner.bounces.base_url, owner.bounces.secret)
            return Watched(owner, place, ROUND_S, POLL_S)
        observer = next((o for o in owner.observers if o.kind is ObserverKind.IMAP), None)
        if observer is None:
            return None
        sent_to = any(r.enabled and owner.id in r.receivers for r in catalogue.routes.values())
        place = self._place(owner.id, owner.base_url, observer.secret)
        every_s = min(observer.heartbeat_s, LONGEST_IDLE_S)
        return Watched(owner, place, every_s, POLL_S if sent_to else QUIET_POLL_S)

    def _place(self, name: str, url: str | None, secret: str) -> Place:
        destination = self._destinations.get(name, Destination())
        address = destination.url or url
        if address is None:
            raise Stop("address", "it has no base_url")
        return Place(
            address,
            self._secrets.one(secret, "username"),
            self._secrets.one(secret, "password"),
            self._trusts(destination) if destination.ca else None,
            destination.plain,
        )


def _name_of(owner: Receiver | Account) -> str:
    return f"{owner.id}.bounces" if isinstance(owner, Account) else owner.id
