"""The public port: receipts of test handsets, webhooks of providers, and the page at which
documents open (`page.py`). Ops endpoints are on another port.

In:  `POST /v1/receipts/<app>/<receiver>`, `POST /reports/<adapter>/<account>`: JSON, at most
     64 KiB, uncompressed. Out: 202 (SmsForwarder: 200) once Kafka has it, 401 without detail, 503
     when the sender shall repeat.
Before: phone, provider. After: `receive.py`, `webhooks.py`. How long a request may take to arrive
is `runtime/serve`.
"""

import time
from collections.abc import Awaitable, Callable
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
from services.ingest.webhooks import Webhooks
from services.runtime.errors import Refuse, Retry

LARGEST_BODY = 64 * 1024
RETRY_AFTER_S = 5
REFUSALS_LOGGED_EVERY_S = 10.0
_log = structlog.get_logger()


def create(
    receipts: Receipts,
    apps: list[Observes],
    webhooks: Webhooks,
    openings: Openings,
    metrics: Metrics,
) -> Starlette:
    """The application with one route for each app and each adapter that reads reports, and the
    page."""
    phones = [
        _Door("receipt", app.kind, partial(receipts.receive, app), metrics, app.status).route(
            f"/v1/receipts/{app.kind}"
        )
        for app in apps
    ]
    providers = [
        _Door("report", name, partial(webhooks.receive, name), metrics).route(f"/reports/{name}")
        for name in webhooks.adapters
    ]
    return Starlette(routes=[*phones, *providers, page.route(openings, metrics)])


class _Door:
    """One endpoint: `receive` gets who posts, by the path, and what; `status` says that it is
    taken."""

    def __init__(
        self,
        what: str,
        kind: str,
        receive: Callable[[str, Incoming], Awaitable[Result]],
        metrics: Metrics,
        status: int = 202,
    ) -> None:
        self._what, self._kind, self._receive = what, kind, receive
        self._metrics, self._status = metrics, status
        self._logged = float("-inf")

    def route(self, path: str) -> Route:
        """Under this path."""
        return Route(f"{path}/{{who}}", self.answer, methods=["POST"])

    async def answer(self, request: Request) -> Response:
        """Take in, count, answer."""
        began = time.monotonic()
        result, response = await self._take(request)
        labels = (self._kind, str(result))
        self._metrics.requests.labels(*labels).inc()
        self._metrics.seconds.labels(*labels).observe(time.monotonic() - began)
        if response.status_code in (401, 413):
            self._log_refusal(response.status_code, result)
        return response

    async def _take(self, request: Request) -> tuple[Result, Response]:
        try:
            incoming = Incoming(dict(request.headers), await _body(request))
            result = await self._receive(str(request.path_params["who"]), incoming)
        except HTTPException as unfit:
            # The rest of the body is not wanted: the connection ends with the answer.
            close = {"Connection": "close"}
            return Result.INVALID, Response(status_code=unfit.status_code, headers=close)
        except ClientDisconnect:
            return Result.INVALID, Response(status_code=400)
        except Refuse as error:
            return Result(error.reason), Response(status_code=401)
        except Retry:
            later = {"Retry-After": str(RETRY_AFTER_S)}
            return Result.UNAVAILABLE, Response(status_code=503, headers=later)
        return result, JSONResponse({"bongsu": "queued"}, status_code=self._status)

    def _log_refusal(self, status: int, result: Result) -> None:
        # A flood of strangers must not become a flood of lines; the counter has every one.
        if time.monotonic() - self._logged >= REFUSALS_LOGGED_EVERY_S:
            self._logged = time.monotonic()
            _log.warning(f"{self._what} refused", kind=self._kind, status=status, reason=result)


async def _body(request: Request) -> bytes:
    """The raw body. Raises HTTPException for what is not plain JSON of a decent size."""
    headers = request.headers
    if "content-length" in headers and "transfer-encoding" in headers:
        raise HTTPException(400)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)
    declared = headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()):
        raise HTTPException(400)
    if len(declared) > 9 or int(declared) > LARGEST_BODY:
        raise HTTPException(413)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise HTTPException(413)
    return bytes(body)
