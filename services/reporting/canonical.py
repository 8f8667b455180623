"""One text for one value: the same bytes in every process, time zone and locale.

RFC 8785, narrowed: no floats, whole numbers of less than 2^53, strings in NFC.
"""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

_LARGEST = 2**53 - 1  # beyond it, readers with floats only would read another number


def canonical(value: object) -> bytes:
    """UTF-8, keys sorted by their UTF-16 units, no white space.

    Raises ValueError for what has no such text: a float, a larger number, half a surrogate pair,
    two keys that are the same in NFC.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _plain(value: object) -> Any:
    match value:
        case None | bool():
            return value
        case int() if abs(value) <= _LARGEST:
            return value
        case str():
            return unicodedata.normalize("NFC", value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return _sorted(value)
    raise ValueError(f"{value!r:.40} has no canonical text")


def _sorted(value: Mapping[Any, object]) -> dict[str, Any]:
    plain = {_plain(key): _plain(each) for key, each in value.items()}
    if len(plain) < len(value) or not all(isinstance(key, str) for key in plain):
        raise ValueError("the keys of an object are distinct strings")
    return dict(sorted(plain.items(), key=lambda pair: pair[0].encode("utf-16-be")))
