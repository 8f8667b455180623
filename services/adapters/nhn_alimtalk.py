"""Alimtalk (알림톡) of NHN Cloud v2.3: send with its substitute, look-ups by message, and webhooks.

Documents (docs.nhncloud.com, KakaoTalk Bizmessage): Alimtalk API v2.3 guide, error codes, webhook
guide, read 2026-06; how NHN is called: `_nhn.py`. The text is final and must match the approved
template; an image is the template's, and nothing of it is sent.
Oddities: the channel is named by its sender key of 40 signs; the same idempotency key within ten
minutes is -1005, and says that it was sent; RSC04 says that the substitute was asked for, and only
NHN's SMS knows what became of it; a webhook has no status, its time may be a date alone.
Secret: `secret_key`, `webhook_signature`. Appkey: the account's `services.alimtalk`, for
substitutes `services.sms`.
"""

from dataclasses import replace

from services.adapters import _judge, _kakao, _korea, _nhn, nhn_sms
from services.adapters.base import (
    Adapter,
    Meaning,
    Message,
    Report,
    SendResult,
    Surroundings,
    meaning,
)
from services.contracts.vocabulary import Channel, FaultDomain, Leg, ReportState
from services.runtime.errors import Retry

DELIVERED, FAILED, PENDING = ReportState.DELIVERED, ReportState.FAILED, ReportState.PENDING
BODY, TEMPLATE, SENDER = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER
PROVIDER, HANDSET, QUOTA = FaultDomain.PROVIDER, FaultDomain.HANDSET, FaultDomain.QUOTA

# Four digits: Kakao's. Negative and 4: of the API, whose groups, templates, images, advertising
# and statistics are families.
STATES: dict[str, Meaning] = {
    "1000": (DELIVERED, None, "by contract: confirmed by the app, or stored by Kakao"),
    **_kakao.STATES,
    "CANCEL": (FAILED, BODY, "reservation cancelled"),
    "0": (PENDING, None, "request taken; proves nothing"),
    "4": (FAILED, BODY, "parameter"),
    "-10*": (FAILED, BODY),  # groups of profiles, identity of the customer
    "-1000": (FAILED, BODY, "appkey invalid"),
    "-1001": (FAILED, BODY, "secret key invalid"),
    "-1002": (FAILED, BODY, "substitute: appkey of SMS"),
    "-1003": (FAILED, SENDER, "substitute: sender number"),
    "-1005": (PENDING, None, "same idempotency key within ten minutes: sent before"),
    "-1006": (FAILED, SENDER, "profile without sender key"),
    "-1014": (FAILED, SENDER, "profile not active"),
    "-1016": (PENDING, None, "message not found: not there yet"),
    "-1017": (FAILED, QUOTA, "profile's quota of the day"),
    "-1024": (FAILED, SENDER, "a group cannot send"),
    "-1027": (FAILED, SENDER, "profile blocked"),
    "-1028": (FAILED, TEMPLATE, "first user: variable longer than the sample"),
    "-1031": (FAILED, BODY, "every recipient refused"),
    "-20*": (FAILED, BODY),  # fields, dates, request ids, advertising
    "-2017": (FAILED, SENDER, "no such profile"),
    "-2018": (FAILED, TEMPLATE, "buttons"),
    "-2019": (FAILED, TEMPLATE, "text too long"),
    "-2032": (FAILED, TEMPLATE, "title too long"),
    "-2033": (FAILED, TEMPLATE, "item"),
    "-2034": (FAILED, TEMPLATE, "item highlight"),
    "-2035": (FAILED, TEMPLATE, "header too long"),
    "-2036": (FAILED, TEMPLATE, "representative link"),
    "-2037": (FAILED, TEMPLATE, "text too long beside items"),
    "-2500": (FAILED, BODY, "mass request not found"),
    "-2501": (FAILED, BODY, "mass request: deadline expired"),
    "-2502": (FAILED, BODY, "substitute: not set up for this profile"),
    "-2504": (FAILED, TEMPLATE, "quick reply"),
    "-2505": (FAILED, TEMPLATE, "too many buttons beside quick replies"),
    "-30*": (FAILED, TEMPLATE),  # template, button, header, item, variables
    "-3002": (FAILED, BODY, "request cannot be read"),
    "-31*": (FAILED, TEMPLATE),  # comments and quick replies of templates
    "-32*": (FAILED, TEMPLATE),  # Friendtalk, targeting, commerce
    "-33*": (FAILED, TEMPLATE),  # advertising
    "-3300": (FAILED, HANDSET, "opted out: number not found"),
    "-3301": (FAILED, HANDSET, "opted out"),
    "-40*": (FAILED, BODY),  # parameters, files, periods
    "-4004": (FAILED, BODY, "appkey does not exist"),
    "-4005": (FAILED, BODY, "appkey disabled"),
    "-4018": (FAILED, PROVIDER, "file upload"),
    "-4019": (FAILED, BODY, "recipient number: our receiver's entry"),
    "-4020": (FAILED, PROVIDER, "file cannot be read"),
    "-4022": (FAILED, PROVIDER, "export"),
    "-41*": (FAILED, BODY),  # statistics
    "-4200": (FAILED, TEMPLATE, "substitute: text"),
    "-5000": (FAILED, BODY, "recipient number: our receiver's entry"),
    "-7000": (FAILED, PROVIDER, "call to the vendor failed"),
    "-80*": (FAILED, BODY),  # images, words that are barred
    "-8001": (FAILED, TEMPLATE, "image invalid"),
    "-8002": (FAILED, TEMPLATE, "image not found"),
    "-8006": (FAILED, TEMPLATE, "authentication text without its word"),
    "-8007": (FAILED, PROVIDER, "storage of images"),
    "-8008": (FAILED, TEMPLATE, "barred word"),
    "-8010": (FAILED, PROVIDER, "image upload"),
    "-9992": (FAILED, BODY, "Friendtalk has ended"),
    "-9993": (FAILED, BODY, "part of the request missing"),
    "-9994": (FAILED, BODY, "type of an argument"),
    "-9995": (FAILED, BODY, "request"),
    "-9996": (FAILED, BODY, "content type"),
    "-9997": (FAILED, BODY, "request"),
    "-9998": (FAILED, BODY, "no such API"),
    "-9999": (FAILED, PROVIDER, "system error"),
}

