"""Who is paged, over what, and when: paths, people and the rota of the operating team.

Part of the catalogue. Numbers, mail addresses and keys stand in the secrets folder; rules that look
at more than one object live in `services/catalogue/oncall.py`.
"""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from services.contracts import ids
from services.contracts.evidence import Id
from services.contracts.model import Model, Name, SecretRef
from services.contracts.vocabulary import Carrier, Purpose

ROTA = "oncall"  # the one rota there is

Notifier = Literal["alertmanager", "webhook", "email", "sms"]
How = Literal["seen", "returned", "accepted"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_PAGES, PAGES_WITHIN = 3, timedelta(minutes=5)  # of what opens, to one recipient
DAY = 24 * 60
WEEK = 7 * DAY
PageUrl = Annotated[str, Field(pattern=r"^https?://[^\s/@][^\s@]*[^/\s@]$")]


class PagingPath(Model):
    """호출 경로: one way by which a page reaches a person, or a system that gets every page.

    `secret` holds `number`, `address`, `key` (and `url`) of a webhook, `username` and `password` of
    an Alertmanager that wants them. Read on a phone it has a `carrier`; `desk`: read at a desk,
    over a wire. `platform`: whose mailbox. `receiver`: the test receiver at which it is proven
    without waking anyone; `returns`: a system sends what it is told as a proof back to ingest, with
    the word `returns` of the secret.
    """

    id: Id
    name: Name
    notifier: Notifier
    secret: SecretRef | None = None
    base_url: PageUrl | None = None
    account: Id | None = None
    sender: Id | None = None
    carrier: Carrier | None = None
    platform: Id | None = None
    receiver: Id | None = None
    desk: bool = False
    returns: bool = False

    @property
    def how(self) -> How:
        """What can be seen of it: its test receiver, what comes back, or its own word."""
        return "seen" if self.receiver else "returned" if self.returns else "accepted"

    def proof_id(self, key: bytes, slot: datetime) -> UUID:
        """Id of the probe that asks it at `slot` whether it works; `key` is BONGSU_ID_KEY."""
        to = self.receiver or self.id
        return ids.make_probe_id(key, proof_route(self.id), to, slot, Purpose.PROOF, None)


def proof_route(path: str) -> str:
    """The route of the probes that prove a path; no route of the catalogue has such a name."""
    return f"path.{path}"


class Person(Model):
    """당직자: somebody who is paged, by `paths` in order of preference."""

    id: Id
    name: Name
    language: Literal["ko", "en"] = "ko"
    paths: tuple[Id, ...] = Field(min_length=1)


class Shift(Model):
    """Who is called first from `start` on each of `days`, until `end`: the same day, or the next
    where that is not later than `start` (09:00 to 09:00 is a whole day)."""

    person: Id
    days: tuple[Day, ...] = Field(min_length=1)
    start: time
    end: time

    def holds(self, minute: int) -> bool:
        """Does it last at that minute of the week, of which 0 is Monday 00:00?"""
        start, end = (at.hour * 60 + at.minute for at in (self.start, self.end))
        since = (minute - DAYS.index(day) * DAY - start for day in self.days)
        return any(passed % WEEK < ((end - start) % DAY or DAY) for passed in since)


class Step(Model):
    """Who is called, too, once nobody acknowledged for so many minutes."""

    after_min: int = Field(gt=0, le=DAY)
    people: tuple[Id, ...] = Field(min_length=1)


class Rota(Model):
    """당직표, of which there is one: who is called first at every hour of the week in `zone` (of
    shifts that overlap the first holds), who afterwards, and which systems' paths get every page.

    An acknowledgement that no note or close follows ends after `acknowledged_for_min`.
    """

    id: Literal["oncall"]
    zone: str = "Asia/Seoul"
    shifts: tuple[Shift, ...] = Field(min_length=1)
    escalation: tuple[Step, ...] = ()
    systems: tuple[Id, ...] = ()
    acknowledged_for_min: int = Field(default=30, gt=0, le=DAY)

    def first(self, minute: int) -> str | None:
        """Who is called first at that minute of the week; None in a gap."""
        return next((shift.person for shift in self.shifts if shift.holds(minute)), None)

    def minute_of(self, at: datetime) -> int:
        """The minute of the week that clocks in `zone` show."""
        local = at.astimezone(ZoneInfo(self.zone))
        return local.weekday() * DAY + local.hour * 60 + local.minute
