"""What pydantic says about a catalogue object, in sentences for the person who wrote the file.

In:  a ValidationError and the model it was raised for. Out: one sentence for each wrong field.
Before: `load.py` met the error. After: the sentence stands behind `file:line:`. A sentence never
repeats a secret: of values, only those that can be compared with a closed set are quoted.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Place = tuple[int | str, ...]
_WORD = re.compile(r"'([^']+)'")
_ADDED = re.compile(r"\[key\]$|(str-enum|literal)\[")
_SHAPES = {
    "secret": "must be the name of a secret (small letters, digits, '-'), never its value",
    "base_url": "must be an address such as https://… or smtps://…, without a '/' at its end",
    "url": "must be an http or https address without blanks",
    "identity": "must be a channel id such as '@name', or a mail address",
    "code": "must be 1 to 30 letters, digits, '_' or '-'",
}
_ID_SHAPE = "must start with a small letter or digit; small letters, digits, '.', '_', '-' follow"
# Error type → the end of the sentence; {…} are filled from the error's own context.
_ENDINGS = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_unicode": "holds characters that are no text",
    "int_parsing_size": "is too large a number",
    "finite_number": "must be a finite number",
    "timezone_aware": "must say its offset, such as 2026-10-20T14:20:00+09:00",
    "zoneinfo_str": "must be a time zone such as Asia/Seoul",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length} entry",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping with named fields",
}
# The same by the first word of the error type, where all of them mean one thing.
_KINDS = {
    "int": "must be a whole number",
    "float": "must be a number",
    "bool": "must be true or false",
    "time": "must be a time such as '20:00'",
    "date": "must be a date such as 2022-09-15",
}


def sentences(model: type[BaseModel], error: ValidationError) -> list[tuple[Place, str]]:
    """(place of the field, sentence) for each wrong field, e.g. `field 'late_s' is missing`."""
    found: dict[Place, str] = {}
    words: dict[Place, list[str]] = {}
    for detail in error.errors(include_url=False):
        place = _place_of(detail)
        if detail["type"] in ("enum", "literal_error"):
            words.setdefault(place, []).extend(_WORD.findall(detail["ctx"]["expected"]))
            found[place] = f"{_name_of(place)} must be {_choice(words[place], detail['input'])}"
        elif detail["type"] != "too_short" or not _holds_another(place, error):
            found.setdefault(place, _sentence(model, place, detail))
    return list(found.items())


def _place_of(detail: ErrorDetails) -> Place:
    """Where the person wrote it: without the names pydantic adds for keys and unions."""
    if detail["type"] == "extra_forbidden":
        return detail["loc"]
    return tuple(part for part in detail["loc"] if not _ADDED.match(str(part)))


def _holds_another(place: Place, error: ValidationError) -> bool:
    """pydantic calls a list too short when its entries are wrong; the entries are what matters."""
    places = [detail["loc"] for detail in error.errors(include_url=False)]
    return any(len(p) > len(place) and p[: len(place)] == place for p in places)


def _sentence(model: type[BaseModel], place: Place, detail: ErrorDetails) -> str:
    kind, field = detail["type"], _name_of(place)
    if kind == "extra_forbidden":
        return f"{field} is unknown{suggestion(str(place[-1]), fields_at(model, place[:-1]))}"
    if kind == "string_pattern_mismatch":
        last = next((part for part in reversed(place) if isinstance(part, str)), "")
        return f"{field} {_SHAPES.get(last, _ID_SHAPE)}"
    if kind == "value_error":
        return f"{field}: {detail['ctx']['error']}"
    ending = _ENDINGS.get(kind) or _KINDS.get(kind.partition("_")[0])
    return (
        f"{field} {ending.format(**detail.get('ctx', {}))}"
        if ending
        else f"{field}: {detail['msg']}"
    )


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word[:100], sorted(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def fields_at(model: type[BaseModel], loc: Place) -> set[str]:
    """The field names a model knows at a place inside it."""
    for part in loc:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        model = next(_models_in(field.annotation), model) if field else model
    return {field.alias or name for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _name_of(loc: Place) -> str:
    """`field 'notices[0].name'`; people count from 1, files from 0: the line says which."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return f"field '{path.lstrip('.')}'" if path else "this object"


def _choice(words: list[str], given: Any) -> str:
    quoted = f", not '{given}'{suggestion(given, words)}" if _is_short(given) else ""
    return f"one of {', '.join(words)}{quoted}"


def _is_short(given: Any) -> bool:
    return isinstance(given, str) and 0 < len(given) <= 40
