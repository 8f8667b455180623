"""`bongsu break` and `bongsu repair`: faults of the simulated outside world, local stack only."""

import re
from typing import Annotated

import aiohttp
import typer

from services.cli.context import DATA, INVALID, UNREACHABLE, Context, Data, context, fail, run
from services.runtime.errors import Retry

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}

Component = Annotated[str, typer.Argument(help="for example platform:kakaotalk or carrier:skt")]


def break_(
    component: Component,
    state: Annotated[str, typer.Option(help="down, degraded, delayed, lossy, refusing …")] = "down",
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
    run(_call(context(data), "PUT", json=fault))
    typer.echo(
        f"{component} is {state}" + (f" for {lasts}" if lasts else "; `bongsu repair` ends it")
    )


def repair(component: Component, data: Data = DATA) -> None:
    """End every fault of a component.

    Example: bongsu repair platform:kakaotalk
    """
    run(_call(context(data), "DELETE", params={"component": component}))
    typer.echo(f"{component} works again")


def seconds(span: str) -> float:
    """`90s`, `10m` or `2h` in seconds; ends the command with a sentence for anything else."""
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        fail(f"{span!r} is no span of time: write 90s, 10m or 2h", 2)
    return float(match.group(1)) * _SECONDS[match.group(2)]


async def _call(
    where: Context, method: str, json: object = None, params: dict[str, str] | None = None
) -> None:
    if where.simulators is None:
        fail("faults exist in a local stack only: start one with `bongsu up`", UNREACHABLE)
    url = f"{where.simulators}/world/faults"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.request(method, url, json=json, params=params) as response,
        ):
            if response.status >= 400:
                fail((await response.text()).strip(), INVALID)
    except (aiohttp.ClientError, TimeoutError):
        raise Retry("simulators", "the simulated world does not answer") from None
