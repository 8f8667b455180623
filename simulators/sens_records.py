"""What SENS shows of the messages it accepted: the answers of list and get.

In:  records of accepted messages and their journeys. Out: the JSON items of the wire contract.
Before: `records.py` keeps them. After: the client reads. Pure.
"""

from datetime import datetime
from typing import Any, Literal

from simulators import sens_wire as wire
from simulators.journey import Answer, Journey
from simulators.records import Record
from simulators.world import World

Kind = Literal["sms", "alimtalk", "brandmessage"]
TELCO = {"carrier:skt": "SKT", "carrier:kt": "KT", "carrier:lgu": "LGT"}
ACCEPTED = {
    "requestStatusCode": "A000",
    "requestStatusName": "success",
    "requestStatusDesc": "성공",
}
MISMATCH = {
    "requestStatusCode": "A003",
    "requestStatusName": "fail",
    "requestStatusDesc": "템플릿 불일치",
}


def item(record: Record, journey: Journey | None, now: datetime, world: World) -> dict[str, Any]:
    """The item of a list, and the answer of a get of KakaoTalk messages."""
    if record.kind == "sms":
        return _sms_item(record, journey, now, world)
    return _kakao_item(record, journey, now)


def _sms_item(
    record: Record, journey: Journey | None, now: datetime, world: World
) -> dict[str, Any]:
    recipient = world.recipients.get(record.message.recipient or "")
    return {
        "requestId": record.request_id,
        "messageId": record.message.id,
        "requestTime": wire.plain_s(record.began(journey)),
        **record.facts,
        "telcoCode": TELCO.get(recipient.carrier, "ETC") if recipient else "ETC",
        **_sms_status(journey, now),
    }


def _sms_status(journey: Journey | None, now: datetime) -> dict[str, str]:
    """READY, PROCESSING, COMPLETED; a result code only in the last."""
    if journey is None or journey.handed_at is None or journey.handed_at > now:
        return {"status": "READY"}
    if journey.report is None or journey.report.at > now:
        return {"status": "PROCESSING"}
    reason = journey.report.reason
    code, words = wire.SMS_RESULTS.get(reason, (reason, "실패"))
    return {
        "completeTime": wire.plain_s(journey.report.at),
        "status": "COMPLETED",
        "statusCode": code,
        "statusName": "success" if code == "0" else "fail",
        "statusMessage": words,
    }


def _kakao_item(record: Record, journey: Journey | None, now: datetime) -> dict[str, Any]:
    shown = {
        "requestId": record.request_id,
        "messageId": record.message.id,
        "requestTime": wire.iso_ms(record.requested_at),
        **record.facts,
        **ACCEPTED,
        "messageStatusName": "processing",
    }
    if journey is None or journey.report is None or journey.report.at > now:
        return shown
    reason = journey.report.reason
    code, words = wire.KAKAO_RESULTS.get(reason, (reason, "실패"))
    shown |= {
        "completeTime": wire.iso_s(journey.report.at),
        "messageStatusCode": code,
        "messageStatusName": "success" if code == "0000" else "fail",
        "messageStatusDesc": words,
    }
    follow = journey.substitute
    if record.substitute is not None and follow is not None and follow.sent_at <= now:
        shown["failover"] = _failover(record.substitute, follow, now)
    return shown


def _failover(substitute: Record, follow: Journey, now: datetime) -> dict[str, str]:
    """The inner SMS request of a message whose second stage failed."""
    taken = follow.answer is Answer.ACCEPTED
    shown = {
        "smsServiceId": substitute.service_id,
        "requestId": substitute.request_id,
        "requestStatusCode": "202" if taken else "500",
        "requestStatusName": "success" if taken else "fail",
        "requestStatusDesc": "",
    }
    if not taken:
        return shown
    status = _sms_status(follow, now)
    names = {
        "status": "messageStatus",
        "statusCode": "messageStatusCode",
        "statusName": "messageStatusName",
        "statusMessage": "messageStatusDesc",
    }
    inner = {names[key]: value for key, value in status.items() if key in names}
    return shown | {"messageId": follow.message.id} | inner
