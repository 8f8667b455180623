"""Step 4, proofs: what a path was told comes back from the system it leads to: the path works.

In:  one request (`Incoming`) for a path of the catalogue that `returns`, with the word `returns` of
     the path's secret. Out: `path.returned`, acknowledged by Kafka; then `Result`.
Before: Alertmanager or whoever takes a webhook, `app.py`. After: storing;
`alerting/paging/proof.py` finds it there. However the system words it, the nonce stands in it, and
whose nonce it is follows from the keys alone: nothing is kept, and another path's proves nothing.
"""

from collections.abc import Callable

from services.contracts import ids
from services.contracts.catalogue import Catalogue
from services.contracts.codec import encode
from services.contracts.evidence import PathReturned, returned_id
from services.contracts.oncall import PagingPath
from services.contracts.topics import EVIDENCE
from services.ingest.metrics import Result
from services.ingest.receive import Keeper, timely
from services.ingest.receivers.base import Incoming
from services.runtime.clock import Clock
from services.runtime.errors import Refuse, Retry
from services.runtime.incoming import equals_one
from services.runtime.kafka import Publisher
from services.runtime.secrets import SecretFolder


class Returns:
    """The receiving end: `receive` lists the steps."""

    def __init__(
        self,
        keeper: Keeper,
        catalogue: Callable[[], Catalogue | None],
        secrets: SecretFolder,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._keeper, self._catalogue, self._secrets = keeper, catalogue, secrets
        self._publisher, self._clock = publisher, clock

    async def receive(self, path_id: str, incoming: Incoming) -> Result:
        """Verify, match, publish. Raises Refuse (not authentic), Retry (not now), Stop (no
        secret)."""
        path, key = self._who(path_id, incoming), self._keeper.id_key
        nonce, now = ids.read_nonce(incoming.body.decode(errors="replace")), self._clock.now()
        if nonce is None or not timely(nonce.probe_id, now):
            return Result.UNMATCHED
        if nonce.probe_id != path.proof_id(key, ids.time_of(nonce.probe_id)):
            return Result.UNMATCHED
        event = PathReturned(
            event_id=returned_id(key, nonce.probe_id, path.id), source=self._keeper.source,
            probe_id=nonce.probe_id, path=path.id, at=now,
        )  # fmt: skip
        await self._publisher.send(EVIDENCE, encode(event))
        return Result.ACCEPTED

    def _who(self, path_id: str, incoming: Incoming) -> PagingPath:
        catalogue = self._catalogue()
        if catalogue is None:
            raise Retry("no_catalogue")
        path = catalogue.paths.get(path_id)
        if path is None or path.secret is None or not path.returns:
            raise Refuse("bad_signature")
        words = self._secrets.all(path.secret, "returns")
        scheme, _, given = incoming.headers.get("authorization", "").partition(" ")
        known = (word.get_secret_value().encode() for word in words)
        if scheme.lower() != "bearer" or not equals_one(known, given):
            raise Refuse("bad_signature")
        return path
