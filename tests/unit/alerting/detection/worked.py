"""The law of the worked example, and short ways to say classes and moments in tests."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from services.alerting.detection import law
from services.alerting.detection.explain import Explainer
from services.alerting.detection.law import SECOND, Laws, Part, Row
from services.alerting.detection.likelihood import NAT, PLANES, Hypothesis, Tables, plane_of, tables
from services.alerting.detection.window import DELIVERY, Ended, Ending, Item, View, Window

MEDIUM = "alimtalk"
CLASSES = tuple(Row(MEDIUM, name) for name in ("c1", "c2", "c3"))


@cache
def worked_tables() -> Tables:
    """Log-normal, median 2 s, sigma 0.7, a loss of 0.0025, nothing pooled; for every class."""
    rows = tuple(sorted({*CLASSES, Row(law.UNKNOWN), Row(MEDIUM), Row(law.ACCEPTANCE)}))
    shares = np.tile(law.log_normal([Part(1, 2.0, 0.7)]), (len(rows), 1))
    return tables(Laws(rows, shares, np.full(len(rows), 0.0025)))


def us(seconds: float) -> int:
    """Seconds in the detector's unit."""
    return round(seconds * SECOND)


def an_item(start: float, name: str = "c1", **over: Any) -> Item:
    """A delivery of channel `name` over platform P, visible as soon as it started."""
    fields: dict[str, Any] = {
        "id": f"{name}@{start}",
        "plane": DELIVERY,
        "row": Row(MEDIUM, name),
        "start": us(start),
        "visible": us(start),
        "deadline": us(120),
        "window": us(420),
        "path": ("platform:P", f"route:{name}"),
        "route": name,
    }
    return Item(**fields | over)


def arrival(item: Item, after: float = 2, ending: Ending = Ending.ARRIVED) -> Ended:
    """Its result, known so many seconds after its start."""
    return Ended(item, ending, item.start + us(after))


def a_view(now: float, items: Iterable[Item], endings: Iterable[Ended] = ()) -> View:
    """The view at a tick, of what was known by then."""
    window = Window()
    window.add(item for item in items if item.visible <= us(now))
    window.settle(ended for ended in endings if ended.known <= us(now))
    return window.at(us(now), worked_tables())


class Sums:
    """The sums of one tick by component, in nats."""

    def __init__(self, view: View) -> None:
        self._view, self._sums = view, Explainer(view).sums

    def __call__(self, component: str, hypothesis: Hypothesis) -> float:
        plane = plane_of(hypothesis)
        at = self._view.components.index(component)
        return float(self._sums[plane][PLANES[plane].index(hypothesis), at]) / NAT
