"""A month is sealed from what was known before its cutoff; two people change a closed one."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from services.contracts import slots
from services.contracts.report import Report
from services.contracts.report_words import State
from services.reporting import chain, drafts, sealing
from services.reporting.metrics import Metrics
from services.reporting.round import Rounds
from services.reporting.verify_stored import verify
from services.storage import corrections, months, people, sink
from services.storage.pool import transaction
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support import sealed_months as played
from tests.support.sealed_months import CLOSED, END, LOST, World

HOUR = timedelta(hours=1)
NONE: Mapping[str, Any] = {}
REASON = "예비 단말의 기록을 뒤늦게 받아 저장했습니다."


async def _report(world: World, revision: int, body: str = "geoje") -> Report:
    async with transaction(world.report) as conn:
        text = await months.content(conn, body, "2026-10", revision)
    assert text is not None
    return Report.model_validate_json(text)


async def _approved(
    world: World, kind: str = "evidence_import", data: Mapping[str, Any] = NONE
) -> None:
    """One person proposes, another approves, two days later."""
    soon = datetime.now(END.tzinfo) + timedelta(days=1)
    async with transaction(world.owner) as conn:
        for person in ("kim", "lee"):
            await people.put_token(conn, person, person, [corrections.ROLE], "test", soon)
        number = await corrections.propose(
            conn, people.hashed("kim"), "geoje", "2026-10", kind, data, REASON, "cli"
        )
    await world.at(CLOSED + 60 * HOUR)
    async with transaction(world.owner) as conn:
        await corrections.decide(conn, people.hashed("lee"), number, True, "기록과 같음", "cli")


async def test_a_month_is_preliminary_then_closed_and_says_what_happened(world: World) -> None:
    await world.begin("geoje")
    await world.at(END + 5 * HOUR)
    await world.round()
    assert await world.rows() == []
    await world.at(END + 100 * HOUR)
    await world.round()
    await world.round()
    assert await world.rows() == [("geoje", "2026-10", 0), ("geoje", "2026-10", 1)]
    first, second = await _report(world, 0), await _report(world, 1)
    assert (first.state, first.cutoff) == (State.PRELIMINARY, "2026-10-31T21:00:00.000Z")
    assert (second.state, second.cutoff) == (State.CLOSED, "2026-11-03T15:00:00.000Z")
    assert (first.seal.prev, second.seal.prev) == (chain.ZEROS, first.seal.entry)
    (own,) = second.items
    assert own.minutes.excluded.not_in_force == 29 * 24 * 60
    assert own.minutes.service == 2 * 24 * 60
    assert own.outage_min == "180.000000"
    assert (own.probes.undelivered, own.probes.slots) == (18, 288)
    assert [each.channel for each in second.outages] == ["alimtalk"]
    assert second.diff == ()


@pytest.mark.parametrize("late", [HOUR, 40 * 24 * HOUR], ids=["an hour", "40 days"])
async def test_late_evidence_changes_nothing_that_is_sealed_and_is_drafted(
    world: World, late: timedelta
) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    sealed = await _report(world, 1)
    lost = [sent for sent in played.probes() if LOST[0] <= sent.slot < LOST[1]]
    await world.tell([played.a_sighting(sent) for sent in lost], CLOSED + late)
    await world.at(CLOSED + late + HOUR)
    async with world.report.acquire() as conn:
        own = await months.revisions(conn)
        # The same cutoff again, as after a crash: the same figures.
        asked = sealing.asked_for(
            sealing.Due(CLOSED, "geoje", "2026-10", 1, CLOSED), own, [], CLOSED
        )
        again = await sealing.made(conn, asked)
        assert again is not None
        assert chain.figures_hash(again.report) == sealed.seal.figures
        await drafts.look(conn, CLOSED + late + HOUR)
        await drafts.look(conn, CLOSED + late + 2 * HOUR)
        assert len(await conn.fetch("SELECT FROM report_draft")) == 1
        (draft,) = await corrections.drafts(conn)
        outage = next(one for one in draft.diff if one["path"] == "items[0].outage_min")
        assert (outage["old"], outage["new"]) == ("180.000000", "0.000000")
        assert await sealing.preview(conn, "geoje", "2026-10", CLOSED + late) is not None
    await world.round()
    assert [row for row in await world.rows() if row[1] == "2026-10"] == [
        ("geoje", "2026-10", 0), ("geoje", "2026-10", 1)
    ]  # fmt: skip


async def test_a_report_that_came_late_is_drafted_though_it_names_its_message_only(
    world: World,
) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    sent = next(iter(each for each in played.probes() if each.slot >= LOST[0]))
    told = builders.a_report(sent, probe_id=None, provider_message_id=str(sent.probe_id))
    await world.tell([told], CLOSED + HOUR)
    await world.at(CLOSED + 2 * HOUR)
    async with world.report.acquire() as conn:
        await drafts.look(conn, CLOSED + 2 * HOUR)
        (draft,) = await corrections.drafts(conn)
    assert ("items[0].claims.delivered_unseen", "0", "1") in [
        (one["path"], one["old"], one["new"]) for one in draft.diff
    ]


async def test_a_draft_waits_no_longer_once_no_figure_would_change(world: World) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    again = builders.a_sighting(next(played.probes()), source_event_id="again")
    await world.tell([again], CLOSED + HOUR)
    await world.at(CLOSED + 2 * HOUR)
    was = {"path": "items[0].probes.duplicates", "old": "0", "new": "1"}
    async with world.report.acquire() as conn:
        async with conn.transaction():
            await people.may_write(conn)
            await corrections.put_draft(conn, "geoje", "2026-10", 1, [was])
        assert len(await corrections.drafts(conn)) == 1
        await world.at(CLOSED + 3 * HOUR)
        await drafts.look(conn, CLOSED + 3 * HOUR)
        assert await corrections.drafts(conn) == []
        assert len(await conn.fetch("SELECT FROM report_draft")) == 2


async def test_a_month_whose_first_evidence_may_be_gone_is_not_drafted(world: World) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    lost = [sent for sent in played.probes() if LOST[0] <= sent.slot < LOST[1]]
    begun = END - timedelta(days=31)
    last = begun + drafts.KEPT - timedelta(days=2)
    await world.tell([played.a_sighting(sent) for sent in lost], last - HOUR)
    async with world.report.acquire() as conn:
        await drafts.look(conn, begun + drafts.KEPT)
        assert await corrections.drafts(conn) == []
        await drafts.look(conn, last)
        assert len(await corrections.drafts(conn)) == 1


async def test_an_approved_correction_is_a_revision_with_its_difference(world: World) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    lost = [sent for sent in played.probes() if LOST[0] <= sent.slot < LOST[1]]
    await world.tell([played.a_sighting(sent) for sent in lost], CLOSED + HOUR)
    await world.at(CLOSED + 2 * HOUR)
    await _approved(world)
    await world.round()
    assert [revision for _, _, revision in await world.rows()] == [0, 1, 2]
    old, new = await _report(world, 1), await _report(world, 2)
    assert (old.items[0].outage_min, new.items[0].outage_min) == ("180.000000", "0.000000")
    assert (new.state, new.cutoff) == (State.CORRECTED, "2026-11-03T17:00:00.000Z")
    assert new.approval is not None
    assert new.approval.by == "lee"
    (correction,) = new.corrections
    assert (correction.reason, correction.proposed_by) == (REASON, "kim")
    assert correction.diff == new.diff
    assert ("items[0].outage_min", "180.000000", "0.000000") in [
        (one.path, one.old, one.new) for one in new.diff
    ]
    async with world.report.acquire() as conn:
        own = await months.revisions(conn, "geoje")
        for raw in (False, True):
            assert all([each.equal async for each in verify(conn, own, own, raw)])


async def test_a_fault_that_was_approved_after_the_closing_counts_in_its_own_revision(
    world: World,
) -> None:
    """What is entered by it is known later than the revision's cutoff, and counts all the same."""
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    await world.at(CLOSED + 2 * HOUR)
    fault = {"component": "receiver:skt-01", "cause": "account"}
    span = {"from": LOST[0].isoformat(), "to": LOST[1].isoformat()}
    await _approved(world, "monitor_fault", fault | span)
    await world.round()
    old, new = await _report(world, 1), await _report(world, 2)
    assert (old.items[0].outage_min, old.items[0].minutes.unmeasured) == ("180.000000", 0)
    assert (new.items[0].outage_min, new.items[0].minutes.unmeasured) == ("0.000000", 180)
    assert [each.component for each in new.monitor_faults] == ["receiver:skt-01"]
    async with world.report.acquire() as conn:
        own = await months.revisions(conn, "geoje")
        found = [each async for each in verify(conn, own, own, raw=True)]
    assert all(each.equal for each in found)


