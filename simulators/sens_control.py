"""The switches of SENS beside the faults of the world: modes of an account, the hold switch.

| Call | Does |
| --- | --- |
| PUT /world/sens/<account> | the mode of an account (`sens_gate.SensMode`) |
| GET /world/hold | {"held": n} |
| POST /world/hold, /world/release | calls of SENS get no answer; they are answered again |
| POST /world/deliver | {"count": 10}: the first 10 held messages travel, the rest is lost |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.control import Refused, read_body, switch
from simulators.sens_gate import SensMode

if TYPE_CHECKING:
    from simulators.sens import Sens


class Delivery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: Annotated[int, Field(ge=0)]


class SensControl:
    def __init__(self, sens: Sens) -> None:
        self._sens = sens

    def routes(self) -> list[Route]:
        return [
            switch("PUT", "/world/sens/{account}", self._mode),
            switch("GET", "/world/hold", self._held),
            switch("POST", "/world/hold", self._hold),
            switch("POST", "/world/release", self._release),
            switch("POST", "/world/deliver", self._deliver),
        ]

    async def _mode(self, request: Request) -> Response:
        account, modes = request.path_params["account"], self._sens.gate.modes
        if account not in modes:
            raise Refused(404, f"SENS has no account {account}; it has: {', '.join(modes)}.")
        modes[account] = await read_body(request, SensMode)
        return JSONResponse(modes[account].model_dump(mode="json"))

    async def _held(self, _: Request) -> Response:
        return JSONResponse({"held": self._sens.held})

    async def _hold(self, _: Request) -> Response:
        self._sens.hold()
        return JSONResponse({"held": self._sens.held})

    async def _release(self, _: Request) -> Response:
        return JSONResponse({"carried": self._sens.release()})

    async def _deliver(self, request: Request) -> Response:
        carried, dropped = self._sens.deliver((await read_body(request, Delivery)).count)
        return JSONResponse({"carried": carried, "dropped": dropped})
