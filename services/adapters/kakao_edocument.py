"""E-documents (전자문서) of KakaoPay: send, look-ups, and the one-time token of a reading.

Document: the KakaoPay "my documents" contract as public integrators speak it (2021-2023); KakaoPay
publishes none. UNCONFIRMED by its owner: names of the query that is appended to our link, whether
the notice shows the title, `link` at most 100 characters, shape of errors.
Oddities: times are epoch seconds; `SENT` says nothing of the phone (the notice may have come, a
user without membership gets no document); only our report of the reading makes `READ`.
Secret: `token`, `contract_uuid`. The receiver's: `number`, `name`, `birthday` (YYYYMMDD). The
sender's `number` is the customer centre that the document names.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from yarl import URL

from services.adapters import _judge
from services.adapters.base import (
    Adapter,
    Meaning,
    Message,
    Report,
    SendResult,
    Surroundings,
    meaning,
)
from services.contracts import ids
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, Leg, ReportState
from services.runtime.errors import Refuse, Retry
from services.runtime.exchange import Answer, NoAnswer, exchange

DELIVERED, FAILED, PENDING = ReportState.DELIVERED, ReportState.FAILED, ReportState.PENDING

STATES: dict[str, Meaning] = {
    "SENT": (PENDING, None, "taken; there is no document for who is no member"),
    "RECEIVED": (DELIVERED, None, "in the user's box"),
    "READ": (DELIVERED, None, "token checked and reading reported"),
    "EXPIRED": (FAILED, FaultDomain.HANDSET, "not read in time"),
}

LONGEST_TITLE, LONGEST_LINK = 40, 100
EXPIRES_S = 2_592_000  # what the contract recommends, where a channel has no time of its own
CS_NAME = "봉수 점검"  # of the customer centre; 10 characters at most
NOTICE = "전자문서가 제때 도착하는지 확인하는 시험 문서입니다. 회신하지 마십시오."

# What KakaoPay appends to our link when a person opens the document. UNCONFIRMED.
DOCUMENT_PARAMETER, TOKEN_PARAMETER = "document_binder_uuid", "token"
USED = "USED"  # `token_status` of a token that was good just now


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Taken(_Body):
    """The answer to a send; an error may come with any status."""

    document_binder_uuid: str | None = None
    error_code: str | None = None


class _Status(_Body):
    """The answer to a look-up, with the times that there are."""

    doc_box_status: str | None = None
    doc_box_sent_at: int | None = None
    doc_box_received_at: int | None = None
    user_notified_at: int | None = None
    authenticated_at: int | None = None
    token_used_at: int | None = None
    doc_box_read_at: int | None = None


class _Token(_Body):
    """The answer to the check of a one-time token."""

    token_status: str | None = None
    payload: str | None = None


class KakaoEdocument:
    """One contract's documents."""

    channels = frozenset({Channel.EDOCUMENT})
    secret_fields: tuple[str, ...] = ("contract_uuid", "token")
    platform = "kakaotalk"
    look_up_batch = _judge.LOOK_UPS_AT_ONCE
    look_up_pause_s = 5.0  # between two look-ups of one document, as the contract recommends
    goes_on = frozenset({"RECEIVED"})  # says delivered, and READ or EXPIRED may follow

    def __init__(self, surroundings: Surroundings) -> None:
        """Raises Stop when the secret lacks a field."""
        surroundings.revealed(self.secret_fields)
        self._around = surroundings
        self._judge = _judge.Judge(surroundings.account.id, "KakaoPay")

    async def send(self, message: Message) -> SendResult:
        """What the contract cannot carry is refused without asking."""
        missing = _missing(message)
        if missing is not None:
            return _judge.refused(*missing)
        call = self._call("POST", "/v1/documents", {"document": _document(message)})
        return await self._judge.sent(call, _read_taken)

    async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
        """Raises Retry when none could be asked, Stop when locked out."""
        return await _judge.look_up_each(message_ids, self._look_up_one)

    async def admit(self, query: Mapping[str, str], probe_id: UUID) -> str:
        """See `base.Opens`. A payload that comes back must be that of the probe's document: a
        token is good for one document, and the link may be another's."""
        document_id = _judge.clean_id(query.get(DOCUMENT_PARAMETER))
        token = _judge.clean_id(query.get(TOKEN_PARAMETER))
        if document_id is None or token is None:
            raise Refuse("token")
        answer = await self._call("GET", f"/v1/{quote(document_id)}/tokens/{quote(token)}")
        told = self._judge.told(answer, _Token, denying=range(400, 500))
        payload = ids.write_nonce(probe_id, Leg.OWN)
        if told is None or told.token_status != USED or told.payload not in (None, payload):
            raise Refuse("token")
        return document_id

    async def report_read(self, document_id: str) -> None:
        """See `base.Opens`."""
        read_now = {"document": {"is_detail_read": True}}
        try:
            answer = await self._call("POST", f"/v1/documents/{quote(document_id)}", read_now)
        except NoAnswer:
            raise Retry("unreachable", "KakaoPay did not say whether it took a reading") from None
        if answer.status != 204:
            self._judge.told(answer, _Body)
            raise Retry("unavailable", f"KakaoPay answers http-{answer.status} to a reading")

    async def _look_up_one(self, document_id: str) -> list[Report]:
        answer = await self._call("GET", f"/v1/documents/{quote(document_id)}/status")
        status = self._judge.told(answer, _Status)
        return [_report(document_id, status)] if status is not None else []

    async def _call(self, method: str, path: str, body: object = None) -> Answer:
        contract, token = self._around.revealed(self.secret_fields)
        headers = {"Authorization": f"Bearer {token}", "Contract-Uuid": contract}
        url = URL(self._around.base_url + path, encoded=True)
        return await exchange(self._around, method, url, headers, body)


