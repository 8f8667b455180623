"""Bodies of calls are bounded, and a refusal that is raised again and again does not grow."""

from typing import Any

import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from simulators import calls
from simulators.calls import Refusal


class Body(BaseModel):
    number: int


def a_request(body: bytes, times: int = 1) -> Request:
    left = [body] * times

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(), "more_body": bool(left)}

    return Request({"type": "http", "method": "PUT", "path": "/", "headers": []}, receive)


async def read(request: Request) -> Body:
    return await calls.read_body(
        request, Body, lambda where, words: Refusal(400, {where: words}), Refusal(413, None)
    )


@pytest.mark.parametrize(
    ("request_", "status"),
    [(a_request(b"x" * 500_000, 9), 413), (a_request(b'{"number": "a"}'), 400)],
)
async def test_an_endless_or_wrong_body_is_refused(request_: Request, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        await read(request_)
    assert caught.value.status == status
    assert "a" not in (caught.value.body or {}).values()


async def test_a_refusal_that_is_raised_again_and_again_does_not_grow() -> None:
    always = Refusal(503, {"error": "no"})

    async def refuse(_: Request) -> Response:
        raise always

    for _ in range(3):
        answer = await calls.route("PUT", "/", refuse).endpoint(a_request(b""))
        assert (answer.status_code, answer.body) == (503, b'{"error":"no"}')
        assert always.__traceback__ is None
