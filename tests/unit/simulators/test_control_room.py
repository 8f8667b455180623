"""The control room counts each page once, however often it comes, and forgets the oldest."""

import json
from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette

from simulators.control_room import MOST, PATH, ControlRoom
from simulators.webhooks import Webhook, Webhooks
from tests.support.asgi import Answer, ask


class Back(Webhooks):
    """Keeps what would be posted."""

    def __init__(self) -> None:
        self.told: list[Webhook] = []

    def tell(self, webhook: Webhook) -> None:
        self.told.append(webhook)


def a_room(back: Webhooks | None = None) -> Starlette:
    room = ControlRoom(back or Back(), {"room": SecretStr("word")})
    return Starlette(routes=room.routes())


async def tell(room: Starlette, name: str | None, **page: Any) -> Answer:
    headers = {"webhook-id": name} if name else {}
    return await ask(room, PATH, headers, json.dumps(page).encode())


async def pages(room: Starlette) -> list[dict[str, Any]]:
    answer = await ask(room, PATH, {}, method="GET")
    found: list[dict[str, Any]] = json.loads(answer.body)["pages"]
    return found


async def test_a_page_that_comes_again_is_one_page_told_twice() -> None:
    room = a_room()
    for title in ("first", "again"):
        sent = await tell(room, "page_1", type="page.opened", data={"title": title})
        assert sent.status == 204

    (page,) = await pages(room)

    assert (page["id"], page["times"], page["data"]) == ("page_1", 2, {"title": "again"})


async def test_what_is_no_page_is_refused_with_a_sentence() -> None:
    nameless = await tell(a_room(), None, type="page.opened", data={})
    odd = await tell(a_room(), "page_2", data={})

    assert (nameless.status, nameless.body) == (400, b'{"error":"webhook-id: missing"}')
    assert (odd.status, odd.body) == (400, b'{"error":"type: Field required"}')


async def test_the_oldest_page_is_forgotten_first() -> None:
    room = a_room()
    for number in range(MOST + 2):
        await tell(room, f"page_{number}", type="page.cleared", data={})

    told = [page["id"] for page in await pages(room)]

    assert told == [f"page_{number}" for number in range(MOST + 1, 1, -1)]


async def test_a_proof_goes_back_as_it_came_with_the_word_of_its_path() -> None:
    back = Back()
    room = a_room(back)
    for kind, key in (("proof", "proof/room"), ("proof", "proof/other"), ("opened", "proof/room")):
        data = {"dedup_key": key, "text": "BSP:…"}
        await tell(room, f"page_{kind}", type=f"page.{kind}", data=data)

    (told,) = back.told

    assert (told.path, told.headers) == ("/proofs/room", {"Authorization": "Bearer word"})
    assert told.body() == {
        "type": "page.proof",
        "data": {"dedup_key": "proof/room", "text": "BSP:…"},
    }
