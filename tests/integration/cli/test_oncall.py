"""The watch at the command line, with the rights that it has: who is called, and who instead."""

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from services.alerting.incidents.words import KST
from services.catalogue.load import load
from services.catalogue.publish import new_revision
from services.storage import incidents, migrate, proofs, sink
from services.storage.pool import open_pool, transaction
from tests.support.commands import ROOT
from tests.support.incidents import an_incident
from tests.support.terminal import Terminal

NOW = datetime.now(KST)
PASSWORDS = {f"bongsu_{role}": f"{role}-pw" for role in ("sink", "report", "grafana")}
UNTIL = f"{NOW + timedelta(hours=2):%Y-%m-%d %H:%M}"
CODES = [("sens_sms", "3018", "failed", "handset", None)]
SWAP = ("override", "oncall-2", "--to", UNTIL, "--reason", "교대")


@pytest.fixture
async def bongsu(empty_database: str, tmp_path: Path) -> Terminal:
    """With the shipped catalogue in force, and SMS over NHN broken."""
    name = urlsplit(empty_database).path.removeprefix("/")
    await migrate.init_database(empty_database, name, PASSWORDS, CODES)
    catalogue = load(ROOT / "catalogue").catalogue(new_revision(NOW))
    broken = an_incident(id="line:nhn-sms@1", component="line:nhn-sms", rival=None)
    async with open_pool(empty_database, role_label="test") as pool, transaction(pool) as conn:
        await sink.store_catalogue(conn, catalogue, "tester", NOW)
        await incidents.put(conn, broken)
    parts = urlsplit(empty_database)
    login = f"bongsu_report:{PASSWORDS['bongsu_report']}@{parts.netloc.rpartition('@')[2]}"
    dsn = urlunsplit(parts._replace(netloc=login))
    return Terminal(tmp_path, "oncall", BONGSU_POSTGRES=dsn)


async def test_who_is_called_now_is_told_with_a_path_that_passes_nothing_broken(
    bongsu: Terminal,
) -> None:
    told = await bongsu.read("now")

    assert told["first"] in (["person:oncall-1"], ["person:oncall-2"])
    assert [choice["path"].partition("-")[2][2:] for choice in told["over"]] == ["sens"]
    assert told["over"][0]["reason"]["en"].endswith("account and channel nhn-sms broken")
    assert told["failed"] == ["line:nhn-sms"]


async def test_a_path_that_was_not_proven_is_passed_over_as_pages_do(
    bongsu: Terminal, empty_database: str
) -> None:
    unproven = ["oncall-1-sens", "oncall-2-sens"]
    async with open_pool(empty_database, role_label="test") as pool, transaction(pool) as conn:
        await proofs.claim(conn, unproven, timedelta(hours=1))

    told = await bongsu.read("now")

    assert [choice["path"].partition("-")[2][2:] for choice in told["over"]] == ["mail"]
    assert told["over"][0]["reason"]["en"].endswith("not proven lately")


async def test_an_override_holds_at_once_and_says_who_made_it_in_the_audit(
    bongsu: Terminal, empty_database: str
) -> None:
    code, said = await bongsu.say(*SWAP)
    assert (code, said.startswith("oncall-2 has the watch from ")) == (0, True)

    again = await bongsu.read("override", "oncall-1", "--to", UNTIL, "--reason", "재교대")
    told = await bongsu.read("now")

    me = getpass.getuser()
    assert (again["person"], again["actor"]) == ("oncall-1", me)
    assert told["first"] == ["person:oncall-1"]
    assert [one["reason"] for one in told["overrides"]] == ["재교대", "교대"]
    admin = await asyncpg.connect(empty_database)
    try:
        rows = await admin.fetch("SELECT person, via, action, object FROM audit ORDER BY number")
    finally:
        await admin.close()
    assert [tuple(row) for row in rows] == [
        (me, "cli", "oncall.override", "person:oncall-2"),
        (me, "cli", "oncall.override", "person:oncall-1"),
    ]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("override", "oncall-3", *SWAP[2:]), 4, "no person 'oncall-3'; did you mean 'oncall-"),
        ((*SWAP[:3], "2020-01-01 09:00", *SWAP[4:]), 4, "the end is over already"),
        ((*SWAP[:3], "noon", *SWAP[4:]), 2, "'noon' is no time"),
        ((*SWAP[:5], " "), 4, "a reason has 1 to 500 characters, not 0"),
    ],
)
async def test_an_override_that_would_mean_nothing_is_refused_with_a_sentence(
    words: tuple[str, ...], code: int, says: str, bongsu: Terminal
) -> None:
    found = await bongsu.say(*words)

    assert found[0] == code
    assert says in found[1]
    assert (await bongsu.read("now"))["overrides"] == []


async def test_as_long_as_no_catalogue_is_in_force_it_is_said_that_nobody_is_called(
    database: str, tmp_path: Path
) -> None:
    said = await Terminal(tmp_path, "oncall", BONGSU_POSTGRES=database).say("now")

    assert said == (1, "bongsu: no catalogue is in force yet: nobody is called\n")


async def test_paths_are_shown_with_their_proofs(bongsu: Terminal, empty_database: str) -> None:
    slot, asked = datetime.now(UTC), "INSERT INTO path_proof (path, asked_at) VALUES ($1, $2)"
    async with open_pool(empty_database, role_label="test") as pool, transaction(pool) as conn:
        for path in ("control-room", "oncall-1-nhn", "alertmanager"):
            await conn.execute(asked, path, slot)
        await proofs.answered(conn, "control-room", slot, True, None)
        returned = "UPDATE path_proof SET proven_at = asked_at, how = 'returned' WHERE path = $1"
        await conn.execute(returned, "alertmanager")
        await proofs.answered(conn, "oncall-1-nhn", slot, False, "refused: http-401")
    code, told = await bongsu.say("paths")
    lines = {line.split()[0]: line for line in told.splitlines()}
    assert code == 0
    assert "accepted only" in lines["control-room"]
    assert "came back" in lines["alertmanager"]
    assert "never" in lines["oncall-1-nhn"]
    assert "refused: http-401" in lines["oncall-1-nhn"]
    assert "not asked yet" in lines["oncall-2-mail"]
    by_path = {one["path"]: one for one in await bongsu.read("paths")}
    assert by_path["oncall-1-nhn"]["people"] == ["oncall-1"]
    assert (by_path["control-room"]["how"], by_path["oncall-2-mail"]["how"]) == ("accepted", None)
