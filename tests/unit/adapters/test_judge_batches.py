"""How a provider is asked for many messages: each for itself, a bounded number at once."""

import asyncio

import pytest

from services.adapters import _judge
from services.adapters.base import Report
from services.contracts.vocabulary import ReportState
from services.runtime.errors import Consequence, Retry, Stop


class Asked:
    """Tells of every message but those in `failing`; knows how many were asked at once."""

    def __init__(self, failing: dict[str, Retry | Stop] | None = None) -> None:
        self.failing = failing or {}
        self.under_way = self.most_under_way = 0

    async def __call__(self, message_id: str) -> list[Report]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(3):
            await asyncio.sleep(0)
        self.under_way -= 1
        if message_id in self.failing:
            raise self.failing[message_id]
        return [Report(message_id, 0, ReportState.PENDING, None, None, None, final=False)]


async def test_all_are_asked_and_no_more_than_the_bound_at_once() -> None:
    ask, ids = Asked(), [str(number) for number in range(70)]
    reports = await _judge.look_up_each(ids, ask)
    assert [report.provider_message_id for report in reports] == ids
    assert ask.most_under_way == _judge.LOOK_UPS_AT_ONCE


async def test_one_that_cannot_be_asked_is_left_for_the_next_time() -> None:
    reports = await _judge.look_up_each(["a", "b", "c"], Asked({"b": Retry("unavailable")}))
    assert [report.provider_message_id for report in reports] == ["a", "c"]


@pytest.mark.parametrize(
    "failing",
    [
        {"a": Retry("throttled"), "b": Retry("throttled")},
        {"b": Stop("credentials")},
        {"a": Retry("throttled"), "b": Stop("credentials")},
    ],
)
async def test_a_batch_of_which_nothing_is_told_or_that_is_locked_out_raises(
    failing: dict[str, Retry | Stop],
) -> None:
    wanted = Stop if any(isinstance(error, Stop) for error in failing.values()) else Retry
    with pytest.raises(Consequence) as caught:
        await _judge.look_up_each(["a", "b"], Asked(failing))
    assert type(caught.value) is wanted
