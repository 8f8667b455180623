"""Step 4, mailboxes, the reading: what a mail says of a probe. Pure.

In:  the first bytes of a mail, as its server stored them. Out: the nonce and the observation of a
     probe mail; the report that a bounce is.
Before: `imap.py` fetched it. After: `mailboxes.py` makes evidence of it.
Anybody may write to a mailbox. So every place that names a probe must name the same one, a report
needs two of them, and of its text nothing is kept but what is listed here (RFC 3464).
"""

import email
import re
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from hashlib import sha256
from uuid import UUID

from services.adapters.base import Report, meaning
from services.adapters.email import STATES, code_of, message_id
from services.contracts import ids
from services.contracts.vocabulary import ClockSource, FaultDomain, Placement, ReportState
from services.ingest.receivers.base import Observation
from services.runtime.errors import SetAside

# The header fields of which every mail of a box is asked; whole only those that name a probe.
PROBE_FIELDS = ("SUBJECT", "X-BONGSU-PROBE")
BOUNCE_FIELDS = ("TO", "DELIVERED-TO", "X-ORIGINAL-TO")
ADAPTER, UNPARSED = "email", "unparsed"
_ANY_CLOCK = timedelta(minutes=10)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OUR_ID = re.compile(rf"<({_UUID})@")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_DIAGNOSTIC = re.compile(r"smtp;\s*(\d{3})[ -](.{0,40})", re.IGNORECASE | re.DOTALL)
_SERVER = re.compile(r"dns;\s*([A-Za-z0-9.-]{1,100})", re.IGNORECASE)
# What the standard library raises on mails nobody should write.
_MALFORMED = (
    ValueError, LookupError, TypeError, AttributeError, RecursionError, MessageError,
)  # fmt: skip
_STATES = {
    "delivered": ReportState.DELIVERED,
    "relayed": ReportState.PENDING,  # passed to a system that reports nothing
    "expanded": ReportState.PENDING,
    "delayed": ReportState.PENDING,
    "failed": ReportState.FAILED,
}


def nonce_of(head: bytes) -> ids.Nonce | None:
    """The probe that the header of a mail names. Raises SetAside (`contradicts`, `malformed`)."""
    try:
        return _one(_nonces(email.message_from_bytes(head)))
    except _MALFORMED:
        raise SetAside("malformed") from None


def observation(
    raw: bytes, stored_at: datetime, box: str, placement: Placement, now: datetime
) -> tuple[ids.Nonce, Observation]:
    """A probe mail as it stands in a mailbox. Raises SetAside (`contradicts`, `malformed`).

    Its server keeps whole seconds; one that claims to have stored it before it was sent, or in the
    future, has a wrong clock: then ours counts, from its slot to now.
    """
    try:
        mail = email.message_from_bytes(raw)
        text = _text_of(mail)
        named = _OUR_ID.findall(str(mail.get("Message-ID", "")))
        nonce = _one([*_nonces(mail), *filter(None, [ids.read_nonce(text)])])
        if nonce is None or any(UUID(own) != nonce.probe_id for own in named):
            raise SetAside("contradicts")
    except _MALFORMED:
        raise SetAside("malformed") from None
    slot = ids.time_of(nonce.probe_id).replace(microsecond=0)
    believed = slot <= stored_at <= now
    return nonce, Observation(
        text=text,
        title="",
        observed_min=stored_at if believed else min(slot, now),
        observed_max=min(stored_at + timedelta(seconds=1), now) if believed else now,
        clock=ClockSource.MAIL_SERVER if believed else ClockSource.INGEST,
        placement=placement,
        own_id=f"imap:{box}:{sha256(_head_of(raw)).hexdigest()}",
    )


def probe_of(head: bytes, bounces: str) -> UUID | None:
    """The probe whose return address a mail is written to. Raises SetAside, as `nonce_of`."""
    try:
        mail = email.message_from_bytes(head)
        values = " ".join(str(v) for name in BOUNCE_FIELDS for v in mail.get_all(name, ()))
    except _MALFORMED:
        raise SetAside("malformed") from None
    found = {UUID(one) for one in _return_address(bounces).findall(values.lower())}
    if len(found) > 1:
        raise SetAside("contradicts")
    return next(iter(found), None)


