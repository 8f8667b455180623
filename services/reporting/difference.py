"""What differs between two reports, leaf by leaf: for `verify`, corrections and `report diff`."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from services.contracts.report import Change, Report
from services.reporting.canonical import canonical

_FIGURES = {"items", "outages", "exclusions", "monitor_faults", "holidays", "days"}


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


def figures_changed(old: Report, new: Report) -> Iterator[Change]:
    """What differs of what is counted or stands beside it; hashes and people's words do not."""
    yield from differences(_figures(old), _figures(new))


def _figures(report: Report) -> dict[str, Any]:
    told = report.model_dump(mode="json", include=_FIGURES)
    days = [
        {name: told for name, told in day.items() if name != "evidence"} for day in told["days"]
    ]
    items = [
        {name: told for name, told in own.items() if name != "disputed"} for own in told["items"]
    ]
    return {**told, "items": items, "days": days}


def _told(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical(value).decode()
