"""A phone of the simulated world shows the text messages that are no probes, the newest first."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette

from services.contracts import ids
from simulators.carriage import Arrival
from simulators.inbox import MOST, Inbox
from simulators.journey import Letter, Message
from tests.support.asgi import ask

AT = datetime(2026, 3, 2, 3, tzinfo=UTC)


def arrival(text: str, channel: str = "sms", after_s: int = 0) -> Arrival:
    message = Message(
        id=str(uuid4()), channel=channel, provider="provider:nhn", account="account:nhn",
        sender="sender:lh-sms-nhn", recipient="receiver:kt-07", letter=Letter(text, "봉수"),
    )  # fmt: skip
    at = AT + timedelta(seconds=after_s)
    return Arrival(message, at, at)


async def shown(inbox: Inbox, phone: str = "kt-07") -> list[dict[str, Any]]:
    answer = await ask(Starlette(routes=inbox.routes()), f"/world/inbox/{phone}", {}, method="GET")
    found: list[dict[str, Any]] = json.loads(answer.body)["messages"]
    return found


async def test_the_newest_message_is_shown_first_with_its_time() -> None:
    inbox = Inbox()
    inbox.keep(arrival("불통"))
    inbox.keep(arrival("복구", "mms", after_s=90))

    assert await shown(inbox) == [
        {"at": "2026-03-02T03:01:30+00:00", "title": "봉수", "text": "복구"},
        {"at": "2026-03-02T03:00:00+00:00", "title": "봉수", "text": "불통"},
    ]
    assert await shown(inbox, "kt-01") == []


async def test_probes_and_what_is_no_text_message_are_not_shown() -> None:
    inbox = Inbox()
    inbox.keep(arrival(f"점검 {ids.write_nonce(uuid4(), 0)}"))
    inbox.keep(arrival("알림", "alimtalk"))

    assert await shown(inbox) == []


async def test_of_many_messages_the_oldest_are_forgotten() -> None:
    inbox = Inbox()
    for number in range(MOST + 1):
        inbox.keep(arrival(str(number)))

    assert [one["text"] for one in await shown(inbox)] == [str(n) for n in range(MOST, 0, -1)]
