"""KakaoTalk messages of SENS v2: what Alimtalk and brand messages have in common.

In:  the message of an adapter, the fields of its kind. Out: its answer, and reports of two legs.
Before: `sens_alimtalk.py`, `sens_brandmessage.py`. After: `_sens.py` makes the calls.
Documents (api.ncloud-docs.com): `sens-alimtalk-send`, `sens-alimtalk-get`,
`sens-brandmessage-send`, `sens-brandmessage-get`, guide `sens-atmessage`, and Kakao's result codes
as NHN Cloud lists them (docs.nhncloud.com, KakaoTalk error codes), read 2025-11 to 2026-10. That
SENS passes every Kakao code on unchanged is an inference of its examples.
Oddities: HTTP 202 may hold a refusal of every recipient (`requestStatusCode`); success is `0000`,
never NHN's `1000`; a wish for fail-over is no fail-over, only the object `failover` is; codes that
begin with B start none; 3005 is "sent, nobody confirmed": the phone may still get it.
"""

from collections.abc import Mapping, Sequence

from services.adapters import _judge, _kakao, _korea, _sens, sens_sms
from services.adapters.base import Meaning, Message, Report, SendResult, Surroundings, meaning
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, Leg, ReportState

DELIVERED, FAILED, PENDING = ReportState.DELIVERED, ReportState.FAILED, ReportState.PENDING
BODY, TEMPLATE, QUOTA = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.QUOTA

# A: SENS at the request. B: SENS's own. Digits: Kakao's, passed through.
STATES: dict[str, Meaning] = {
    "0000": (DELIVERED, None, "by contract: confirmed by the app, or stored by Kakao"),
    "A000": (PENDING, None, "request taken; proves nothing"),
    "A003": (FAILED, TEMPLATE, "text does not match the template"),
    "A*": (FAILED, BODY),  # the rest of the list is not published
    "B004": (FAILED, QUOTA, "sending quota of the day or month"),
    "B*": (FAILED, BODY),  # the rest of the list is not published
    **_kakao.STATES,
}


class _Recipient(_judge.Wire):
    """One recipient of a send's answer."""

    message_id: str | None = None
    request_status_code: str | None = None


class _Taken(_judge.Wire):
    """The answer to a send: what counts stands in `messages`."""

    status_code: str | None = None
    messages: tuple[_Recipient, ...] | None = None


class _Failover(_judge.Wire):
    """The substitute SMS that was really requested; it has no time of its own."""

    request_status_code: str | None = None
    message_status: str | None = None
    message_status_code: str | None = None


class _Message(_judge.Wire):
    """The answer to a look-up; number and text are not read."""

    message_id: str | None = None
    request_time: str | None = None
    complete_time: str | None = None
    request_status_code: str | None = None
    message_status_code: str | None = None
    message_status_name: str | None = None
    use_sms_failover: bool | None = None
    failover: _Failover | None = None


class KakaoMessages:
    """The messages of one kind of an account's KakaoTalk service: all of an adapter but `send`."""

    api: Channel  # what the kind is called in addresses too
    secret_fields = _sens.SECRET_FIELDS
    look_up_batch = _judge.LOOK_UPS_AT_ONCE

    def __init__(self, surroundings: Surroundings) -> None:
        """Raises Stop when the account has no key or no service of this kind."""
        self._service = _sens.Service(surroundings, self.api, self.api)

    async def _send(self, message: Message, own: Mapping[str, object]) -> SendResult:
        """`own`: the fields that only this kind has. The substitute is the provider's."""
        recipient = {
            "countryCode": "82",
            "to": message.to.get_secret_value(),
            "content": message.text,
            **_failover(message),
        }
        request = {"plusFriendId": message.identity, **own, "messages": [recipient]}
        return await self._service.send(request, _read_taken)

    async def look_up(self, message_ids: Sequence[str]) -> list[Report]:
        """Raises Retry when none could be asked, Stop when locked out."""
        return await _judge.look_up_each(message_ids, self._look_up_one)

    async def _look_up_one(self, message_id: str) -> list[Report]:
        shown = await self._service.ask(f"/{_sens.escaped(message_id)}", _Message)
        return _read(shown) if shown is not None and shown.message_id == message_id else []


