"""Work that is bounded by a stop."""

import asyncio

import pytest

from services.runtime.retry import until


async def test_work_that_ends_by_itself_is_waited_for() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("done")

    await until(asyncio.Event(), work())
    assert done == ["done"]


async def test_a_stop_cancels_work_that_would_go_on() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_soon(stopping.set)
    async with asyncio.timeout(1):
        await until(stopping, asyncio.sleep(3600))
    assert stopping.is_set()


async def test_within_its_grace_work_ends_by_itself_after_a_stop() -> None:
    stopping, done = asyncio.Event(), []

    async def work() -> None:
        await stopping.wait()
        await asyncio.sleep(0.01)
        done.append("done")

    asyncio.get_running_loop().call_soon(stopping.set)
    await until(stopping, work(), grace_s=5)
    assert done == ["done"]


async def test_an_error_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await until(asyncio.Event(), work())


async def test_cancelling_the_wait_cancels_the_work() -> None:
    cancelled: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    waiting = asyncio.create_task(until(asyncio.Event(), work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert cancelled == [True]
