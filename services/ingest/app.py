"""The public port: receipts of test handsets over HTTP, and the page at which documents open
(`page.py`). Ops endpoints are on another port.

In:  `POST /v1/receipts/<app>/<receiver>`, JSON, at most 64 KiB, uncompressed. Out: 202
     (SmsForwarder: 200) once Kafka has it, 401 without detail, 503 when the phone shall repeat.
Before: the phone. After: `receive.py`. How long a request may take to arrive is `runtime/serve`.
"""

import time

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
from services.runtime.errors import Refuse, Retry

LARGEST_BODY = 64 * 1024
RETRY_AFTER_S = 5
REFUSALS_LOGGED_EVERY_S = 10.0
_log = structlog.get_logger()


def create(
    receipts: Receipts, apps: list[Observes], openings: Openings, metrics: Metrics
) -> Starlette:
    """The application with one route for each app, and the page."""
    doors = [_Door(app, receipts, metrics) for app in apps]
    return Starlette(
        routes=[
            Route(f"/v1/receipts/{door.app.kind}/{{receiver}}", door.answer, methods=["POST"])
            for door in doors
        ]
        + [page.route(openings, metrics)]
    )


class _Door:
    """One app's endpoint."""

    def __init__(self, app: Observes, receipts: Receipts, metrics: Metrics) -> None:
        self.app, self._receipts, self._metrics = app, receipts, metrics
        self._logged = float("-inf")

    async def answer(self, request: Request) -> Response:
        """Take in, count, answer."""
        began = time.monotonic()
        result, response = await self._take(request)
        labels = (str(self.app.kind), str(result))
        self._metrics.requests.labels(*labels).inc()
        self._metrics.seconds.labels(*labels).observe(time.monotonic() - began)
        if response.status_code in (401, 413):
            self._log_refusal(response.status_code, result)
        return response

    async def _take(self, request: Request) -> tuple[Result, Response]:
        try:
            incoming = Incoming(dict(request.headers), await _body(request))
            receiver = str(request.path_params["receiver"])
            result = await self._receipts.receive(self.app, receiver, incoming)
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
        return result, JSONResponse({"bongsu": "queued"}, status_code=self.app.status)

    def _log_refusal(self, status: int, result: Result) -> None:
        # A flood of strangers must not become a flood of lines; the counter has every one.
        if time.monotonic() - self._logged >= REFUSALS_LOGGED_EVERY_S:
            self._logged = time.monotonic()
            _log.warning("receipt refused", kind=self.app.kind, status=status, reason=result)


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
