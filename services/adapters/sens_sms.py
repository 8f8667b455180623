"""SMS and LMS (장문) of Naver Cloud SENS v2: send, and look-ups by request.

Documents (api.ncloud-docs.com): `sens-sms-send`, `sens-sms-list`, `sens-sms-get`, reception codes
of `sens-smspolicy`, read 2025-11 to 2026-10; government zone alike.
Oddities: a send returns no message id, so the request id is ours and the list is asked for it;
right after the send the list is empty, or 404 without a body; `COMPLETED` is no success, only the
inner `statusCode` "0" is, and even that is the provider's claim.
Secret: `access_key`, `secret_key`. Service id: the account's `services.sms`, which LMS shares.
"""

from collections.abc import Sequence

from services.adapters import _emma, _judge, _korea, _sens
from services.adapters.base import (
    Adapter,
    Meaning,
    Message,
    Report,
    SendResult,
    Surroundings,
    meaning,
)
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, Leg, ReportState

DELIVERED, FAILED = ReportState.DELIVERED, ReportState.FAILED
BODY, TEMPLATE, SENDER = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER
PROVIDER, CARRIER = FaultDomain.PROVIDER, FaultDomain.CARRIER
HANDSET, QUOTA = FaultDomain.HANDSET, FaultDomain.QUOTA

# Reception result codes, of the EMMA family. 1xxx SENS before hand-over, 2xxx and 3xxx carriers,
# S and E the relay. The same number means something else in the Alimtalk table.
STATES: dict[str, Meaning] = {
    "0": (DELIVERED, None, "the carrier claims that the handset has it"),
    "1001": (FAILED, QUOTA, "gateway busy, queue full"),
    **_emma.STATES,
    "1003": (FAILED, SENDER, "callback number format"),
    "1004": (FAILED, TEMPLATE, "spam by the gateway's judgement"),
    "1005": (FAILED, QUOTA, "usage exceeded"),
    "1006": (FAILED, TEMPLATE, "attachment missing"),
    "1007": (FAILED, TEMPLATE, "attachment size"),
    "1008": (FAILED, TEMPLATE, "attachment format"),
    "1009": (FAILED, BODY, "client key"),
    "1010": (FAILED, TEMPLATE, "content"),
    "1011": (FAILED, SENDER, "callback"),
    "1012": (FAILED, BODY, "recipient"),
    "1013": (FAILED, TEMPLATE, "subject"),
    "1014": (FAILED, TEMPLATE, "attachment key"),
    "1015": (FAILED, TEMPLATE, "attachment name"),
    "1016": (FAILED, TEMPLATE, "attachment size"),
    "1017": (FAILED, TEMPLATE, "attachment content"),
    "1018": (FAILED, BODY, "no permission"),
    "1020": (FAILED, TEMPLATE, "charset conversion"),
    "3011": (FAILED, CARRIER, "carrier server error"),
    "3022": (FAILED, TEMPLATE, "charset conversion"),
    "3023": (FAILED, SENDER, "not registered beforehand"),
    "S000": (FAILED, PROVIDER, "relay server error"),
    "S001": (FAILED, PROVIDER, "relay server error"),
    "S002": (FAILED, BODY, "bad request"),
    "S003": (FAILED, TEMPLATE, "spam"),
    "S004": (FAILED, QUOTA, "quota"),
    "S005": (FAILED, TEMPLATE, "MMS file bad"),
    "S006": (FAILED, TEMPLATE, "MMS file missing"),
    "S007": (FAILED, TEMPLATE, "MMS file expired"),
    "S008": (FAILED, TEMPLATE, "MMS file size"),
    "S009": (FAILED, TEMPLATE, "MMS file resolution"),
    "S010": (FAILED, QUOTA, "upload quota"),
    "S011": (FAILED, PROVIDER, "upload failure"),
    "S012": (FAILED, SENDER, "sender rule"),
    "S998": (FAILED, PROVIDER, "unexpected"),
    "S999": (FAILED, PROVIDER, "other"),
    **dict.fromkeys((f"E{n}" for n in range(900, 915)), (FAILED, BODY, "input error")),
    "E915": (FAILED, BODY, "duplicate message"),
    "E916": (FAILED, SENDER, "number blocked by the authentication server"),
    "E917": (FAILED, BODY, "on the customer's own block list"),
    "E918": (FAILED, PROVIDER, "user callback failure"),
    "E919": (FAILED, BODY, "restricted time, no resend"),
    **dict.fromkeys(("E920", "E921", "E922"), (FAILED, BODY, "input error, as bad characters")),
    "E999": (FAILED, PROVIDER, "other"),
}