def _failover(message: Message) -> dict[str, object]:
    """Said in either case: without it the channel's own setting would hold."""
    substitute = message.substitute
    if substitute is None:
        return {"useSmsFailover": False}
    config = {
        "type": substitute.channel.upper(),
        "from": substitute.sender_number.get_secret_value(),
        "content": substitute.text,
    }
    return {"useSmsFailover": True, "failoverConfig": config}


def _read_taken(body: bytes) -> SendResult | None:
    taken = _judge.read(_Taken, body)
    if taken is None:
        return None
    if not taken.messages:
        code = _judge.clean_code(taken.status_code)
        known = code is not None and code != "202"
        return _judge.refused(code, _judge.fault_of_status(code)) if known else None
    recipient = taken.messages[0]
    code = _judge.clean_code(recipient.request_status_code)
    if code == "A000":
        return SendResult(AnswerResult.ACCEPTED, code, None, _judge.clean_id(recipient.message_id))
    return _judge.refused(code, meaning(STATES, code)[1]) if code else None


def _read(shown: _Message) -> list[Report]:
    """Leg 0, and leg 1 once a substitute was requested."""
    leg_1 = _read_failover(shown)
    code = _code(shown)
    state, fault = meaning(STATES, code) if code else (PENDING, None)
    own = Report(
        provider_message_id=shown.message_id or "",
        leg=Leg.OWN,
        state=state,
        code=code,
        fault=fault,
        reported_at=_korea.parse_time(shown.complete_time) if code else None,
        final=_is_last(shown, state, code, leg_1),
        fields=_judge.kept(
            messageStatusName=shown.message_status_name,
            requestStatusCode=shown.request_status_code,
            requestTime=shown.request_time,
            completeTime=shown.complete_time,
        ),
    )
    return [own, leg_1] if leg_1 else [own]


def _code(shown: _Message) -> str | None:
    """Kakao's code; SENS's own where it refused the request; None while nothing is decided."""
    if shown.message_status_code:
        return _judge.clean_code(shown.message_status_code)
    own = _judge.clean_code(shown.request_status_code)
    return own if own != "A000" else None


def _is_last(shown: _Message, state: ReportState, code: str | None, leg_1: Report | None) -> bool:
    """Whether no other word can follow: after a failure at Kakao a wished substitute still can."""
    if state is PENDING or code is None:
        return False
    if leg_1 is not None:
        return leg_1.final
    failed = state is FAILED or shown.message_status_name == "fail"
    return not (failed and shown.use_sms_failover and code[0] not in "AB")


def _read_failover(shown: _Message) -> Report | None:
    """Leg 1, under the id of the Alimtalk; its codes are those of SMS."""
    inner = shown.failover
    if inner is None:
        return None
    taken = _judge.clean_code(inner.request_status_code)
    code = _judge.clean_code(inner.message_status_code)
    state: ReportState
    fault: FaultDomain | None
    if taken not in (None, "202"):
        state, code, fault = FAILED, taken, _judge.fault_of_status(taken)
    elif inner.message_status == "COMPLETED" and code:
        state, fault = meaning(sens_sms.STATES, code)
    else:
        state, code, fault = PENDING, None, None
    return Report(
        provider_message_id=shown.message_id or "",
        leg=Leg.FIRST_SUBSTITUTE,
        state=state,
        code=code,
        fault=fault,
        reported_at=None,
        final=state is not PENDING,
        fields=_judge.kept(
            messageStatus=inner.message_status, requestStatusCode=inner.request_status_code
        ),
    )