NO_SUBSTITUTE, ASKING, ASKED, NOT_TAKEN = "RSC01", "RSC03", "RSC04", "RSC05"  # RSC02: if it fails


class _Message(_nhn.Told):
    """The answer to a look-up."""

    resend_status: str | None = None
    resend_result_code: str | None = None
    resend_request_id: str | None = None


class _Hook(_nhn.Told):
    """A result of a webhook, which has no status: only ends are told."""

    result_code: str
    kakao_message_type: str  # no other product has it

    @property
    def end(self) -> str:
        """Its code says which."""
        return _nhn.COMPLETED


class NhnAlimtalk(_nhn.Product):
    """One account's Alimtalk service."""

    host, path, service = "kakaotalk-bizmessage", "/alimtalk/v2.3/appkeys", Channel.ALIMTALK
    group, states = "bongsu-alimtalk", STATES
    locked_out = dict.fromkeys(("-1000", "-1001", "-4004", "-4005"), "credentials")
    channels = frozenset({service})
    report_fields = _nhn.REPORT_FIELDS | {"kakaoMessageType", "createDate", "isAddedChannel"}

    def __init__(self, surroundings: Surroundings) -> None:
        """Raises Stop when a secret or the appkey is missing."""
        super().__init__(surroundings)
        has_sms = Channel.SMS in surroundings.account.services
        self._sms = nhn_sms.NhnSms(surroundings) if has_sms else None

    async def send(self, message: Message) -> SendResult:
        """What has no sender key or no template is refused without asking."""
        if message.identity is None:
            return _judge.refused("no-sender", SENDER)
        if message.template is None:
            return _judge.refused("no-template", TEMPLATE)
        recipient = {
            "recipientNo": message.to.get_secret_value(),
            "content": message.text,
            "resendParameter": _resend(message),
            "recipientGroupingKey": str(message.probe_id),
        }
        request: dict[str, object] = {
            "senderKey": message.identity,
            "templateCode": message.template,
            "recipientList": [recipient],
        }
        once = {"X-NC-API-IDEMPOTENCY-KEY": str(message.probe_id)}
        return await self._send("/raw-messages", request, **once)

    async def _look_up_one(self, message_id: str) -> list[Report]:
        request, recipient = _nhn.parts(message_id)
        shown = await self._ask(f"/messages/{request}/{recipient}", _Message)
        if shown is None or shown.message_id != message_id:
            return []
        own, leg_1 = self.report_of(shown), await self._substitute_of(shown)
        # After a failure it is not the last word before a substitute has ended, or is none.
        alone = own.state is DELIVERED or shown.resend_status == NO_SUBSTITUTE
        own = replace(own, final=own.final and (leg_1.final if leg_1 else alone))
        return [own, leg_1] if leg_1 else [own]

    async def _substitute_of(self, shown: _Message) -> Report | None:
        """Leg 1, under the id of the Alimtalk. While SMS cannot be asked it is pending: the own leg
        does not wait for it. Raises Stop when locked out of SMS."""
        if shown.resend_status not in (ASKING, ASKED, NOT_TAKEN):
            return None
        if shown.resend_status == ASKED and shown.resend_request_id and self._sms:
            try:
                # Our request has one recipient, and so has the substitute's.
                told = await self._sms.find(f"{shown.resend_request_id}:1")
            except Retry:
                told = None
            if told is not None:
                return self._sms.report_of(told, Leg.FIRST_SUBSTITUTE, shown.message_id)
        return _leg_1(shown)

    @classmethod
    def read_reports(cls, body: bytes) -> list[Report]:
        """The own leg only; of one that failed it is not the last word, as look-ups follow its
        substitute. See `base.ReadsReports`."""
        reports = [cls.report_of(hook) for hook in cls._hooks(body, _Hook)]
        return [replace(report, final=report.state is DELIVERED) for report in reports]


def _resend(message: Message) -> dict[str, object]:
    """Said in either case: without it the setting of NHN's console would hold."""
    substitute = message.substitute
    if substitute is None:
        return {"isResend": False}
    title = {"resendTitle": _korea.SUBJECT} if substitute.channel is Channel.LMS else {}
    return {
        "isResend": True,
        "resendType": substitute.channel.upper(),
        **title,
        "resendContent": substitute.text,
        "resendSendNo": substitute.sender_number.get_secret_value(),
    }


def _leg_1(shown: _Message) -> Report:
    """What the Alimtalk itself says of its substitute: under way, or not taken by SMS."""
    refused = shown.resend_status == NOT_TAKEN
    code = (_judge.clean_code(shown.resend_result_code) or NOT_TAKEN) if refused else None
    return Report(
        provider_message_id=shown.message_id,
        leg=Leg.FIRST_SUBSTITUTE,
        state=FAILED if refused else PENDING,
        code=code,
        fault=meaning(nhn_sms.STATES, code)[1] or FaultDomain.UNKNOWN if code else None,
        reported_at=None,
        final=refused,
        fields=_judge.kept(resendStatus=shown.resend_status),
    )


ADAPTER: type[Adapter] = NhnAlimtalk
