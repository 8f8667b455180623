"""Where a call to a provider meets the faults of the world: it may get a no, or no answer at all.

In:  a call, the message it hands in. Out: nothing, as late as the API answers; or the answer's
     `Refusal`.
Before: a front end knows who calls (`Call`). After: it keeps the message and lets it set out.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import uuid4

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.calls import Refusal, json
from simulators.carriage import Carriage, LiveWorld, Overloaded
from simulators.config import AccountConfig, SenderConfig
from simulators.control import Refused, read_body, switch
from simulators.faults import State
from simulators.journey import Answer, Letter, Message, chance_of

Mode = TypeVar("Mode", bound=BaseModel)


@dataclass(frozen=True)
class Call(Generic[Mode]):
    """An authentic call: who makes it, for which kind and service, when. `mode`: how the front end
    treats the account, beside the faults; `phones`: who has a number."""

    kind: str
    account: AccountConfig
    service_id: str
    mode: Mode
    now: datetime
    phones: Mapping[str, str]

    def message(
        self, sender: SenderConfig, channel: str, to: str, letter: Letter, **more: Any
    ) -> Message:
        """A message of this call to a number; `more` are its further fields."""
        return Message(
            id=str(uuid4()),
            channel=channel,
            provider=f"provider:{self.account.provider}",
            account=f"account:{self.account.id}",
            sender=sender.sender,
            body=f"body:{sender.body}",
            recipient=self.phones.get(to),
            chance=chance_of(letter.text),
            letter=letter,
            **more,
        )


def mode_switch(provider: str, modes: dict[str, Mode], model: type[Mode]) -> Route:
    """PUT /world/<provider>/<account> sets the mode of an account."""

    async def put(request: Request) -> Response:
        account = request.path_params["account"]
        if account not in modes:
            known = ", ".join(modes)
            raise Refused(404, f"{provider.upper()} has no account {account}; it has: {known}.")
        modes[account] = await read_body(request, model)
        return json(modes[account].model_dump(mode="json"))

    return switch("PUT", f"/world/{provider}/{{account}}", put)


@dataclass(frozen=True)
class Refusals:
    """How a provider says no: the gateway gives up, too much at once, a component refuses."""

    timeout: Refusal
    full: Refusal
    by: Callable[[str], Refusal]


class Entry:
    """The API of one provider, as the faults of the world let it answer."""

    def __init__(
        self, live: LiveWorld, carriage: Carriage, refusals: Refusals, unanswered_s: float
    ) -> None:
        self._live, self._carriage, self._refusals = live, carriage, refusals
        self._unanswered_s = unanswered_s
        self._unanswered: set[asyncio.Timeout] = set()

    async def look_up(self, request: Request, *components: str) -> None:
        """A look-up meets those faults of the components that hit everybody."""
        met = self._live.meets(*components)
        if met is not None and met.state is State.DOWN:
            await self._stay_silent(request)
        if met is not None and met.state is State.REFUSING:
            raise self._refusals.by(met.component)

    async def send(self, request: Request, message: Message, at: datetime, count: int = 1) -> None:
        """A call with `count` messages shares the fate of its first."""
        try:
            self._carriage.check_room(count)
        except Overloaded:
            raise self._refusals.full from None
        journey = self._live.send(message, at)
        if journey.answer is Answer.SILENT:
            await self._stay_silent(request)
        await asyncio.sleep(((journey.answered_at or at) - at).total_seconds())
        if journey.refused_by is not None:
            raise self._refusals.by(journey.refused_by)

    async def _stay_silent(self, request: Request) -> None:
        """Keep the connection without an answer until the caller or the gateway gives up."""
        try:
            async with asyncio.timeout(self._unanswered_s) as deadline:
                self._unanswered.add(deadline)
                while (await request.receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            pass
        finally:
            self._unanswered.discard(deadline)
        raise self._refusals.timeout

    def stop(self) -> None:
        """End all silence, so that the process can stop at once."""
        for deadline in self._unanswered:
            deadline.reschedule(asyncio.get_running_loop().time())
