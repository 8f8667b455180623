"""What the people who hold the test phones read on them: text messages that are no probes.

In:  messages that arrived. Out: GET /world/inbox/<receiver>, the newest first:
     {"messages": [{"at", "title", "text"}]}; `at` is when it arrived.
Pages of the local stack are read here: nobody in it has another phone.
"""

from collections import defaultdict, deque
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.contracts import ids
from simulators import calls
from simulators.carriage import Arrival

MOST = 50  # of each phone


class Inbox:
    """Remembers the last messages of each phone, in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[dict[str, Any]]] = defaultdict(lambda: deque(maxlen=MOST))

    def routes(self) -> list[Route]:
        return [calls.route("GET", "/world/inbox/{receiver}", self._tell)]

    def keep(self, arrival: Arrival) -> None:
        """Of the text messages those that name no probe."""
        message, letter = arrival.message, arrival.message.letter
        if message.channel in ("sms", "lms", "mms") and ids.read_nonce(letter.text) is None:
            told = {"at": arrival.at, "title": letter.title, "text": letter.text}
            self._kept[(message.recipient or "").removeprefix("receiver:")].appendleft(told)

    async def _tell(self, request: Request) -> Response:
        kept = self._kept.get(request.path_params["receiver"], ())
        return calls.json({"messages": list(kept)})
