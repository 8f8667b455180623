"""The front end of a mail relay: SMTP submission with DSN, and the mail services behind it.

In:  mails as a client submits them. Out: mails in the mailboxes of a real IMAP server (inbox or
     spam), and reports of RFC 3464 in the mailbox of the envelope's sender.
Before: the SMTP client. After: `mail_boxes.py` stores; whoever reads the mailboxes.
What happens in between is the World's: relay, account and sender at the entry, the mail service as
platform. `MailMode`, set by PUT /world/mail, adds what only mail knows. aiosmtpd announces no DSN:
the subclass does.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import mail_reports as reports
from simulators.carriage import (
    IN_FLIGHT_LIMIT,
    Arrival,
    Carriage,
    LiveWorld,
    Overloaded,
    Watch,
    utc_now,
)
from simulators.config import MailboxConfig, MailConfig, SimulatorConfig
from simulators.control import read_body, switch
from simulators.faults import State
from simulators.front import FrontEnd
from simulators.journey import Answer, Journey, Message, Reason, Report, chance_of
from simulators.mail_boxes import Boxes

HOST = "127.0.0.1"
MOST_GREYLISTED = 10_000
SIZE_LIMIT = 1_000_000
# How a component that refuses spells it.
_REFUSALS = {
    "provider": "451 4.3.0 Mail system not available",
    "account": "535 5.7.8 The account is suspended",  # of a share of its mails; else no login
    "sender": "554 5.7.1 Sender refused by policy",
    "body": "554 5.7.1 Customer refused by policy",
}
_BOUNCES = {
    Reason.NOT_A_USER: "5.1.1",
    Reason.NO_SUBSCRIBER: "5.1.1",
    Reason.PLATFORM_REFUSED: "5.3.2",
}
# aiosmtpd warns at each login of a name it will drop one day.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class MailMode(BaseModel):
    """How the relay treats mail besides the World's faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reply: str | None = Field(None, pattern=r"^[45]\d\d( [45]\.\d{1,3}\.\d{1,3})?$")
    """The answer to every mail: 421 at the greeting, 554 to the content, else at the recipient."""
    greylist: bool = False
    """The first try of each mail meets 450."""
    silent: bool = False
    """The mail is taken and travels; no answer follows the final dot."""
    dsn: bool = True
    """Reports are announced, and written where they are asked for."""
    spam: bool = False
    """Mails land in the spam folder."""
    bounce: str | None = Field(None, pattern=r"^[45]\.\d{1,3}\.\d{1,3}$")
    """Every mail bounces with this status."""
    bounce_after_s: float = Field(0, ge=0)
    defer_s: float = Field(0, ge=0)
    """The mail service greylists the relay: a delay report at once, the mail so much later."""