class _Taken(_judge.Wire):
    """The answer to a send."""

    request_id: str | None = None
    status_code: str | None = None


class _Item(_judge.Wire):
    """One message of a list; number and text are not read."""

    request_id: str | None = None
    request_time: str | None = None
    complete_time: str | None = None
    telco_code: str | None = None
    status: str | None = None
    status_code: str | None = None
    status_name: str | None = None


class _Listed(_judge.Wire):
    """The outer status code is about the look-up and says nothing of the message."""

    messages: tuple[_Item, ...] | None = None


class SensSms:
    """One account's SMS service."""

    channels = frozenset(_korea.LONGEST)
    secret_fields = _sens.SECRET_FIELDS
    look_up_batch = _judge.LOOK_UPS_AT_ONCE

    def __init__(self, surroundings: Surroundings) -> None:
        """Raises Stop when the account has no key or no SMS service."""
        self._service = _sens.Service(surroundings, "sms", Channel.SMS)

    async def send(self, message: Message) -> SendResult:
        """A text that cannot go out (`text-too-long`, `text-charset`) is refused without asking."""
        code = _korea.unsendable(message.channel, message.text)
        if code is not None:
            return _judge.refused(code, FaultDomain.TEMPLATE)
        if message.sender_number is None:
            return _judge.refused("no-sender", FaultDomain.SENDER)
        request: dict[str, object] = {
            "type": message.channel.upper(),
            "contentType": "COMM",
            "countryCode": "82",
            "from": message.sender_number.get_secret_value(),
            "content": message.text,
            "messages": [{"to": message.to.get_secret_value()}],
        }
        if message.channel is Channel.LMS:
            request["subject"] = message.subject or _korea.SUBJECT
        return await self._service.send(request, _read_taken)

    async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
        """Ids are request ids. Raises Retry when none could be asked, Stop when locked out."""
        return await _judge.look_up_each(message_ids, self._look_up_one)

    async def _look_up_one(self, request_id: str) -> list[Report]:
        listed = await self._service.ask(f"?requestId={_sens.escaped(request_id)}", _Listed)
        items = (listed.messages if listed else None) or ()
        # A request of ours has one recipient; of another's item nothing is taken.
        return [_read_item(item) for item in items if item.request_id == request_id][:1]


def _read_taken(body: bytes) -> SendResult | None:
    taken = _judge.read(_Taken, body)
    if taken is None or taken.status_code is None:
        return None
    code = _judge.clean_code(taken.status_code)
    if code != "202":
        return _judge.refused(code, _judge.fault_of_status(code))
    request_id = _judge.clean_id(taken.request_id)
    return SendResult(AnswerResult.ACCEPTED, code, None, request_id) if request_id else None


def _read_item(item: _Item) -> Report:
    code = _judge.clean_code(item.status_code or None) if item.status == "COMPLETED" else None
    state, fault = meaning(STATES, code) if code else (ReportState.PENDING, None)
    return Report(
        provider_message_id=item.request_id or "",
        leg=Leg.OWN,
        state=state,
        code=code,
        fault=fault,
        reported_at=_korea.parse_time(item.complete_time) if code else None,
        final=code is not None,
        fields=_judge.kept(
            status=item.status,
            statusName=item.status_name,
            requestTime=item.request_time,
            completeTime=item.complete_time,
            telcoCode=item.telco_code,
        ),
    )


ADAPTER: type[Adapter] = SensSms
