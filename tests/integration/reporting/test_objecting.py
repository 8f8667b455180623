"""An objection, and its answer, stand in revisions of their own that count the same."""

from datetime import datetime, timedelta

import pytest

from services.contracts.report import Report
from services.contracts.report_words import State
from services.reporting import chain, drafts
from services.storage import corrections, months, objections, people
from services.storage.errors import StorageRefused
from services.storage.pool import transaction
from tests.support import sealed_months as played
from tests.support.sealed_months import CLOSED, END, LOST, World

HOUR = timedelta(hours=1)
ABOUT = "상위 통신사의 장애였습니다."


async def _report(world: World, revision: int) -> Report:
    async with transaction(world.report) as conn:
        text = await months.content(conn, "geoje", "2026-10", revision)
    assert text is not None
    return Report.model_validate_json(text)


async def _closed(world: World, *bodies: str) -> None:
    await world.begin(*bodies or ("geoje",))
    await world.at(CLOSED)
    await world.round()
    soon = datetime.now(END.tzinfo) + timedelta(days=1)
    async with transaction(world.owner) as conn:
        for person in ("kim", "lee"):
            await people.put_token(conn, person, person, [corrections.ROLE], "test", soon)


async def _object(world: World, channel: str | None = None, body: str = "geoje") -> None:
    async with transaction(world.owner) as conn:
        await objections.open_(
            conn, people.hashed("kim"), body, "2026-10", channel, "sens", ABOUT, None, "api"
        )


async def test_an_objection_and_its_answer_are_revisions_with_the_same_figures(
    world: World,
) -> None:
    await _closed(world)
    await _object(world, "alimtalk")
    await world.at(CLOSED + HOUR)
    await world.round()
    await world.round()
    async with transaction(world.owner) as conn:
        await objections.decide(conn, people.hashed("lee"), 1, "기록과 달라 받지 않습니다.", "api")
    await world.round()

    assert [revision for _, _, revision in await world.rows()] == [0, 1, 2, 3]
    closed, disputed, answered = [await _report(world, n) for n in (1, 2, 3)]
    assert {one.seal.figures for one in (closed, disputed, answered)} == {closed.seal.figures}
    assert chain.figures_hash(answered) == closed.seal.figures
    (told,) = disputed.objections
    assert (told.by, told.about, told.decision) == ("sens", ABOUT, None)
    assert answered.objections[0].decision == "기록과 달라 받지 않습니다."
    assert [one.items[0].disputed for one in (closed, disputed, answered)] == [False, True, False]


async def test_late_evidence_is_drafted_for_the_revision_of_an_objection_too(world: World) -> None:
    await _closed(world)
    lost = [sent for sent in played.probes() if LOST[0] <= sent.slot < LOST[1]]
    await world.tell([played.a_sighting(sent) for sent in lost], CLOSED + HOUR)
    later = CLOSED + drafts.LATELY + 24 * HOUR
    await world.at(later)
    await _object(world)
    await world.round()
    async with world.report.acquire() as conn:
        await drafts.look(conn, later + HOUR)
        assert [draft.revision for draft in await corrections.drafts(conn)] == [2]


async def test_a_correction_carries_objections_on(world: World) -> None:
    await _closed(world)
    await _object(world)
    await world.round()
    async with transaction(world.owner) as conn:
        number = await corrections.propose(
            conn, people.hashed("kim"), "geoje", "2026-10", "evidence_import", {}, "x" * 20, "api"
        )
        await corrections.decide(conn, people.hashed("lee"), number, True, "x", "api")
    await world.round()
    await world.round()
    assert [revision for _, _, revision in await world.rows()] == [0, 1, 2, 3]
    corrected = await _report(world, 3)
    assert [one.about for one in corrected.objections] == [ABOUT]
    assert corrected.items[0].disputed


async def test_without_a_correction_no_figure_is_sealed_anew(world: World) -> None:
    await _closed(world)
    await _object(world)
    old = await _report(world, 1)
    changed = old.model_copy(update={"revision": 2, "state": State.CORRECTED, "rule": "s2"})
    async with world.report.acquire() as conn:
        async with conn.transaction():
            await people.may_write(conn)
            epoch = await months.take_turn(conn, "test")
            text = chain.text_of(chain.sealed(changed, old.seal.entry))
            with pytest.raises(StorageRefused, match="approved correction"):
                await months.seal(conn, epoch or 0, text)
        await months.give_turn(conn)


async def test_an_open_month_has_nothing_to_be_held_against(world: World) -> None:
    await world.begin("geoje")
    async with transaction(world.owner) as conn:
        soon = datetime.now(END.tzinfo) + timedelta(days=1)
        await people.put_token(conn, "kim", "kim", [corrections.ROLE], "test", soon)
    with pytest.raises(corrections.CorrectionRefused, match="not closed"):
        await _object(world)


@pytest.mark.parametrize("statement", ["DELETE FROM", "UPDATE", "INSERT INTO"])
async def test_no_login_of_a_process_writes_objections(world: World, statement: str) -> None:
    rest = {"UPDATE": " SET about = 'x'", "INSERT INTO": " DEFAULT VALUES"}.get(statement, "")
    async with world.report.acquire() as conn, conn.transaction():
        await people.may_write(conn)
        with pytest.raises(Exception, match="permission denied"):
            await conn.execute(f"{statement} report_objection{rest}")


async def test_a_report_that_cannot_be_read_keeps_no_other_from_telling_of_its_objection(
    world: World,
) -> None:
    await _closed(world, "geoje", "moel")
    for body in ("geoje", "moel"):
        await _object(world, body=body)
    async with transaction(world.owner) as conn:
        await conn.execute(
            "UPDATE report_revision SET content = '{}' WHERE body = 'geoje' AND revision = 1"
        )
    await world.at(CLOSED + HOUR)
    await world.round()
    assert [(body, n) for body, _, n in await world.rows() if n > 1] == [("moel", 2)]