def report(raw: bytes, stored_at: datetime, bounces: str) -> tuple[UUID, Report]:
    """What a bounce says. Raises SetAside: `contradicts`, or `unproven` where nothing but the
    address names the probe, as the returned header should. What is no RFC 3464 is `unknown`."""
    probe_id = probe_of(raw, bounces)
    everywhere = raw.decode("ascii", "replace").lower()
    if probe_id is None or not re.search(rf"(?<!\+){probe_id}", everywhere):
        raise SetAside("unproven")
    try:
        said, recipients = _delivery_status(email.message_from_bytes(raw))
        envelope = str(said.get("Original-Envelope-Id", probe_id)).strip() if said else ""
    except _MALFORMED:
        said, recipients, envelope = None, [], ""
    if re.fullmatch(_UUID, envelope) and UUID(envelope) != probe_id:
        raise SetAside("contradicts")
    state, code, fault = _verdict(recipients)
    slot, at = ids.time_of(probe_id), _attempted_at(recipients)
    return probe_id, Report(
        provider_message_id=message_id(probe_id, bounces),
        leg=0,
        state=state,
        code=code,
        fault=fault,
        reported_at=at if at and slot - _ANY_CLOCK <= at <= stored_at + _ANY_CLOCK else stored_at,
        final=False,
        fields=_kept(said, recipients),
    )


def _return_address(bounces: str) -> re.Pattern[str]:
    local, _, domain = bounces.lower().partition("@")
    return re.compile(rf"(?<![\w.+-]){re.escape(local)}\+({_UUID})@{re.escape(domain)}(?![\w.-])")


def _head_of(raw: bytes) -> bytes:
    """The header block with plain line ends: servers differ in how they keep them."""
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]


def _nonces(mail: Message) -> list[ids.Nonce]:
    texts = [_decoded(value) for name in PROBE_FIELDS for value in mail.get_all(name, ())]
    return [nonce for nonce in map(ids.read_nonce, texts) if nonce is not None]


def _one(nonces: list[ids.Nonce]) -> ids.Nonce | None:
    if len(set(nonces)) > 1:
        raise SetAside("contradicts")
    return nonces[0] if nonces else None


def _decoded(value: object) -> str:
    return str(make_header(decode_header(str(value))))


def _text_of(mail: Message) -> str:
    """The first plain text of a mail; empty without one."""
    for part in mail.walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/plain" and isinstance(payload, bytes):
            return payload.decode(part.get_content_charset("utf-8"), "replace")
    return ""


def _delivery_status(mail: Message) -> tuple[Message | None, list[Message]]:
    """The message's own fields, and those of each recipient."""
    for part in mail.walk():
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            groups = [block for block in blocks if isinstance(block, Message)]
            return next(iter(groups), None), [b for b in groups if b.get("Action") is not None]
    return None, []


def _verdict(recipients: list[Message]) -> tuple[ReportState, str | None, FaultDomain | None]:
    """State, code, fault. A probe has one recipient: reports of several that differ say nothing."""
    said = {(_word(one, "Action"), _word(one, "Status")) for one in recipients}
    action, status = next(iter(said)) if len(said) == 1 else ("", "")
    state = _STATES.get(action, ReportState.UNKNOWN)
    code = status if _STATUS.fullmatch(status) else None
    success = code is not None and code.startswith("2")
    if (state is ReportState.DELIVERED) != success and state is not ReportState.PENDING:
        return ReportState.UNKNOWN, code or UNPARSED, None
    if state is not ReportState.FAILED:
        return state, code or (UNPARSED if state is ReportState.UNKNOWN else None), None
    return state, code, _fault(code, recipients[0])


def _fault(code: str | None, recipient: Message) -> FaultDomain:
    """By the status; where it says nothing, by what the remote server replied."""
    fault = meaning(STATES, code or "")[1]
    reply = _DIAGNOSTIC.match(_word(recipient, "Diagnostic-Code"))
    if fault in (None, FaultDomain.UNKNOWN) and reply:
        fault = meaning(STATES, code_of(int(reply[1]), reply[2]))[1]
    return fault or FaultDomain.UNKNOWN


def _word(fields: Message, name: str) -> str:
    return str(fields.get(name, "")).strip().lower()


def _attempted_at(recipients: list[Message]) -> datetime | None:
    """When the reporting system last tried, by its clock and offset."""
    for recipient in recipients:
        try:
            at = parsedate_to_datetime(str(recipient.get("Last-Attempt-Date")))
            return at.astimezone(UTC) if at.tzinfo else None
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return None


def _kept(said: Message | None, recipients: list[Message]) -> dict[str, str]:
    """The allow-listed fields: closed words, codes and names of servers, never an address."""
    first = recipients[0] if recipients else Message()
    action, reply = _word(first, "Action"), _DIAGNOSTIC.match(_word(first, "Diagnostic-Code"))
    servers = {
        "reportingServer": _SERVER.fullmatch(_word(said or Message(), "Reporting-MTA")),
        "remoteServer": _SERVER.fullmatch(_word(first, "Remote-MTA")),
    }
    return {
        **({"action": action} if action in _STATES else {}),
        **({"reply": reply[1]} if reply else {}),
        **{name: match[1] for name, match in servers.items() if match},
    }
