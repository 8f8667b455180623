"""What is read as of a cutoff is what a database holds that never saw anything later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest

from services.contracts.evidence import Evidence
from services.contracts.outcome import MonitorFault
from services.contracts.vocabulary import AnswerResult, FaultDomain, Outcome, ReportState
from services.reporting import stored
from services.reporting.lines import ALIVE, Line
from services.storage import sink
from services.storage.lines import Asked
from services.storage.pool import Connection
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

ROUTE = "geoje.alimtalk.sens-a"
CUTOFF = SLOT + 20 * MINUTE + 30 * SECOND
HOUR = timedelta(hours=1)
SOURCES = (
    "observer/skt-1/smsforwarder", "observer/skt-1/home_assistant", "reached/skt-1/kakaotalk",
    "reach/worker-a/nhn", "reach/worker-b/control",
)  # fmt: skip


class Told(NamedTuple):
    """An event or a sign of life, and when the broker had it."""

    what: Evidence | str
    known_at: datetime


async def _lines(
    conn: Connection, cutoff: datetime = CUTOFF, faults: Sequence[MonitorFault] = ()
) -> list[Line]:
    return await stored.read(conn, Asked([ROUTE], SLOT - HOUR, SLOT + 30 * HOUR, cutoff), faults)


async def _tell(conn: Connection, told: Sequence[Told]) -> None:
    for what, known_at in told:
        if isinstance(what, str):
            await sink.touch_liveness(conn, [sink.Sign(what, known_at, known_at)])
        else:
            async with conn.transaction():
                await store(conn, [what], known_at)


def _history(draw: Random) -> list[Told]:
    """Of 150 probes around the cutoff: what was told of each before it and after it, in any order,
    some of it several times."""
    told = [_sign(draw) for _ in range(60)]
    for number in range(150):
        told += (Told(event, _moment(draw)) for event in _events(draw, number))
    told += draw.choices(told, k=100)
    draw.shuffle(told)
    return told


def _moment(draw: Random) -> datetime:
    """Half of them before the cutoff."""
    return CUTOFF + draw.randint(-40 * 60, 40 * 60) * SECOND


def _sign(draw: Random) -> Told:
    return Told(draw.choice(SOURCES), CUTOFF + draw.randint(-1200, 90) * SECOND)


def _events(draw: Random, number: int) -> list[Evidence]:
    sent = builders.a_probe_sent(slot=CUTOFF + (number - 200) * 5 * SECOND)
    own = {"provider_message_id": f"message-{number}"}
    answer = draw.choices(list(AnswerResult), [5, 1, 1, 1])[0]
    taken = own if answer is AnswerResult.ACCEPTED else {"provider_message_id": None}
    events: list[Evidence] = [sent, builders.an_answer(sent, result=answer, **taken)]
    events += [builders.a_probe_sent(slot=sent.slot, worker="worker-b")] * draw.randint(0, 1)
    for state in draw.sample(list(ReportState), draw.randint(0, 2)):
        fault = draw.choice([None, FaultDomain.HANDSET, FaultDomain.CARRIER])
        knows = {} if draw.random() < 0.5 else {"probe_id": None}
        at = sent.sent_at + draw.randint(1, 90) * SECOND
        report = {"state": state, "fault": fault, "reported_at": at}
        events.append(builders.a_report(sent, **own, **knows, **report))
    for copy in range(draw.choice([0, 0, 1, 2])):
        at = sent.sent_at + draw.randint(1, 900) * SECOND
        seen = {"leg": draw.randint(0, 1), "observed_max": at, "source_event_id": f"{copy}"}
        events.append(builders.a_sighting(sent, **seen))
    return events


@pytest.mark.parametrize("seed", range(4))
async def test_what_came_later_changes_nothing(conn: Connection, seed: int) -> None:
    told = _history(Random(seed))
    first = {one.what.event_id: one for one in reversed(told) if not isinstance(one.what, str)}
    once = [one for one in told if isinstance(one.what, str) or one is first[one.what.event_id]]
    await _tell(conn, [one for one in once if one.known_at < CUTOFF])
    before = await _lines(conn)
    await conn.execute("TRUNCATE evidence, attempts, message_ref, liveness")
    await _tell(conn, told)
    assert await _lines(conn) == before
    assert {line.outcome for line in before} >= {*Outcome} - {Outcome.EXEMPT}
    assert before != await _lines(conn, CUTOFF + HOUR)


async def test_late_evidence_counts_from_its_own_time_on(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    alive = [Told(SOURCES[0], at) for at in (sent.sent_at, sent.seen_due + SECOND)]
    seen = builders.a_sighting(sent)
    await _tell(conn, [*alive, Told(sent, SLOT), Told(builders.an_answer(sent), SLOT)])
    await _tell(conn, [Told(seen, CUTOFF)])
    [line] = await _lines(conn)
    assert (line.outcome, line.reason, line.flags) == (Outcome.UNDELIVERED, "not_seen", (ALIVE,))
    [line] = await _lines(conn, CUTOFF + SECOND)
    assert (line.outcome, line.copies) == (Outcome.DELIVERED, 1)


async def test_only_the_faults_that_are_given_count(conn: Connection) -> None:
    sent = builders.a_probe_sent()
    await _tell(conn, [Told(sent, SLOT), Told(builders.an_answer(sent), SLOT)])
    fault = MonitorFault("receiver:skt-1", SLOT, SLOT + MINUTE)
    reasons = [(await _lines(conn, CUTOFF, faults))[0].reason for faults in ([], [fault])]
    assert reasons == ["receiver_silent", "monitor_fault"]


async def test_scheduled_probes_of_these_routes_and_slots_have_a_line(conn: Connection) -> None:
    sent = [builders.a_probe_sent(slot=SLOT + n * HOUR) for n in (-2, -1, 0, 29, 30)]
    other = builders.a_probe_sent(slot=SLOT + MINUTE, route="geoje.alimtalk.nhn-a")
    confirm = builders.a_probe_sent(slot=SLOT + 2 * MINUTE, purpose="confirm")
    unknown = builders.an_answer(builders.a_probe_sent(slot=SLOT + 3 * MINUTE))
    await _tell(conn, [Told(each, SLOT) for each in (*reversed(sent), other, confirm, unknown)])
    lines = await _lines(conn, SLOT + 31 * HOUR)
    assert [line.probe_id for line in lines] == [str(each.probe_id) for each in sent[1:4]]
