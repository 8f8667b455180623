"""From the body of a send call to the records of its messages.

In:  an authentic call and its body. Out: records, and what the answer says of each recipient.
Before: `sens_gate.py`. After: `sens.py` accepts the records.
Where the documentation is silent: a sender number that is not registered, an unknown channel or
template and text that is too long are refused with 400; a brand message in Kakao's night, to a
stranger (3018) or for people of another targeting (M 1028, N 3050) is accepted and then fails.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulators import sens_wire as wire
from simulators.config import Night, SenderConfig, TemplateConfig
from simulators.journey import KAKAOTALK, Letter
from simulators.records import Record
from simulators.sens_gate import SensCall
from simulators.sens_records import ACCEPTED, MISMATCH
from simulators.texts import dialled, matches_template

# Nobody has consented beyond the friends of a channel, and no channel has an 080 number.
UNREACHED = {"M": "1028", "N": "3050"}


@dataclass
class Sent:
    """The records of a call's accepted recipients, and the answer's entry for every one."""

    request_id: str
    records: list[Record] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def accept(self, record: Record, told: Mapping[str, Any]) -> None:
        self.records.append(record)
        self.shown.append({"messageId": record.message.id, **told, **ACCEPTED})


def sms_records(call: SensCall, body: wire.SmsBody) -> list[Record]:
    request_id = _request_id("RSLA" if body.type == "SMS" else "RSMA", call)
    return [_sms(call, call.service_id, request_id, body, to) for to in body.messages]


def _sms(
    call: SensCall,
    service_id: str,
    request_id: str,
    body: wire.SmsBody,
    recipient: wire.SmsRecipient,
) -> Record:
    text, subject = recipient.content or body.content, recipient.subject or body.subject
    channel = "sms" if body.type == "SMS" else "lms"
    if (sender := call.account.owner(body.sender, channel)) is None:
        raise wire.bad_request("from", "is not a registered sender number")
    wire.check_text(body.type, text, subject)
    message = call.message(
        sender,
        channel,
        dialled(recipient.to, body.country_code),
        Letter(text, subject, body.sender),
        fails_with=call.mode.fail_codes.get("sms"),
        reported=call.mode.reports,
    )
    facts = {
        "contentType": body.content_type,
        "type": body.type,
        "countryCode": body.country_code,
        "from": body.sender,
        "to": recipient.to,
    }
    return Record("sms", service_id, request_id, call.now, message, facts)


def alimtalk_records(call: SensCall, body: wire.AlimtalkBody) -> Sent:
    channel = _channel_of(call, body.plus_friend_id)
    template = _template_of(channel, body.template_code)
    own = {"plusFriendId": body.plus_friend_id, "templateCode": body.template_code}
    sent = Sent(_request_id("RBAA", call))
    for to in body.messages:
        told = _told(channel, to) | {"content": to.content}
        if matches_template(template.text, to.content):
            fails_with = call.mode.fail_codes.get("alimtalk")
            record = _kakao(call, sent.request_id, channel, to, told | own, fails_with)
            record.message = replace(record.message, image=template.image)
            sent.accept(record, told)
        else:
            sent.shown.append({"messageId": None} | told | MISMATCH)
    return sent


def brandmessage_records(call: SensCall, body: wire.BrandBody, night: Night | None) -> Sent:
    """Nobody is refused, because free form has no template."""
    channel = _channel_of(call, body.plus_friend_id)
    own = {"plusFriendId": body.plus_friend_id, "messageType": body.message_type}
    asleep = "3022" if night is not None and night.holds(call.now) else None
    sent = Sent(_request_id("RBBA", call))
    for to in body.messages:
        told = _told(channel, to)
        facts = told | own | {"content": to.content}
        stranger = call.phones.get(to.to, "").partition(":")[2] in channel.strangers
        outside = UNREACHED.get(body.targeting) or ("3018" if stranger else None)
        fails_with = call.mode.fail_codes.get("brandmessage") or asleep or outside
        record = _kakao(call, sent.request_id, channel, to, facts, fails_with)
        record.message = replace(record.message, image=body.message_type != "TEXT")
        sent.accept(record, told)
    return sent


def _told(channel: SenderConfig, recipient: wire.KakaoRecipient) -> dict[str, Any]:
    """What every answer repeats of a recipient."""
    wish = recipient.use_sms_failover
    return {
        "countryCode": recipient.country_code,
        "to": recipient.to,
        "useSmsFailover": channel.use_sms_failover if wish is None else wish,
    }


def _kakao(
    call: SensCall,
    request_id: str,
    channel: SenderConfig,
    recipient: wire.KakaoRecipient,
    facts: Mapping[str, Any],
    fails_with: str | None,
) -> Record:
    message = call.message(
        channel,
        call.kind,
        dialled(recipient.to, recipient.country_code),
        Letter(recipient.content, channel.name or (channel.identity or "")[1:]),
        platform=KAKAOTALK,
        fails_with=fails_with,
        reported=call.mode.reports,
    )
    record = Record(call.kind, call.service_id, request_id, call.now, message, facts)
    own_code = (fails_with or "").startswith("B")  # for these SENS sends no substitute
    if facts["useSmsFailover"] and not own_code:
        substitute = _substitute(call, channel, recipient)
        record.message = replace(message, substitute=substitute.message)
        record.substitute, substitute.parent = substitute, record
    return record


def _substitute(call: SensCall, channel: SenderConfig, recipient: wire.KakaoRecipient) -> Record:
    """The SMS that goes if Kakao fails; the SMS service shows it once it went."""
    wish, account = recipient.failover, call.account
    text = wish.content or recipient.content
    fits = wire.euc_kr_bytes("content", text) <= wire.SMS_BYTES
    kind = wish.type or ("SMS" if fits else "LMS")
    number = wish.sender or next((s.number for s in account.senders if s.number), None)
    if number is None or kind.lower() not in account.services:
        raise wire.bad_request("failoverConfig", "asks for a service that the account has not")
    body = wire.SmsBody(
        type=kind,
        country_code=recipient.country_code,
        sender=number,
        subject=(wish.subject or channel.name) if kind == "LMS" else "",
        content=text,
        messages=(wire.SmsRecipient(to=recipient.to),),
    )
    service_id, request_id = account.services[kind.lower()], _request_id("RSLA", call)
    return _sms(call, service_id, request_id, body, body.messages[0])


def _request_id(prefix: str, call: SensCall) -> str:
    digits = "".join(c for c in wire.iso_ms(call.now) if c.isdigit())
    return f"{prefix}-{digits}-{secrets.token_hex(4)}"


def _channel_of(call: SensCall, plus_friend_id: str) -> SenderConfig:
    if (sender := call.account.sender(call.kind, plus_friend_id)) is None:
        raise wire.bad_request("plusFriendId", "is not a channel of this service")
    return sender


def _template_of(channel: SenderConfig, code: str) -> TemplateConfig:
    for template in channel.templates:
        if template.code == code:
            return template
    raise wire.bad_request("templateCode", "is not an approved template of the channel")
