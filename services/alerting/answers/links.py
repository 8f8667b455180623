"""The port of acknowledgement links: `/a/<token>`, and nothing else.

In:  GET shows what a page is about, POST acknowledges its incidents. Out: a page for one thumb;
     200 shown or done, 404 no such link, 409 used already, over or broken anew, 410 expired, 503.
Before: `paging/dispatch.py` sent the link. After: rows of `incident_ack`, `incident_action` and
`audit` in one transaction; the leader adds a line to the timelines at its next tick.
Nothing here needs a leader. A preview of a link (GET, HEAD) acknowledges nothing. The token is in
the address: it reaches no log and no other site.
"""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.alerting.answers import words
from services.alerting.answers.state import Found, State, judged
from services.alerting.database import session
from services.alerting.metrics import Metrics
from services.runtime.errors import Retry
from services.runtime.incoming import FORM, body_of
from services.storage import incidents, pages, people
from services.storage.pool import Connection, Pool

LARGEST_FORM, LONGEST_TOKEN, LARGEST_QUERY = 4 * 1024, 64, 64
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # as `people.new_secret` makes them
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{words.STYLE_HASH}'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
}


_STATUS = {
    State.UNKNOWN: 404, State.EXPIRED: 410, State.OTHER: 409, State.AWAY: 503,
}  # fmt: skip
_TOO_LATE = (State.USED, State.OVER, State.EARLIER)


def app(pool: Pool, metrics: Metrics) -> Starlette:
    """Everything that is answered on this port."""

    async def answer(request: Request) -> Response:
        found, state = await _asked(request, pool)
        metrics.answers.labels("link", state).inc()
        status = 409 if request.method == "POST" and state in _TOO_LATE else _STATUS.get(state, 200)
        language = words.chosen(request.query_params.get("lang"), found and found.spoken.language)
        return HTMLResponse(_page(found, state, language), status, _HEADERS)

    async def nothing(request: Request, error: Exception) -> Response:
        # No word of what would be answered; the rest of a body is not wanted.
        status = error.status_code if isinstance(error, HTTPException) else 404
        status = 404 if status == 405 else status
        return Response(status_code=status, headers={"Connection": "close"})

    door = Route("/a/{token}", answer, methods=["GET", "POST"])
    made = Starlette(routes=[door], exception_handlers={HTTPException: nothing})
    made.router.redirect_slashes = False
    return made


async def _asked(request: Request, pool: Pool) -> tuple[Found | None, State]:
    secret = str(request.path_params["token"])
    if len(secret) > LONGEST_TOKEN or len(request.scope["query_string"]) > LARGEST_QUERY:
        raise HTTPException(404)
    of_page = await _form(request) if request.method == "POST" else None
    if not _TOKEN.fullmatch(secret):
        return None, State.UNKNOWN  # what scanners try costs Postgres nothing
    try:
        async with session(pool) as conn:
            found = await _found(conn, secret)
            state = judged(found, datetime.now(UTC), of_page)
            if of_page is not None and found is not None and state is State.OPEN:
                state = await _acknowledge(conn, secret, found)
            if state is State.USED:
                found = await _found(conn, secret)  # perhaps only just now: by whom, and when
            return found, state
    except Retry:
        return None, State.AWAY


async def _form(request: Request) -> str:
    """The page that the form was made for."""
    try:
        fields = parse_qs((await body_of(request, LARGEST_FORM, FORM)).decode())
    except (ClientDisconnect, ValueError):
        raise HTTPException(400) from None
    return fields.get("page", [""])[0]


async def _found(conn: Connection, secret: str) -> Found | None:
    link = await people.link(conn, secret)
    if link is None:
        return None
    rows = await incidents.of_page(conn, link.page_id)
    told = await pages.openings(conn, link.page_id)
    return Found(link, rows, told, await people.spoken_to(conn, link.person))


async def _acknowledge(conn: Connection, secret: str, found: Found) -> State:
    if not await people.use_link(conn, secret):
        return State.USED  # by a second thumb at the same moment
    minutes = found.spoken.minutes
    await people.acknowledge(conn, found.told, found.link.person, "link", minutes)
    return State.ACKNOWLEDGED


def _page(found: Found | None, state: State, language: words.Language) -> str:
    said = words.sentence(state, language, found, datetime.now(UTC))
    if found is None or state is State.OTHER:
        return words.page(language, said)
    form = found.link.page_id if state is State.OPEN else None
    return words.page(language, said, found.incidents, found.back, form)
