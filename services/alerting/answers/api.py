"""The API on the ops port, under `/api/v1`: for programs and people who have a personal token.

In:  `Authorization: Bearer <token>`, JSON. Out: JSON; 401 without a right token, 403 where its
     roles do not suffice, 404, 409, 422 with a sentence, 429 after too many wrong tokens, 503 while
     Postgres is away.
Before: `bongsu token make`. After: `acts.py`. One table says what there is; routes and the
OpenAPI document (`openapi.py`) are made of it. Who acts is whose token it is, never a typed name.
"""

import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.alerting.answers import acts, correcting, models
from services.alerting.answers.acts import Asked
from services.alerting.answers.failures import Failures
from services.alerting.database import session
from services.alerting.metrics import Metrics
from services.runtime.errors import Refuse, Retry
from services.runtime.incoming import body_of
from services.storage import people
from services.storage.corrections import ROLE, CorrectionRefused
from services.storage.people import Token
from services.storage.pool import Connection, Pool

BASE, LARGEST = "/api/v1", 16 * 1024
RETRY_AFTER_S = "5"
_STATUS = {
    acts.GONE: 404, acts.CONFLICT: 409,
    # Of a correction, by the database: it knows the person, and who proposed it.
    "no_token": 401, "no_role": 403, "same_person": 403, "no_such": 404, "decided": 409,
    "too_late": 422, "not_closed": 409, "no_objection": 404, "answered": 409,
}  # fmt: skip
_INCLUDES = {"viewer": ("viewer", "operator"), "operator": ("operator",), ROLE: (ROLE,)}
_log = structlog.get_logger()


class Endpoint(NamedTuple):
    """One thing to see or do: `role` is the least that it takes."""

    method: str
    path: str
    role: str
    act: Callable[[Asked], Awaitable[Any]]
    answer: Any
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()


# Ids of incidents may hold a slash: the longer paths stand first.
ENDPOINTS = (
    Endpoint("GET", "/incidents", "viewer", acts.listed, list[models.Incident], query=("all",)),
    Endpoint(
        "POST", "/incidents/{id}/ack", "operator", acts.ack, models.Taken, models.AckAsked
    ),
    Endpoint(
        "POST", "/incidents/{id}/note", "operator", acts.note, models.Taken, models.NoteAsked
    ),
    Endpoint(
        "POST", "/incidents/{id}/close", "operator", acts.close, models.Taken, models.CloseAsked
    ),
    Endpoint("GET", "/incidents/{id}", "viewer", acts.shown, models.IncidentWhole),
    Endpoint("GET", "/maintenance", "viewer", acts.windows, list[models.Window]),
    Endpoint("POST", "/maintenance", "operator", acts.plan, models.Taken, models.WindowAsked),
    Endpoint(
        "POST", "/maintenance/{id}/withdraw", "operator", acts.withdraw, models.Taken,
        models.WithdrawAsked,
    ),
    Endpoint("GET", "/notices", "viewer", acts.notices, list[models.Notice]),
    Endpoint("POST", "/notices", "operator", acts.notice, models.Taken, models.NoticeAsked),
    Endpoint("POST", "/notices/{id}/withdraw", "operator", acts.withdraw_notice, models.Taken),
    Endpoint("GET", "/oncall", "viewer", acts.on_call, models.Oncall),
    Endpoint("GET", "/oncall/overrides", "viewer", acts.watches, list[models.Override]),
    Endpoint(
        "POST", "/oncall/overrides", "operator", acts.watch, models.Override, models.OverrideAsked
    ),
    Endpoint("GET", "/corrections", ROLE, correcting.corrections, list[correcting.Correction]),
    Endpoint(
        "POST", "/corrections", ROLE, correcting.correct, models.Taken, correcting.CorrectionAsked
    ),
    Endpoint(
        "POST", "/corrections/{id}/approve", ROLE, correcting.approve, models.Taken,
        correcting.DecisionAsked,
    ),
    Endpoint(
        "POST", "/corrections/{id}/reject", ROLE, correcting.reject, models.Taken,
        correcting.DecisionAsked,
    ),
    Endpoint("GET", "/objections", ROLE, correcting.objections, list[correcting.Objection]),
    Endpoint(
        "POST", "/objections", ROLE, correcting.object_, models.Taken, correcting.ObjectionAsked
    ),
    Endpoint(
        "POST", "/objections/{id}/decide", ROLE, correcting.answer, models.Taken,
        correcting.DecisionAsked,
    ),
)  # fmt: skip


