"""What `verify` says, line by line, in both languages."""

from typing import NamedTuple

from pydantic import ValidationError


class Finding(NamedTuple):
    """What was looked at and what was found, in both languages. `equal` None: not checked."""

    what: str
    equal: bool | None
    ko: str
    en: str


def different(what: str, path: str, stored: str, again: str) -> Finding:
    """The one form in which a difference is told; hashes are cut short."""
    stored, again = (f"{one[:12]}…" if len(one) == 64 else one for one in (stored, again))
    return Finding(
        what, False, f"{path}: 저장 {stored}, 재계산 {again}",
        f"{path}: stored {stored}, recomputed {again}",
    )  # fmt: skip


def unreadable(what: str, why: str) -> Finding:
    """What is not even in the form of such a file."""
    return Finding(what, False, f"읽을 수 없습니다({why})", f"cannot be read ({why})")


def complaint(error: ValidationError) -> str:
    """Where the first thing is wrong, and what; never the text itself."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'JSON'}: {first['type']}"
