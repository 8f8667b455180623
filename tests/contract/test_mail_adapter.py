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
from services.runtime.errors import Retry, Stop
from services.runtime.http import Destination, trust
from tests.support import adapters as support
from tests.support.smtp import Relay


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
        ("smtps://relay.test", {"proxy": "http://proxy.test:3128"}, "proxy"),
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
