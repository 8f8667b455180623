"""How bad an outage is, from the notices it hits: 1 (life, and no way left) to 4. Pure.

In:  the catalogue, the routes of an incident, all routes that are out. Out: severity, people.
"""

from collections.abc import Iterable, Set

from services.contracts.catalogue import Catalogue, Notice, Rung
from services.contracts.vocabulary import NoticeClass

MANY_PEOPLE = 100_000


def notices(catalogue: Catalogue, routes: Iterable[str]) -> list[Notice]:
    """What is sent on these routes, each once; what left the catalogue is left out."""
    known = (catalogue.routes[name] for name in routes if name in catalogue.routes)
    hit = {(route.body, route.notice): route for route in known}
    return [catalogue.notice_of(hit[one]) for one in sorted(hit)]


def people(hit: Iterable[Notice]) -> int:
    """How many people they reach; a notice of unknown audience counts none."""
    return sum(notice.audience.size or 0 for notice in hit)


def severity(catalogue: Catalogue, hit: Iterable[Notice], out: Set[str]) -> int:
    """`out`: the routes of all open outages."""
    found = list(hit)
    classes = {notice.notice_class for notice in found}
    life = (notice for notice in found if notice.notice_class is NoticeClass.C0)
    if any(not _healthy(catalogue, notice, out) for notice in life):
        return 1
    if classes & {NoticeClass.C0, NoticeClass.C1} or people(found) >= MANY_PEOPLE:
        return 2
    return 3 if classes & {NoticeClass.C2, NoticeClass.C3} else 4


def _healthy(catalogue: Catalogue, notice: Notice, out: Set[str]) -> bool:
    """Is there a rung that is probed and not out? A letter comes too late for what is C0."""

    def works(rung: Rung) -> bool:
        route = catalogue.routes.get(rung.route or "")
        return route is not None and route.enabled and route.id not in out

    return any(works(rung) for rung in notice.ladder)