async def test_while_storing_has_not_passed_the_cutoff_nothing_is_sealed(world: World) -> None:
    await world.begin("geoje")
    await world.at(CLOSED + HOUR, stored=END + 7 * HOUR)
    await world.round()
    assert [revision for _, _, revision in await world.rows()] == [0]
    await world.at(CLOSED + 2 * HOUR)
    await world.round()
    assert (await _report(world, 1)).cutoff == "2026-11-03T15:00:00.000Z"


async def test_of_two_replicas_one_seals_and_each_revision_is_there_once(world: World) -> None:
    await world.begin("moel", "geoje")
    await world.at(CLOSED)
    await asyncio.gather(world.round(), world.round())
    await world.round()
    assert sorted(await world.rows()) == [
        (body, "2026-10", revision) for body in ("geoje", "moel") for revision in (0, 1)
    ]


async def test_time_that_jumps_back_seals_nothing_twice(world: World) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    await world.at(END + 7 * HOUR)
    await world.round()
    await world.at(CLOSED + 24 * HOUR)
    await world.round()
    assert [revision for _, _, revision in await world.rows()] == [0, 1]


async def test_a_month_whose_contract_was_not_known_in_time_is_nobodys_report(world: World) -> None:
    """The body had another contract before, and that one ended."""
    first = played.a_catalogue("geoje")
    ended = {
        name: one.model_copy(update={"valid_from": date(2026, 9, 1), "valid_to": date(2026, 9, 30)})
        for name, one in first.contracts.items()
    }
    await world.begin(catalogue=first.model_copy(update={"contracts": ended}))
    later = datetime(2026, 11, 20, tzinfo=END.tzinfo)
    async with transaction(world.owner) as conn:
        known = played.a_catalogue("geoje").model_copy(update={"revision": UUID(int=2)})
        await sink.store_catalogue(conn, known, "kim", later)
    await world.at(later + 20 * 24 * HOUR)
    looking = played.a_round()
    async with world.report.acquire() as conn:
        for _ in range(2):
            await looking.go(conn, asyncio.Event())
    assert await world.rows() == [("geoje", "2026-11", 0), ("geoje", "2026-11", 1)]


