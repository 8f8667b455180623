"""The switches of SENS beside the faults of the world: modes of an account, the hold switch.

| Call | Does |
| --- | --- |
| PUT /world/sens/<account> | the mode of an account (`sens_gate.SensMode`) |
| GET /world/hold | {"held": n} |
| POST /world/hold, /world/release | calls of SENS get no answer; they are answered again |
| POST /world/deliver | {"count": 10}: the first 10 held messages travel, the rest is lost |
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.control import read_body, switch
from simulators.entry import mode_switch
from simulators.sens_gate import SENS, SensMode
from simulators.sens_hold import Hold


class Delivery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: Annotated[int, Field(ge=0)]


def routes(held_calls: Hold, modes: dict[str, SensMode]) -> list[Route]:
    """The switches of the front end; `modes` are by account."""

    async def held(_: Request) -> Response:
        return JSONResponse({"held": held_calls.count})

    async def hold(request: Request) -> Response:
        held_calls.hold()
        return await held(request)

    async def release(_: Request) -> Response:
        return JSONResponse({"carried": held_calls.release()})

    async def deliver(request: Request) -> Response:
        carried, dropped = held_calls.deliver((await read_body(request, Delivery)).count)
        return JSONResponse({"carried": carried, "dropped": dropped})

    return [
        mode_switch(SENS, modes, SensMode),
        switch("GET", "/world/hold", held),
        switch("POST", "/world/hold", hold),
        switch("POST", "/world/release", release),
        switch("POST", "/world/deliver", deliver),
    ]