class Mail:
    """The relay, and the mail services of its mailboxes."""

    provider: ClassVar[str] = "mail-relay"

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        assert config.mail is not None
        self.config: MailConfig = config.mail
        self._account = config.accounts_of(self.provider)[0]
        self.mode = MailMode()
        self.taken = 0
        self._unanswered_s, self._live = config.unanswered_s, live
        self._boxes = Boxes(self.config)
        self._carriage, self._watch = carriage, Watch(self._arrive, self._report)
        self._by_address = {box.address: box for box in self.config.mailboxes}
        self._senders = {one.identity: one for one in self._account.senders}
        self._under_way: OrderedDict[str, tuple[Envelope, MailboxConfig | None]] = OrderedDict()
        self._greylisted: OrderedDict[str, None] = OrderedDict()

    def routes(self) -> list[Route]:
        return [switch("PUT", "/world/mail", self._change_mode)]

    def stop(self) -> None:
        """Nothing: `serve` is told by its own event."""

    async def _change_mode(self, request: Request) -> Response:
        self.mode = await read_body(request, MailMode)
        return JSONResponse(self.mode.model_dump(mode="json"))

    async def serve(self, stop: asyncio.Event) -> None:
        """Listen until `stop`."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._session, HOST, self.config.smtp_port)
        async with server:
            await stop.wait()
        await self._boxes.close()

    def _session(self) -> SMTP:
        return _WithDsn(
            self, hostname="relay.bongsu.test", authenticator=self._authenticate,
            auth_require_tls=False, data_size_limit=SIZE_LIMIT, ident="relay",
        )  # fmt: skip

    def _authenticate(
        self, _: SMTP, __: Session, ___: Envelope, ____: str, data: Any
    ) -> AuthResult:
        met, secret = self._live.meets(f"account:{self._account.id}"), self._account.secret
        suspended = met is not None and met.state is State.REFUSING
        known = tuple(secret[name].get_secret_value() for name in ("username", "password"))
        right = isinstance(data, LoginPassword) and (
            (data.login.decode(), data.password.decode()) == known
        )
        return AuthResult(success=right and not suspended, handled=False)

    # Hooks of aiosmtpd; its names.

    async def handle_EHLO(  # noqa: N802
        self, _: SMTP, session: Session, __: Envelope, hostname: str, said: list[str]
    ) -> list[str]:
        if self._replies("421"):
            return ["421 4.3.2 Service closing"]
        session.host_name = hostname
        return [*said[:-1], *(["250-DSN"] if self.mode.dsn else []), said[-1]]

    async def handle_HELO(  # noqa: N802
        self, _: SMTP, session: Session, __: Envelope, hostname: str
    ) -> str:
        session.host_name = hostname
        return "421 4.3.2 Service closing" if self._replies("421") else "250 relay.bongsu.test"

    async def handle_MAIL(  # noqa: N802
        self, _: SMTP, session: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mode.reply and not (self._replies("421") or self._replies("554")):
            return f"{self.mode.reply} Refused"
        if self.mode.greylist and self._is_new(f"{envelope.mail_from} {address}"):
            return "450 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options += options
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._replies("554"):
            return f"{self.mode.reply} Refused"
        message, box = self._message(envelope)
        journey = self._live.send(message, utc_now())
        if journey.answer is Answer.SILENT:
            await asyncio.sleep(self._unanswered_s)
            return "421 4.4.2 Timeout"
        if journey.refused_by is not None:
            return _REFUSALS[journey.refused_by.partition(":")[0]]
        return await self._take(message, envelope, box, journey)

    async def _take(
        self, message: Message, envelope: Envelope, box: MailboxConfig | None, journey: Journey
    ) -> str:
        try:
            self._carriage.check_room(1)
        except Overloaded:
            return "452 4.3.1 Too many mails under way"
        now = utc_now()
        await asyncio.sleep(((journey.answered_at or now) - now).total_seconds())
        self.taken += 1
        self._under_way[message.id] = envelope, box
        if len(self._under_way) > IN_FLIGHT_LIMIT:
            self._under_way.popitem(last=False)
        if self.mode.defer_s:
            self._write(message.id, "delayed", "4.7.1", now)
        later = now + timedelta(seconds=self.mode.defer_s)
        self._carriage.dispatch(message, later, self._watch)
        if self.mode.silent:
            await asyncio.sleep(self._unanswered_s)
        return f"250 2.0.0 Ok: queued as {secrets.token_hex(5).upper()}"

    def _replies(self, code: str) -> bool:
        return (self.mode.reply or "").startswith(code)

    def _is_new(self, triplet: str) -> bool:
        if triplet in self._greylisted:
            return False
        self._greylisted[triplet] = None
        if len(self._greylisted) > MOST_GREYLISTED:
            self._greylisted.popitem(last=False)
        return True

    def _message(self, envelope: Envelope) -> tuple[Message, MailboxConfig | None]:
        """The mail as the World knows it, by its probe, else by its Message-ID."""
        assert isinstance(envelope.content, bytes)
        head, box = message_from_bytes(envelope.content), self._by_address.get(envelope.rcpt_tos[0])
        sender = self._senders.get(str(head.get("From")))
        return Message(
            id=str(head.get("Message-ID") or secrets.token_hex(8)),
            channel="email",
            provider="provider:mail-relay",
            account=f"account:{self._account.id}",
            sender=sender.sender if sender else "sender:unknown",
            body=f"body:{sender.body}" if sender else "",
            chance=chance_of(str(make_header(decode_header(head.get("Subject", ""))))),
            recipient=f"receiver:{box.id}" if box else None,
            platform=f"platform:{box.platform}" if box else "platform:elsewhere",
            fails_with=self.mode.bounce,
        ), box

    def _arrive(self, arrival: Arrival) -> None:
        envelope, box = self._under_way.get(arrival.message.id, (None, None))
        if envelope is not None and box is not None and isinstance(envelope.content, bytes):
            line = reports.received_line(secrets.token_hex(6), arrival.at)
            folder = "Junk" if self.mode.spam else "INBOX"
            self._boxes.put(box.id, folder, line + envelope.content)

    def _report(self, message: Message, report: Report) -> None:
        reason, at = report.reason, report.at
        if reason == Reason.DELIVERED:
            return self._write(message.id, "delivered", "2.0.0", at)
        status = _BOUNCES.get(Reason(reason), "5.0.0") if reason in set(Reason) else reason
        later = timedelta(seconds=self.mode.bounce_after_s)
        self._boxes.after(later, lambda: self._write(message.id, "failed", status, at + later))

    def _write(self, message_id: str, action: str, status: str, at: datetime) -> None:
        """A report to the sender, if it wants one of this kind."""
        envelope, _ = self._under_way.get(message_id, (None, None))
        if envelope is None:
            return
        asked = ",".join(o for o in envelope.rcpt_options if o.startswith("NOTIFY="))
        if reports.KIND[action] in (asked if self.mode.dsn else "FAILURE"):
            self._boxes.put(
                self.config.bounce_box.id, "INBOX", reports.dsn(envelope, action, status, at)
            )


class _WithDsn(SMTP):
    """Takes the parameters of RFC 3461, which aiosmtpd refuses with 555."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        await _keeping(arg, ("RET", "ENVID"), super().smtp_MAIL, self._keep_mail)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await _keeping(arg, ("NOTIFY", "ORCPT"), super().smtp_RCPT, self._keep_rcpt)

    def _keep_mail(self, options: list[str]) -> None:
        if self.envelope is not None and self.envelope.mail_from:
            self.envelope.mail_options += options

    def _keep_rcpt(self, options: list[str]) -> None:
        if self.envelope is not None and self.envelope.rcpt_tos:
            self.envelope.rcpt_options += options


async def _keeping(
    arg: str | None,
    names: tuple[str, ...],
    command: Callable[[str | None], Any],
    keep: Callable[[list[str]], None],
) -> None:
    words = (arg or "").split(" ")
    own = [word for word in words if word.upper().startswith(tuple(f"{n}=" for n in names))]
    await command(" ".join(word for word in words if word not in own) if arg else arg)
    keep(own)


FRONT_END: type[FrontEnd] = Mail
