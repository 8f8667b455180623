"""The axes of a picture: where a time and a value stand in it. Pure.

In: a `Look`, values. Out: shares of a width or height, HTML of the axes. Before: `look.py`. After:
`lines.py`, `strips.py`. Text is never inside a picture that stretches: it keeps its size.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Self

from dashboards.preview import fields
from dashboards.preview.answers import Series
from dashboards.preview.html import Html, Inside, tag
from dashboards.preview.look import Look
from dashboards.sources import Json

WIDE, HIGH = 1000, 100  # of a picture that stretches


@dataclass(frozen=True)
class Scale:
    """Of values, from the bottom of a picture to its top."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def of(cls, values: Iterable[float], config: Json, log: bool = False) -> Self:
        """That holds these values; a field's `min` is its bottom, and no share goes above 1."""
        shown = [value for value in values if value > 0 or not log] or [1.0]
        low, high = config.get("min", min(shown)), max(shown)
        room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        if log:
            return cls(low / 1.1, high * 1.1, True)
        full = config.get("unit") == "percentunit" and high <= 1
        if low < 0 or (low - room > 0 and "min" not in config):
            low -= room
        return cls(low, min(1.0, high + room) if full else high + room)

    def share(self, value: float) -> float:
        """0 at the bottom, 1 at the top."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = (math.log10(max(one, 1e-9)) for one in (value, low, high))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def y(self, value: float) -> str:
        """From the top of a picture downwards."""
        return f"{(1 - self.share(value)) * HIGH:.1f}"

    def ticks(self, config: Json) -> Html:
        """Words for the top, the middle, the bottom."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        words = [fields.text(config, value) for value in (self.high, middle, self.low)]
        return tag("ol", (tag("li", word) for word in dict.fromkeys(words)), class_="y")


def picture(*inside: Inside, **attributes: str) -> Html:
    """An SVG that stretches; without a role it is decoration."""
    hidden = None if "role" in attributes else "true"
    box = {"viewBox": f"0 0 {WIDE} {HIGH}", "preserveAspectRatio": "none"}
    return tag("svg", *inside, aria_hidden=hidden, **box, **attributes)


def place(at: float, look: Look) -> float:
    """Where a time is: 0 at the left, 1 at the right."""
    share = (at - (look.until - look.span).timestamp()) / look.span.total_seconds()
    return min(1.0, max(0.0, share))


def width(drawn: Sequence[Series], look: Look) -> float:
    """From one point to the next, in seconds."""
    times = sorted({at for line in drawn for at, _ in line.points})
    return min((b - a for a, b in pairwise(times)), default=look.span.total_seconds() / 50)


def times(look: Look) -> Html:
    """Four times below a picture, with the day where it shows more than one."""
    words = "%m-%d %H:%M" if look.span > timedelta(days=1) else "%H:%M"
    shown = (look.until - look.span * (1 - n / 3) for n in range(4))
    return tag(
        "ol", (tag("li", f"{at.astimezone(fields.KST):{words}}") for at in shown), class_="x"
    )
