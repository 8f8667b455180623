"""NHN Cloud Notification: how it is called, the envelope of its answers, the frame of its webhooks.

In:  the message of an adapter as NHN wants it; the body of a webhook. Out: its answer, judged; the
     results that a webhook tells.
Before: `nhn_sms.py`, `nhn_alimtalk.py`. After: `_judge.py`.
Documents (docs.nhncloud.com): SMS API v3.0, Alimtalk API v2.3, result codes and webhooks of both,
read 2026-06.
Oddities: HTTP 200 holds the refusals, only `header.isSuccessful` counts; when every recipient is
refused the header says so (-1031) and the reason stands with the recipient; each product has its
own host, appkey and secret key; a webhook is not signed, it repeats a word that both sides know,
and its sample spells `recipientGropuingKey`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import AliasChoices, AliasPath, Field, SecretStr
from yarl import URL

from services.adapters import _judge, _korea
from services.adapters._judge import Wire
from services.adapters.base import Meaning, Report, SendResult, Surroundings, meaning
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, Leg, ReportState
from services.runtime.errors import Refuse, Retry, Stop
from services.runtime.exchange import Answer, exchange
from services.runtime.incoming import equals_one, parse

PENDING = ReportState.PENDING
RESULT_EVENT = "MESSAGE_RESULT_UPDATE"
REPORT_FIELDS = frozenset({
    *("hooksId", "webhookConfigId", "productName", "appKey", "event", "hooks", "hookId"),
    *("requestId", "recipientSeq", "requestDate", "receiveDate", "recipientNo", "resultCode"),
    *("recipientGroupingKey", "senderGroupingKey", "_links", "self", "href"),
})  # fmt: skip

# The ends of a message; look-ups of SMS number them. All other words mean that it is under way.
COMPLETED = "COMPLETED"
_ENDS = {"0": "FAILED", "3": COMPLETED, "4": "CANCEL", "5": "DUPLICATED", "6": "FAILED_AD"}
_ENDS |= {word: word for word in _ENDS.values()}
_DELIVERED = "1000"


# Alimtalk has its content under `message`, SMS under `body.data`.
_CONTENT = AliasChoices("message", AliasPath("body", "data"))
_FIRST_RESULT = AliasChoices(AliasPath("sendResults", 0), AliasPath("sendResultList", 0))


class _Header(Wire):
    is_successful: bool
    result_code: str


class _Recipient(Wire):
    recipient_seq: str | None = None
    result_code: str | None = None


class _Sent(Wire):
    """The answer to a send, which had one recipient."""

    request_id: str | None = None
    recipient: _Recipient = Field(_Recipient(), validation_alias=_FIRST_RESULT)


class Told(Wire):
    """What look-ups and webhooks alike say of a message; number and text are not read."""

    request_id: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    recipient_seq: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}$")]
    status: str | None = Field(None, validation_alias=AliasChoices("messageStatus", "msgStatus"))
    result_code: str | None = None
    request_date: str | None = None
    received_at: str | None = Field(
        None, validation_alias=AliasChoices("receiveDate", "resultDate")
    )
    sender_grouping_key: str | None = None
    recipient_grouping_key: str | None = Field(
        None, validation_alias=AliasChoices("recipientGroupingKey", "recipientGropuingKey")
    )

    @property
    def message_id(self) -> str:
        """Our id of it: request and recipient together are NHN's."""
        return f"{self.request_id}:{self.recipient_seq}"

    @property
    def end(self) -> str | None:
        """The word for how it ended; None while it is under way."""
        return _ENDS.get(self.status or "")


Shown = TypeVar("Shown", bound=Wire)
Hook = TypeVar("Hook", bound=Told)


class _Envelope(Wire, Generic[Shown]):
    header: _Header
    shown: Shown | None = Field(None, validation_alias=_CONTENT)


class _Event(Wire):
    event: str


class _Webhook(Wire, Generic[Hook]):
    hooks: tuple[Hook, ...]


