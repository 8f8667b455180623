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
    median: Annotated[
        str | None, typer.Option("--delay-median", help="of delayed and degraded: 60s if not given")
    ] = None,
    p95: Annotated[
        str | None, typer.Option("--delay-p95", help="of delayed and degraded: 300s if not given")
    ] = None,
    factor: Annotated[
        float | None, typer.Option(help="of loaded: times the usual latency, 2 if not given")
    ] = None,
    data: Data = DATA,
) -> None:
    """Break a component of the simulated world.

    Example: bongsu break platform:kakaotalk --for 10m

    Example: bongsu break carrier:kt --state delayed --delay-median 2m --delay-p95 9m

    Example: bongsu break provider:sens --state loaded --factor 2.6 --share 0.5

    Example: bongsu break worker:w1 (body:geoje, site:seoul, observer:skt-01/smsforwarder …)
    """
    delay = {name: seconds(given) for name, given in (("median", median), ("p95", p95)) if given}
    fault = {
        "component": component, "state": state, "share": share, "function": function,
        **({"delay_s": delay} if delay else {}),
        **({"factor": factor} if factor is not None else {}),
        **({"for_s": seconds(lasts)} if lasts is not None else {}),
    }  # fmt: skip
    asyncio.run(ask_world(_world(data), "PUT", "faults", json=fault))
    end = f" for {lasts}" if lasts else f"; `bongsu repair {component}` ends it"
    typer.echo(f"{component} is {state}{end}")


def repair(component: Component, data: Data = DATA) -> None:
    """End every fault of a component, those too that a scenario has in store for it.

    Example: bongsu repair platform:kakaotalk
    """
    asyncio.run(ask_world(_world(data), "DELETE", "faults", params={"component": component}))
    typer.echo(f"{component} works again")


def _world(data: Path) -> str:
    world = context(data).simulators
    if world is None:
        fail("faults exist in a local stack only: start one with `bongsu up`", UNREACHABLE)
    return world


async def ask_world(world: str, method: str, path: str, **what: Any) -> Any:
    """A call to the switchboard of the simulated world; its answer. Ends the command with one
    sentence when it says no, or nothing."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.request(method, f"{world}/world/{path}", **what) as response,
        ):
            answer = await response.json()
            if response.status >= 400:
                fail(answer["error"], INVALID)
            return answer
    except (aiohttp.ClientError, TimeoutError):
        fail("the simulated world does not answer", UNREACHABLE)
