"""Figures of a day made by hand, and a probe found by its slot."""

from datetime import timedelta

from services.contracts.evidence import Evidence, ProbeSent
from services.contracts.outcome import Verdict
from services.contracts.vocabulary import FaultDomain, Outcome, Purpose, Stage
from services.storage import status, sweep
from services.storage.pool import Connection
from services.storage.sweep import Settling
from tests.integration.storage.storing import PARTITION, store
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

ROUTE = "geoje.alimtalk.sens-a"


def _sent(number: int, **over: object) -> ProbeSent:
    return builders.a_probe_sent(slot=SLOT + number * MINUTE, **over)


async def _settle(conn: Connection, by_slot: dict[int, Outcome]) -> None:
    due = await sweep.due(conn, {PARTITION: SLOT + timedelta(days=1)}, 100)
    slots = {SLOT + number * MINUTE: outcome for number, outcome in by_slot.items()}
    await sweep.settle(
        conn,
        [
            Settling(d, Verdict(slots[d.attempt.sent.slot], "x"), SLOT)
            for d in due
            if d.attempt.sent and d.attempt.sent.slot in slots
        ],
    )


def _seen_after(sent: ProbeSent, seconds: int) -> Evidence:
    return builders.a_sighting(sent, observed_max=sent.sent_at + seconds * SECOND)


async def test_the_figures_of_a_route_are_those_of_its_scheduled_probes_since_then(
    conn: Connection,
) -> None:
    too_old, *sent = [_sent(number) for number in range(-1, 6)]
    manual = _sent(6, purpose=Purpose.MANUAL)
    other = _sent(0, route="miryang.sms.nhn-a")
    events: list[Evidence] = [too_old, *sent, manual, other]
    events += [builders.an_answer(s, provider_message_id=None) for s in (*sent[:4], manual)]
    events += [_seen_after(s, seconds) for s, seconds in zip(sent[:3], (2, 4, 300), strict=True)]
    events += [builders.a_report(sent[0]), builders.an_opening(sent[0])]
    events += [builders.a_refusal(FaultDomain.PROVIDER, sent[4])]
    async with conn.transaction():
        await store(conn, events)
    outcomes = [
        Outcome.DELIVERED, Outcome.DELIVERED, Outcome.LATE, Outcome.VOID, Outcome.REJECTED,
    ]  # fmt: skip
    await _settle(conn, dict(enumerate(outcomes)))

    geoje, miryang = await status.routes_since(conn, SLOT)

    assert (geoje.route, geoje.sent) == (ROUTE, 6)
    assert (geoje.accepted, geoje.refused, geoje.reported) == (4, 1, 1)
    assert (geoje.seen, geoje.opened, geoje.lost) == (3, 1, 2)
    assert (geoje.void, geoje.unknown) == (1, 0)
    assert geoje.stages[Stage.ACCEPTED] == status.Spread(0.08, 0.08)
    assert geoje.stages[Stage.SEEN].p50_s == 4
    assert geoje.last_seen_at == sent[2].sent_at + 300 * SECOND
    assert (geoje.newest.slot, geoje.newest.stages, geoje.newest.outcome) == (
        sent[5].slot,
        {},
        None,
    )
    assert (miryang.route, miryang.sent, miryang.stages) == ("miryang.sms.nhn-a", 1, {})


async def test_a_probe_is_found_by_route_slot_and_purpose_alone(conn: Connection) -> None:
    sent = _sent(0, purpose=Purpose.MANUAL, command_id=builders.COMMAND)
    assert await status.find_probe(conn, ROUTE, SLOT, Purpose.MANUAL) is None
    async with conn.transaction():
        await store(conn, [sent, builders.an_answer(sent), _seen_after(sent, 2)])
    assert await status.find_probe(conn, ROUTE, SLOT, Purpose.SCHEDULED) is None
    found = await status.find_probe(conn, ROUTE, SLOT, Purpose.MANUAL)
    assert found is not None
    assert (found.probe_id, found.receiver, found.answer) == (sent.probe_id, "skt-1", "accepted")
    assert found.stages == {
        Stage.ACCEPTED: sent.sent_at + timedelta(milliseconds=80),
        Stage.SEEN: sent.sent_at + 2 * SECOND,
    }
