"""What the database holds of a month is what was sealed, or the first difference is told."""

import pytest

from services.reporting.finding import Finding
from services.reporting.verify_stored import verify
from services.storage import months
from services.storage.pool import transaction
from tests.support.sealed_months import CLOSED, World

# As the owner of the database, past every function: what of it is found, and by which step.
CHANGES = {
    "nothing": ("SELECT", None, None),
    "a stored attempt": (
        "UPDATE attempts SET sightings = '{}' WHERE probe_id = (SELECT probe_id FROM attempts"
        " WHERE slot < '2026-10-30T14:00Z' ORDER BY probe_id DESC LIMIT 1)",
        "days[29].", None,
    ),
    "a piece of evidence": (
        "DELETE FROM evidence WHERE event_id = (SELECT event_id FROM evidence WHERE"
        " kind = 'device.seen' AND occurred_at < '2026-10-30T14:00Z'"
        " ORDER BY event_id DESC LIMIT 1)",
        None, "days[29].",
    ),
    "probes past retention": ("TRUNCATE attempts", "raw evidence past retention", None),
    "evidence past retention": ("TRUNCATE evidence", None, "raw evidence past retention"),
    "evidence that is past retention, day by day": (
        "DELETE FROM attempts WHERE slot < '2026-10-29T15:00Z';"
        " DELETE FROM evidence WHERE event_id < first_id_at('2026-10-29T15:00Z')",
        "raw evidence past retention", "raw evidence past retention",
    ),
    "a figure of a report": (
        "UPDATE report_revision SET content = convert_to(replace(convert_from(content, 'UTF8'),"
        " '\"undelivered\":18', '\"undelivered\":17'), 'UTF8') WHERE revision = 1",
        "seal.figures", "seal.figures",
    ),
    "a column beside it": (
        "UPDATE report_revision SET evidence = repeat('0', 64) WHERE revision = 1",
        "evidence: stored 000000000000…", "evidence: stored 000000000000…",
    ),
    "a revision is gone": (
        "DELETE FROM report_context WHERE revision = 0; DELETE FROM report_revision"
        " WHERE revision = 0",
        "[0] 2026-10 r1: stored r1, recomputed r0", "[0] 2026-10 r1: stored r1, recomputed r0",
    ),
}  # fmt: skip


async def _wrong(world: World, raw: bool) -> list[str]:
    async with world.report.acquire() as conn:
        own = await months.revisions(conn, "geoje")
        found: list[Finding] = [each async for each in verify(conn, own, own, raw)]
    assert len(found) >= 2 * len(own) + 1
    return [each.en for each in found if not each.equal]


@pytest.mark.parametrize(("change", "stored", "raw"), CHANGES.values(), ids=CHANGES)
async def test_the_first_difference_is_told(
    world: World, change: str, stored: str | None, raw: str | None
) -> None:
    await world.begin("geoje")
    await world.at(CLOSED)
    await world.round()
    async with transaction(world.owner) as conn:
        await conn.execute(change)
    for again, expected in ((False, stored), (True, raw)):
        wrong = await _wrong(world, again)
        assert (wrong[:1] == []) if expected is None else wrong[0].startswith(expected), wrong
