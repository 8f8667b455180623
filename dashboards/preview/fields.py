"""What a value says on a board: its word, number and unit, its colour, where it leads.

In: a panel's `fieldConfig`, a value. Out: text, colour, link. Pure.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dashboards.sources import Json

KST = ZoneInfo("Asia/Seoul")
_FILLED = re.compile(r"\$\{([^{}]+)\}")
_PARTS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def field(panel: Json, name: str) -> Json:
    """How a column or series of this name is shown: the panel's defaults, then its overrides."""
    merged: Json = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            merged |= {one["id"]: one["value"] for one in override["properties"]}
    return merged


def text(config: Json, value: Any) -> str:
    """A value as a person reads it."""
    mapped = _mapped(config, value)
    if "text" in mapped:
        return str(mapped["text"])
    if _nothing(value):
        return str(config.get("noValue", "-"))
    if isinstance(value, datetime):
        return f"{value.astimezone(KST):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return number(float(value), config.get("unit", ""), config.get("decimals"))
    return str(value)


def color(config: Json, value: Any) -> str | None:
    """Of its mapping, else of the highest threshold that it reaches, else the fixed one."""
    mapped = _mapped(config, value)
    if "color" in mapped:
        return str(mapped["color"])
    said = config.get("color", {})
    if said.get("mode") != "thresholds":
        return str(said["fixedColor"]) if "fixedColor" in said else None
    number = float(value) if isinstance(value, int | float | Decimal) else -math.inf
    steps = config.get("thresholds", {}).get("steps", [])
    reached = [step["color"] for step in steps if step["value"] is None or number >= step["value"]]
    return reached[-1] if reached else None


def _mapped(config: Json, value: Any) -> Json:
    """Its value mapping; `2.0` is the value "2"."""
    key = f"{value:g}" if isinstance(value, int | float | Decimal) else str(value)
    for mapping in config.get("mappings", []):
        options: Json = mapping["options"]
        if mapping["type"] == "value" and not _nothing(value) and key in options:
            return dict(options[key])
        if mapping["type"] == "special" and _nothing(value):
            return dict(options["result"])
    return {}


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float | Decimal) and math.isnan(value))


def number(value: float, unit: str, decimals: int | None) -> str:
    """With its unit: shares in percent, times in the units that fit."""
    if unit in ("s", "m"):
        return _duration(value * (60 if unit == "m" else 1), decimals)
    shown = value * 100 if unit == "percentunit" else value
    places = decimals if decimals is not None else (0 if shown == int(shown) else 2)
    after = {"percentunit": " %", "reqps": "/s"}.get(unit, "")
    return f"{shown:,.{places}f}" + (unit.removeprefix("suffix:") if ":" in unit else after)


def _duration(seconds: float, decimals: int | None) -> str:
    if 0 < abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    if abs(seconds) < 60:
        places = decimals if decimals is not None else (0 if seconds == int(seconds) else 1)
        return f"{seconds:.{places}f} s"
    left, words = abs(round(seconds)), []
    for name, width in _PARTS:
        if count := left // width:
            words.append(f"{count} {name}")
        left %= width
    return ("-" if seconds < 0 else "") + " ".join(words[:2])


def address(url: str, known: Mapping[str, str]) -> str:
    """A link's address with what Grafana would put in; what is not known is empty."""

    def put(match: re.Match[str]) -> str:
        name = match[1]
        return (
            known["__url_time_range"] if name == "__url_time_range" else quote(known.get(name, ""))
        )

    return _FILLED.sub(put, url)
