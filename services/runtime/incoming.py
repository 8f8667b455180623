"""What others send to us: proof compared in constant time, bodies read without repeating them.

In:  words and bodies of requests that anybody may make. Out: whether a word is right; the allow-
     listed fields of a body, or SetAside with a reason that holds nothing of it.
"""

import hmac
from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.runtime.errors import SetAside

P = TypeVar("P", bound=BaseModel)
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def equals_one(candidates: Iterable[bytes], given: str) -> bool:
    """Does `given` equal a candidate? Each is compared in constant time; an empty one is none."""
    sign = given.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(candidate, sign) for candidate in candidates if candidate)


def parse(model: type[P], body: bytes) -> P:
    """The fields that the model knows. Raises SetAside: `not_json` or `fields`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        kinds = {item["type"] for item in error.errors(include_input=False, include_context=False)}
        raise SetAside("not_json" if "json_invalid" in kinds else "fields") from None


async def body_of(request: Request, largest: int, kind: str = JSON) -> bytes:
    """The raw body. Raises HTTPException for what is not plain and of that kind, or larger."""
    headers = request.headers
    if "content-length" in headers and "transfer-encoding" in headers:
        raise HTTPException(400)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415)
    declared = headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()):
        raise HTTPException(400)
    if len(declared) > 9 or int(declared) > largest:
        raise HTTPException(413)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise HTTPException(413)
    return bytes(body)
