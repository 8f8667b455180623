"""What all HTTP interfaces of the world have in common: a no is an answer, and a body has an end.

In:  a call. Out: its body as a model, its answer. `entry.py` is where a call meets the faults.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY_LIMIT = 1_000_000
Model = TypeVar("Model", bound=BaseModel)


class Refusal(Exception):
    """The call is answered with this status and JSON body (None: empty)."""

    def __init__(self, status: int, body: Mapping[str, Any] | None) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def route(method: str, path: str, call: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route whose `Refusal` becomes the answer."""

    async def endpoint(request: Request) -> Response:
        try:
            return await call(request)
        except Refusal as no:
            no.__traceback__ = None  # many are raised again and again, and each time it would grow
            return json(no.body, no.status) if no.body is not None else Response(None, no.status)

    return Route(path, endpoint, methods=[method])


def json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


async def read_body(
    request: Request,
    model: type[Model],
    wrong: Callable[[str, str], Refusal],
    too_large: Refusal,
) -> Model:
    """The body as a model. `wrong` makes the answer that names a field and what is wrong with it,
    never its value."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_LIMIT:
            raise too_large
    try:
        return model.model_validate_json(bytes(raw))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise wrong(".".join(map(str, first["loc"])) or "the body", first["msg"]) from None
