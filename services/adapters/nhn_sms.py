"""SMS and LMS (장문) of NHN Cloud SMS v3.0: send, look-ups by message, and webhooks.

Documents (docs.nhncloud.com): SMS API v3.0 guide, result codes, webhook, sending policy, read
2026-06; how NHN is called: `_nhn.py`.
Oddities: LMS is called MMS in addresses, and an id does not say which of the two it is; success
sits in the carrier's code, which may still mean the spam box; without a result for 25 h (LMS 80 h)
NHN says 2000.
Secret: `secret_key` (`sms_secret_key` where Alimtalk has another), `webhook_signature`. Appkey: the
account's `services.sms`, which LMS shares.
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from services.adapters import _emma, _judge, _korea, _nhn
from services.adapters.base import Adapter, Meaning, Message, Report, SendResult
from services.contracts.vocabulary import Channel, FaultDomain, ReportState

DELIVERED, FAILED, PENDING = ReportState.DELIVERED, ReportState.FAILED, ReportState.PENDING
BODY, TEMPLATE, SENDER = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER
PROVIDER, CARRIER = FaultDomain.PROVIDER, FaultDomain.CARRIER
HANDSET, QUOTA = FaultDomain.HANDSET, FaultDomain.QUOTA

# Four digits and E: reception. Words: ends of a message that may have no code. Negative and 4: of
# the API, whose templates, categories and statistics are families.
STATES: dict[str, Meaning] = {
    "1000": (DELIVERED, None, "the carrier claims that the handset has it"),
    "1001": (FAILED, QUOTA, "server busy"),
    **_emma.STATES,
    "1003": (FAILED, SENDER, "sender number format"),
    "3011": (FAILED, CARRIER, "server error"),
    "4001": (FAILED, BODY, "abroad: signature"),
    "4002": (FAILED, SENDER, "abroad: sender number"),
    "4003": (FAILED, HANDSET, "abroad: recipient number"),
    "4004": (FAILED, HANDSET, "abroad: temporary handset problem"),
    "4005": (FAILED, HANDSET, "abroad: no subscriber"),
    "4006": (FAILED, HANDSET, "abroad: recipient"),
    "4007": (FAILED, CARRIER, "abroad: carrier fault or block"),
    "4008": (FAILED, TEMPLATE, "abroad: spam"),
    "4009": (FAILED, CARRIER, "abroad: temporary network error"),
    "4010": (FAILED, BODY, "abroad: abnormal pattern of sending"),
    "E900": (FAILED, PROVIDER, "other"),
    "E911": (FAILED, TEMPLATE, "attachment without extension"),
    "E913": (FAILED, TEMPLATE, "empty attachment"),
    "E915": (FAILED, BODY, "duplicate message"),
    "E919": (FAILED, BODY, "restricted time, no resend"),
    "E999": (FAILED, PROVIDER, "other"),
    "CANCEL": (FAILED, BODY, "reservation cancelled"),
    "DUPLICATED": (FAILED, BODY, "duplicate message"),
    "FAILED_AD": (FAILED, BODY, "rules of advertising"),
    "0": (PENDING, None, "request taken; proves nothing"),
    "4": (FAILED, BODY, "parameter"),
    "-1000": (FAILED, BODY, "appkey invalid"),
    "-1001": (FAILED, BODY, "appkey does not exist"),
    "-1002": (FAILED, BODY, "appkey no longer used"),
    "-1003": (FAILED, BODY, "not a member of the project"),
    "-1004": (FAILED, BODY, "address not allowed; a wrong secret key has no other code"),
    "-1005": (FAILED, BODY, "search condition"),
    "-1006": (FAILED, BODY, "message type"),
    "-1007": (FAILED, BODY, "member type"),
    "-1008": (FAILED, BODY, "project blocked"),
    "-20*": (FAILED, BODY),  # dates, recipients, files, countries
    "-2006": (FAILED, TEMPLATE, "kind of template"),
    "-2008": (PENDING, None, "request unknown: not there yet, or of the other kind"),
    "-2009": (FAILED, PROVIDER, "attachment upload"),
    "-2010": (FAILED, PROVIDER, "attachment upload type"),
    "-2012": (PENDING, None, "message unknown: not there yet, or of the other kind"),
    "-2014": (FAILED, TEMPLATE, "title or text empty"),
    "-2015": (FAILED, TEMPLATE, "title or text too long"),
    "-2021": (FAILED, PROVIDER, "queue failure"),
    "-2023": (FAILED, TEMPLATE, "characters outside the charset"),
    "-2047": (FAILED, QUOTA, "block limit"),
    "-2048": (FAILED, TEMPLATE, "abroad: text too long"),
    "-2051": (FAILED, QUOTA, "abroad: conversion rate"),
    "-2052": (FAILED, QUOTA, "organisation's quota of the month"),
    "-2053": (FAILED, QUOTA, "abroad: a country's quota of the day"),
    "-21*": (FAILED, TEMPLATE),  # templates
    "-22*": (FAILED, BODY),  # categories
    "-2312": (FAILED, SENDER, "sender number not registered"),
    "-2313": (FAILED, SENDER, "sender number blocked"),
    "-27*": (FAILED, BODY),  # statistics
    "-4000": (FAILED, BODY, "search beyond one month"),
    "-60*": (FAILED, BODY),  # 080 numbers of advertising
    "-6001": (FAILED, HANDSET, "recipient opted out"),
    "-7000": (FAILED, PROVIDER, "tags: internal call"),
    "-7001": (FAILED, BODY, "tags: parameter"),
    "-7002": (FAILED, BODY, "tags: file"),
    "-8000": (FAILED, TEMPLATE, "authentication text without its word"),
    "-9995": (FAILED, BODY, "API version"),
    "-9996": (FAILED, BODY, "content type"),
    "-9997": (FAILED, BODY, "JSON"),
    "-9998": (FAILED, BODY, "no such API"),
    "-9999": (FAILED, PROVIDER, "system error"),
}

KINDS = {Channel.SMS: "sms", Channel.LMS: "mms"}  # as addresses call them


class _Hook(_nhn.Told):
    """A result of a webhook."""

    status: str = Field(validation_alias="messageStatus")


class NhnSms(_nhn.Product):
    """One account's SMS service."""

    host, path, service = "sms", "/sms/v3.0/appKeys", Channel.SMS
    group, states = "bongsu-sms", STATES
    locked_out: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("-1000", "-1001", "-1002", "-1004"), "credentials"),
        **dict.fromkeys(("-1003", "-1008"), "permission"),
    }
    channels = frozenset(KINDS)
    report_fields = _nhn.REPORT_FIELDS | {
        *("senderType", "sendNo", "messageStatus", "messageCount", "recipientGropuingKey", "_link"),
    }

    async def send(self, message: Message) -> SendResult:
        """A text that cannot go out (`text-too-long`, `text-charset`) is refused without asking."""
        code = _korea.unsendable(message.channel, message.text)
        if code is not None:
            return _judge.refused(code, TEMPLATE)
        if message.sender_number is None:
            return _judge.refused("no-sender", SENDER)
        recipient = {
            "recipientNo": message.to.get_secret_value(),
            "recipientGroupingKey": str(message.probe_id),
        }
        request: dict[str, object] = {
            "body": message.text,
            "sendNo": message.sender_number.get_secret_value(),
            "recipientList": [recipient],
        }
        if message.channel is Channel.LMS:
            request["title"] = message.subject or _korea.SUBJECT
        return await self._send(f"/sender/{KINDS[message.channel]}", request)

    async def find(self, message_id: str) -> _nhn.Told | None:
        """What NHN says of a message; None if nothing (yet). SMS is asked first: there are more."""
        request, recipient = _nhn.parts(message_id)
        for kind in KINDS.values():
            path = f"/sender/{kind}/{request}?recipientSeq={recipient}"
            told = await self._ask(path, _nhn.Told)
            if told is not None and told.message_id == message_id:
                return told
        return None

    async def _look_up_one(self, message_id: str) -> list[Report]:
        told = await self.find(message_id)
        return [self.report_of(told)] if told else []

    @classmethod
    def read_reports(cls, body: bytes) -> list[Report]:
        """See `base.ReadsReports`."""
        return [cls.report_of(hook) for hook in cls._hooks(body, _Hook)]


ADAPTER: type[Adapter] = NhnSms
