"""`bongsu break` and `bongsu repair`: faults of the simulated outside world, local stack only."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer

from services.cli.context import DATA, INVALID, UNREACHABLE, Data, context, fail, seconds
from simulators.faults import State

Component = Annotated[str, typer.Argument(help="for example platform:kakaotalk or carrier:skt")]


def break_(
    component: Component,
    state: Annotated[State, typer.Option(help="what is wrong with it")] = State.DOWN,
    share: Annotated[float, typer.Option(min=0, max=1, help="fraction that is hit")] = 1.0,
    lasts: Annotated[str | None, typer.Option("--for", help="such as 90s or 10m")] = None,
    function: Annotated[str | None, typer.Option(help="one function, such as alimtalk")] = None,
    data: Data = DATA,
) -> None:
    """Break a component of the simulated world.

    Example: bongsu break platform:kakaotalk --for 10m
    """
    fault = {"component": component, "state": state, "share": share, "function": function}
    if lasts is not None:
        fault["for_s"] = seconds(lasts)
    asyncio.run(_call(data, "PUT", json=fault))
    end = f" for {lasts}" if lasts else f"; `bongsu repair {component}` ends it"
    typer.echo(f"{component} is {state}{end}")


def repair(component: Component, data: Data = DATA) -> None:
    """End every fault of a component.

    Example: bongsu repair platform:kakaotalk
    """
    asyncio.run(_call(data, "DELETE", params={"component": component}))
    typer.echo(f"{component} works again")


async def _call(data: Path, method: str, **what: Any) -> None:
    world = context(data).simulators
    if world is None:
        fail("faults exist in a local stack only: start one with `bongsu up`", UNREACHABLE)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.request(method, f"{world}/world/faults", **what) as response,
        ):
            if response.status >= 400:
                fail((await response.json())["error"], INVALID)
    except (aiohttp.ClientError, TimeoutError):
        fail("the simulated world does not answer", UNREACHABLE)
