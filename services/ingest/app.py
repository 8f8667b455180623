"""The public port: receipts of test handsets, webhooks of providers, and the page at which
documents open (`page.py`). Ops endpoints are on another port.

In:  `POST /v1/receipts/<app>/<receiver>`, `/reports/<adapter>/<account>`, `/proofs/<path>`: JSON,
     at most 64 KiB, of a provider 1 MiB (the results of citizens' messages come along),
     uncompressed.
     Out: 202 (SmsForwarder: 200) once Kafka has it, 401 without detail, 503 when the sender shall
     repeat.
Before: phone, provider, a system that is paged. After: `receive.py`, `webhooks.py`, `returned.py`.
How long a request may take to arrive is `runtime/serve`.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.ingest import page
from services.ingest.metrics import Metrics, Result
from services.ingest.opened import Openings
from services.ingest.receive import Receipts
from services.ingest.receivers.base import Incoming, Observes
from services.ingest.returned import Returns
from services.ingest.webhooks import Webhooks
from services.runtime.errors import Refuse, Retry, Stop
from services.runtime.incoming import body_of

LARGEST_RECEIPT, LARGEST_REPORT = 64 * 1024, 1024 * 1024
RETRY_AFTER_S = 5
LOGGED_EVERY_S = 10.0
_log = structlog.get_logger()


def create(
    receipts: Receipts,
    apps: list[Observes],
    webhooks: Webhooks,
    returns: Returns,
    openings: Openings,
    metrics: Metrics,
) -> Starlette:
    """One door for each app and each adapter that reads reports, one for proofs, and the page."""
    receipt = partial(_Door, "receipt", LARGEST_RECEIPT, metrics)
    report = partial(_Door, "report", LARGEST_REPORT, metrics)
    doors = {
        f"/v1/receipts/{app.kind}": receipt(app.kind, partial(receipts.receive, app), app.status)
        for app in apps
    } | {
        f"/reports/{name}": report(name, partial(webhooks.receive, name))
        for name in webhooks.adapters
    }
    doors["/proofs"] = _Door("proof", LARGEST_RECEIPT, metrics, "proof", returns.receive)
    routes = [Route(path + "/{who}", door.answer, methods=["POST"]) for path, door in doors.items()]
    return Starlette(routes=[*routes, page.route(openings, metrics)])


@dataclass(slots=True)
class _Door:
    """One endpoint: `receive` gets who posts, by the path, and what (`largest` bytes at most);
    `status` says that it is taken."""

    what: str
    largest: int
    metrics: Metrics
    kind: str
    receive: Callable[[str, Incoming], Awaitable[Result]]
    status: int = 202
    logged: dict[str, float] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        """Take in, count, answer."""
        began = time.monotonic()
        result, response = await self._take(request)
        labels = (self.kind, str(result))
        self.metrics.requests.labels(*labels).inc()
        self.metrics.seconds.labels(*labels).observe(time.monotonic() - began)
        status = response.status_code
        if status in (401, 413) and self._is_news("refused"):
            _log.warning(f"{self.what} refused", kind=self.kind, status=status, reason=result)
        return response

    async def _take(self, request: Request) -> tuple[Result, Response]:
        who = str(request.path_params["who"])
        try:
            incoming = Incoming(dict(request.headers), await body_of(request, self.largest))
            result = await self.receive(who, incoming)
        except HTTPException as unfit:
            # The rest of the body is not wanted: the connection ends with the answer.
            close = {"Connection": "close"}
            return Result.INVALID, Response(status_code=unfit.status_code, headers=close)
        except ClientDisconnect:
            return Result.INVALID, Response(status_code=400)
        except Refuse as error:
            return Result(error.reason), Response(status_code=401)
        except (Retry, Stop) as error:
            # Stop: our own fault, which a person can mend while the sender keeps its word.
            if isinstance(error, Stop) and self._is_news(who):
                _log.error(f"{self.what} cannot be verified", who=who, reason=str(error))
            later = {"Retry-After": str(RETRY_AFTER_S)}
            return Result.UNAVAILABLE, Response(status_code=503, headers=later)
        return result, JSONResponse({"bongsu": "queued"}, status_code=self.status)

    def _is_news(self, about: str) -> bool:
        """A flood of requests must not become a flood of lines; the counter has every one."""
        now = time.monotonic()
        if now - self.logged.get(about, -LOGGED_EVERY_S) < LOGGED_EVERY_S:
            return False
        self.logged[about] = now
        return True
