"""The switchboard of the simulated world, for `bongsu break`, scenarios and tests.

In:  HTTP calls on /world/.... Out: faults set and cleared.
Before: an operator or a test. After: `faults.py`. Front ends add switches of their own.

| Call | Does |
| --- | --- |
| GET /world/components | {"components": [...]} |
| GET /world/faults | {"faults": [...]}, those in force |
| PUT /world/faults | one fault (`faults.Fault`, and `for_s` in place of `until`) |
| DELETE /world/faults?component=... | end those of a component (or all), those to come too |
| PUT /world/timetable | {"faults": [...]} with `since` and `until`, in place of an earlier one |

A timetable leaves the faults of PUT /world/faults alone, and they leave it alone.
Errors: 400 or 404 with {"error": one sentence}.
"""

from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import calls
from simulators.calls import Model, Refusal
from simulators.carriage import utc_now
from simulators.config import impossible
from simulators.faults import HISTORY_LIMIT, Fault, FaultBook

log = structlog.get_logger()
switch = calls.route


class Refused(Refusal):
    """The call cannot be done; one sentence why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, {"error": sentence})


class NewFault(Fault):
    for_s: Annotated[float, Field(gt=0)] | None = None


class Timetable(BaseModel):
    """All or nothing: with one impossible fault none is set."""

    model_config = ConfigDict(extra="forbid")
    faults: Annotated[tuple[Fault, ...], Field(max_length=HISTORY_LIMIT)]


class Control:
    def __init__(self, components: tuple[str, ...], faults: FaultBook) -> None:
        self._components, self._faults = components, faults

    def routes(self) -> list[Route]:
        return [
            switch("GET", "/world/components", self._list_components),
            switch("GET", "/world/faults", self._list_faults),
            switch("PUT", "/world/faults", self._put_fault),
            switch("DELETE", "/world/faults", self._clear_faults),
            switch("PUT", "/world/timetable", self._put_timetable),
        ]

    async def _list_components(self, _: Request) -> Response:
        return JSONResponse({"components": list(self._components)})

    async def _list_faults(self, _: Request) -> Response:
        active = self._faults.active(utc_now())
        return JSONResponse({"faults": [fault.model_dump(mode="json") for fault in active]})

    async def _put_fault(self, request: Request) -> Response:
        asked = await read_body(request, NewFault)
        self._check(asked)
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

    async def _put_timetable(self, request: Request) -> Response:
        asked = await read_body(request, Timetable)
        for fault in asked.faults:
            self._check(fault)
        self._faults.follow(asked.faults, utc_now())
        log.info("timetable set", count=len(asked.faults))
        return JSONResponse({"set": len(asked.faults)})

    def _check(self, fault: Fault) -> None:
        self._check_component(fault.component)
        if sentence := impossible(fault.component, fault.state, fault.function):
            raise Refused(400, sentence)

    def _check_component(self, component: str) -> None:
        if component in self._components:
            return
        near = get_close_matches(component, self._components, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else "See GET /world/components."
        raise Refused(404, f"The simulated world has no component {component}. {hint}")


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body of a switch; raises `Refused` with what is wrong in it."""
    return await calls.read_body(
        request,
        model,
        lambda where, words: Refused(400, f"{where}: {words.removeprefix('Value error, ')}."),
        Refused(413, "The body is too large."),
    )
