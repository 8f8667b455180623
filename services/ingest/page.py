"""The page at which an e-document opens: `GET /edoc/<account>/<receiver>/<ticket>?…`.

In:  a visit of a phone's browser. Out: a small page, 200 once Kafka and the provider have it, 403
     for a forged link or a used token, 503 when the person shall try again.
Before: the person opened the document. After: `opened.py`.
The page says nothing of anybody, is kept nowhere, and tells no other site where it was.
"""

import time

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.contracts import links
from services.ingest.metrics import Metrics, Result
from services.ingest.opened import Openings
from services.runtime.errors import Refuse, Retry

KIND = "page"
LARGEST_QUERY = 1_024
RETRY_AFTER_S = 10
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><title>봉수 전달 점검</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>봉수 전달 점검</h1><p>{ko}</p><p lang="en">{en}</p></body></html>
"""
_WORDS = {
    200: (
        "시험 문서를 열어 보신 것을 확인했습니다. 더 하실 일은 없습니다.",
        "This was a test document. Its opening is recorded; nothing else is to be done.",
    ),
    403: (
        "이 주소로는 문서를 열 수 없습니다. 카카오톡에서 문서를 다시 열어 주십시오.",
        "No document opens at this address. Please open it again from KakaoTalk.",
    ),
    503: (
        "지금은 확인할 수 없습니다. 잠시 뒤에 새로 고치거나 카카오톡에서 다시 열어 주십시오.",
        "This cannot be checked now. Please reload in a moment, or open it again from KakaoTalk.",
    ),
}


def route(openings: Openings, metrics: Metrics) -> Route:
    """The one route of documents."""

    async def answer(request: Request) -> Response:
        began = time.monotonic()
        result, status = await _visit(request, openings)
        labels = (KIND, str(result))
        metrics.requests.labels(*labels).inc()
        metrics.seconds.labels(*labels).observe(time.monotonic() - began)
        return _page(status)

    return Route(links.PATH, answer, methods=["GET"])


async def _visit(request: Request, openings: Openings) -> tuple[Result, int]:
    # A HEAD is some preview's and no person's: it must not use up the token.
    if request.method != "GET":
        return Result.INVALID, 405
    if len(request.scope["query_string"]) > LARGEST_QUERY:
        return Result.INVALID, 414
    at = request.path_params
    try:
        await openings.open(at["account"], at["receiver"], at["ticket"], dict(request.query_params))
    except Refuse as error:
        return Result(error.reason), 403
    except Retry:
        return Result.UNAVAILABLE, 503
    return Result.ACCEPTED, 200


def _page(status: int) -> Response:
    if status not in _WORDS:
        return Response(status_code=status)
    ko, en = _WORDS[status]
    later = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return HTMLResponse(_PAGE.format(ko=ko, en=en), status, _HEADERS | later)
