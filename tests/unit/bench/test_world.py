"""The made-up worlds: they have the shape and the law that the limits were measured with."""

import random
from collections import Counter

import numpy as np
import pytest

from bench.faults import KAKAO, Fault
from bench.traffic import Traffic
from bench.world import SIZES, World, topology, world
from services.alerting.detection.law import BINS, Row
from services.contracts.vocabulary import Channel


def _counts(place: World, prefix: str) -> list[int]:
    return sorted(len(own) for part, own in place.passing.items() if part.startswith(prefix))


def _carriers(place: World) -> list[int]:
    return [len(own) for part, own in place.passing.items() if part.endswith("/sms")]


def test_seven_bodies_have_the_routes_a_dealer_carrier_and_pair_that_the_limits_hold_for() -> None:
    place = world("S7")
    assert len(place.passing[KAKAO]) == 14
    assert _counts(place, "provider:dealer") == [5, 8, 9]
    assert sorted(_carriers(place)) == [2, 2, 4]
    assert Counter(_counts(place, "pair:dealer"))[2] == 1
    assert max(_counts(place, "pair:dealer")) == 2


def test_fifty_bodies_have_the_routes_a_dealer_carrier_and_pair_that_the_limits_hold_for() -> None:
    place = world("S50")
    assert len(place.passing[KAKAO]) == 100
    dealers, pairs = _counts(place, "provider:dealer"), _counts(place, "pair:dealer")
    assert (dealers[0], dealers[-1]) == (24, 41)
    assert all(19 <= count <= 23 for count in _carriers(place))
    assert all(2 <= count <= 11 for count in pairs)
    assert len(pairs) == 15


@pytest.mark.parametrize("size", SIZES)
def test_a_body_has_four_routes_on_four_handsets_two_of_them_alimtalk(size: str) -> None:
    routes = topology(SIZES[size], 5)
    for body in range(SIZES[size].bodies):
        own = [route for route in routes if route.body == body]
        assert len({route.handset for route in own}) == 4
        assert [route.kind for route in own][:3] == [
            Channel.ALIMTALK,
            Channel.ALIMTALK,
            Channel.SMS,
        ]


def test_every_second_dealer_is_the_first_in_two_of_five_bodies() -> None:
    routes = [route for seed in range(20) for route in topology(SIZES["S250"], seed)]
    pairs = [(routes[at].dealer, routes[at + 1].dealer) for at in range(0, len(routes), 4)]
    assert np.mean([first == second for first, second in pairs]) == pytest.approx(0.4, abs=0.03)


def test_messages_follow_the_law_of_their_route() -> None:
    place = world("S7")
    traffic = Traffic(place, Fault(), [1])
    messages = [message for slot in range(2000) for message in traffic.slot(slot)]
    for route in place.routes[::5]:
        own = [message for message in messages if message.call.route == route.number]
        taken = [m for m in own if m.answered is not None]
        took = [m.arrived - m.answered for m in taken if m.arrived is not None and m.answered]
        assert np.median(took) == pytest.approx(route.median_s, rel=0.08)
        assert 1 <= route.median_s <= 3
        assert len(took) == pytest.approx(
            len(taken) * (1 - route.loss), abs=4 * (2000 * route.loss) ** 0.5
        )
    accepted = [m.answered - m.call.at for m in messages if m.answered is not None]
    assert np.median(accepted) == pytest.approx(0.25, rel=0.03)
    assert 1 - len(accepted) / len(messages) == pytest.approx(0.0005, abs=0.0003)


def test_the_tables_have_learnt_that_law() -> None:
    place = world("S7")
    route = place.routes[0]
    place_of = place.tables.place(Row(route.kind, route.id))
    shares = place.tables.laws.shares[place_of]
    assert shares.shape == (BINS,)
    taken = [Traffic(place, Fault(), [2]).slot(slot)[0] for slot in range(500)]
    seconds = [m.arrived - m.answered for m in taken if m.arrived and m.answered is not None]
    edges = 0.05 * np.exp(0.0815004793 * (np.searchsorted(np.cumsum(shares), 0.5) + 1))
    assert np.median(seconds) == pytest.approx(edges, rel=0.15)


def test_a_wrong_catalogue_errs_about_dealers_alone() -> None:
    place = world("S50")
    wrong = place.with_wrong_dealers(0.02, random.Random(1))
    differing = [a.route for a, b in zip(place.sent, wrong.sent, strict=True) if a != b]
    assert len(differing) == 4
    assert wrong.passing[KAKAO] == place.passing[KAKAO]
    assert wrong.truly("provider:dealer0") == place.truly("provider:dealer0")
