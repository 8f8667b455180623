"""A scripted mail relay, for the suite every adapter passes: it answers one stage as it is told.

Stages: greeting, ehlo, auth, mail, rcpt, data (to the command), dot (to the mail). All others are
answered well. `asked` holds what each connection brought.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

GOOD = {
    "greeting": "220 relay.test",
    "ehlo": "250-relay.test\r\n250-DSN\r\n250 AUTH PLAIN",
    "auth": "235 2.7.0 Ok",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "data": "354 Go ahead",
    "dot": "250 2.0.0 Ok: queued as 4ABC",
}
WITHIN_S = 10.0
MOST_BYTES = 2**24  # of one mail


@dataclass
class Relay:
    """`body` is the reply at `status`, a stage; None: silence; without line end: half a reply,
    and the connection is cut."""

    status: str = "dot"
    body: str | None = GOOD["dot"]
    asked: list[dict[str, Any]] = field(default_factory=list)
    talks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came: dict[str, Any] = {}
        self.asked.append(came)
        if (talk := asyncio.current_task()) is not None:
            self.talks.add(talk)
        try:
            with contextlib.suppress(
                OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError
            ):
                async with asyncio.timeout(WITHIN_S):
                    await self._say("greeting", writer)
                    while line := await reader.readline():
                        await self._answer(line.decode().rstrip("\r\n"), came, reader, writer)
        finally:
            writer.transport.abort()

    async def _answer(
        self, line: str, came: dict[str, Any], reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        verb = line[:4].lower()
        if verb in ("mail", "rcpt"):
            came[verb] = line
        await self._say(verb, writer)
        if verb == "data" and self.status != "data":
            came["mail_text"] = (await reader.readuntil(b"\r\n.\r\n")).decode()
            await self._say("dot", writer)

    async def _say(self, stage: str, writer: asyncio.StreamWriter) -> None:
        told = self.body if stage == self.status else GOOD.get(stage, "221 Bye")
        if told is None:
            await asyncio.sleep(WITHIN_S)
        text = told or ""
        whole = not text.endswith("\0")
        writer.write(text.rstrip("\0").encode() + (b"\r\n" if whole else b""))
        await writer.drain()
        if not whole:
            raise ConnectionError


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncIterator[str]:
    """The relay on a free port of the loopback; its address."""
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0, limit=MOST_BYTES)
    async with server:
        host, port = server.sockets[0].getsockname()
        try:
            yield f"smtp://{host}:{port}"
        finally:
            for talk in relay.talks:
                talk.cancel()
            await asyncio.gather(*relay.talks, return_exceptions=True)
            await asyncio.sleep(0)  # what was aborted closes in the next turn


def written(came: dict[str, Any]) -> dict[str, Any]:
    """What a connection brought, in the words of the cases."""
    mail = message_from_bytes(came["mail_text"].removesuffix("\r\n.\r\n").encode())
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return {
        "mail": came["mail"],
        "rcpt": came["rcpt"],
        "headers": {
            name: str(make_header(decode_header(value)))
            for name, value in mail.items()
            if name not in ("Date", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
        },
        "text": payload.decode(),
    }
