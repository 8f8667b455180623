"""What a notifier is: it tells one receiver of one page, and where its answer leaves no doubt says
so; and what several have in common: the way out, the meaning of an answer.

`send` raises Retry (nothing left, or a no for now), NoAnswer (it left), Refuse or Stop (this path
cannot be used as it is): `Notifiers.send` makes answers of them. It is called again with the same
page id until an answer is recorded, so a receiver must be able to tell a repeat.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import NamedTuple, Protocol

import aiohttp
from yarl import URL

from services.adapters.base import SendResult, Surroundings
from services.alerting.paging.message import Answer, Contract, Message, Result, Target
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Stop
from services.runtime.exchange import exchange
from services.runtime.http import Destination, open_session, trust

# No receiver keeps us waiting for longer: by then another path must have it.
MOST_PATIENCE_S = 300.0
_FOR_NOW = (408, 425, 429)
_THEIRS = frozenset(
    {FaultDomain.PROVIDER, FaultDomain.PLATFORM, FaultDomain.CARRIER, FaultDomain.QUOTA}
)


@dataclass(frozen=True, slots=True)
class Outside:
    """The way out of this process: `destinations` by path, or by account where there is one;
    `alert_lasts`: for how long a receiver that forgets by itself is to believe in silence."""

    destinations: Mapping[str, Destination] = field(default_factory=dict)
    alert_lasts: timedelta = timedelta(minutes=30)


class Notifier(Protocol):
    """One kind of receiver."""

    def __init__(self, outside: Outside) -> None: ...

    async def send(self, message: Message, target: Target) -> Answer:
        """Tell of one page; see the module's docstring for what it raises."""
        ...


class _Way(NamedTuple):
    session: aiohttp.ClientSession
    proxy: str | None


async def post(
    outside: Outside, target: Target, path: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """One POST of JSON to `path` below the target's address."""
    destination = outside.destinations.get(target.path, Destination())
    url = URL((destination.url or target.to.get_secret_value()) + path)
    async with open_session(destination, 1) as session:
        way = _Way(session, destination.proxy)
        answer = await exchange(way, "POST", url, headers, body)
    return judged(answer.status, answer.retry_after, datetime.now(UTC))


def judged(status: int, retry_after: str | None, now: datetime) -> Answer:
    """What a status of HTTP says of a page. A redirect is a no: a page goes where it is sent."""
    detail = f"http-{status}"
    if status // 100 == 2:
        return Answer(Result.ACCEPTED, detail)
    if status in _FOR_NOW or status >= 500:
        return Answer(Result.LATER, detail, _patience(retry_after, now))
    return Answer(Result.REFUSED, detail)


def _patience(wish: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After, which is a number of them or a date (RFC 9110, 10.2.3)."""
    if wish is None:
        return None
    try:
        seconds = float(wish) if wish.isdecimal() else _until(wish, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), MOST_PATIENCE_S)


def _until(wish: str, now: datetime) -> float:
    return (parsedate_to_datetime(wish) - now).total_seconds()


@contextlib.asynccontextmanager
async def surroundings(
    outside: Outside, target: Target
) -> AsyncIterator[tuple[Contract, Surroundings]]:
    """What an adapter needs to send by the path's account. Raises Stop for a path without one."""
    contract = target.contract
    if contract is None:
        raise Stop("account", f"path {target.path}: no account to send by")
    destination = outside.destinations.get(contract.account.id, Destination())
    async with open_session(destination, 1) as session:
        yield contract, Surroundings(
            contract.account, contract.secret, session,
            destination.url or contract.account.base_url, destination.proxy, trust(destination),
        )  # fmt: skip


def answer_of(result: SendResult) -> Answer:
    """What a provider's answer says of a page: a fault of its own passes, one of ours does not."""
    detail = result.code or str(result.result)
    if result.result is AnswerResult.ACCEPTED:
        return Answer(Result.ACCEPTED, detail)
    if result.result is AnswerResult.UNCLEAR:
        return Answer(Result.UNCLEAR, detail)
    return Answer(Result.LATER if result.fault in _THEIRS else Result.REFUSED, detail)


def name_of(page_id: str) -> str:
    """What a receiver that remembers names calls a page: of plain letters, and of one length."""
    return sha256(page_id.encode()).hexdigest()[:32]
