"""Step 9, beside it: would each path work? Asked every hour, of test receivers, waking nobody.

In:  paths of the catalogue. Out: `probe.sent` (purpose proof, route `path.<id>`), a call of the
path's own notifier over its own account and sender, `probe.answered`; rows of `path_proof`;
metrics. Before: the clock. After: whoever watches the test receiver tells ingest, storing stores.
A path without a test receiver is told itself what its kind can bear: a webhook the type
`page.proof`, Alertmanager an alert that goes back to ingest; where the catalogue says that nothing
comes back, that it was accepted is all that is known. Evidence of a proof counts in no ratio and no
detector.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import NamedTuple
from uuid import UUID

import structlog

from services.alerting.database import asking
from services.alerting.metrics import Metrics
from services.alerting.paging.message import (
    Answer,
    Contract,
    Forms,
    Kind,
    Message,
    Notifying,
    Result,
)
from services.alerting.paging.targets import RECIPIENT, target_of
from services.contracts import evidence, ids, slots, text
from services.contracts.catalogue import Catalogue
from services.contracts.codec import encode
from services.contracts.evidence import ProbeAnswered, ProbeSent
from services.contracts.oncall import PagingPath, proof_route
from services.contracts.topics import EVIDENCE
from services.contracts.vocabulary import AnswerResult, Channel, NoticeClass, Purpose
from services.runtime.errors import Consequence, Retry, Stop
from services.runtime.kafka import Publisher
from services.runtime.ops import Health
from services.runtime.retry import pause
from services.runtime.secrets import SecretFolder
from services.storage import proofs
from services.storage.pool import Pool

_log = structlog.get_logger()

NOTICE = "path-proof"
TURN_S, CALL_WITHIN_S = 10.0, 20.0
LONGEST_CODE, LONGEST_SAID = 40, 200
_RESULTS = {
    Result.ACCEPTED: AnswerResult.ACCEPTED,
    Result.REFUSED: AnswerResult.REFUSED,
    Result.LATER: AnswerResult.UNREACHABLE,
    Result.UNCLEAR: AnswerResult.UNCLEAR,
}


class Keys(NamedTuple):
    """Who this is, its keys, and how often each path is asked."""

    instance: str
    id_key: bytes
    content_key: bytes
    every: timedelta


class Prover:
    """`run` asks what is due, and takes down what came of it."""

    def __init__(
        self, pool: Pool, publisher: Publisher, notifiers: Notifying, secrets: SecretFolder,
        catalogue: Callable[[], Catalogue | None], keys: Keys, metrics: Metrics, health: Health,
    ) -> None:  # fmt: skip
        self._pool, self._publisher, self._notifiers = pool, publisher, notifiers
        self._secrets, self._catalogue, self._keys = secrets, catalogue, keys
        self._metrics, self._health = metrics, health

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
        while not stopping.is_set():
            with contextlib.suppress(Retry):
                await self.turn()
            await pause(stopping, min(TURN_S, self._keys.every.total_seconds()))

    async def turn(self) -> None:
        """Ask every path that is due, one after the other."""
        catalogue = self._catalogue()
        if catalogue is None:
            return
        async with asking(self._pool, self._health) as conn:
            await proofs.see(conn)
            due = await proofs.claim(conn, sorted(catalogue.paths), self._keys.every)
            known = await proofs.listed(conn)
        self._show(catalogue, known)
        for path, slot in due.items():
            await self._ask(catalogue, catalogue.paths[path], slot)

    async def _ask(self, catalogue: Catalogue, path: PagingPath, slot: datetime) -> None:
        """Once: what goes wrong is told, and asked again in an hour."""
        try:
            answer = await self._prove(catalogue, path, slot)
        except Consequence as error:
            answer = Answer(Result.LATER, str(error))
        except Exception as error:  # one path's fault is not to cost the others their hour
            _log.exception("a path could not be asked", path=path.id)
            answer = Answer(Result.LATER, type(error).__name__)
        accepted = answer.result is Result.ACCEPTED
        detail = None if accepted else f"{answer.result}: {answer.detail}"[:LONGEST_SAID]
        async with asking(self._pool, self._health) as conn:
            alone = accepted and path.how == "accepted"
            await proofs.answered(conn, path.id, slot, alone, detail)

    async def _prove(self, catalogue: Catalogue, path: PagingPath, slot: datetime) -> Answer:
        target = target_of(catalogue, path, self._secrets)
        probe_id = path.proof_id(self._keys.id_key, slot)
        if target.contract is None:
            return await self._notifiers.send(_message(path, probe_id, slot), target, CALL_WITHIN_S)
        if path.receiver is None:
            raise Stop("no_receiver", f"path {path.id}: no test receiver to prove it at")
        phone = catalogue.receivers[path.receiver]
        to = self._secrets.one(phone.secret, RECIPIENT[path.notifier])
        sent = announcement(catalogue, path, target.contract, probe_id, slot, self._keys)
        await self._publisher.send(EVIDENCE, encode(sent))
        message, began = _message(path, probe_id, slot), datetime.now(UTC)
        answer = await self._notifiers.send(message, replace(target, to=to), CALL_WITHIN_S)
        told = answered(sent, answer, began, datetime.now(UTC), self._keys)
        await self._publisher.send(EVIDENCE, encode(told))
        return answer

    def _show(self, catalogue: Catalogue, known: list[proofs.Proof]) -> None:
        gauge, by_path = self._metrics.path_proof, {proof.path: proof for proof in known}
        gauge.clear()
        for path in catalogue.paths.values():
            proof = by_path.get(path.id)
            at = proof.proven_at.timestamp() if proof and proof.proven_at else 0
            gauge.labels(path.id, path.how).set(at)
            for result in Result:  # a series that begins at 1 has not increased
                self._metrics.page_tries.labels(path.id, result)


def announcement(
    catalogue: Catalogue, path: PagingPath, contract: Contract, probe_id: UUID,
    slot: datetime, keys: Keys,
) -> ProbeSent:  # fmt: skip
    """`probe.sent` of a proof, sent now. Raises KeyError for a receiver nobody declared."""
    phone, channel = catalogue.receivers[path.receiver or ""], Channel(path.notifier)
    rule, said = catalogue.channels[channel], text.probe_text(probe_id, 0)
    now = datetime.now(UTC)
    return ProbeSent(
        event_id=evidence.sent_id(keys.id_key, probe_id, keys.instance, now),
        source=f"alerting/{keys.instance}",
        probe_id=probe_id,
        sent_at=now,
        slot=slot,
        purpose=Purpose.PROOF,
        revision=catalogue.revision,
        route=proof_route(path.id),
        body=contract.sender.body,
        notice=NOTICE,
        notice_class=NoticeClass.C4,
        channel=channel,
        adapter=contract.adapter,
        account=contract.account.id,
        provider=contract.account.provider,
        sender=contract.sender.id,
        platform=phone.platform or str(phone.carrier),
        carrier=phone.carrier,
        worker=keys.instance,
        receiver=phone.id,
        site=phone.site,
        observers=tuple(o.kind for o in phone.observers if o.kind in rule.observers),
        interval_s=max(1, int(keys.every.total_seconds())),
        accepted_due=now + slots.ACCEPTED_WITHIN,
        seen_due=now + timedelta(seconds=rule.late_s),
        reported_due=now + slots.REPORTED_WITHIN,
        text_digest=text.digest(keys.content_key, said),
        text_chars=text.length(said),
    )


def answered(
    sent: ProbeSent, answer: Answer, began: datetime, ended: datetime, keys: Keys
) -> ProbeAnswered:
    """`probe.answered` of a proof."""
    same = ("source", "probe_id", "worker", "channel", "adapter", "account", "provider")
    return ProbeAnswered(
        event_id=evidence.answered_id(keys.id_key, sent.probe_id, sent.worker, began),
        started_at=began,
        ended_at=ended,
        result=_RESULTS[answer.result],
        code=answer.detail[:LONGEST_CODE] or None,
        **{name: getattr(sent, name) for name in same},
    )


def _message(path: PagingPath, probe_id: UUID, slot: datetime) -> Message:
    said = text.probe_text(probe_id, 0)
    return Message(
        page_id=f"proof/{path.id}/{ids.milliseconds(slot)}",
        dedup_key=f"proof/{path.id}",
        kind=Kind.OPENED,
        incidents=(),
        language="ko",
        forms=Forms(said, said, said, f"<p>{escape(said)}</p>"),
        at=slot,
        probe_id=probe_id,
    )
