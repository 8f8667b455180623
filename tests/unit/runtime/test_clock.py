"""The steady clock and the delays between tries."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.clock import MOST_SLEW, SystemClock, slew
from services.runtime.retry import Backoff, give_up_after

seconds = st.floats(-1e9, 1e9)


@given(base=seconds, wanted=seconds, elapsed=st.floats(0, 1e6))
def test_the_steady_clock_never_goes_back_and_never_hurries(
    base: float, wanted: float, elapsed: float
) -> None:
    moved = slew(base, wanted, elapsed)
    assert abs(moved) <= MOST_SLEW * elapsed
    assert elapsed + moved >= 0


def test_an_hour_of_step_is_drawn_in_without_a_jump() -> None:
    base = 0.0
    for _ in range(3600):
        base += slew(base, 3600.0, 1.0)
    assert base == pytest.approx(36.0)


def test_both_clocks_agree_on_a_quiet_machine() -> None:
    clock = SystemClock()
    assert abs((clock.now() - clock.steady()).total_seconds()) < 1


@given(tries=st.integers(1, 60))
def test_a_delay_is_positive_and_within_its_cap(tries: int) -> None:
    backoff = Backoff(first_s=0.1, cap_s=2.0)
    delays = [backoff.next_s() for _ in range(tries)]
    assert all(0 < delay <= 2.0 for delay in delays)
    backoff.reset()
    assert backoff.next_s() <= 0.1


async def test_a_closing_that_hangs_or_fails_hurts_nobody() -> None:
    async def fails() -> None:
        raise OSError("gone")

    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    async with asyncio.timeout(1):
        await give_up_after(0.01, asyncio.sleep(3600))
        await give_up_after(1, fails())
        await give_up_after(1, cancels_itself())


async def test_a_cancellation_gets_through_a_closing() -> None:
    waiting = asyncio.create_task(give_up_after(3600, asyncio.sleep(3600)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
