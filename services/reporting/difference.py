"""What differs between two reports, leaf by leaf: for `verify`, corrections and `report diff`."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from services.contracts.report import Change
from services.reporting.canonical import canonical


def differences(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """Every changed leaf of two JSON values, in the order of the old one.

    A path reads `days[19].down`. What stands on one side only is one change, told as its canonical
    text; null and absent are the same.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            inner = f"{path}.{name}" if path else name
            yield from differences(old.get(name), new.get(name), inner)
    elif isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip_longest(old, new)):
            yield from differences(one, other, f"{path}[{index}]")
    elif canonical(old) != canonical(new):
        yield Change(path=path, old=_told(old), new=_told(new))


def _told(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical(value).decode()
