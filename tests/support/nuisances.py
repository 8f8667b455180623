"""What healthy weeks are full of: phones and workers restart, hours are slow, things come twice.

In:  days from SINCE on. Out: a small catalogue, segments of a scenario, and what records suffer on
their way. Nothing of it is an outage. The same seed makes the same week.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.contracts.catalogue import Catalogue
from services.contracts.evidence import (
    DeviceSeen,
    Heartbeat,
    ProbeAnswered,
    ProbeSent,
    Record,
    ReportReceived,
)
from services.contracts.vocabulary import AnswerResult
from services.replay.run import WORKERS
from services.runtime.http import ANSWER_WITHIN_S
from tests.support.virtual import HOUR, MINUTE, SECOND, SINCE, Known, broken

DAY = timedelta(days=1)
ROUTES = ("geoje.alimtalk.sens", "geoje.alimtalk.nhn", "geoje.sms.sens", "geoje.sms.nhn")
PHONES = ("skt-01", "kt-01", "lgu-01", "skt-02")
SLOW = ("provider:sens", "platform:kakaotalk", "carrier:skt", "provider:nhn", "carrier:kt")
LOST, UNCLEAR, TWICE, UNREPORTED = 1 / 400, 1 / 100, 1 / 50, 1 / 10


def town(shipped: Catalogue) -> Catalogue:
    """One body of the shipped catalogue: four routes, two providers, four phones."""
    routes = {
        name: shipped.routes[name].model_copy(update={"receivers": PHONES}) for name in ROUTES
    }
    phones = {name: shipped.receivers[name] for name in PHONES}
    return shipped.model_copy(update={"routes": routes, "receivers": phones})


def troubles(days: int) -> Iterator[dict[str, Any]]:
    """Each day every phone restarts, a site loses its network, three parts have an hour that is up
    to twice as slow, and a provider sends everything twice for an hour."""
    dice = random.Random("troubles")
    for day in range(days):
        for phone in PHONES:
            yield _at(dice, day, f"receiver:{phone}", dice.uniform(2, 5) * MINUTE)
        yield _at(dice, day, "site:seoul", dice.uniform(1, 4) * MINUTE)
        for part in dice.sample(SLOW, 3):
            yield _at(dice, day, part, HOUR, state="loaded", factor=dice.uniform(1.5, 2))
        yield _at(dice, day, "provider:nhn", HOUR, state="duplicating")


def _at(dice: random.Random, day: int, part: str, lasts: timedelta, **state: Any) -> dict[str, Any]:
    since = SINCE + day * DAY + dice.uniform(0.1, 22.9) * HOUR
    return broken(part, since, since + lasts, **state)


class Absence(NamedTuple):
    """A part of bongsu's own is away from then to then."""

    part: str
    since: datetime
    until: datetime


def absences(days: int) -> list[Absence]:
    """All that a fault of bongsu's own may be told of."""
    own = [one for one in troubles(days) if one["component"].startswith(("receiver:", "site:"))]
    return restarts(days) + [
        Absence(one["component"], *map(datetime.fromisoformat, (one["from"], one["to"])))
        for one in own
    ]


def restarts(days: int) -> list[Absence]:
    """Each worker once a day, for up to 40 s; what it had to send is never sent."""
    dice = random.Random("restarts")
    begun = [
        (worker, SINCE + day * DAY + dice.uniform(0.1, 23.9) * HOUR)
        for day in range(days)
        for worker in WORKERS
    ]
    return [
        Absence(f"worker:{worker}", at, at + dice.uniform(5, 40) * SECOND) for worker, at in begun
    ]


def _day(at: datetime) -> int:
    return (at - SINCE) // DAY


class Nuisances:
    """What becomes of records between those who tell and the detector."""

    def __init__(self, days: int) -> None:
        self._dice, self._never = random.Random("way"), set[UUID | None]()
        self._gone = {(one.part, _day(one.since)): one for one in restarts(days)}

    def __call__(self, at: datetime, record: Record) -> Iterator[Known]:
        """It comes, comes twice, comes otherwise, or never."""
        if self._is_lost(at, record):
            return
        for known, one in self._unclear(at, record):
            yield known, one
            if self._dice.random() < TWICE:
                yield known + self._dice.uniform(0, 90) * SECOND, one

    def _is_lost(self, at: datetime, record: Record) -> bool:
        if self._away(at, record):
            self._never |= {record.probe_id} if isinstance(record, ProbeSent) else set()
            return True
        rare = {DeviceSeen: LOST, ReportReceived: UNREPORTED}.get(type(record), 0.0)
        unsent = getattr(record, "probe_id", None) in self._never
        return unsent or self._dice.random() < rare

    def _away(self, at: datetime, record: Record) -> bool:
        if isinstance(record, Heartbeat):
            whose = record.source.replace("/", ":")
        elif isinstance(record, ProbeSent | ProbeAnswered):
            whose = f"worker:{record.worker}"
        else:
            return False
        gone = self._gone.get((whose, _day(at)))
        return gone is not None and gone.since <= at < gone.until

    def _unclear(self, at: datetime, record: Record) -> Iterator[Known]:
        """An answer is rarely late: nobody knows, and half of the time it is known afterwards."""
        if isinstance(record, ProbeAnswered) and self._dice.random() < UNCLEAR:
            ended = record.started_at + ANSWER_WITHIN_S * SECOND
            told = {"result": AnswerResult.UNCLEAR, "ended_at": ended, "code": None}
            yield ended, record.model_copy(update=told | {"provider_message_id": None})
            if self._dice.random() < 0.5:
                yield ended + self._dice.uniform(1, 60) * SECOND, record
        else:
            yield at, record
