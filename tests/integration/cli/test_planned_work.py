"""What people enter at the command line: who has an incident, planned work, notices; and what an
incident shows of it, and of who was told."""

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.storage import incidents, pages, planned
from services.storage.pages import Page
from services.storage.pool import Connection
from tests.support.incidents import an_incident
from tests.support.terminal import Terminal

ROW = an_incident()
ONSET = ROW.started_at
WHY = ("ko reason", "because the other path passes what is broken")


@pytest.fixture
def bongsu(database: str, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, BONGSU_POSTGRES=database)


async def test_planned_work_is_entered_corrected_and_withdrawn_and_all_of_it_is_kept(
    bongsu: Terminal, conn: Connection
) -> None:
    add = ("maintenance", "add", "provider:sens", "--from", "2026-12-01 02:00", "--reason", "점검")
    code, said = await bongsu.say(*add, "--to", "2026-12-01 04:00", "--every", "tue,thu")
    name = "provider:sens@1796058000"
    assert (code, said) == (0, f"{name}, version 1\n")
    assert (await bongsu.say(*add, "--to", "2026-12-01T05:00+09:00"))[1] == f"{name}, version 2\n"
    assert (await bongsu.say("maintenance", "withdraw", name, "--reason", "연기"))[0] == 0
    assert (await bongsu.say("maintenance", "list"))[1] == "no planned work\n"
    assert (await bongsu.say("maintenance", "withdraw", name, "--reason", "x"))[0] == 4
    first, second, last = sorted(
        await bongsu.read("maintenance", "list", "--all"), key=lambda one: int(one["version"])
    )
    assert first["recurs"] == "FREQ=WEEKLY;BYDAY=TU,TH"
    assert (second["recurs"], last["starts_at"], last["reason"]) == (None, None, "연기")
    audited = await conn.fetch("SELECT person, via, action, object FROM audit ORDER BY number")
    me = getpass.getuser()
    assert [tuple(row) for row in audited] == [
        (me, "cli", "maintenance.add", name), (me, "cli", "maintenance.add", name),
        (me, "cli", "maintenance.withdraw", name),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--from", "soon", "--to", "2026-12-01 04:00"), 2, "'soon' is no time"),
        (
            ("--from", "2026-12-01 02:00", "--to", "2026-12-01 02:00"), 4,
            "the end is not after the start",
        ),
        (
            ("--from", "2026-12-01 02:00", "--to", "2026-12-01 03:00", "--every", "wed"), 4,
            "the start is on none of these days",
        ),
        (
            ("--from", "2026-12-01 02:00", "--to", "2026-12-03 03:00", "--every", "tue"), 4,
            "weekly work lasts 24 hours at most",
        ),
        (
            ("--from", "2026-12-01 02:00", "--to", "2026-12-01 03:00", "--every", "daily"), 4,
            "days are mon,tue",
        ),
    ],
)  # fmt: skip
async def test_planned_work_that_makes_no_sense_is_one_sentence(
    bongsu: Terminal, words: tuple[str, ...], code: int, says: str
) -> None:
    found = await bongsu.say("maintenance", "add", "provider:sens", "--reason", "x", *words)
    assert found[0] == code
    assert found[1].startswith(f"bongsu: {says}")
    assert found[1].count("\n") == 1


async def test_an_incident_shows_how_late_a_notice_was_and_that_recovered_was_false(
    bongsu: Terminal, conn: Connection
) -> None:
    await incidents.put(conn, ROW)
    for minutes, says in ((12, "down"), (30, "recovered")):
        at = (ONSET + timedelta(minutes=minutes)).isoformat()
        add = ("notice", "add", "kakao", "platform:kakaotalk", says, "--at", at)
        assert (await bongsu.say(*add))[0] == 0
    over = ONSET + timedelta(minutes=50)
    await incidents.put(conn, ROW._replace(status="closed", ended_at=over, closed_at=over))
    _, said = await bongsu.say("incidents", "show", ROW.id)
    assert "kakao: down, 12 min after the onset\n" in said
    assert "kakao: recovered, 30 min after the onset; false, broken for 20 min more\n" in said
    down, _ = (await bongsu.read("incidents", "show", ROW.id))["notices"]
    assert (down["lag_s"], down["too_early_s"]) == (720.0, None)
    assert (await bongsu.say("notice", "withdraw", down["id"]))[0] == 0
    (left,) = (await bongsu.read("incidents", "show", ROW.id))["notices"]
    assert left["too_early_s"] == 1200.0
    assert len(await planned.notices(conn, every=True)) == 3
    code, refused = await bongsu.say("notice", "add", "kakao", "x:y", "withdrawn", "--at", at)
    assert (code, refused.count("\n")) == (4, 1)


async def test_an_acknowledgement_needs_no_leader(bongsu: Terminal, conn: Connection) -> None:
    await incidents.put(conn, ROW)
    code, said = await bongsu.say("incidents", "ack", ROW.id)
    assert (code, said.partition(";")[0]) == (0, "acknowledged for 30 min")
    assert (
        await conn.fetchval("SELECT person || via FROM incident_ack") == f"{getpass.getuser()}cli"
    )
    assert f"{getpass.getuser()} has it until" in (await bongsu.say("incidents", "show", ROW.id))[1]
    assert (await bongsu.say("incidents", "ack", ROW.id, "--for", "25h"))[0] == 4
    assert (await bongsu.say("incidents", "ack", "nothing@1"))[0] == 3
    over = ONSET + timedelta(minutes=9)
    await incidents.put(conn, ROW._replace(status="closed", ended_at=over, closed_at=over))
    assert (await bongsu.say("incidents", "ack", ROW.id))[1].endswith("is closed already\n")


async def _made(conn: Connection, recipient: str) -> None:
    now = datetime.now(UTC)
    page = Page(
        f"{ROW.id}/opened/{recipient}/0", "opened", recipient, 0, now, now, None, {ROW.id: 0}
    )
    await pages.make(conn, [page])


async def test_an_incident_shows_who_was_told_and_who_was_not_yet(
    bongsu: Terminal, conn: Connection
) -> None:
    await incidents.put(conn, ROW)
    for recipient in ("person:kim", "person:lee", "path:room"):
        await _made(conn, recipient)
    claimed = {page.recipient: page for page in await pages.claim(conn, "one", 30.0, 9)}
    for recipient, answer in (("person:kim", "accepted"), ("person:lee", "later")):
        page = claimed[recipient]
        number = await pages.begin(conn, page.id, "some-sms", *WHY, ["carrier:kt"])
        await pages.answered(conn, page.id, number, answer, "http-503")
    await pages.accept(conn, claimed["person:kim"], "some-sms")
    _, said = await bongsu.say("incidents", "show", ROW.id)
    assert "opened to person:kim: accepted" in said
    assert f"over some-sms, try 1 ({'; '.join(WHY)})" in said
    assert "opened to person:lee: not accepted yet, later http-503 over some-sms" in said
    assert "opened to path:room: not accepted yet, no answer\n" in said
    told = (await bongsu.read("incidents", "show", ROW.id))["pages"]
    assert {one["recipient"]: one["answer"] for one in told} == {
        "person:kim": "accepted", "person:lee": "later", "path:room": None
    }  # fmt: skip