async def test_an_outage_is_told_whole_however_long_before_the_month_it_began(
    world: World,
) -> None:
    """Probed hourly from October on; nothing is seen from 10-15 to 11-02."""
    made = played.a_catalogue("geoje")
    began, over = datetime(2026, 10, 15, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    hourly = made.routes[played.ROUTE].model_copy(update={"interval_s": 3600})
    early = {
        name: one.model_copy(update={"valid_from": date(2026, 10, 1)})
        for name, one in made.contracts.items()
    }
    changed = {"routes": {played.ROUTE: hourly}, "contracts": early}
    lost = 0
    async with transaction(world.owner) as conn:
        known = made.model_copy(update=changed)
        await sink.store_catalogue(conn, known, "kim", began - 5 * 24 * HOUR)
        slot = slots.next_slot(played.ROUTE, HOUR, began - 5 * 24 * HOUR)
        while slot < over + 48 * HOUR:
            sent = builders.a_probe_sent(slot=slot, route=played.ROUTE, receiver="skt-01")
            events = [sent, builders.an_answer(sent, provider_message_id=str(slot))]
            if began <= slot < over:
                lost += 1
                signs = [slot - builders.MINUTE, slot + 5 * builders.MINUTE]
                await sink.touch_liveness(conn, [sink.Sign(played.SOURCE, s, s) for s in signs])
                await store(conn, events, slot)
            else:
                await store(conn, [*events, played.a_sighting(sent)], slot)
            slot += HOUR
    async with world.report.acquire() as reading:
        shown = await sealing.preview(reading, "geoje", "2026-11", over + 40 * HOUR)
    assert shown is not None
    (outage,) = shown.report.outages
    assert outage.minutes_total == f"{lost * 60}.000000"


async def test_a_body_that_fails_keeps_no_other_from_its_report_and_is_counted(
    world: World,
) -> None:
    """What was sealed of it was damaged: nothing can be compared with it."""
    await world.begin("geoje", "moel")
    await world.at(END + 7 * HOUR)
    await world.round()
    async with transaction(world.owner) as conn:
        await conn.execute("UPDATE report_revision SET content = '{}' WHERE body = 'geoje'")
    await world.at(CLOSED)
    registry = CollectorRegistry()
    looking = Rounds("test", Metrics(registry), played.PARTITIONS)
    async with world.report.acquire() as reading:
        for tries in (1, 2, 3):
            await looking.go(reading, asyncio.Event())
            assert registry.get_sample_value("bongsu_report_failed_tries") == tries
    assert await world.rows() == [
        ("geoje", "2026-10", 0), ("moel", "2026-10", 0), ("moel", "2026-10", 1)
    ]  # fmt: skip
    closed = {"report": "closed"}
    due = registry.get_sample_value("bongsu_report_due_timestamp_seconds", closed)
    done = registry.get_sample_value("bongsu_report_last_success_timestamp_seconds", closed)
    assert (due, done) == (CLOSED.timestamp(), CLOSED.timestamp())
