"""Which sealed revision a command means, or why there is none: a sentence and an exit code.

In: what was asked, all revisions, the catalogue, first slots, the database's time. Out: revisions.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.cli.context import USAGE
from services.cli.report_sentences import sentence
from services.reporting.due import Promised, month_of, preliminary_at
from services.reporting.round import promised
from services.storage import months
from services.storage.months import Revision
from services.storage.pool import Connection

NO_SUCH_REPORT = 5
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_KOREA = "Asia/Seoul"


class NotThere(Exception):
    """There is no such revision; the message is a sentence."""

    def __init__(self, code: int, key: str, **fields: object) -> None:
        super().__init__(sentence(key, **fields))
        self.code = code


class Asked(NamedTuple):
    """Of one command. No bodies: all; no channels: all."""

    month: str
    bodies: Sequence[str]
    channels: tuple[str, ...]
    revision: int | None
    preview: bool


class Known(NamedTuple):
    """What there is. `firsts`: the first slot of each route of which there is evidence."""

    revisions: Sequence[Revision]
    promised: Mapping[str, Promised]
    firsts: Mapping[str, datetime]
    now: datetime

    @property
    def bodies(self) -> list[str]:
        """Those with contracts, or with reports of a time when they had."""
        return sorted({*self.promised, *(each.body for each in self.revisions)})


def a_month(text: str) -> str:
    """`2026-10`. Raises NotThere for anything else."""
    if not _MONTH.fullmatch(text):
        raise NotThere(USAGE, "not_a_month", asked=text)
    return text


def known_body(body: str, there: Sequence[str]) -> None:
    """Raises NotThere for one that is none of these."""
    if body not in there:
        near = get_close_matches(body, there, n=1)
        meant = sentence("meant", name=near[0]) if near else ""
        raise NotThere(USAGE, "no_body", asked=body, meant=meant)


def revision_of(known: Known, body: str, month: str, number: int | None) -> Revision:
    """That one, or the latest. Raises NotThere."""
    known_body(body, known.bodies)
    there = [each for each in known.revisions if (each.body, each.month) == (body, month)]
    if not there:
        raise _why_none(known, body, month)
    if number is None:
        return there[-1]
    found = next((each for each in there if each.revision == number), None)
    if found is None:
        latest = there[-1].revision
        raise NotThere(
            NO_SUCH_REPORT, "no_revision", month=month, body=body, asked=number, latest=latest
        )
    return found


def _why_none(known: Known, body: str, month: str) -> NotThere:
    own = known.promised.get(body)
    zone = own.tz if own else _KOREA
    this = month_of(known.now, zone)
    if month > this:
        return NotThere(USAGE, "not_begun", month=month)
    due = f"{preliminary_at(own, month):%Y-%m-%d %H:%M}" if own else "–"
    if month == this:
        return NotThere(NO_SUCH_REPORT, "open", month=month, due=due, zone=zone_name(zone))
    routes = [share.route for one in own.contracts for share in one.routes] if own else []
    first = min((known.firsts[each] for each in routes if each in known.firsts), default=None)
    if first is not None and month < month_of(first, zone):
        day = f"{first.astimezone(ZoneInfo(zone)):%Y-%m-%d}"
        return NotThere(NO_SUCH_REPORT, "before_data", body=body, first=day, month=month)
    if own and not own.was_promised(month):
        return NotThere(NO_SUCH_REPORT, "too_late", body=body, month=month)
    return NotThere(
        NO_SUCH_REPORT, "not_sealed", month=month, body=body, due=due, zone=zone_name(zone)
    )


def zone_name(zone: str) -> str:
    """As people write it."""
    return "KST" if zone == _KOREA else zone


async def stand(conn: Connection) -> Known:
    """What there is, as of now."""
    own = {each.body: each for each in await promised(conn)}
    contracts = [one for each in own.values() for one in each.contracts]
    routes = sorted({share.route for one in contracts for share in one.routes})
    firsts = await months.first_slots(conn, routes)
    return Known(await months.revisions(conn), own, firsts, await months.now(conn))
