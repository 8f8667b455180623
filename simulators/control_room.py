"""The control room of a public body: takes the signed webhooks of pages, and tells what it took.

In:  POST /control-room. Out: GET /control-room, the newest first, for people and tests.
It believes every signature: what is checked here is that pages come, by `webhook-id`, once.
"""

from collections import OrderedDict
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import calls
from simulators.calls import Refusal, json
from simulators.carriage import utc_now

MOST = 1_000
PATH = "/control-room"


class Taken(BaseModel):
    """What a page must say to be shown."""

    type: str
    data: dict[str, Any]


class ControlRoom:
    """Remembers the last pages, in memory."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, dict[str, Any]] = OrderedDict()

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
        return Response(status_code=204)

    async def _tell(self, _: Request) -> Response:
        return json({"pages": list(reversed(self._pages.values()))})


def _wrong(field: str, why: str) -> Refusal:
    return Refusal(400, {"error": f"{field}: {why}"})
