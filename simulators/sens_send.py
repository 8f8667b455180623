"""From the body of a send call to the records of its messages.

In:  an authentic call and its body. Out: records, and what the answer says of each recipient.
Before: `sens_gate.py`. After: `sens.py` accepts the records.
Where the documentation is silent: a sender number that is not registered, an unknown channel or
template and text that is too long are refused with 400.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from simulators import sens_wire as wire
from simulators.config import KAKAOTALK, AccountConfig, SenderConfig
from simulators.sens_gate import PROVIDER, Call
from simulators.sens_records import ACCEPTED, MISMATCH, Record
from simulators.world import Letter, Message

Phones = Mapping[str, str]  # number -> receiver id


def sms_records(phones: Phones, call: Call, body: wire.SmsBody) -> list[Record]:
    sender = _sender_of(call.account, body.sender)
    request_id = _request_id("RSLA" if body.type == "SMS" else "RSMA", call)
    records = []
    for recipient in body.messages:
        text, subject = recipient.content or body.content, recipient.subject or body.subject
        wire.check_text(body.type, text, subject)
        message = Message(
            **_routing(phones, call, sender, recipient.to, body.country_code),
            channel="sms" if body.type == "SMS" else "lms",
            fails_with=call.mode.fail_codes.get("sms"),
            letter=Letter(text, subject, body.sender),
        )
        facts = {
            "contentType": body.content_type,
            "type": body.type,
            "countryCode": body.country_code,
            "from": body.sender,
            "to": recipient.to,
        }
        records.append(Record("sms", call.service_id, request_id, call.now, message, facts))
    return records


def alimtalk_records(
    phones: Phones, call: Call, body: wire.AlimtalkBody
) -> tuple[str, list[Record], list[dict[str, Any]]]:
    """The request id, the records of accepted recipients, the answer's entry for every one."""
    channel, template = _template_of(call.account, body)
    request_id = _request_id("RBAA", call)
    records, shown = [], []
    for recipient in body.messages:
        wish = recipient.use_sms_failover
        told = {
            "countryCode": recipient.country_code,
            "to": recipient.to,
            "content": recipient.content,
            "useSmsFailover": channel.use_sms_failover if wish is None else wish,
        }
        if not wire.matches_template(template, recipient.content):
            shown.append({"messageId": None} | told | MISMATCH)
            continue
        facts = told | {"plusFriendId": body.plus_friend_id, "templateCode": body.template_code}
        record = _alimtalk(phones, call, request_id, channel, recipient, facts)
        records.append(record)
        shown.append({"messageId": record.message.id} | told | ACCEPTED)
    return request_id, records, shown


def _alimtalk(
    phones: Phones,
    call: Call,
    request_id: str,
    channel: SenderConfig,
    recipient: wire.AlimtalkRecipient,
    facts: Mapping[str, Any],
) -> Record:
    message = Message(
        **_routing(phones, call, channel.sender, recipient.to, recipient.country_code),
        channel="alimtalk",
        platform=KAKAOTALK,
        fails_with=call.mode.fail_codes.get("alimtalk"),
        letter=Letter(recipient.content, channel.name or (channel.identity or "")[1:]),
    )
    record = Record("alimtalk", call.service_id, request_id, call.now, message, facts)
    own_code = (message.fails_with or "").startswith("B")  # for these SENS sends no substitute
    if facts["useSmsFailover"] and not own_code:
        substitute = _substitute(phones, call, channel, recipient)
        record.message = replace(message, substitute=substitute.message)
        record.substitute, substitute.parent = substitute, record
    return record


def _substitute(
    phones: Phones, call: Call, channel: SenderConfig, recipient: wire.AlimtalkRecipient
) -> Record:
    """The SMS that goes if Kakao fails; the SMS service shows it once it went."""
    wish, account = recipient.failover, call.account
    text = wish.content or recipient.content
    fits = wire.euc_kr_bytes("content", text) <= wire.SMS_BYTES
    kind = wish.type or ("SMS" if fits else "LMS")
    subject = (wish.subject or channel.name) if kind == "LMS" else ""
    wire.check_text(kind, text, subject)
    number = wish.sender or next((s.number for s in account.senders if s.number), "")
    sender = _sender_of(account, number)
    message = Message(
        **_routing(phones, call, sender, recipient.to, recipient.country_code),
        channel=kind.lower(),
        fails_with=call.mode.fail_codes.get("sms"),
        letter=Letter(text, subject, number),
    )
    facts = {
        "contentType": "COMM",
        "type": kind,
        "countryCode": recipient.country_code,
        "from": number,
        "to": recipient.to,
    }
    service = account.services[kind.lower()]
    return Record("sms", service, _request_id("RSLA", call), call.now, message, facts)


def _routing(phones: Phones, call: Call, sender: str, to: str, country: str) -> dict[str, Any]:
    """The part of a message that is the same for every channel."""
    return {
        "id": str(uuid4()),
        "provider": PROVIDER,
        "account": f"account:{call.account.id}",
        "sender": sender,
        "recipient": phones.get(to) if country == "82" else None,
        "reported": call.mode.reports,
    }


def _request_id(prefix: str, call: Call) -> str:
    digits = "".join(c for c in wire.iso_ms(call.now) if c.isdigit())
    return f"{prefix}-{digits}-{secrets.token_hex(4)}"


def _sender_of(account: AccountConfig, number: str) -> str:
    for sender in account.senders:
        if sender.number == number:
            return sender.sender
    raise wire.bad_request("from", "is not a registered sender number")


def _template_of(account: AccountConfig, body: wire.AlimtalkBody) -> tuple[SenderConfig, str]:
    for channel in account.senders:
        if (channel.channel, channel.identity) == ("alimtalk", body.plus_friend_id):
            for template in channel.templates:
                if template.code == body.template_code:
                    return channel, template.text
            raise wire.bad_request("templateCode", "is not an approved template of the channel")
    raise wire.bad_request("plusFriendId", "is not a channel of this service")