class Product(ABC):
    """One of NHN's services under an account: an adapter, but for what is its own to send and read.

    Its appkey is the account's service `service`; its secret key the field `<service>_secret_key`
    where the secret has one, else `secret_key`. `path` leads to the appkey. `group`: the sender's
    grouping key of all that is sent. `locked_out`: codes that every message would meet, and the
    reason of Stop.
    """

    host: ClassVar[str]
    path: ClassVar[str]
    service: ClassVar[Channel]
    group: ClassVar[str]
    states: ClassVar[Mapping[str, Meaning]]
    locked_out: ClassVar[Mapping[str, str]]
    proof = "webhook_signature"
    secret_fields: tuple[str, ...] = ("secret_key", proof)
    look_up_batch = _judge.LOOK_UPS_AT_ONCE

    def __init__(self, surroundings: Surroundings) -> None:
        """`{product}` in the base URL stands for the product's host name. Raises Stop when a
        secret or the appkey is missing."""
        account = surroundings.account
        surroundings.revealed(self.secret_fields)
        if self.service not in account.services:
            raise Stop("service", f"account {account.id}: no appkey for {self.service}")
        own = f"{self.service}_secret_key"
        self._secret = own if own in surroundings.secret else "secret_key"
        self._around = surroundings
        self._judge = _judge.Judge(account.id, "NHN Cloud")
        host = surroundings.base_url.replace("{product}", self.host)
        self._root = f"{host}{self.path}/{quote(account.services[self.service], safe='')}"

    async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
        """Raises Retry when none could be asked, Stop when locked out."""
        return await _judge.look_up_each(message_ids, self._look_up_one)

    @abstractmethod
    async def _look_up_one(self, message_id: str) -> list[Report]:
        """All legs of one message."""

    @classmethod
    def verify(cls, headers: Mapping[str, str], body: bytes, proofs: Sequence[SecretStr]) -> None:
        """See `base.ReadsReports`. The word is repeated as it was typed in NHN's console."""
        words = (word.get_secret_value().encode() for word in proofs)
        if not equals_one(words, headers.get("x-toast-webhook-signature", "")):
            raise Refuse("bad_signature")

    async def _send(self, path: str, request: dict[str, object], **headers: str) -> SendResult:
        """Send once, to one recipient."""
        call = self._call("POST", path, request | {"senderGroupingKey": self.group}, **headers)
        return await self._judge.sent(call, self._read_taken)

    async def _ask(self, path: str, model: type[Shown]) -> Shown | None:
        """A look-up; None when NHN does not know the message (yet). Raises Retry, Stop."""
        envelope = self._judge.told(await self._call("GET", path), _Envelope[model])  # type: ignore[valid-type]
        if envelope is None or envelope.header.is_successful:
            return envelope.shown if envelope else None
        code = _judge.clean_code(envelope.header.result_code)
        state, fault = self._refusal(code)
        if state is PENDING:
            return None
        reason = "throttled" if fault is FaultDomain.QUOTA else "unavailable"
        raise Retry(reason, f"NHN Cloud answers {code}")

    def _read_taken(self, body: bytes) -> SendResult | None:
        envelope = _judge.read(_Envelope[_Sent], body)
        if envelope is None:
            return None
        sent = envelope.shown or _Sent()
        code = sent.recipient.result_code
        if envelope.header.is_successful and code in ("0", None):
            seq = sent.recipient.recipient_seq
            told = code and sent.request_id and seq
            message_id = _judge.clean_id(f"{sent.request_id}:{seq}")
            accepted = SendResult(AnswerResult.ACCEPTED, code, None, message_id)
            return accepted if told and message_id else None
        code = _judge.clean_code(envelope.header.result_code if code in ("0", None) else code)
        state, fault = self._refusal(code)
        if state is PENDING:  # the key was used before: sent, under an id that nobody told us
            return SendResult(AnswerResult.UNCLEAR, code)
        return _judge.refused(code, fault or FaultDomain.UNKNOWN)

    def _refusal(self, code: str | None) -> tuple[ReportState, FaultDomain | None]:
        """What a no means. Raises Stop when every message would meet it."""
        reason = self.locked_out.get(code or "")
        if reason is not None:
            who = f"account {self._around.account.id}: NHN Cloud answers {code}"
            raise Stop(reason, f"{who} to {self.service}")
        return meaning(self.states, code or "")

    async def _call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        (secret,) = self._around.revealed((self._secret,))
        url = URL(self._root + path, encoded=True)
        return await exchange(self._around, method, url, {"X-Secret-Key": secret, **headers}, body)

    @classmethod
    def _hooks(cls, body: bytes, model: type[Hook]) -> list[Hook]:
        """The results of a webhook that are ours: citizens' messages of the same contract are none
        of our business. None for an event of another kind. Raises SetAside (`not_json`, `fields`)
        when any part is not understood: look-ups tell the rest."""
        if parse(_Event, body).event != RESULT_EVENT:
            return []
        hooks: tuple[Hook, ...] = parse(_Webhook[model], body).hooks  # type: ignore[valid-type]
        return [hook for hook in hooks if hook.sender_grouping_key == cls.group]

    @classmethod
    def report_of(cls, told: Told, leg: Leg = Leg.OWN, message_id: str = "") -> Report:
        """The state that its end and code say; `message_id`: where it is told under another's id.
        Some ends have no code but their word, and success is one only where both say so."""
        end, code = told.end, _judge.clean_code(told.result_code)
        if not code or end is None or (code == _DELIVERED and end != COMPLETED):
            code = end if end in cls.states else None
        state, fault = meaning(cls.states, code) if code else (PENDING, None)
        # A substitute is a request to SMS that may have inherited the keys of its Alimtalk, and is
        # no word of that probe's own leg.
        ours = leg is Leg.OWN and told.sender_grouping_key == cls.group
        return Report(
            provider_message_id=message_id or told.message_id,
            leg=leg,
            state=state,
            code=code,
            fault=fault,
            reported_at=_korea.parse_time(told.received_at) if code else None,
            final=state is not PENDING,
            fields=_judge.kept(
                status=told.status, requestDate=told.request_date, receivedAt=told.received_at
            ),
            probe_id=_probe_id(told.recipient_grouping_key) if ours else None,
        )


def parts(message_id: str) -> tuple[str, str]:
    """Request and recipient of our id, as they stand in a path or query."""
    request, _, recipient = message_id.rpartition(":")
    return quote(request, safe=""), quote(recipient, safe="")


def _probe_id(text: str | None) -> UUID | None:
    try:
        found = UUID(text or "")
    except ValueError:
        return None
    return found if str(found) == text else None
