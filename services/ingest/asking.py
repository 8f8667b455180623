"""An adapter that asks its provider, with a session of its own.

In:  an account, its secret and its destination. Out: the adapter, for as long as the session is
open. Before: `poll.py`, `opened.py` know whom to ask. After: the adapter.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import SecretStr

from services.adapters.base import Adapter, Surroundings
from services.contracts.catalogue import Account
from services.runtime.http import Destination, open_session


@asynccontextmanager
async def asking(
    kind: type[Adapter],
    account: Account,
    secret: Mapping[str, SecretStr],
    destinations: Mapping[str, Destination],
) -> AsyncIterator[Adapter]:
    """Raises Stop for an account that is misconfigured."""
    destination = destinations.get(account.id, Destination())
    async with open_session(destination, account.concurrency) as session:
        url = destination.url or account.base_url
        yield kind(Surroundings(account, secret, session, url, destination.proxy))
