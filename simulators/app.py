"""The one process of the outside world: all front ends and handsets around one `World`.

In:  `SimulatorConfig`. Out: a running HTTP server and running handsets, until asked to stop.
Before: `__main__.py`. After: everything else in this package.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.carriage import Carriage, LiveWorld
from simulators.config import SimulatorConfig, build_world, components
from simulators.control import Control
from simulators.control_room import ControlRoom
from simulators.faults import FaultBook
from simulators.front import FrontEnd, Serves, discover
from simulators.handsets import Phones
from simulators.proxy import Proxy
from simulators.rooms import post
from simulators.webhooks import Webhooks

GRACE_S = 1  # for calls under way when the process is to stop


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's own business: it may run this beside other things."""
        yield


async def run(config: SimulatorConfig, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve on the listening socket until `stop` is set; then end within `GRACE_S` and a bit."""
    live = LiveWorld(build_world(config), FaultBook())
    handsets = Phones(config, live)
    carriage = Carriage(live, handsets)
    providers = {account.provider for account in config.accounts}
    found = [kind for name, kind in discover().items() if name in providers]
    front_ends = [kind(config, live, carriage) for kind in found]
    control = Control(components(config), live.faults)
    own = [Route("/healthz", _healthy), Route(config.control_path, _reachable)]
    back = Webhooks(config.ingest_url)
    own += [*ControlRoom(back, config.proofs).routes(), *handsets.inbox.routes()]
    apis = [route for front_end in front_ends for route in front_end.routes()]
    app = Starlette(routes=[*apis, *control.routes(), *own])
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    async with asyncio.TaskGroup() as tasks:
        phones = tasks.create_task(handsets.run(), name="handsets")
        posters = [tasks.create_task(post(room, carriage)) for room in config.rooms]
        host = listener.getsockname()[0]
        proxies = [tasks.create_task(Proxy(w, live.faults, host).run()) for w in config.workers]
        tasks.create_task(_stop(server, front_ends, stop), name="stop")
        tasks.create_task(back.serve(stop), name="proofs")
        for front_end in front_ends:
            if isinstance(front_end, Serves):
                tasks.create_task(front_end.serve(stop), name=front_end.provider)
        await server.serve(sockets=[listener])
        stop.set()
        for task in (*posters, *proxies):
            task.cancel()
        await carriage.close()
        phones.cancel()


async def _stop(
    server: uvicorn.Server, front_ends: Sequence[FrontEnd], stop: asyncio.Event
) -> None:
    await stop.wait()
    for front_end in front_ends:
        front_end.stop()
    server.should_exit = True


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _reachable(_: Request) -> Response:
    """The control address: a worker that gets this answer has a network."""
    return Response(status_code=204)
