"""The product's columns say the same integers as the plain rules, at every tick."""

import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerting.detection.explain import PENALTY, Explainer, Explanation
from services.alerting.detection.law import ACCEPTANCE, Row
from services.alerting.detection.likelihood import NAT, PLANES
from services.alerting.detection.window import ACCEPTANCE as ACCEPTING
from services.alerting.detection.window import DELIVERY, Ended, Ending, View, Window
from tests.unit.alerting.detection.plain import Fate, Named, greedy, largest, seen
from tests.unit.alerting.detection.worked import an_item, us, worked_tables

PARTS = (
    ("platform:P", "account:a", "route:c1"),
    ("platform:P", "account:b", "route:c2"),
    ("carrier:C", "account:a", "route:c3"),
    ("carrier:C", "account:b", "pair:b-C", "route:c1"),
)
TICKS = range(0, 600, 17)


def _fates(seed: int) -> list[Fate]:
    """A hundred messages of ten minutes, of which those over some parts fare badly: late, lost,
    refused, withdrawn, told late; at last some have left the window."""
    dice = random.Random(seed)
    bad = dice.sample(["platform:P", "account:a", "carrier:C", "route:c2", "worker:w1"], 2)
    share, slow = dice.choice((1.0, 0.6)), dice.choice((1, 8))
    return [_fate(dice, number, bad, share, slow) for number in range(100)]


def _fate(dice: random.Random, number: int, bad: list[str], share: float, slow: int) -> Fate:
    plane, start = dice.choice((ACCEPTING, DELIVERY)), dice.randrange(1200) / 2
    path = (*dice.choice(PARTS), f"worker:w{dice.randrange(2)}")
    visible = us(start + dice.choice((0, 0, 0.4, 20)))
    over: dict[str, Any] = {"path": path, "plane": plane, "visible": visible, "id": f"m{number}"}
    if plane == ACCEPTING:
        over |= {"row": Row(ACCEPTANCE), "deadline": us(30)}
    item = an_item(start, f"c{number % 3 + 1}", **over)
    took, ending = dice.lognormvariate(0.7, 0.7), Ending.ARRIVED
    if start > 150 and not set(bad).isdisjoint(path) and dice.random() < share:
        ending = dice.choice((None, None, Ending.ARRIVED, *Ending))
        took *= slow
    return item, None if ending is None else Ended(item, ending, item.start + us(took))


def _views(fates: list[Fate]) -> Iterator[tuple[int, View]]:
    """The view at each tick of a window that is filled as things become known."""
    window, items = Window(), [item for item, _ in fates]
    ends = [end for _, end in fates if end]
    for now in map(us, TICKS):
        window.add(item for item in items if item.visible <= now)
        items = [item for item in items if item.visible > now]
        window.settle(e for e in ends if max(e.known, e.item.visible) <= now)
        ends = [end for end in ends if max(end.known, end.item.visible) > now]
        yield now, window.at(now, worked_tables())


def _named(whole: Explanation) -> list[Named]:
    return [
        Named(e.component, e.hypothesis, e.gain, e.onset, e.counted, e.against)
        for e in whole.entries
    ]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_every_sum_and_every_name_of_every_tick_is_that_of_the_plain_rules(seed: int) -> None:
    fates = _fates(seed)
    for now, view in _views(fates):
        explainer, plain = Explainer(view), seen(fates, now, worked_tables())
        for number, name in enumerate(view.components):
            for kinds, sums in zip(PLANES, explainer.sums, strict=True):
                for place, kind in enumerate(kinds):
                    assert sums[place, number] == largest(plain, name, kind)[0]
        assert _named(explainer.greedy()) == greedy(plain)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_every_margin_is_what_is_lost_without_the_component_and_those_alike(seed: int) -> None:
    fates = _fates(seed)
    for now, view in _views(fates):
        explainer = Explainer(view)
        whole = explainer.greedy()
        for entry in whole.entries:
            margin, _ = explainer.margin(whole, entry)
            without = greedy(
                seen(fates, now, worked_tables()), frozenset({entry.component, *entry.alike})
            )
            assert margin == whole.objective - sum(one.gain - PENALTY for one in without)


def test_these_messages_have_something_to_explain() -> None:
    found = [
        Explainer(view).greedy().entries for seed in range(5) for _, view in _views(_fates(seed))
    ]
    assert {len(entries) for entries in found} >= {0, 1, 2}
    gains = [entry.gain for entries in found for entry in entries]
    assert max(gains) > 20 * NAT
    assert len({entry.hypothesis for entries in found for entry in entries}) >= 4
