"""A database whose time is played, as its owner and the process that seals log in."""

from collections.abc import AsyncIterator

import pytest

from services.storage.pool import open_pool
from tests.integration.storage.logins import initialised, logged_in
from tests.support.sealed_months import World

__all__ = ["initialised"]


@pytest.fixture
async def world(initialised: str) -> AsyncIterator[World]:
    """Empty, at the real time."""
    login = logged_in(initialised, "bongsu_report")
    async with (
        open_pool(initialised, role_label="test") as owner,
        open_pool(login, role_label="reporting", max_size=2) as report,
    ):
        yield World(owner, report, login)
