"""From the body of a send call to NHN Cloud to the records of its messages.

In:  an authentic call and its body. Out: records, and what the answer says of each recipient.
Before: `nhn_gate.py`. After: `nhn.py` accepts the records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from simulators import nhn_wire as wire
from simulators.config import SenderConfig
from simulators.journey import KAKAOTALK, Letter, Message, chance_of
from simulators.nhn_gate import CHANNELS, PROVIDER, Call
from simulators.records import Record
from simulators.texts import euc_kr_bytes, matches_template


@dataclass
class Sent:
    """The records that set out, and the answer's entry for every recipient."""

    request_id: str
    records: list[Record] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def add(self, record: Record, code: int = 0, words: str = "SUCCESS") -> None:
        """A message that is refused by itself sets out only for the sake of its substitute."""
        if code == 0 or record.substitute is not None:
            self.records.append(record)
        names = ("recipientSeq", "recipientNo", "recipientGroupingKey")
        told = {name: record.facts[name] for name in names}
        self.shown.append(told | {"resultCode": code, "resultMessage": words})


def sms_sent(call: Call, body: wire.SmsBody) -> Sent:
    if len(body.to) > wire.MOST_RECIPIENTS:
        raise wire.TOO_MANY
    sent = Sent(wire.new_id(call.now))
    for seq, to in enumerate(body.to, 1):
        sent.add(_sms(call, sent.request_id, body, seq, to))
    return sent


def _sms(
    call: Call, request_id: str, body: wire.SmsBody, seq: int, to: wire.SmsRecipient
) -> Record:
    wire.check_text(call.kind, body.title, body.body)
    if (sender := call.account.owner(body.number, CHANNELS[call.kind])) is None:
        raise wire.UNREGISTERED
    title, text = map(wire.cut, (body.title, body.body), wire.SHOWN_BYTES[call.kind])
    facts = {
        "title": body.title or None,
        "body": body.body,
        "sendNo": body.number,
        "countryCode": to.country,
    }
    recipient = call.phones.get(to.to) if to.country == "82" else None
    message = Message(
        **_routing(call, sender),
        recipient=recipient,
        chance=chance_of(body.body),
        letter=Letter(text, title, body.number),
    )
    return _record(call, request_id, message, facts | _names(seq, to, body))


def alimtalk_sent(call: Call, body: wire.KakaoBody, whole: bool) -> Sent:
    """`whole`: the texts come in full and must fit the template; else they are made of it."""
    if (sender := call.account.sender("alimtalk", body.sender_key)) is None:
        raise wire.NO_SENDER
    template = next((one for one in sender.templates if one.code == body.template), None)
    if template is None:
        raise wire.NO_TEMPLATE
    sent = Sent(wire.new_id(call.now))
    for seq, to in enumerate(body.to, 1):
        text = to.content if whole else wire.fill(template.text, to.parameters)
        if not text:
            raise wire.BLANK
        fits = matches_template(template.text, text)
        facts = {
            "plusFriendId": f"@{sender.name}",
            "senderKey": body.sender_key,
            "templateCode": body.template,
            "content": text,
        }
        routing = _routing(call, sender) | ({} if fits else {"fails_with": wire.UNFIT})
        message = Message(
            **routing,
            recipient=call.phones.get(to.to),
            platform=KAKAOTALK,
            image=template.image,
            chance=chance_of(text),
            letter=Letter(text, sender.name),
        )
        record = _record(call, sent.request_id, message, facts | _names(seq, to, body))
        _add_substitute(call, sender, to, record)
        sent.add(record, *(() if fits else wire.MISMATCH))
    return sent


def _add_substitute(
    call: Call, sender: SenderConfig, to: wire.KakaoRecipient, record: Record
) -> None:
    """The SMS that goes if Kakao fails, where one is wanted: a request of its own in SMS."""
    wish, account = to.resend, call.account
    if not (sender.use_sms_failover if wish.wanted is None else wish.wanted):
        return
    text = wish.content or record.message.letter.text
    fits = (euc_kr_bytes(text) or 0) <= wire.SHOWN_BYTES["sms"][1]
    kind = "sms" if (wish.type or ("SMS" if fits else "LMS")) == "SMS" else "mms"
    app_key = account.services.get(CHANNELS[kind], account.services.get("sms"))
    registered = [one.number for one in account.senders if one.number]
    if app_key is None or not registered:
        raise wire.RESEND_SERVICE
    if (number := wish.number or registered[0]) not in registered:
        raise wire.RESEND_NUMBER
    title = (wish.title or sender.name) if kind == "mms" else ""
    recipient = wire.SmsRecipient(to=to.to, key=to.key)
    body = wire.SmsBody(title=title, body=text, number=number, to=(recipient,))
    inner_call = replace(call, kind=kind, app_key=app_key)
    inner = _sms(inner_call, wire.new_id(call.now), body, 1, recipient)
    record.message = replace(record.message, substitute=inner.message)
    record.substitute, inner.parent = inner, record


def _names(
    seq: int,
    to: wire.SmsRecipient | wire.KakaoRecipient,
    body: wire.SmsBody | wire.KakaoBody,
) -> dict[str, Any]:
    """What names a message: here, there, and in the words of its sender."""
    return {
        "recipientSeq": seq,
        "recipientNo": to.to,
        "senderGroupingKey": body.key,
        "recipientGroupingKey": to.key,
    }


def _routing(call: Call, sender: SenderConfig) -> dict[str, Any]:
    """The part of a message that is the same for every kind."""
    channel = CHANNELS[call.kind]
    return {
        "id": str(uuid4()),
        "channel": channel,
        "provider": PROVIDER,
        "account": f"account:{call.account.id}",
        "sender": sender.sender,
        "body": f"body:{sender.body}",
        "fails_with": call.mode.fail_codes.get(channel),
    }


def _record(call: Call, request_id: str, message: Message, facts: Mapping[str, Any]) -> Record:
    return Record(call.kind, call.app_key, request_id, call.now, message, facts)
