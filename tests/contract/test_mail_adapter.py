"""What only the mail adapter promises: encryption, reports asked for where they are known, refusals
to start."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtpd
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pydantic import SecretStr

from services.adapters.base import Surroundings
from services.adapters.email import Email
from services.contracts.catalogue import Account
from services.contracts.vocabulary import AnswerResult
from services.local.kafka import free_ports
from services.runtime.errors import Retry, Stop
from services.runtime.http import Destination, trust
from simulators.faults import FaultBook
from tests.support import adapters as support
from tests.support.simulated import proxied
from tests.support.smtp import GOOD, Relay


@asynccontextmanager
async def surroundings(url: str, **over: Any) -> AsyncIterator[Surroundings]:
    setup = support.setup_of("email")
    secret = {name: SecretStr(value) for name, value in setup["secret"].items()}
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        around = Surroundings(Account.model_validate(setup["account"]), secret, session, url)
        yield replace(around, **over)


@pytest.mark.parametrize(
    ("url", "over", "reason"),
    [
        ("smtp://relay.test", {}, "address"),
        ("https://relay.test", {}, "address"),
        ("smtps://relay.test", {"proxy": "https://proxy.test:3128"}, "proxy"),
        ("smtps://relay.test", {"secret": {}}, "secret"),
    ],
)
async def test_an_account_that_cannot_send_mail_is_stopped_with_a_sentence(
    url: str, over: dict[str, Any], reason: str
) -> None:
    async with surroundings(url, **over) as around:
        with pytest.raises(Stop, match="account mail") as stopped:
            Email(around)
    assert stopped.value.reason == reason


async def test_an_account_without_a_mailbox_for_bounces_is_stopped() -> None:
    async with surroundings("smtps://relay.test") as around:
        account = around.account.model_copy(update={"bounces": None})
        with pytest.raises(Stop, match="bounces"):
            Email(replace(around, account=account))


async def test_a_relay_that_knows_no_reports_is_asked_for_none() -> None:
    relay = Relay("ehlo", "250-relay.test\r\n250 AUTH PLAIN")
    async with support.serving(relay) as url, support.adapter_at("email", url) as adapter:
        await adapter.send(support.message_of("email"))
    (came,) = relay.asked
    assert came["mail"] == f"MAIL FROM:<bounces+{support.PROBE}@bongsu.test>"
    assert came["rcpt"] == "RCPT TO:<box+a=b@agency.test>"


@pytest.mark.parametrize("to", ["nobody", "a b@box.test", "a@box.test>\r\nDATA", "a@봉수.test"])
async def test_an_address_that_is_none_is_refused_without_asking(to: str) -> None:
    relay = Relay()
    async with support.serving(relay) as url, support.adapter_at("email", url) as adapter:
        result = await adapter.send(support.message_of("email", to=to))
    assert (result.result, result.code, relay.asked) == (AnswerResult.REFUSED, "no-address", [])


class Encrypted:
    """A relay with a certificate that nobody but its own authority vouches for."""

    def __init__(self) -> None:
        certificates = Path(aiosmtpd.__file__).parent / "tests" / "certs"
        self.ca = certificates / "server.crt"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.ca, certificates / "server.key")
        self.mails = 0

    async def handle_DATA(self, _: SMTP, session: Session, __: Envelope) -> str:  # noqa: N802
        assert session.authenticated
        self.mails += 1
        return "250 2.0.0 Ok"

    @asynccontextmanager
    async def serving(self, scheme: str) -> AsyncIterator[str]:
        def session() -> SMTP:
            return SMTP(
                self, authenticator=lambda *_: AuthResult(success=True),
                auth_require_tls=False, hostname="relay.test",
                tls_context=self.context if scheme == "smtp+starttls" else None,
            )  # fmt: skip

        encrypted = self.context if scheme == "smtps" else None
        loop = asyncio.get_running_loop()
        async with await loop.create_server(session, "127.0.0.1", 0, ssl=encrypted) as server:
            yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_mail_goes_encrypted_to_whom_the_destination_s_ca_vouches_for(scheme: str) -> None:
    relay, message = Encrypted(), support.message_of("email")
    async with relay.serving(scheme) as url:
        believed = trust(Destination(ca=relay.ca))
        believed.check_hostname = False  # the certificate that aiosmtpd brings names no host
        async with surroundings(url, trust=believed) as around:
            result = await Email(around).send(message)
        assert (result.result, relay.mails) == (AnswerResult.ACCEPTED, 1)
        async with surroundings(url) as around:
            with pytest.raises(Retry, match="no mail session"):
                await Email(around).send(message)
    assert relay.mails == 1


async def test_a_relay_that_offers_no_starttls_gets_neither_password_nor_mail() -> None:
    relay = Relay()
    async with support.serving(relay) as url:
        there = url.replace("smtp://", "smtp+starttls://")
        async with surroundings(there) as around:
            with pytest.raises(Retry, match="no mail session"):
                await Email(around).send(support.message_of("email"))
    assert relay.asked == [{}]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_tls_goes_through_the_tunnel_of_a_proxy(scheme: str) -> None:
    relay = Encrypted()
    believed = trust(Destination(ca=relay.ca))
    believed.check_hostname = False
    async with (
        relay.serving(scheme) as url,
        proxied(FaultBook()) as proxy,
        surroundings(url, trust=believed, proxy=proxy) as around,
    ):
        result = await Email(around).send(support.message_of("email"))
    assert (result.result, relay.mails) == (AnswerResult.ACCEPTED, 1)


@asynccontextmanager
async def answering(answer: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that gives this answer to whoever wants a tunnel, and then speaks for the relay: its
    address, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await Relay("greeting", answer).serve(reader, writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


OPEN = f"HTTP/1.1 200 Ok\r\nVia: proxy.test\r\n\r\n{GOOD['greeting']}"


async def test_a_proxy_gets_destination_and_login_and_a_greeting_may_follow_at_once() -> None:
    async with answering(OPEN) as (proxy, asked):
        there = f"http://user:pass%20word@{proxy}"
        async with surroundings("smtp://localhost:2525", proxy=there) as around:
            result = await Email(around).send(support.message_of("email"))
    assert result.result is AnswerResult.ACCEPTED
    assert asked == [
        b"CONNECT localhost:2525 HTTP/1.1\r\nHost: localhost:2525\r\n"
        b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n\r\n"
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\n\r\n",
        "HTTP/1.1 200 Ok\r\n\0",
        "220 relay.test\r\n\r\n",
        f"HTTP/1.1 200 Ok\r\nX: {'x' * 20_000}\r\n\r\n",
    ],
    ids=["wants a login", "forbids", "reaches nobody", "is cut", "is none", "never ends"],
)
async def test_a_proxy_that_opens_no_tunnel_is_no_answer_of_the_relay(answer: str) -> None:
    told: list[int | None] = []
    async with answering(answer) as (proxy, _):
        over = {"proxy": f"http://{proxy}", "told": lambda status, seconds: told.append(status)}
        async with surroundings("smtps://relay.test", **over) as around:
            with pytest.raises(Retry) as caught:
                await Email(around).send(support.message_of("email"))
    assert (caught.value.reason, told) == ("unreachable", [None])


async def test_a_proxy_that_nobody_answers_for_is_no_answer_of_the_relay() -> None:
    (port,) = free_ports(1)
    for proxy in (f"http://127.0.0.1:{port}", "http://proxy.invalid:3128"):
        async with surroundings("smtps://relay.test", proxy=proxy) as around:
            with pytest.raises(Retry, match="no mail session"):
                await Email(around).send(support.message_of("email"))
