"""E-mail by SMTP submission to a relay: send only; its reports are mails, which ingest reads.

Documents: RFC 5321, 6409 and 8314 (submission), 3461 (asking for reports), 3463 (enhanced codes).
Oddities: 250 is the next hop's word and no more; a 4xx is a no for now, tried again within the
slot; without an answer to the final dot the mail may still arrive, so it is never sent again. What
is throttled counts as the platform's: a quota would stop the account, and greylisting is none.
Secret: `username`, `password`. `base_url`: `smtps://` (TLS from the start, port 465),
`smtp+starttls://` (587), `smtp://` to loopback only. A proxy is asked for a tunnel (CONNECT).
The envelope's sender names the probe (VERP), so that a bounce does too, whoever wrote it.
"""

import contextlib
import re
import time
from asyncio import timeout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

import aiosmtplib
from pydantic import SecretStr

from services.adapters._tunnel import open_tunnel
from services.adapters.base import (
    Adapter,
    Meaning,
    Message,
    NotNow,
    SendResult,
    Surroundings,
    meaning,
)
from services.contracts import ids
from services.contracts.vocabulary import AnswerResult, Channel, FaultDomain, ReportState
from services.runtime.errors import Retry, Stop

DELIVERED, FAILED, PENDING = ReportState.DELIVERED, ReportState.FAILED, ReportState.PENDING
BODY, TEMPLATE, SENDER = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER
PLATFORM, HANDSET = FaultDomain.PLATFORM, FaultDomain.HANDSET

# What follows the first digit of an enhanced code; the same for 4 (for now) and 5 (for good).
_DETAILS: dict[str, tuple[FaultDomain, str]] = {
    **dict.fromkeys(("1.1", "1.2", "1.3", "1.6", "1.10"), (HANDSET, "no such mailbox")),
    **dict.fromkeys(("1.7", "1.8"), (SENDER, "sender's address refused")),
    **dict.fromkeys(("2.1", "2.2", "2.3", "2.4"), (HANDSET, "mailbox disabled, full, or a list")),
    "3.*": (PLATFORM, "mail system full or not accepting"),
    "3.4": (TEMPLATE, "message too big"),
    "4.*": (PLATFORM, "network or routing"),
    "5.*": (BODY, "protocol"),
    "6.*": (TEMPLATE, "content"),
    "7.*": (BODY, "security or policy"),
    **dict.fromkeys((f"7.{n}" for n in range(20, 27)), (SENDER, "DKIM, SPF or reverse DNS")),
}
# By reply code and by enhanced code, which says more where there is one.
STATES: dict[str, Meaning] = {
    "250": (PENDING, None, "queued by the next hop"),
    "2.*": (DELIVERED, None, "success, in a report"),
    **dict.fromkeys(
        ("421", "450", "451", "452", "454"), (FAILED, PLATFORM, "not now: busy, full or throttled")
    ),
    **dict.fromkeys(("530", "534", "535", "538"), (FAILED, BODY, "authentication")),
    **dict.fromkeys(("550", "551", "553"), (FAILED, HANDSET, "mailbox refused")),
    "552": (FAILED, HANDSET, "size or quota of the mailbox"),
    "555": (FAILED, BODY, "a parameter is not recognised"),
    **{f"{d}.{rest}": (FAILED, *known) for rest, known in _DETAILS.items() for d in "45"},
    "4.7.*": (FAILED, PLATFORM, "policy for now: greylisting or throttling"),
}

PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
FAREWELL_S = 1.0
_LOCKED_OUT = (530, 534, 535, 538)
_ADDRESS = re.compile(r"[!-;=?A-~]{1,64}@[A-Za-z0-9.-]{1,200}")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")


@dataclass(frozen=True, slots=True)
class Post:
    """A mail: who sends it to whom, where bounces go, the mail itself. `reported_as`: under which
    name reports are asked for, None: they are not."""

    sender: str
    to: SecretStr
    returns_to: str
    mail: bytes = field(repr=False)
    reported_as: str | None = None


