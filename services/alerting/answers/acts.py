"""What people can see and do over the API, one function each; the command line does the same.

In:  who asks, in a transaction of theirs. Out: a model, or Refuse with a status as its reason.
Before: `api.py` knows who it is. After: rows, each act with its line in `audit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.alerting.answers import models
from services.alerting.answers.known import known
from services.alerting.answers.models import Taken
from services.alerting.paging import oncall, planned
from services.runtime.errors import Refuse
from services.storage import incidents, people
from services.storage import oncall as overrides
from services.storage import planned as storage
from services.storage.oncall import Override
from services.storage.planned import Notice
from services.storage.pool import Connection
from services.storage.status import latest_catalogue

MOST = 200
GONE, CONFLICT = "404", "409"  # reasons of Refuse; any other is 422


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a person whose token was right."""

    conn: Connection
    person: str
    token: bytes  # its hash
    now: datetime
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None

    async def record(self, action: str, about: str, number: int) -> None:
        """A line in the audit; `number`: of the action or the version."""
        detail = {"number": number}
        await people.record(self.conn, self.person, "api", action, about, detail)


async def listed(asked: Asked) -> list[models.Incident]:
    """Open ones, the worst first; `?all=true` those that are over, too."""
    closed = asked.query.get("all") == "true"
    found = await incidents.newest(asked.conn, closed, MOST)
    return [models.Incident.model_validate(row) for row in found]


async def shown(asked: Asked) -> models.IncidentWhole:
    """One, with candidates, timeline, who had it, and what providers said."""
    found = await known(asked.conn, asked.path["id"], asked.now)
    if found is None:
        raise Refuse(GONE, f"there is no incident {asked.path['id']}")
    return models.whole(found)


async def ack(asked: Asked) -> Taken:
    """The person of the token has it."""
    name = await _incident(asked, open_=True)
    minutes = asked.body.minutes or (await people.spoken_to(asked.conn, asked.person)).minutes
    await people.acknowledge(asked.conn, [name], asked.person, "api", minutes)
    return Taken(id=name)


async def note(asked: Asked) -> Taken:
    """Add a line to its timeline, at the leader's next tick."""
    return await _ask(asked, "note", asked.body.text, open_=False)


async def close(asked: Asked) -> Taken:
    """Say that it is over. If messages fail on, it opens again by itself."""
    return await _ask(asked, "close", asked.body.reason, open_=True)


async def windows(asked: Asked) -> list[models.Window]:
    """Planned work that was not withdrawn."""
    found = await storage.windows(asked.conn)
    return [models.Window.model_validate(one) for one in found if one.starts_at]


async def plan(asked: Asked) -> Taken:
    """Enter planned work; the same component and start again is a new version of it."""
    work = planned.Asked(**asked.body.model_dump())
    window = planned.entered(work, await latest_catalogue(asked.conn), asked.person)
    version = await storage.put_window(asked.conn, window)
    await asked.record("maintenance.add", window.id, version)
    return Taken(id=window.id, version=version)


async def withdraw(asked: Asked) -> Taken:
    """Take planned work back; what it was is kept."""
    name = asked.path["id"]
    found = [one for one in await storage.windows(asked.conn) if one.id == name and one.starts_at]
    if not found:
        raise Refuse(GONE, f"there is no planned work {name}")
    gone = planned.withdrawn(found[0], asked.body.reason, asked.person)
    version = await storage.put_window(asked.conn, gone)
    await asked.record("maintenance.withdraw", name, version)
    return Taken(id=name, version=version)


async def notices(asked: Asked) -> list[models.Notice]:
    """What providers said, in that order."""
    found = await storage.notices(asked.conn)
    return [models.Notice.model_validate(one) for one in found if one.says != "withdrawn"]


async def notice(asked: Asked) -> Taken:
    """Enter what a provider says; the same provider, component and time again is a new version."""
    given = asked.body
    planned.require_known(await latest_catalogue(asked.conn), given.component)
    name = storage.notice_id(given.provider, given.component, given.said_at)
    one = Notice(name, **given.model_dump(), actor=asked.person)
    version = await storage.put_notice(asked.conn, one)
    await asked.record("notice.add", name, version)
    return Taken(id=name, version=version)


async def withdraw_notice(asked: Asked) -> Taken:
    """Take a notice back that was entered wrongly; what it was is kept."""
    name = asked.path["id"]
    known = [one for one in await storage.notices(asked.conn) if one.id == name]
    if not known or known[0].says == "withdrawn":
        raise Refuse(GONE, f"there is no notice {name}")
    gone = known[0]._replace(says="withdrawn", actor=asked.person)
    version = await storage.put_notice(asked.conn, gone)
    await asked.record("notice.withdraw", name, version)
    return Taken(id=name, version=version)


async def on_call(asked: Asked) -> models.Oncall:
    """Who is called now."""
    catalogue = await latest_catalogue(asked.conn)
    if catalogue is None:
        return models.Oncall(first=None, later=[], systems=[])
    found = await overrides.overrides(asked.conn, asked.now)
    duty = oncall.duty(catalogue, found, asked.now)
    first = oncall.first(catalogue, found, asked.now)
    later = (name.removeprefix("person:") for step in duty.later for name in step.people)
    systems = [name.removeprefix("path:") for name in duty.systems]
    return models.Oncall(first=first, later=list(dict.fromkeys(later)), systems=systems)


async def watches(asked: Asked) -> list[models.Override]:
    """Overrides of the rota that are not over, the newest first."""
    found = await overrides.overrides(asked.conn, asked.now)
    return [models.Override.model_validate(one) for one in found]


async def watch(asked: Asked) -> models.Override:
    """Give somebody the watch instead of whom the rota names."""
    given = asked.body
    start = given.starts_at or asked.now
    made = Override(0, given.person, start, given.ends_at, given.reason, asked.person)
    made = oncall.entered(made, await latest_catalogue(asked.conn), asked.now)
    made = made._replace(number=await overrides.put_override(asked.conn, *made[1:]))
    await asked.record("oncall.override", oncall.recipient(made.person), made.number)
    return models.Override.model_validate(made)


async def _ask(asked: Asked, kind: str, text: str, open_: bool) -> Taken:
    name = await _incident(asked, open_)
    number = await incidents.ask(asked.conn, name, kind, asked.person, text)
    await asked.record(kind, name, number)
    return Taken(id=name)


async def _incident(asked: Asked, open_: bool) -> str:
    row = await incidents.by_id(asked.conn, asked.path["id"])
    if row is None:
        raise Refuse(GONE, f"there is no incident {asked.path['id']}")
    if open_ and row.status == "closed":
        raise Refuse(CONFLICT, f"{row.id} is closed already")
    return row.id
