"""Step 4, documents: a person opens an e-document at our page, and that is evidence.

In:  a visit: account, receiver and ticket of the link, and the query its provider appended. Out:
     `device.opened`, acknowledged by Kafka; then the provider is told of the reading.
Before: `probe` put the link into the document; `page.py`. After: storing.
The link says which probe it opens and is sealed, so no memory is needed. The reading is reported
last: what dies before it is opened again from KakaoTalk, and makes the same event id.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from services.adapters.base import Adapter, Opens
from services.contracts import evidence, ids, links, topics
from services.contracts.catalogue import Account, Catalogue
from services.contracts.codec import encode
from services.contracts.evidence import DeviceOpened
from services.contracts.vocabulary import ClockSource, ObserverKind, Placement
from services.ingest.asking import asking
from services.ingest.receive import Keeper
from services.runtime.clock import Clock
from services.runtime.errors import Refuse, Retry, Stop
from services.runtime.http import Destination
from services.runtime.kafka import Publisher
from services.runtime.secrets import SecretFolder

MOST_AT_ONCE = 20
MOST_ADMITTED = 1_000
_log = structlog.get_logger()
Visit = tuple[str, ...]  # everything a visitor brought


class Openings:
    """Visits of documents: `open` lists the steps."""

    def __init__(
        self,
        keeper: Keeper,
        adapters: Mapping[str, type[Adapter]],
        catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder,
        destinations: Mapping[str, Destination],
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._keeper, self._catalogue, self._secrets = keeper, catalogue, secrets
        self._adapters = [kind for kind in adapters.values() if hasattr(kind, "admit")]
        self._destinations, self._publisher, self._clock = destinations, publisher, clock
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._admitted: OrderedDict[Visit, str] = OrderedDict()

    async def open(
        self, account_id: str, receiver: str, ticket: str, query: Mapping[str, str]
    ) -> None:
        """Check the seal, then the token; publish; report. Raises Refuse (`bad_signature`,
        `token`), Retry (not now)."""
        nonce = links.read_ticket(self._keeper.id_key, account_id, receiver, ticket)
        if nonce is None:
            raise Refuse("bad_signature")
        if self._room.locked():
            raise Retry("busy")
        account, kind = self._who(account_id)
        visit = (ticket, *(part for item in sorted(query.items()) for part in item))
        try:
            secret = self._secrets.fields(account.secret)
            async with self._room, asking(kind, account, secret, self._destinations) as adapter:
                assert isinstance(adapter, Opens)  # its class has admit: see __init__
                await self._open(adapter, nonce, receiver, visit, query)
        except Stop as error:
            # Our own fault, which a person can mend while the document stays in its box.
            _log.error("documents cannot be opened", account=account.id, reason=str(error))
            raise Retry("stopped") from None

    def _who(self, account_id: str) -> tuple[Account, type[Adapter]]:
        catalogue = self._catalogue()
        if catalogue is None:
            raise Retry("no_catalogue")
        account = catalogue.accounts.get(account_id)
        services = account.services.keys() if account else ()
        kind = next((k for k in self._adapters if k.channels & set(services)), None)
        if account is None or kind is None:
            raise Refuse("bad_signature")  # ours once; nobody is left to ask
        return account, kind

    async def _open(
        self,
        adapter: Opens,
        nonce: ids.Nonce,
        receiver: str,
        visit: Visit,
        query: Mapping[str, str],
    ) -> None:
        # A token is good once: who comes again after "try again" was admitted already.
        document_id = self._admitted.get(visit)
        if document_id is None:
            document_id = await adapter.admit(query, nonce.probe_id)
            self._admitted[visit] = document_id
            if len(self._admitted) > MOST_ADMITTED:
                self._admitted.popitem(last=False)
        now = self._clock.now()
        event = device_opened(nonce, receiver, document_id, adapter.platform, self._keeper, now)
        await self._publisher.send(topics.EVIDENCE, encode(event))
        await adapter.report_read(document_id)
        self._admitted.pop(visit, None)


def device_opened(
    nonce: ids.Nonce, receiver: str, document_id: str, platform: str, keeper: Keeper, now: datetime
) -> DeviceOpened:
    """The evidence of one opening; a document that is opened again makes the same one."""
    kind, placement = ObserverKind.PAGE, Placement.INBOX
    return DeviceOpened(
        event_id=evidence.observed_id(
            keeper.id_key, "device.opened", nonce.probe_id, receiver, kind, document_id, placement
        ),
        source=keeper.source,
        probe_id=nonce.probe_id,
        receiver=receiver,
        observer=kind,
        platform=platform,
        leg=nonce.leg,
        source_event_id=document_id,
        observed_min=now,
        observed_max=now,
        clock=ClockSource.INGEST,
        placement=placement,
    )
