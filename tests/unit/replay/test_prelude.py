"""What a detector has learnt before its first second."""

from functools import cache
from pathlib import Path
from uuid import UUID

import pytest

from services.alerting.detection import law
from services.alerting.detection.law import ACCEPTANCE, AGEING, HEARTBEAT, SECOND, Learnt, Row
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue
from services.replay.prelude import MESSAGES, dumped, loaded, parts_of, taught, together

SMS, ALIMTALK = Row("sms", "geoje.sms.sens"), Row("alimtalk", "geoje.alimtalk.sens")
AGED = (1 - AGEING**MESSAGES) / (1 - AGEING)  # what so many messages weigh


@cache
def shipped() -> Catalogue:
    return load(Path("catalogue")).catalogue(UUID(int=1))


def only(*routes: str) -> Catalogue:
    """The shipped catalogue with these routes alone."""
    return shipped().model_copy(update={"routes": {r: shipped().routes[r] for r in routes}})


def learnt(catalogue: Catalogue, seed: int, messages: int = MESSAGES) -> Learnt:
    return together(taught(part, seed, messages) for part in parts_of(catalogue))


@cache
def of_two_routes() -> Learnt:
    return learnt(only(SMS.name, ALIMTALK.name), 1)


def test_every_route_that_sends_is_taught_and_nothing_is_lost_in_health() -> None:
    found = learnt(shipped(), 1, 20)
    sending = [route for route in shipped().routes.values() if not route.observed]
    delivery = {Row(str(route.channel), route.id) for route in sending}
    assert set(found) == delivery | {Row(ACCEPTANCE), Row(HEARTBEAT)}
    assert all(seen.learnt for seen in found.values())
    assert all(seen.lost < 0.1 * seen.total for seen in found.values())


def test_every_class_has_two_thousand_messages() -> None:
    least = min(seen.total for seen in of_two_routes().values())
    assert least >= AGED * (1 - 1e-9)


@pytest.mark.parametrize(
    ("row", "p50_s", "p99_s"),
    [(SMS, (2.4, 3.1), (10, 15)), (ALIMTALK, (1.2, 1.7), (5, 8))],
)
def test_what_is_learnt_is_what_the_world_draws(
    row: Row, p50_s: tuple[float, float], p99_s: tuple[float, float]
) -> None:
    """A carrier's median is 2.5 s and its p99 12 s, KakaoTalk's 1.2 s and 6 s; relay and app add
    0.2 s."""
    laws = law.laws(of_two_routes(), ())
    shares = of_two_routes()[row].arrived
    for share, (least, most) in ((0.5, p50_s), (0.99, p99_s)):
        assert least <= law.quantile(shares, share) / SECOND <= most
    assert laws.losses[laws.rows.index(row)] < 0.005


def test_the_same_catalogue_and_seed_teach_the_same_and_another_seed_does_not() -> None:
    one, again, other = (dumped(learnt(only(SMS.name), seed, 30)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert dumped(loaded(one)) == one


def test_hours_of_rest_and_slow_routes_are_taught_all_the_same() -> None:
    rests = {"start": "00:00", "end": "23:59", "zone": "Asia/Seoul"}
    route = shipped().routes[SMS.name]
    resting = type(route).model_validate(
        route.model_dump(mode="json") | {"restricted": rests, "interval_s": 3600}
    )
    catalogue = shipped().model_copy(update={"routes": {SMS.name: resting}})
    assert learnt(catalogue, 1, 30)[SMS].learnt