class Email:
    """One account with a relay; a connection for each mail."""

    channels = frozenset({Channel.EMAIL})
    secret_fields: tuple[str, ...] = ("username", "password")

    def __init__(self, surroundings: Surroundings) -> None:
        """Raises Stop for an account that cannot send mail."""
        account, url = surroundings.account, urlsplit(surroundings.base_url)
        surroundings.revealed(self.secret_fields)
        if account.bounces is None:
            raise Stop("bounces", f"account {account.id}: no mailbox for bounces")
        if url.scheme not in PORTS or not url.hostname:
            raise Stop("address", f"account {account.id}: its address is none of a mail relay")
        if url.scheme == "smtp" and url.hostname not in LOOPBACK:
            raise Stop("address", f"account {account.id}: smtp:// is for loopback only")
        if surroundings.proxy is not None and not surroundings.proxy.startswith("http://"):
            raise Stop("proxy", f"account {account.id}: mail goes through http:// proxies only")
        self._around, self._url, self._bounces = surroundings, url, account.bounces.address

    async def send(self, message: Message) -> SendResult:
        """The Message-ID is the id. Raises NotNow after a 4xx, Stop when locked out."""
        if message.identity is None:
            return SendResult(AnswerResult.REFUSED, "no-sender", SENDER)
        local, _, domain = self._bounces.partition("@")
        name = str(message.probe_id)
        mail = written(message, self._bounces).as_bytes()
        post = Post(message.identity, message.to, f"{local}+{name}@{domain}", mail, name)
        result = await self.submit(post)
        if result.result is not AnswerResult.ACCEPTED:
            return result
        own_id = message_id(message.probe_id, self._bounces)
        return replace(result, provider_message_id=own_id)

    async def submit(self, post: Post) -> SendResult:
        """Any mail of ours. Raises as `send`."""
        if not _ADDRESS.fullmatch(post.to.get_secret_value()):
            return SendResult(AnswerResult.REFUSED, "no-address", BODY)
        started = time.monotonic()
        try:
            reply = await self._submit(post)
        except Retry:
            self._around.told(None, time.monotonic() - started)
            raise
        self._around.told(reply[0] if reply else None, time.monotonic() - started)
        return self._judge(*reply) if reply else SendResult(AnswerResult.UNCLEAR)

    async def _submit(self, post: Post) -> tuple[int, str] | None:
        """One dialogue within the session's deadline: the relay's last reply, code and text, or
        None when none came to the mail. Before DATA nothing has left: Retry."""
        client, left = self._client(post), False
        try:
            async with timeout(self._around.session.timeout.total):
                await self._connect(client)
                await _address(client, post)
                left = True
                await client.data(post.mail)
                return 250, ""
        except aiosmtplib.SMTPResponseException as error:
            if 400 <= error.code < 600:
                return error.code, error.message
            broken = "what answers speaks no SMTP"
        except (aiosmtplib.SMTPException, OSError) as error:  # OSError holds TimeoutError
            broken = type(error).__name__
        finally:
            await _part(client)
        if left:
            return None
        raise Retry("unreachable", f"no mail session: {broken}")

    def _client(self, post: Post) -> aiosmtplib.SMTP:
        scheme = self._url.scheme
        username, password = self._around.revealed(self.secret_fields)
        return aiosmtplib.SMTP(
            hostname=self._url.hostname,
            username=username,
            password=password,
            local_hostname=post.sender.partition("@")[2],
            timeout=self._around.session.timeout.total,
            use_tls=scheme == "smtps",
            start_tls=scheme == "smtp+starttls",
            tls_context=self._around.trust,
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        """Straight, or by a tunnel that TLS goes through as well."""
        port, proxy = self._url.port or PORTS[self._url.scheme], self._around.proxy
        if proxy is None:
            await client.connect(port=port)
        else:
            sock = await open_tunnel(proxy, self._url.hostname or "", port)
            await client.connect(sock=sock)

    def _judge(self, reply: int, said: str) -> SendResult:
        if reply == 250:
            return SendResult(AnswerResult.ACCEPTED, "250")
        if reply in _LOCKED_OUT:
            raise Stop("credentials", f"account {self._around.account.id}: the relay says {reply}")
        code = code_of(reply, said)
        refused = SendResult(AnswerResult.REFUSED, code, meaning(STATES, code)[1])
        if reply < 500:
            raise NotNow(refused)
        return refused


async def _address(client: aiosmtplib.SMTP, post: Post) -> None:
    """MAIL and RCPT; reports are asked for where the relay knows of them."""
    to, dsn = post.to.get_secret_value(), client.supports_extension("dsn")
    asked = dsn and post.reported_as is not None
    options = ["RET=HDRS", f"ENVID={post.reported_as}"] if asked else []
    await client.mail(post.returns_to, options=options)
    notify = ["NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(to)}"]
    await client.rcpt(to, options=notify if asked else [])


def code_of(reply: int, said: str) -> str:
    """The enhanced code where one leads the text and is known here, else the reply code."""
    enhanced = _ENHANCED.match(said)
    if enhanced and meaning(STATES, enhanced[0])[0] is FAILED:
        return enhanced[0]
    return str(reply)


def message_id(probe_id: UUID, bounces: str) -> str:
    """What a probe's mail is called, by the address its bounces go to: reports repeat it."""
    return f"<{probe_id}@{bounces.partition('@')[2]}>"


def written(message: Message, bounces: str) -> MIMEText:
    """The mail: the nonce in the subject and in a header, for relays strip unknown ones."""
    mail = MIMEText(message.text, "plain", "utf-8")
    mail["From"], mail["To"] = message.identity or "", message.to.get_secret_value()
    mail["Subject"] = Header(message.text.partition("\n")[0], "utf-8").encode()
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id(message.probe_id, bounces)
    mail["X-Bongsu-Probe"] = ids.write_nonce(message.probe_id, 0)
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def _xtext(address: str) -> str:
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in address)


async def _part(client: aiosmtplib.SMTP) -> None:
    """Say good-bye, but whatever comes of it changes nothing."""
    if client.is_connected:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=FAREWELL_S)
    client.close()


ADAPTER: type[Adapter] = Email
