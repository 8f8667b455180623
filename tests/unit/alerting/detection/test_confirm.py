"""Confirm probes: for whom they are asked, and the limits that hold under any suspicion."""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerting.detection.confirm import Allowance, Ask, Asked, ask
from services.alerting.detection.explain import Explainer
from services.alerting.detection.law import Row
from services.alerting.detection.window import ACCEPTANCE, Ended, Item
from tests.unit.alerting.detection.worked import a_view, an_item, arrival, us

NOBODY: frozenset[str] = frozenset()
ROUTES = [f"c{number}" for number in range(12)]
PLENTY = Allowance(dict.fromkeys(ROUTES, "p"), {"p": 10_000})


def _silent(start: float, name: str, **over: Any) -> Item:
    path = ("account:a", f"route:{name}", f"sender:s{int(name[1:]) % 3}", "worker:w")
    return an_item(start, name, path=path, **over)


def _asks(now: float, items: list[Item], ends: list[Ended], asked: Asked, **over: Any) -> Any:
    explainer = Explainer(a_view(now, items, ends))
    return ask(explainer, over.get("told", NOBODY), asked, over.get("allowance", PLENTY))


def test_the_route_of_the_worst_message_and_another_are_asked_for() -> None:
    silent, well = _silent(10, "c1"), [_silent(5, "c4"), _silent(6, "c7")]
    _, asks = _asks(31, [silent, *well], [arrival(item) for item in well], Asked())
    assert asks[0] == Ask("c1", elsewhere=False)
    assert asks[1].elsewhere
    assert asks[1].route in {"c4", "c7"}


def test_what_an_open_incident_explains_asks_for_nothing() -> None:
    """A platform is out: its senders and routes are suspected for its silence alone."""
    lost = [
        an_item(10 + number, f"c{number}", path=("platform:p", f"route:c{number}", "sender:s"))
        for number in range(3)
    ]
    told = frozenset({"platform:p"})
    assert _asks(60, lost, [], Asked(), told=told)[1] == ()
    elsewhere = an_item(30, "c9", path=("route:c9", "sender:s9"))
    _, asks = _asks(60, [*lost, elsewhere], [], Asked(), told=told)
    assert [one.route for one in asks] == ["c9"]


def test_a_channel_alone_is_asked_for_once_a_round() -> None:
    silent = an_item(10, "c1", path=("route:c1", "worker:w"))
    _, asks = _asks(40, [silent], [], Asked())
    assert asks == (Ask("c1", elsewhere=False),)


def test_a_refusal_asks_at_once() -> None:
    refused = _silent(10, "c1", plane=ACCEPTANCE, row=Row("acceptance"), deadline=us(30))
    late = an_item(10, "c1", path=refused.path)
    _, asks = _asks(34, [refused, late], [arrival(late, 23)], Asked())
    assert asks[0].route == "c1"


def test_nothing_is_asked_for_what_is_open_is_bongsus_own_or_decides_itself_soon() -> None:
    silent = an_item(10, "c1", path=("route:c1", "worker:w"))
    assert _asks(40, [silent], [], Asked(), told=frozenset({"route:c1"}))[1] == ()
    own = an_item(10, "c1", path=("worker:w",))
    assert _asks(40, [own], [], Asked())[1] == ()
    busy = [an_item(60 + at / 2, "c1", path=("route:c1",)) for at in range(140)]
    assert _asks(130, busy, [], Asked())[1] == ()


def test_nothing_is_asked_of_a_route_at_rest_or_beyond_the_budget() -> None:
    silent = [_silent(10, "c1"), _silent(16, "c4")]
    at_rest = Allowance({}, {"p": 100})
    assert _asks(40, silent, [], Asked(), allowance=at_rest)[1] == ()
    one_left = Allowance(PLENTY.provider_of, {"p": 1})
    asked, asks = _asks(40, silent, [], Asked(), allowance=one_left)
    assert len(asks) == 1
    assert _asks(60, silent, [], asked, allowance=one_left)[1] == ()
    before, after = (15 * 3600 + s for s in (-1, 30))  # midnight in Korea
    again = [_silent(15 * 3600 - 60, "c1")]
    assert _asks(before, again, [], asked, allowance=one_left)[1] == ()
    assert len(_asks(after, again, [], asked, allowance=one_left)[1]) == 1


def test_the_next_most_suspected_is_asked_for_when_the_firsts_provider_has_no_more_to_give() -> (
    None
):
    worse, other = (
        an_item(at, name, path=(f"route:{name}", "worker:w"))
        for at, name in ((10, "c1"), (20, "c2"))
    )
    spent = Allowance({"c1": "p", "c2": "q"}, {"p": 0, "q": 9})
    assert _asks(40, [worse, other], [], Asked())[1] == (Ask("c1", elsewhere=False),)
    assert _asks(40, [worse, other], [], Asked(), allowance=spent)[1] == (
        Ask("c2", elsewhere=False),
    )


@pytest.mark.parametrize(("every_s", "asked"), [(2, True), (1.9, False)])
def test_what_has_a_message_every_two_seconds_needs_no_more(every_s: float, asked: bool) -> None:
    busy = [an_item(400 - every_s * at, "c1", path=("route:c1",)) for at in range(1, 90)]
    assert bool(_asks(400, busy, [], Asked())[1]) is asked


def test_rounds_start_again_when_nothing_speaks_against_a_component_any_more() -> None:
    silent = _silent(10, "c1")
    asked, _ = _asks(40, [silent], [], Asked())
    (suspected,) = asked.rounds
    asked, _ = _asks(41, [silent], [], asked)
    assert suspected in asked.rounds
    asked, _ = _asks(41, [silent], [arrival(silent, 30)], asked)
    assert asked.rounds == {}


def test_the_same_tick_asks_for_the_same_probes() -> None:
    silent = [_silent(10, name) for name in ROUTES[1:]]
    assert _asks(40, silent, [], Asked()) == _asks(40, silent[::-1], [], Asked())


@settings(max_examples=10, deadline=None)
@given(st.sets(st.sampled_from(ROUTES), min_size=1), st.integers(1, 30))
def test_the_limits_hold_under_a_storm_of_suspicion(suspected: set[str], daily: int) -> None:
    """Every component far beyond suspicion, for two minutes."""
    items = [_silent(at, name) for name in sorted(suspected) for at in (-40, -20)]
    allowance = Allowance(PLENTY.provider_of, {"p": daily})
    asked, rounds, probes = Asked(), defaultdict[str, list[int]](list), Counter[str]()
    for now in range(30, 150):
        before = asked.rounds
        asked, asks = _asks(now, items, [], asked, allowance=allowance)
        changed = [name for name, own in asked.rounds.items() if own != before.get(name)]
        assert len(changed) == (1 if asks else 0)
        rounds[changed[0] if changed else ""].append(now)
        probes.update(one.route for one in asks)
    del rounds[""]
    every = sorted(now for own in rounds.values() for now in own)
    assert all(later - first >= 2 for first, later in pairwise(every))
    for own in rounds.values():
        assert len(own) <= 6
        assert all(later - first >= 5 for first, later in pairwise(own))
    assert 0 < sum(probes.values()) <= daily
