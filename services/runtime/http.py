"""The way out over HTTP: one session a destination, with its proxy, its CA and its deadlines."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 20.0


class Redirected(aiohttp.ClientError):
    """The destination sends us to another host. A key meant for one host goes to no other."""


class Destination(BaseModel):
    """How to reach one account's provider: another address, a proxy, a CA of one's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(default=None, pattern=r"^https?://[^\s]+[^/\s]$")
    proxy: str | None = Field(default=None, pattern=r"^https?://\S+$")
    ca: Path | None = None
    answer_within_s: float = Field(default=ANSWER_WITHIN_S, gt=0, le=120)


@contextlib.asynccontextmanager
async def open_session(
    destination: Destination, connections: int
) -> AsyncIterator[aiohttp.ClientSession]:
    """A pooled session whose every request ends within the destination's limit. A redirect to
    another host raises `Redirected`; no proxy of the environment is used."""
    trust: ssl.SSLContext | bool = True
    if destination.ca is not None:
        trust = ssl.create_default_context(cafile=destination.ca)
    timeout = aiohttp.ClientTimeout(
        total=destination.answer_within_s, sock_connect=CONNECT_WITHIN_S, connect=CONNECT_WITHIN_S
    )
    connector = aiohttp.TCPConnector(limit=connections, ssl=trust, ttl_dns_cache=60)
    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(_stay_on_host)
    async with aiohttp.ClientSession(
        trace_configs=[redirects],
        connector=connector,
        timeout=timeout,
        trust_env=False,  # a proxy is a setting of the destination, not of the environment
        headers={"User-Agent": "bongsu"},
    ) as session:
        yield session


async def _stay_on_host(
    _: aiohttp.ClientSession, __: object, params: aiohttp.TraceRequestRedirectParams
) -> None:
    location = params.response.headers.get("Location", "")
    target = params.url.join(URL(location))
    if target.origin() != params.url.origin():
        raise Redirected(f"redirected to another host: {target.host}")
