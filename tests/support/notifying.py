"""A page, and receivers of every kind to tell it to: for the suite every notifier passes.

`WAYS` names them: SMS twice, once for each provider. `Receiver.turn` makes one take a page, refuse
it, put it off, fall silent or hang up; `asked` is what came.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from services.alerting.paging.message import Contract, Forms, Kind, Links, Message, Target
from services.contracts.catalogue import Account, Quota, Sender
from services.contracts.oncall import Notifier
from tests.support import adapters as support
from tests.support.incidents import NOW, an_incident
from tests.support.smtp import GOOD, Relay, relaying

WAYS = ("alertmanager", "webhook", "email", "sens_sms", "nhn_sms")
NUMBER, ADDRESS = "01000000001", "duty@agency.test"
KEY = "whsec_Ym9uZ3N1LWFnZW50LXNlY3JldC0wMDAxLTMyYnl0ZXM="
LINK = "https://bongsu.test/a/0123456789abcdef"
SHORT = "[봉수] 카카오톡 전달 안 됨 14/14 15:27~"
# What each kind of receiver says to a page it takes, refuses, or puts off.
_REPLIES = {
    "takes": ("dot", GOOD["dot"], 202),
    "refuses": ("rcpt", "550 5.1.1 no such mailbox", 400),
    "locks out": ("auth", "535 5.7.8 who are you", 401),
    "puts off": ("rcpt", "451 4.3.2 not now", 503),
    "throttles": ("rcpt", "451 4.7.1 too fast", 429),
    "hangs up": ("dot", "250 2.0\0", None),
    "falls silent": ("dot", None, None),
}


def a_message(**over: Any) -> Message:
    """KakaoTalk is dead; `over` says otherwise."""
    fields: dict[str, Any] = {
        "page_id": "platform:kakaotalk@1/opened/person:kim/1",
        "dedup_key": "platform:kakaotalk@1",
        "kind": Kind.OPENED,
        "incidents": (an_incident(),),
        "language": "ko",
        "forms": Forms("카카오톡: 전달되지 않음", f"전부 {LINK}", SHORT, f"<p>{LINK}</p>"),
        "at": NOW,
        "links": Links(LINK, "https://bongsu.test/incidents/1"),
        "thread": "platform:kakaotalk@1/opened/person:kim/1",
    }
    return Message(**fields | over)


def an_all_clear(**over: Any) -> Message:
    """Of the same incident, two minutes later."""
    over_at = NOW + timedelta(minutes=2)
    row = an_incident(status="closed", ended_at=over_at, closed_at=over_at + timedelta(minutes=1))
    told: dict[str, Any] = {
        "page_id": "platform:kakaotalk@1/cleared/person:kim/1", "kind": Kind.CLEARED,
        "incidents": (row,), "links": Links(),
        "forms": Forms("해제: 카카오톡", "해제", "[봉수] 해제 카카오톡", "<p>해제</p>"),
    }  # fmt: skip
    return a_message(**told | over)


def a_target(way: str, url: str) -> Target:
    """A path that leads to a receiver at `url`."""
    if way == "alertmanager":
        return Target("am", "alertmanager", SecretStr(url))
    if way == "webhook":
        return Target("room", "webhook", SecretStr(f"{url}/pages"), keys=(SecretStr(KEY),))
    setup = support.setup_of(way)
    account = Account.model_validate(setup["account"] | {"base_url": url})
    secret = {name: SecretStr(value) for name, value in setup["secret"].items()}
    notifier: Notifier = "email" if way == "email" else "sms"
    sender = Sender(
        id="desk", body="bongsu", account=account.id, quota=Quota(),
        channel="email" if way == "email" else "sms",  # type: ignore[arg-type]
        identity="desk@bongsu.test" if way == "email" else None,
    )  # fmt: skip
    number = None if way == "email" else SecretStr(setup["message"]["sender_number"])
    to = ADDRESS if way == "email" else NUMBER
    return Target(
        way, notifier, SecretStr(to), contract=Contract(account, secret, sender, number, way)
    )


@dataclass
class Receiver:
    """One kind of receiver at `url`."""

    way: str
    relay: Relay = field(default_factory=Relay)
    provider: support.Provider = field(default_factory=support.Provider)
    mode: str = "takes"
    url: str = ""

    def turn(self, mode: str) -> None:
        self.mode = mode
        stage, reply, status = _REPLIES[mode]
        self.relay.status, self.relay.body = stage, reply
        if status is not None:
            self.provider.status = status
        self.provider.body = ""
        if mode == "takes" and self.way.endswith("_sms"):
            case = support.cases(self.way)["send_accepted"]
            self.provider.status = case["status"]
            self.provider.body = support.body_text(case["body"], NUMBER)
        self.provider.headers = {"Retry-After": "7"} if mode in ("puts off", "throttles") else {}

    @property
    def asked(self) -> list[Any]:
        """Requests, or what connections to a relay brought."""
        return self.relay.asked if self.way == "email" else self.provider.asked

    def json(self, which: int = -1) -> Any:
        """The body of a request."""
        return json.loads(self.provider.asked[which][2])

    def headers(self, which: int = -1) -> dict[str, str]:
        """The header of a request."""
        return self.provider.asked[which][3]


@asynccontextmanager
async def receiving(way: str, mode: str = "takes") -> AsyncIterator[Receiver]:
    """A receiver of that kind on a free port of the loopback."""
    receiver = Receiver(way)
    receiver.turn(mode)
    if way == "email":
        async with relaying(receiver.relay) as receiver.url:
            yield receiver
        return
    async with support.serving(receiver.provider) as behind, _in_front(receiver, behind) as url:
        receiver.url = url
        yield receiver


@asynccontextmanager
async def _in_front(receiver: Receiver, behind: str) -> AsyncIterator[str]:
    """Hangs up or falls silent once a request is there, else hands it on."""
    host, port = urlsplit(behind).hostname, urlsplit(behind).port
    talks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())  # type: ignore[arg-type]
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if receiver.mode in ("hangs up", "falls silent"):
                await reader.readuntil(b"\r\n\r\n")
                if receiver.mode == "falls silent":
                    await asyncio.Event().wait()
            else:
                there, onward = await asyncio.open_connection(host, port)
                await asyncio.gather(_pass(reader, onward), _pass(there, writer))
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()
    writer.close()
