"""What NHN Cloud shows of the messages it accepted, when it is asked.

In:  records of accepted messages and their journeys. Out: the JSON of the wire contract.
Before: `records.py` keeps them. After: the client reads. Pure.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulators import nhn_wire as wire
from simulators.journey import Answer, Journey
from simulators.records import Record
from simulators.world import World

TELECOM = {
    "carrier:skt": (10001, "SKT"),
    "carrier:kt": (10002, "KT"),
    "carrier:lgu": (10003, "LGU"),
}
RESEND_WORDS = {
    "RSC01": "대체 발송 대상 아님",
    "RSC02": "대체 발송 대상",
    "RSC03": "대체 발송 중",
    "RSC04": "대체 발송 성공",
    "RSC05": "대체 발송 실패",
}


def sms_detail(
    record: Record, journey: Journey | None, now: datetime, world: World
) -> dict[str, Any]:
    """Requested, in process, or with its result."""
    recipient = world.recipients.get(record.message.recipient or "")
    telecom = TELECOM.get(recipient.carrier) if recipient else None
    shown = {
        "requestId": record.request_id,
        "requestDate": wire.plain(began(record, journey)),
        "resultDate": None,
        **record.facts,
        "msgStatus": "1",
        "msgStatusName": "요청",
        "resultCode": None,
        "resultCodeName": None,
        "telecomCode": telecom[0] if telecom else None,
        "telecomCodeName": telecom[1] if telecom else None,
        "sendType": "0" if record.kind == "sms" else "1",
        "messageType": "SMS" if record.kind == "sms" else "LMS",
        "messageCount": 1,
        "adYn": "N",
        "resultMessage": "",
    }
    if journey is None or journey.handed_at is None or journey.handed_at > now:
        return shown
    if journey.report is None or journey.report.at > now:
        return shown | {"msgStatus": "2", "msgStatusName": "처리 중"}
    code, words = result(wire.SMS_RESULTS, journey.report.reason)
    good = code == "1000"
    return shown | {
        "resultDate": wire.plain(journey.report.at),
        "msgStatus": "3" if good else "0",
        "msgStatusName": "성공" if good else "실패",
        "resultCode": code,
        "resultCodeName": words,
    }


def alimtalk_detail(record: Record, journey: Journey | None, now: datetime) -> dict[str, Any]:
    """In process, or with its result and what became of the substitute's request."""
    shown = {
        "requestId": record.request_id,
        **record.facts,
        "requestDate": wire.bare(record.requested_at),
        "createDate": wire.bare(record.requested_at),
        "receiveDate": None,
        "messageStatus": "PROCESSING",
        "resultCode": None,
        "resultCodeName": None,
        "buttons": [],
        **_resend(record, None, now),
    }
    if journey is None or journey.report is None or journey.report.at > now:
        return shown
    code, words = result(wire.KAKAO_RESULTS, journey.report.reason)
    good = code == "1000"
    return shown | {
        "receiveDate": wire.bare(journey.report.at),
        "messageStatus": "COMPLETED" if good else "FAILED",
        "resultCode": code,
        "resultCodeName": words,
        **({} if good else _resend(record, journey, now)),
    }


def _resend(record: Record, failed: Journey | None, now: datetime) -> dict[str, Any]:
    """`failed`: the journey of a message that failed."""
    status, code, follow = "RSC01", None, failed.substitute if failed else None
    if record.substitute is not None:
        status = "RSC03" if failed else "RSC02"
    if follow is not None and (follow.answered_at or follow.sent_at) <= now:
        taken = follow.answer is Answer.ACCEPTED
        status, code = ("RSC04", "0") if taken else ("RSC05", _refused(follow))
    known = record.substitute if status == "RSC04" else None
    return {
        "resendStatus": status,
        "resendStatusName": RESEND_WORDS[status],
        "resendResultCode": code,
        "resendRequestId": known.request_id if known else None,
    }


def _refused(follow: Journey) -> str:
    """The code with which the SMS service refused a substitute."""
    said = wire.SMS.refusal(follow.refused_by).body if follow.refused_by else None
    return str(said["header"]["resultCode"]) if said else "-9999"


def began(record: Record, journey: Journey | None) -> datetime:
    """When it was requested, of a substitute when it was sent."""
    return journey.sent_at if journey and record.parent else record.requested_at


def result(results: Mapping[str, tuple[str, str]], reason: str) -> tuple[str, str]:
    """Code and words."""
    return results.get(reason, (reason, "실패"))
