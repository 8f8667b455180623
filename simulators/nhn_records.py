"""What NHN Cloud tells of the messages it accepted: when it is asked, and by itself.

In:  a record of an accepted message and its journey. Out: the JSON of the wire contract, without
     its words and links for people.
Before: `records.py` keeps them. After: the client reads, `nhn.py` posts. Pure.
"""

from datetime import datetime
from typing import Any

from simulators import nhn_wire as wire
from simulators.journey import Answer, Journey, Report
from simulators.records import Record


def taken(record: Record, code: int = 0) -> dict[str, Any]:
    """What the answer to a send says of the recipient."""
    names = ("recipientSeq", "recipientNo", "recipientGroupingKey")
    return {name: record.facts[name] for name in names} | {"resultCode": code}


def sms_detail(record: Record, journey: Journey | None, now: datetime) -> dict[str, Any]:
    """Requested, in process, or with its result."""
    shown = {
        "requestId": record.request_id,
        "requestDate": wire.plain(record.began(journey)),
        "resultDate": None,
        **record.facts,
        "msgStatus": "1",
        "resultCode": None,
        "messageType": "SMS" if record.kind == "sms" else "LMS",
    }
    if journey is None or journey.handed_at is None or journey.handed_at > now:
        return shown
    if journey.report is None or journey.report.at > now:
        return shown | {"msgStatus": "2"}
    code = wire.code_of(journey.report)
    return shown | {
        "resultDate": wire.plain(journey.report.at),
        "msgStatus": "3" if code == wire.SUCCESS else "0",
        "resultCode": code,
    }


def alimtalk_detail(record: Record, journey: Journey | None, now: datetime) -> dict[str, Any]:
    """In process, or with its result and what became of the substitute's request."""
    shown = {
        "requestId": record.request_id,
        **record.facts,
        "requestDate": wire.bare(record.requested_at),
        "receiveDate": None,
        "messageStatus": "PROCESSING",
        "resultCode": None,
        **_resend(record, None, now),
    }
    if journey is None or journey.report is None or journey.report.at > now:
        return shown
    code = wire.code_of(journey.report)
    good = code == wire.SUCCESS
    return shown | {
        "receiveDate": wire.bare(journey.report.at),
        "messageStatus": "COMPLETED" if good else "FAILED",
        "resultCode": code,
        **({} if good else _resend(record, journey, now)),
    }


def _resend(record: Record, failed: Journey | None, now: datetime) -> dict[str, Any]:
    """`failed`: the journey of a message that failed."""
    shown = {"resendStatus": "RSC01", "resendResultCode": None, "resendRequestId": None}
    if record.substitute is None:
        return shown
    follow = failed.substitute if failed else None
    if follow is None or (follow.answered_at or follow.sent_at) > now:
        return shown | {"resendStatus": "RSC03" if failed else "RSC02"}
    if follow.answer is not Answer.ACCEPTED:
        return shown | {"resendStatus": "RSC05", "resendResultCode": _refused(follow)}
    request_id = record.substitute.request_id
    return {"resendStatus": "RSC04", "resendResultCode": "0", "resendRequestId": request_id}


def _refused(follow: Journey) -> str:
    """The code with which the SMS service refused a substitute."""
    said = wire.SMS.refusal(follow.refused_by).body if follow.refused_by else None
    return str(said["header"]["resultCode"]) if said else "-9999"


def hook(record: Record, journey: Journey | None, report: Report) -> dict[str, Any]:
    """One result as a webhook tells it: of SMS as the sample is spelled, not as the table says; of
    Alimtalk, when it was received is told by its day. `hookId` stays when it is told again."""
    facts, at = record.facts, wire.bare(report.at)
    told = {
        "hookId": wire.new_id(report.at),
        "requestId": record.request_id,
        "recipientSeq": facts["recipientSeq"],
        "recipientNo": facts["recipientNo"],
        "senderGroupingKey": facts["senderGroupingKey"],
        "resultCode": (code := wire.code_of(report)),
    }
    if record.kind == "alimtalk":
        return told | {
            "kakaoMessageType": "ALIMTALK_NORMAL",
            "requestDate": wire.bare(record.requested_at),
            "receiveDate": at[:10],
            "recipientGroupingKey": facts["recipientGroupingKey"],
        }
    return told | {
        "senderType": f"NORMAL_{record.kind.upper()}",
        "requestDate": wire.bare(record.began(journey)).replace(" ", "T"),
        "receiveDate": at.replace(" ", "T"),
        "sendNo": facts["sendNo"],
        "messageStatus": "COMPLETED" if code == wire.SUCCESS else "FAILED",
        "recipientGropuingKey": facts["recipientGroupingKey"],
    }
