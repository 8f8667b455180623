"""The accounts this worker sends on: one session each, bounded in concurrency and rate.

In:  accounts of the catalogue, the secrets folder, `BONGSU_DESTINATIONS`. Out: `OpenAccount`: a
permit, then the adapter. Before: a probe is due. After: `call.py`. Every answer of any status is
told to `on_exchange`: it proves that the provider was reached.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Self

import aiohttp
from aiolimiter import AsyncLimiter

from services.adapters.base import Adapter, Surroundings
from services.contracts.catalogue import Account
from services.runtime.errors import Retry
from services.runtime.http import Destination, open_session, trust
from services.runtime.secrets import SecretFolder

# A try of an adapter may outlast the session's own limit by this much: it then hangs elsewhere.
SLACK_S = 5.0
RETIRED_FOR_S = 180.0  # longer than any call may take that began before
Exchanged = Callable[[str, int | None, float], None]  # provider, HTTP status or None, seconds


class OpenAccount:
    """One account: its permits, and its adapters with the secret that held at the opening."""

    def __init__(self, around: Surroundings, answer_within_s: float) -> None:
        self.around, self.answer_within_s = around, answer_within_s
        account = around.account
        self._room = asyncio.Semaphore(account.concurrency)
        burst = max(1.0, account.rate_per_s / 10)
        self._rate = AsyncLimiter(burst, burst / account.rate_per_s)
        self._adapters: dict[str, Adapter] = {}

    async def permit(self, within_s: float) -> None:
        """Wait for room and rate; `release` gives the room back. Raises Retry(`busy`)."""
        try:
            async with asyncio.timeout(within_s):
                await self._room.acquire()
                try:
                    await self._rate.acquire()
                except BaseException:
                    self._room.release()
                    raise
        except TimeoutError:
            raise Retry("busy", f"account {self.around.account.id} is busy") from None

    def release(self) -> None:
        """The call is over."""
        self._room.release()

    def adapter(self, name: str, kind: type[Adapter]) -> Adapter:
        """The adapter of that name, built at its first use. Raises Stop."""
        if name not in self._adapters:
            self._adapters[name] = kind(self.around)
        return self._adapters[name]


class Accounts:
    """All open accounts; an async context that closes them."""

    def __init__(
        self,
        adapters: Mapping[str, type[Adapter]],
        secrets: SecretFolder,
        destinations: Mapping[str, Destination],
        on_exchange: Exchanged,
    ) -> None:
        self.adapters, self.secrets = adapters, secrets
        self._destinations, self._on_exchange = destinations, on_exchange
        self._open: dict[str, OpenAccount] = {}
        self._retiring: dict[asyncio.Task[None], OpenAccount] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        retired = dict(self._retiring)
        for task in retired:
            task.cancel()
        await asyncio.gather(*retired, return_exceptions=True)
        for opened in (*retired.values(), *self._open.values()):
            await opened.around.session.close()

    def open(self, account: Account) -> tuple[OpenAccount, bool]:
        """The account as catalogue and secret have it now; was it opened anew? Raises Stop."""
        secret = self.secrets.fields(account.secret)
        known = self._open.get(account.id)
        if known and (known.around.account, known.around.secret) == (account, secret):
            return known, False
        destination = self._destinations.get(account.id, Destination())
        session = open_session(destination, account.concurrency)
        watch(session, account.provider, self._on_exchange)
        url = destination.url or account.base_url
        around = Surroundings(
            account, secret, session, url, destination.proxy, trust(destination),
            partial(self._on_exchange, account.provider),
        )  # fmt: skip
        self._retire(account.id)
        opened = OpenAccount(around, destination.answer_within_s + SLACK_S)
        self._open[account.id] = opened
        return opened, True

    def keep(self, accounts: Collection[str]) -> None:
        """Close the accounts the catalogue no longer has, once their calls are over."""
        for gone in self._open.keys() - set(accounts):
            self._retire(gone)

    def _retire(self, account: str) -> None:
        opened = self._open.pop(account, None)
        if opened is not None:
            task = asyncio.create_task(_close_later(opened), name=f"retire:{account}")
            self._retiring[task] = opened
            task.add_done_callback(self._retiring.pop)


async def _close_later(opened: OpenAccount) -> None:
    await asyncio.sleep(RETIRED_FOR_S)
    await opened.around.session.close()


def watch(session: aiohttp.ClientSession, provider: str, told: Exchanged) -> None:
    """Tell of every exchange on a session: its status, or None when no answer came."""

    async def started(_: object, trace: SimpleNamespace, __: object) -> None:
        trace.started = time.monotonic()

    async def ended(_: object, trace: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        told(provider, end.response.status, time.monotonic() - trace.started)

    async def failed(_: object, trace: SimpleNamespace, __: object) -> None:
        told(provider, None, time.monotonic() - trace.started)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    trace.freeze()
    session.trace_configs.append(trace)
