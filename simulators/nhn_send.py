"""From the body of a send call to NHN Cloud to the record of its message.

In:  an authentic call and its body. Out: the record.
Before: `nhn_gate.py`. After: `nhn.py` accepts the record.
One recipient a call: more are too many.
"""

from dataclasses import replace
from typing import Any

from simulators import nhn_wire as wire
from simulators.config import SenderConfig
from simulators.journey import KAKAOTALK, Letter, Message
from simulators.nhn_gate import NhnCall
from simulators.records import Record
from simulators.texts import dialled, euc_kr_bytes, matches_template


def sms_record(call: NhnCall, body: wire.SmsBody) -> Record:
    """Raises the refusal that the API gives."""
    if len(body.to) > 1:
        raise wire.no(-2016, "The max recipient size is 1000.")
    (to,), channel = body.to, wire.CHANNELS[call.kind]
    wire.check_text(call.kind, body.title, body.body)
    if (sender := call.account.owner(body.number, channel)) is None:
        raise wire.no(-2312, "Not regist sendno.")
    title, text = map(wire.cut, (body.title, body.body), wire.SHOWN_BYTES[call.kind])
    message = call.message(
        sender,
        channel,
        dialled(to.to, to.country),
        Letter(text, title, body.number),
        fails_with=call.mode.fail_codes.get(channel),
    )
    facts = {"title": body.title or None, "body": body.body, "sendNo": body.number}
    return _record(call, message, facts | wire.names(to.to, body.key, to.key))


def alimtalk_record(call: NhnCall, body: wire.KakaoBody) -> tuple[Record, bool]:
    """And whether its text fits the template. Raises the refusal that the API gives."""
    if (sender := call.account.sender("alimtalk", body.sender_key)) is None:
        raise wire.no(-2017, "Not exist plus friend.")
    template = next((one for one in sender.templates if one.code == body.template), None)
    if template is None:
        raise wire.no(-3003, "Template does not exist.")
    (to,) = body.to
    if not to.content:
        raise wire.no(-2001, "The 'content' must not be blank.")
    fits = matches_template(template.text, to.content)
    message = call.message(
        sender,
        "alimtalk",
        to.to,
        Letter(to.content, sender.name),
        platform=KAKAOTALK,
        image=template.image,
        fails_with=call.mode.fail_codes.get("alimtalk") if fits else wire.UNFIT,
    )
    facts = {"senderKey": body.sender_key, "templateCode": body.template, "content": to.content}
    record = _record(call, message, facts | wire.names(to.to, body.key, to.key))
    wanted = to.resend.wanted
    if sender.use_sms_failover if wanted is None else wanted:
        _add_substitute(call, sender, to, record)
    return record, fits


def _add_substitute(
    call: NhnCall, sender: SenderConfig, to: wire.KakaoRecipient, record: Record
) -> None:
    """The SMS that goes if Kakao fails: a request of its own in SMS."""
    wish, account = to.resend, call.account
    text = wish.content or to.content
    fits = (euc_kr_bytes(text) or 0) <= wire.SHOWN_BYTES["sms"][1]
    kind = "sms" if (wish.type or ("SMS" if fits else "LMS")) == "SMS" else "mms"
    app_key = account.services.get("sms")
    registered = [one.number for one in account.senders if one.number]
    if app_key is None or not registered:
        raise wire.no(-2502, "Please set up plus-friend resend setting.")
    if (number := wish.number or registered[0]) not in registered:
        raise wire.no(-1003, "Invalid Sms Sendno")
    title = (wish.title or sender.name) if kind == "mms" else ""
    recipient = wire.SmsRecipient(to=to.to, key=to.key)
    body = wire.SmsBody(title=title, body=text, number=number, to=(recipient,))
    inner = sms_record(replace(call, kind=kind, service_id=app_key), body)
    record.message = replace(record.message, substitute=inner.message)
    record.substitute, inner.parent = inner, record


def _record(call: NhnCall, message: Message, facts: dict[str, Any]) -> Record:
    request_id = wire.new_id(call.now)
    return Record(call.kind, call.service_id, request_id, call.now, message, facts)
