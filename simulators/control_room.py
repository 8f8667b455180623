"""The control room of a public body: takes the signed webhooks of pages, and tells what it took.

In:  POST /control-room. Out: GET /control-room, the newest first, for people and tests; proofs go
back to ingest as they came, at /proofs/<path> and with the word of that path.
It believes every signature: what is checked here is that pages come, by `webhook-id`, once.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import calls
from simulators.calls import Refusal, json
from simulators.carriage import utc_now
from simulators.webhooks import Webhook, Webhooks

MOST = 1_000
PATH, PROOF = "/control-room", "page.proof"


class Taken(BaseModel):
    """What a page must say to be shown."""

    type: str
    data: dict[str, Any]


class ControlRoom:
    """Remembers the last pages, in memory. `words`: of the paths whose proofs go `back`."""

    def __init__(self, back: Webhooks, words: Mapping[str, SecretStr]) -> None:
        self._pages: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._back, self._words = back, words

    def routes(self) -> list[Route]:
        return [calls.route("POST", PATH, self._take), calls.route("GET", PATH, self._tell)]

    async def _take(self, request: Request) -> Response:
        page = await calls.read_body(request, Taken, _wrong, Refusal(413, None))
        name = request.headers.get("webhook-id")
        if name is None:
            raise _wrong("webhook-id", "missing")
        known = self._pages.get(name, {"id": name, "at": utc_now(), "times": 0})
        self._pages[name] = known | {"times": known["times"] + 1, **page.model_dump()}
        while len(self._pages) > MOST:
            self._pages.popitem(last=False)
        if page.type == PROOF:
            self._send_back(page)
        return Response(status_code=204)

    def _send_back(self, page: Taken) -> None:
        path = str(page.data.get("dedup_key")).removeprefix("proof/")
        if word := self._words.get(path):
            told = {"Authorization": f"Bearer {word.get_secret_value()}"}
            self._back.tell(Webhook(f"/proofs/{path}", told, page.model_dump, utc_now()))

    async def _tell(self, _: Request) -> Response:
        return json({"pages": list(reversed(self._pages.values()))})


def _wrong(field: str, why: str) -> Refusal:
    return Refusal(400, {"error": f"{field}: {why}"})
