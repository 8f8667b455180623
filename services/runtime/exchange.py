"""One HTTP exchange, told by what is certain about it.

In:  a request of an adapter or a notifier. Out: `Answer`. Retry("unreachable") means that nothing
     left the machine, `NoAnswer` that the request had left and nobody knows what became of it.
Before: whoever speaks to the other side makes the request. After: it reads the answer.
Nothing of a request, answer or address enters an error: any of them may hold a number or a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from services.runtime.errors import Retry

LARGEST_ANSWER = 1_000_000
JSON = "application/json; charset=utf-8"
_PROXY_WANTS_LOGIN = 407


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` ends where the connection broke or at LARGEST_ANSWER; `date` is the server's clock,
    `retry_after` its wish as it stands."""

    status: int
    body: bytes = field(repr=False)
    date: str | None = None
    retry_after: str | None = None


class NoAnswer(Exception):
    """The request left, and no answer came: the message may have been sent."""


class Way(Protocol):
    """An open session, and the proxy it goes by."""

    @property
    def session(self) -> aiohttp.ClientSession: ...

    @property
    def proxy(self) -> str | None: ...


class _Outgoing(aiohttp.BytesPayload):
    """A body that knows whether it was ever put on a connection."""

    left = False

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self.left = True
        await super().write_with_length(writer, content_length)


async def exchange(
    way: Way, method: str, url: URL, headers: Mapping[str, str], body: object = None
) -> Answer:
    """One request within the session's deadline; `body` goes as JSON, bytes as the JSON they are.
    Without one (a look-up) every failure is Retry("unreachable"): asking again does no harm."""
    outgoing = None if body is None else _Outgoing(_json(body), content_type=JSON)
    try:
        async with way.session.request(
            method, url, headers=headers, data=outgoing, proxy=way.proxy, allow_redirects=False
        ) as response:
            if way.proxy is not None and response.status == _PROXY_WANTS_LOGIN:
                raise Retry("unreachable", "the proxy wants a login")
            told = (response.headers.get(name) for name in ("Date", "Retry-After"))
            return Answer(response.status, await _read(response), *told)
    except (aiohttp.ClientError, OSError) as error:  # OSError holds TimeoutError
        if outgoing is not None and outgoing.left:
            raise NoAnswer(type(error).__name__) from None
        raise Retry("unreachable", f"no connection: {type(error).__name__}") from None


def _json(body: object) -> bytes:
    return body if isinstance(body, bytes) else orjson.dumps(body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body as far as it came. The status stands without it, and half a JSON reads as none."""
    body = bytearray()
    try:
        async for part in response.content.iter_chunked(65_536):
            body += part
            if len(body) > LARGEST_ANSWER:
                break
    except (aiohttp.ClientError, OSError):
        return bytes(body)
    return bytes(body[:LARGEST_ANSWER])
