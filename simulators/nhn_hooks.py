"""What NHN Cloud tells of results by itself: its webhooks, oddities included.

In:  a record that has its result. Out: the `Webhook` to be posted.
Before: the carriage tells `nhn.py` of a result. After: `webhooks.py` posts it. The signature is the
static text of the account's secret; an account without one has set up no webhooks.
"""

from datetime import datetime, timedelta
from typing import Any

from simulators import nhn_wire as wire
from simulators.carriage import utc_now
from simulators.config import AccountConfig
from simulators.journey import Report
from simulators.nhn_records import result
from simulators.records import Record
from simulators.webhooks import Webhook, WebhookMode

SIGNATURE = "webhook_signature"
EVENT = "MESSAGE_RESULT_UPDATE"
SMS_LINK = "https://sms.api.nhncloudservice.com/sms/v2.4/appKeys"
KAKAO_LINK = "https://kakaotalk-bizmessage.api.nhncloudservice.com/alimtalk/v2.3/appkeys"


def webhook(
    record: Record, began: datetime, report: Report, account: AccountConfig, mode: WebhookMode
) -> Webhook:
    """One result, told in one post; a result told again keeps the id of its hook."""
    kakao = record.kind == "alimtalk"
    told = _alimtalk(record, report) if kakao else _sms(record, began, report)
    hook = {"hookId": wire.new_id(report.at)} | told
    signature = mode.signature or account.secret[SIGNATURE].get_secret_value()

    def body() -> dict[str, object]:
        return {
            "hooksId": wire.new_id(utc_now()),
            "webhookConfigId": f"bongsu-{account.id}",
            "productName": wire.PRODUCTS[record.kind].name,
            "appKey": record.service_id,
            "event": EVENT,
            "hooks": [hook],
        }

    return Webhook(
        path=f"/reports/{'nhn_alimtalk' if kakao else 'nhn_sms'}/{account.id}",
        headers={"X-Toast-Webhook-Signature": signature},
        body=body,
        due=report.at + timedelta(seconds=mode.delay_s),
        times=1 + mode.repeats,
    )


def _sms(record: Record, began: datetime, report: Report) -> dict[str, Any]:
    """As the sample is spelled, not as the table says."""
    code, _ = result(wire.SMS_RESULTS, report.reason)
    facts = record.facts
    own = f"{record.service_id}/sender/{record.kind}/{record.request_id}"
    return {
        "senderType": f"NORMAL_{record.kind.upper()}",
        "requestId": record.request_id,
        "recipientSeq": facts["recipientSeq"],
        "requestDate": wire.bare(began).replace(" ", "T"),
        "receiveDate": wire.bare(report.at).replace(" ", "T"),
        "sendNo": facts["sendNo"],
        "recipientNo": facts["recipientNo"],
        "messageStatus": "COMPLETED" if code == "1000" else "FAILED",
        "recipientGropuingKey": facts["recipientGroupingKey"],
        "senderGroupingKey": facts["senderGroupingKey"],
        "resultCode": code,
        "messageCount": 1,
        "_link": {"self": {"href": f"{SMS_LINK}/{own}?recipientSeq={facts['recipientSeq']}"}},
    }


def _alimtalk(record: Record, report: Report) -> dict[str, Any]:
    """When it was received is told by its day."""
    facts = record.facts
    own = f"{record.service_id}/messages/{record.request_id}/{facts['recipientSeq']}"
    return {
        "kakaoMessageType": "ALIMTALK_NORMAL",
        "requestId": record.request_id,
        "recipientSeq": facts["recipientSeq"],
        "requestDate": wire.bare(record.requested_at),
        "createDate": wire.bare(record.requested_at),
        "receiveDate": wire.bare(report.at)[:10],
        "recipientNo": facts["recipientNo"],
        "resultCode": result(wire.KAKAO_RESULTS, report.reason)[0],
        "senderGroupingKey": facts["senderGroupingKey"],
        "recipientGroupingKey": facts["recipientGroupingKey"],
        "isAddedChannel": None,
        "_links": {"self": {"href": f"{KAKAO_LINK}/{own}"}},
    }
