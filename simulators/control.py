"""The switchboard of the simulated world, for `bongsu break`, scenarios and tests.

In:  HTTP calls on /world/.... Out: faults set and cleared, modes of SENS, the hold switch.
Before: an operator or a test. After: `faults.py`, `sens.py`.

| Call | Does |
| --- | --- |
| GET /world/components | {"components": [...]} |
| GET /world/faults | {"faults": [...]}, those in force |
| PUT /world/faults | one fault (`faults.Fault`, and `for_s` in place of `until`) |
| DELETE /world/faults?component=... | end the faults of a component, without it all |
| PUT /world/sens/<account> | the mode of an account (`sens_gate.SensMode`) |
| GET /world/hold | {"held": n} |
| POST /world/hold, /world/release | calls of SENS get no answer; they are answered again |
| POST /world/deliver | {"count": 10}: the first 10 held messages travel, the rest is lost |

Errors: 400 or 404 with {"error": one sentence}.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.carriage import utc_now
from simulators.config import impossible
from simulators.faults import Fault, FaultBook
from simulators.sens import Sens
from simulators.sens_gate import SensMode

log = structlog.get_logger()
Model = TypeVar("Model", bound=BaseModel)


class Refused(Exception):
    """The call cannot be done; one sentence why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class NewFault(Fault):
    for_s: Annotated[float, Field(gt=0)] | None = None


class Delivery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: Annotated[int, Field(ge=0)]


class Control:
    def __init__(self, components: tuple[str, ...], faults: FaultBook, sens: Sens) -> None:
        self._components, self._faults, self._sens = components, faults, sens

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/world/components", self._list_components),
            ("GET", "/world/faults", self._list_faults),
            ("PUT", "/world/faults", self._put_fault),
            ("DELETE", "/world/faults", self._clear_faults),
            ("PUT", "/world/sens/{account}", self._mode),
            ("GET", "/world/hold", self._held),
            ("POST", "/world/hold", self._hold),
            ("POST", "/world/release", self._release),
            ("POST", "/world/deliver", self._deliver),
        ]
        return [Route(path, _answering(call), methods=[method]) for method, path, call in table]

    async def _list_components(self, _: Request) -> Response:
        return JSONResponse({"components": list(self._components)})

    async def _list_faults(self, _: Request) -> Response:
        active = self._faults.active(utc_now())
        return JSONResponse({"faults": [fault.model_dump(mode="json") for fault in active]})

    async def _put_fault(self, request: Request) -> Response:
        asked = await _body(request, NewFault)
        self._check_component(asked.component)
        sentence = impossible(asked.component, asked.state, asked.function)
        if sentence is not None:
            raise Refused(400, sentence)
        now = utc_now()
        until = now + timedelta(seconds=asked.for_s) if asked.for_s else asked.until
        fault = Fault(**(asked.model_dump(exclude={"for_s"}) | {"until": until}))
        started = self._faults.put(fault, now)
        log.info("fault set", component=fault.component, state=fault.state, share=fault.share)
        return JSONResponse(started.model_dump(mode="json"))

    async def _clear_faults(self, request: Request) -> Response:
        component = request.query_params.get("component")
        if component is not None:
            self._check_component(component)
        cleared = self._faults.clear(component, utc_now())
        log.info("faults cleared", component=component or "all", count=cleared)
        return JSONResponse({"cleared": cleared})

    def _check_component(self, component: str) -> None:
        if component in self._components:
            return
        near = get_close_matches(component, self._components, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else "See GET /world/components."
        raise Refused(404, f"The simulated world has no component {component}. {hint}")

    async def _mode(self, request: Request) -> Response:
        account, modes = request.path_params["account"], self._sens.gate.modes
        if account not in modes:
            raise Refused(404, f"SENS has no account {account}; it has: {', '.join(modes)}.")
        modes[account] = await _body(request, SensMode)
        return JSONResponse(modes[account].model_dump(mode="json"))

    async def _held(self, _: Request) -> Response:
        return JSONResponse({"held": self._sens.held})

    async def _hold(self, _: Request) -> Response:
        self._sens.hold()
        return JSONResponse({"held": self._sens.held})

    async def _release(self, _: Request) -> Response:
        return JSONResponse({"carried": self._sens.release()})

    async def _deliver(self, request: Request) -> Response:
        carried, dropped = self._sens.deliver((await _body(request, Delivery)).count)
        return JSONResponse({"carried": carried, "dropped": dropped})


def _answering(
    call: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await call(request)
        except Refused as error:
            return JSONResponse({"error": str(error)}, status_code=error.status)

    return endpoint


async def _body(request: Request, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Refused(400, f"{where}: {first['msg']}.") from None
