"""What others send to us: proof compared in constant time, bodies read without repeating them.

In:  words and bodies of requests that anybody may make. Out: whether a word is right; the allow-
     listed fields of a body, or SetAside with a reason that holds nothing of it.
"""

import hmac
from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from services.runtime.errors import SetAside

P = TypeVar("P", bound=BaseModel)


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
