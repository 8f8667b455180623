"""Health and metrics on the ops port: `/livez`, `/readyz`, `/metrics`. Never on a public port.

Each loop stamps its turn. Ready: every stamp and dependency at most 10 s old, every tail caught up.
Alive: no loop without a turn for 60 s.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

READY_WITHIN_S = 10.0
ALIVE_WITHIN_S = 60.0
_log = structlog.get_logger()


@dataclass
class Health:
    """What the loops and clients of this process last said of themselves (monotonic seconds)."""

    clock: Callable[[], float] = time.monotonic
    _turns: dict[str, float] = field(default_factory=dict)
    _answers: dict[str, float | None] = field(default_factory=dict)
    _waiting: dict[str, str] = field(default_factory=dict)
    _away: set[str] = field(default_factory=set)

    def turn(self, loop: str) -> None:
        """A loop went round once more."""
        self._turns[loop] = self.clock()

    def needs(self, dependency: str) -> None:
        """Not ready before this dependency has answered for the first time."""
        self._answers.setdefault(dependency, None)

    def answered(self, dependency: str) -> None:
        """A dependency answered just now."""
        self._answers[dependency] = self.clock()
        if dependency in self._away:
            self._away.discard(dependency)
            _log.info("dependency is back", dependency=dependency)

    def silent(self, dependency: str, why: str = "") -> None:
        """A dependency is away: not ready from now on until it answers. One log line a change."""
        self._answers[dependency] = None
        if dependency not in self._away:
            self._away.add(dependency)
            _log.warning("dependency is away", dependency=dependency, reason=why)

    def waits(self, tail: str, why: str | None) -> None:
        """A tail that has not caught up says why; None when it has."""
        if why is None:
            self._waiting.pop(tail, None)
        else:
            self._waiting[tail] = why

    def not_ready(self) -> dict[str, str]:
        """Why the process is not ready, by name; empty when it is."""
        now = self.clock()
        late = {n: "no turn" for n, at in self._turns.items() if now - at > READY_WITHIN_S}
        away = {
            n: "no answer"
            for n, at in self._answers.items()
            if at is None or now - at > READY_WITHIN_S
        }
        return late | away | self._waiting

    def dead(self) -> dict[str, str]:
        """Loops without a turn for so long that only a restart helps."""
        now = self.clock()
        return {n: "no turn" for n, at in self._turns.items() if now - at > ALIVE_WITHIN_S}


def app(health: Health, registry: CollectorRegistry, more: Sequence[Route] = ()) -> Starlette:
    """The ops endpoints of one process; `more`: what it answers besides, inside."""

    async def livez(_: Request) -> Response:
        return _verdict(health.dead())

    async def readyz(_: Request) -> Response:
        return _verdict(health.not_ready())

    async def metrics(request: Request) -> Response:
        # OpenMetrics, which alone carries exemplars, where it is asked for.
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": kind})

    routes = [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
    return Starlette(routes=[*routes, *more])


def _verdict(complaints: dict[str, str]) -> Response:
    return JSONResponse(complaints or {"ok": "yes"}, status_code=503 if complaints else 200)