def _missing(message: Message) -> tuple[str, FaultDomain] | None:
    """The code and fault of what the contract asks for and the message has not."""
    if message.sender_number is None:
        return "no-sender", FaultDomain.SENDER
    if not message.recipient.keys() >= {"name", "birthday"}:
        return "no-person", FaultDomain.BODY
    if message.link is None or len(message.link) > LONGEST_LINK:
        return "no-link" if message.link is None else "link-too-long", FaultDomain.BODY
    return ("title-too-long", FaultDomain.BODY) if len(message.text) > LONGEST_TITLE else None


def _document(message: Message) -> dict[str, object]:
    assert message.sender_number is not None  # see _missing
    person = {n: message.recipient[n].get_secret_value() for n in ("name", "birthday")}
    return {
        "title": message.text,
        "read_expired_sec": message.opens_within_s or EXPIRES_S,
        "hash": hashlib.sha256(message.text.encode()).hexdigest(),
        "receiver": {
            "phone_number": message.to.get_secret_value(),
            **person,
            "is_required_verify_name": True,
        },
        "property": {
            "link": message.link,
            "cs_number": message.sender_number.get_secret_value(),
            "cs_name": CS_NAME,
            "payload": ids.write_nonce(message.probe_id, Leg.OWN),
            "message": NOTICE,
        },
    }


def _read_taken(body: bytes) -> SendResult | None:
    taken = _judge.read(_Taken, body)
    if taken is None:
        return None
    document_id = _judge.clean_id(taken.document_binder_uuid)
    if document_id is not None:
        return SendResult(AnswerResult.ACCEPTED, None, None, document_id)
    code = _judge.clean_code(taken.error_code)
    return _judge.refused(code, FaultDomain.UNKNOWN) if code else None


def _report(document_id: str, status: _Status) -> Report:
    """The time is that of the delivery which it claims, also of one that is read by now."""
    code = _judge.clean_code(status.doc_box_status)
    state, fault = meaning(STATES, code) if code else (PENDING, None)
    given = status.model_dump(exclude={"doc_box_status"})
    times = {name: _time(seconds) for name, seconds in given.items()}
    written = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items() if at}
    return Report(
        provider_message_id=document_id,
        leg=Leg.OWN,
        state=state,
        code=code,
        fault=fault,
        reported_at=times["doc_box_received_at"] if state is DELIVERED else None,
        final=code in ("READ", "EXPIRED"),
        fields=_judge.kept(doc_box_status=code, **written),
    )


def _time(seconds: int | None) -> datetime | None:
    """Epoch seconds as a time; None if none."""
    try:
        return _judge.believable(datetime.fromtimestamp(seconds or 0, UTC))
    except (ValueError, OverflowError, OSError):
        return None


ADAPTER: type[Adapter] = KakaoEdocument