class Api:
    """`pool` is there once Postgres has answered for the first time."""

    def __init__(self, metrics: Metrics, failures: Failures) -> None:
        self.pool: Pool | None = None
        self._metrics, self._failures = metrics, failures

    def routes(self) -> list[Route]:
        """What the ops port answers besides health and metrics."""
        return [
            Route(
                BASE + one.path.replace("{id}", "{id:path}"), self._door(one), methods=[one.method]
            )
            for one in ENDPOINTS
        ]

    def _door(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            response = await self._answer(endpoint, request)
            self._metrics.answers.labels("api", str(response.status_code)).inc()
            response.headers["Cache-Control"] = "no-store"
            return response

        return answer

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        caller = request.client.host if request.client else "unknown"
        if self._failures.too_many(caller):
            return wrong(429, "too many wrong tokens from this address", {"Retry-After": "60"})
        try:
            body = await _body(endpoint, request)
            if self.pool is None:
                raise Retry("postgres_away", "Postgres has not answered yet")
            async with session(self.pool) as conn:
                return await self._act(endpoint, request, conn, body, caller)
        except HTTPException as unfit:
            return wrong(unfit.status_code, unfit.detail, {"Connection": "close"})
        except ClientDisconnect:
            return wrong(400, "the request did not arrive whole")
        except (CorrectionRefused, correcting.NoBody) as error:
            said = {"error": str(error), "error_ko": error.ko}
            return JSONResponse(said, _STATUS[error.reason])
        except Refuse as error:
            return wrong(_STATUS.get(error.reason, 422), str(error))
        except Retry as error:
            return wrong(503, str(error), {"Retry-After": RETRY_AFTER_S})

    async def _act(
        self, endpoint: Endpoint, request: Request, conn: Connection, body: bytes, caller: str
    ) -> Response:
        now = datetime.now(UTC)
        token = await _token(request, conn, now)
        if token is None:
            self._failures.another(caller)
            _log.warning("a token was refused", caller=caller, path=endpoint.path)
            return wrong(401, "no valid token", {"WWW-Authenticate": "Bearer"})
        if not set(token.roles) & set(_INCLUDES[endpoint.role]):
            _log.warning("a role does not suffice", person=token.person, path=endpoint.path)
            return wrong(403, f"this needs the role {endpoint.role}")
        asked = Asked(
            conn, token.person, token.hash, now, request.path_params, request.query_params,
            parsed(endpoint, body),
        )  # fmt: skip
        found = await endpoint.act(asked)
        text = TypeAdapter(endpoint.answer).dump_json(found)
        return Response(text, media_type="application/json")


async def _body(endpoint: Endpoint, request: Request) -> bytes:
    return await body_of(request, LARGEST) if endpoint.body else b""


def parsed(endpoint: Endpoint, body: bytes) -> BaseModel | None:
    """Raises Refuse with a sentence that repeats nothing of the body."""
    if endpoint.body is None:
        return None
    try:
        return endpoint.body.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        said = (f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in found)
        raise Refuse("body", "; ".join(said)) from None


async def _token(request: Request, conn: Connection, now: datetime) -> Token | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret or len(secret) > people.LONGEST_TOKEN:
        return None
    token = await people.token(conn, secret.strip())
    # Found by its hash, of which a guess tells nothing; compared once more in constant time.
    right = token is not None and hmac.compare_digest(token.hash, people.hashed(secret.strip()))
    return token if token and right and token.valid(now) else None


def wrong(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """Why not."""
    return JSONResponse({"error": sentence}, status, headers)
