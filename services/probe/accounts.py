"""The accounts this worker sends on: one session each, bounded in concurrency and rate.

In:  accounts of the catalogue, the secrets folder, `BONGSU_DESTINATIONS`. Out: `OpenAccount`: a
permit, then the adapter. Before: a probe is due. After: `call.py`. Every HTTP answer of any status
is told to `on_exchange`: it proves that the provider was reached.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from types import SimpleNamespace
from typing import Self

import aiohttp
from aiolimiter import AsyncLimiter
from pydantic import SecretStr

from services.adapters.base import Adapter, Surroundings
from services.contracts.catalogue import Account
from services.runtime.errors import Retry, Stop
from services.runtime.http import Destination, open_session
from services.runtime.secrets import SecretFolder

# A try of an adapter may outlast the session's own limit by this much: it then hangs elsewhere.
SLACK_S = 5.0
RETIRED_WITHIN_S = 60.0
Exchanged = Callable[[str, int | None, float], None]  # provider, HTTP status or None, seconds


class OpenAccount:
    """One account: its permits, and its adapters built with the secret that holds now."""

    def __init__(
        self, account: Account, destination: Destination, session: aiohttp.ClientSession
    ) -> None:
        self.account, self._destination, self._session = account, destination, session
        self.answer_within_s = destination.answer_within_s + SLACK_S
        self._room = asyncio.Semaphore(account.concurrency)
        burst = max(1.0, account.rate_per_s / 10)
        self._rate = AsyncLimiter(burst, burst / account.rate_per_s)
        self._adapters: dict[str, tuple[Mapping[str, SecretStr], Adapter]] = {}

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
            raise Retry("busy", f"account {self.account.id} is busy") from None

    def release(self) -> None:
        """The call is over."""
        self._room.release()

    def adapter(
        self, name: str, kind: type[Adapter], secret: Mapping[str, SecretStr]
    ) -> tuple[Adapter, bool]:
        """The adapter, built anew when the secret was changed; was it? Raises Stop."""
        known = self._adapters.get(name)
        if known is not None and known[0] == secret:
            return known[1], False
        base_url = self._destination.url or self.account.base_url
        around = Surroundings(
            self.account, secret, self._session, base_url, self._destination.proxy
        )
        self._adapters[name] = (secret, kind(around))
        return self._adapters[name][1], True

    async def idle(self) -> None:
        """Return when no call is under way."""
        for _ in range(self.account.concurrency):
            await self._room.acquire()


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
        self._open: dict[str, tuple[OpenAccount, contextlib.AsyncExitStack]] = {}
        self._opening = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._retiring:
            task.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        for _account, stack in self._open.values():
            await stack.aclose()

    async def open(self, account: Account) -> OpenAccount:
        """The account as the catalogue has it now. Raises Stop when its CA cannot be read."""
        async with self._opening:
            known = self._open.get(account.id)
            if known is not None and known[0].account == account:
                return known[0]
            self._retire(account.id)
            destination = self._destinations.get(account.id, Destination())
            stack = contextlib.AsyncExitStack()
            try:
                session = await stack.enter_async_context(
                    open_session(destination, account.concurrency)
                )
            except OSError as error:
                raise Stop("ca", f"account {account.id}: its CA: {error.strerror}") from None
            watch(session, account.provider, self._on_exchange)
            opened = OpenAccount(account, destination, session)
            self._open[account.id] = (opened, stack)
            return opened

    def adapter(self, opened: OpenAccount, name: str) -> tuple[Adapter, bool]:
        """A route's adapter on an open account; was it built anew just now? Raises Stop."""
        secret = self.secrets.fields(opened.account.secret)
        return opened.adapter(name, self.adapters[name], secret)

    def keep(self, accounts: Collection[str]) -> None:
        """Close the accounts the catalogue no longer has, once their calls are over."""
        for gone in self._open.keys() - set(accounts):
            self._retire(gone)

    def _retire(self, account: str) -> None:
        known = self._open.pop(account, None)
        if known is not None:
            task = asyncio.create_task(_close_when_idle(*known), name=f"retire:{account}")
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)


async def _close_when_idle(opened: OpenAccount, stack: contextlib.AsyncExitStack) -> None:
    async with stack:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETIRED_WITHIN_S):
                await opened.idle()


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
