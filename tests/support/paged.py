"""A page that was sent: its rows, and the link in it."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from services.catalogue import publish
from services.contracts.catalogue import Name, build
from services.contracts.oncall import DAYS, Person, Rota, Shift, Step
from services.storage import incidents, pages, people, sink
from services.storage.incidents import Incident
from services.storage.pages import Page
from services.storage.pool import Connection
from tests.support.incidents import an_incident

SOON = timedelta(hours=1)


async def page_of(
    conn: Connection, *rows: Incident, recipient: str = "person:kim", lasts: timedelta = SOON
) -> tuple[str, str]:
    """The page's id and the token of its link. Without `rows` of one incident."""
    named: Sequence[Incident] = rows or (an_incident(),)
    page, token = f"{named[0].id}/opened/{recipient}/1", people.new_secret(people.LINK_BYTES)
    for row in named:
        await incidents.put(conn, row)
    now, about = datetime.now(UTC), {row.id: row.reopened for row in named}
    await pages.make(conn, [Page(page, "opened", recipient, 0, now, now, None, about)])
    await pages.put_link(conn, page, people.hashed(token), lasts.total_seconds())
    return page, token


async def people_in_force(
    conn: Connection, language: Literal["ko", "en"] = "ko", minutes: int = 30
) -> None:
    """A catalogue with one person, kim, always on duty, and how long an acknowledgement holds."""
    kim = Person(id="kim", name=Name(ko="김봉수", en="Kim Bongsu"), language=language, paths=("p",))
    always = Shift(person="kim", days=DAYS, start=time(9), end=time(9))
    step = Step(after_min=10, people=("kim",))
    rota = Rota(
        id="oncall", shifts=(always,), escalation=(step,), systems=("desk",),
        acknowledged_for_min=minutes,
    )  # fmt: skip
    now = datetime.now(UTC)
    whole = build(publish.new_revision(now), [("person", kim), ("rota", rota)])
    await sink.store_catalogue(conn, whole, "test", now)
