"""The person with the phone opens a document once, and again only when its page does not work."""

import asyncio

import pytest

from simulators.config import HandsetConfig
from simulators.handsets import Person
from simulators.journey import Letter, Message

PHONE = HandsetConfig.model_validate(
    {
        "id": "skt-01", "number": "01000000001", "carrier": "skt", "site": "seoul",
        "gateway_key": "bongsu-test-signing-key-0001-of-32-characters",
    }
)  # fmt: skip


class Browser:
    """A way to the page that answers with these statuses, one a visit."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.visits = list(statuses), 0

    async def visit(self, address: str) -> int:
        self.visits += 1
        return self.statuses[self.visits - 1]


@pytest.mark.parametrize(("statuses", "visits"), [((200,), 1), ((503, 200), 2), ((0, 403), 2)])
async def test_a_document_is_opened_until_its_page_answers(
    statuses: tuple[int, ...], visits: int
) -> None:
    browser = Browser(*statuses)
    message = Message("1", "edocument", "", "", "", None, letter=Letter(open=lambda: "http://x"))
    async with asyncio.TaskGroup() as tasks:
        person = Person(PHONE, browser, tasks)  # type: ignore[arg-type]
        for _ in range(3):
            person.tries(message)
            await asyncio.gather(*_others())
    assert browser.visits == visits


async def test_a_document_that_cannot_be_opened_any_more_is_left_alone() -> None:
    browser = Browser()
    message = Message("1", "edocument", "", "", "", None, letter=Letter(open=lambda: None))
    async with asyncio.TaskGroup() as tasks:
        Person(PHONE, browser, tasks).tries(message)  # type: ignore[arg-type]
    assert browser.visits == 0


def _others() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]
