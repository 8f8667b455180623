"""What mail systems write: trace lines, and delivery status notifications (RFC 3464, 6522). Pure.

In:  an envelope, what became of it and when. Out: bytes to be stored in a mailbox.
Before: `mail.py`. After: `mail_boxes.py`.
"""

from datetime import datetime
from email.utils import format_datetime

from aiosmtpd.smtp import Envelope

KIND = {"delivered": "SUCCESS", "failed": "FAILURE", "delayed": "DELAY"}
_TITLE = {"delivered": "Success", "failed": "Failure", "delayed": "Delay"}


def received_line(copy: str, at: datetime) -> bytes:
    """The trace line of the last hop; it makes each copy of a mail another one."""
    hop = f"Received: from relay.bongsu.test by mx.bongsu.test id {copy};"
    return f"{hop}\r\n\t{format_datetime(at)}\r\n".encode()


def dsn(envelope: Envelope, action: str, status: str, at: datetime) -> bytes:
    """A report about the first recipient, with the header of the mail."""
    assert isinstance(envelope.content, bytes)
    to, sender = envelope.rcpt_tos[0], envelope.mail_from or ""
    options = dict(o.partition("=")[::2] for o in (*envelope.mail_options, *envelope.rcpt_options))
    envid = [f"Original-Envelope-Id: {options['ENVID']}"] if "ENVID" in options else []
    original = [f"Original-Recipient: {options['ORCPT']}"] if "ORCPT" in options else []
    reply = "250 2.0.0 Ok" if action == "delivered" else f"{status[0]}50 {status} {_TITLE[action]}"
    mail = envelope.content.replace(b"\r\n", b"\n").decode("ascii", "replace")
    lines = [
        "Return-Path: <>",
        f"Delivered-To: {sender}",
        "From: MAILER-DAEMON@mx.bongsu.test",
        f"To: {sender}",
        f"Subject: Delivery Status Notification ({_TITLE[action]})",
        f"Date: {format_datetime(at)}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"',
        "", "--B",
        "Content-Type: text/plain; charset=utf-8",
        "", f"{_TITLE[action]}: {to}", "", "--B",
        "Content-Type: message/delivery-status",
        "",
        *envid,
        "Reporting-MTA: dns; mx.bongsu.test",
        "",
        *original,
        f"Final-Recipient: rfc822; {to}",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mail.bongsu.test",
        f"Diagnostic-Code: smtp; {reply}",
        f"Last-Attempt-Date: {format_datetime(at)}",
        "", "--B",
        "Content-Type: text/rfc822-headers",
        "", *mail.partition("\n\n")[0].split("\n"), "", "--B--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()
