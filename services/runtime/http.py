"""The way out: one HTTP session a destination, with its proxy, its CA and its deadlines.

Mail goes the same way without a session: `trust` and the proxy (CONNECT) hold for it too.
"""

import ssl
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode
from yarl import URL

from services.runtime.errors import Stop

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 20.0


class Redirected(aiohttp.ClientError):
    """The destination sends us to another host. A key meant for one host goes to no other."""


class Destination(BaseModel):
    """How to reach one account's provider, or a mailbox: another address, a proxy, a CA of one's
    own. `plain`: a mailbox beyond loopback may be read in clear text; only in a development set-up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(
        default=None, pattern=r"^(https?|smtps?|smtp\+starttls|imaps?)://[^\s]+[^/\s]$"
    )
    proxy: str | None = Field(default=None, pattern=r"^https?://\S+$")
    ca: Path | None = None
    plain: bool = False
    answer_within_s: float = Field(default=ANSWER_WITHIN_S, gt=0, le=120)


def _from_json(value: Any) -> Any:
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        raise PydanticCustomError("json", "no valid JSON") from None


# A setting: JSON by name. Read here, so that a wrong one stops the start with a sentence.
Destinations = Annotated[dict[str, Destination], NoDecode, BeforeValidator(_from_json)]


def trust(destination: Destination) -> ssl.SSLContext:
    """Whose certificates are believed. Raises Stop when the destination's CA cannot be read."""
    try:
        return ssl.create_default_context(cafile=destination.ca)
    except OSError as error:
        raise Stop("ca", f"CA file {destination.ca}: {error.strerror}") from None


def open_session(destination: Destination, connections: int) -> aiohttp.ClientSession:
    """A pooled session (to be closed) whose every request ends within the destination's limit. A
    redirect to another host raises `Redirected`; no proxy of the environment is used. Raises Stop
    when the destination's CA cannot be read."""
    believed: ssl.SSLContext | bool = True if destination.ca is None else trust(destination)
    timeout = aiohttp.ClientTimeout(
        total=destination.answer_within_s, sock_connect=CONNECT_WITHIN_S, connect=CONNECT_WITHIN_S
    )
    connector = aiohttp.TCPConnector(limit=connections, ssl=believed, ttl_dns_cache=60)
    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(_stay_on_host)
    return aiohttp.ClientSession(
        trace_configs=[redirects],
        connector=connector,
        timeout=timeout,
        trust_env=False,  # a proxy is a setting of the destination, not of the environment
        headers={"User-Agent": "bongsu"},
    )


async def _stay_on_host(
    _: aiohttp.ClientSession, __: object, params: aiohttp.TraceRequestRedirectParams
) -> None:
    location = params.response.headers.get("Location", "")
    target = params.url.join(URL(location))
    if target.origin() != params.url.origin():
        raise Redirected(f"redirected to another host: {target.host}")
