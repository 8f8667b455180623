"""How bad an outage is: by what its notices are for, and by what way is left."""

from pathlib import Path
from uuid import UUID

import pytest

from services.alerting.incidents.severity import notices, people, severity
from services.catalogue.load import load
from services.contracts.catalogue import Audience, Catalogue, Notice
from services.contracts.vocabulary import NoticeClass

SHIPPED = load(Path(__file__).parents[4] / "catalogue").catalogue(UUID(int=1))
ROUTE = "suyeong.alimtalk.nhn"


def _as(graded: NoticeClass, size: int | None = None) -> tuple[Catalogue, list[Notice]]:
    """The shipped catalogue, in which the notice of ROUTE is of that class and audience."""
    route = SHIPPED.routes[ROUTE]
    body = SHIPPED.bodies[route.body]
    audience = Audience(size=size, people=SHIPPED.notice_of(route).audience.people)
    told = tuple(
        notice.model_copy(update={"notice_class": graded, "audience": audience})
        if notice.id == route.notice
        else notice
        for notice in body.notices
    )
    bodies = SHIPPED.bodies | {body.id: body.model_copy(update={"notices": told})}
    catalogue = SHIPPED.model_copy(update={"bodies": bodies})
    return catalogue, notices(catalogue, [ROUTE])


def _rungs(catalogue: Catalogue) -> frozenset[str]:
    ladder = catalogue.notice_of(catalogue.routes[ROUTE]).ladder
    return frozenset(rung.route for rung in ladder if rung.route)


@pytest.mark.parametrize(
    ("graded", "size", "grade"),
    [
        (NoticeClass.C0, None, 2),
        (NoticeClass.C1, None, 2),
        (NoticeClass.C2, None, 3),
        (NoticeClass.C3, 99_999, 3),
        (NoticeClass.C3, 100_000, 2),
        (NoticeClass.C4, None, 4),
    ],
)
def test_an_outage_is_as_bad_as_its_worst_notice(
    graded: NoticeClass, size: int | None, grade: int
) -> None:
    catalogue, hit = _as(graded, size)
    assert severity(catalogue, hit, frozenset({ROUTE})) == grade


def test_a_notice_of_life_without_a_healthy_rung_is_the_worst() -> None:
    catalogue, hit = _as(NoticeClass.C0)
    assert len(_rungs(catalogue)) > 1
    assert severity(catalogue, hit, _rungs(catalogue)) == 1


def test_a_rung_that_is_not_enabled_helps_nobody() -> None:
    catalogue, hit = _as(NoticeClass.C0)
    off = {
        name: catalogue.routes[name].model_copy(update={"enabled": False})
        for name in _rungs(catalogue) - {ROUTE}
    }
    catalogue = catalogue.model_copy(update={"routes": catalogue.routes | off})
    assert severity(catalogue, hit, frozenset({ROUTE})) == 1


def test_a_notice_counts_once_however_many_of_its_routes_are_hit() -> None:
    twice = [name for name in SHIPPED.routes if name.startswith("suyeong.")]
    hit = notices(SHIPPED, [*twice, "gone.sms.nobody"])
    assert len(hit) == len({notice.id for notice in hit}) < len(twice)
    assert people([]) == 0
