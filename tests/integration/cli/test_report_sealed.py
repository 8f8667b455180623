"""What is sealed is listed, and a corrected month says what differs, minute by minute."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from services.reporting import folder
from services.storage import corrections, objections, people
from services.storage.pool import open_pool, transaction
from tests.integration.storage.logins import initialised, logged_in
from tests.support import sealed_months as played
from tests.support.sealed_months import CLOSED, END, LOST, World
from tests.support.terminal import Terminal

__all__ = ["initialised"]
HOUR = timedelta(hours=1)
REASON = "예비 단말의 기록을 뒤늦게 받아 저장했습니다."
DIFF = ("report", "diff", "2026-10", "--body", "geoje")


@pytest.fixture
async def world(initialised: str) -> AsyncIterator[World]:
    """Closed; then evidence came late, and a correction is proposed."""
    login = logged_in(initialised, "bongsu_report")
    async with (
        open_pool(initialised, role_label="test") as owner,
        open_pool(login, role_label="reporting", max_size=2) as report,
    ):
        made = World(owner, report, login)
        await made.begin("geoje")
        await made.at(CLOSED)
        await made.round()
        lost = [sent for sent in played.probes() if LOST[0] <= sent.slot < LOST[1]]
        await made.tell([played.a_sighting(sent) for sent in lost], CLOSED + HOUR)
        await made.at(CLOSED + 2 * HOUR)
        soon = datetime.now(END.tzinfo) + timedelta(days=1)
        async with transaction(owner) as conn:
            for person in ("kim", "lee"):
                await people.put_token(conn, person, person, [corrections.ROLE], "test", soon)
            await corrections.propose(
                conn, people.hashed("kim"), "geoje", "2026-10", "evidence_import", {}, REASON, "api"
            )
        yield made


async def _approve(world: World) -> None:
    await world.at(CLOSED + 3 * HOUR)
    async with transaction(world.owner) as conn:
        await corrections.decide(conn, people.hashed("lee"), 1, True, "기록과 같음", "api")
    await world.round()


@pytest.fixture
def bongsu(world: World, initialised: str, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, BONGSU_POSTGRES=logged_in(initialised, "bongsu_report"))


async def test_revisions_are_listed_with_verdicts_and_hashes_and_what_waits(
    bongsu: Terminal, world: World
) -> None:
    code, said = await bongsu.say("report", "list", "--body", "geoje")
    assert code == 0, said
    assert "preliminary" in said
    assert "Waiting: correction 1 of 2026-10 geoje (evidence_import), proposed by kim" in said
    found = await bongsu.read("report", "list", "--from", "2026-10", "--to", "2026-10")
    assert [(one["revision"], one["state"]) for one in found["revisions"]] == [
        (0, "preliminary"), (1, "closed"),
    ]  # fmt: skip
    assert found["revisions"][1]["verdicts"] == {"alimtalk": "missed"}
    assert found["revisions"][1]["prev"] == found["revisions"][0]["entry"]
    assert [one["id"] for one in found["waiting"]] == [1]
    assert (await bongsu.read("report", "list", "--from", "2026-11"))["revisions"] == []


async def test_an_objection_is_listed_until_it_is_answered(bongsu: Terminal, world: World) -> None:
    kim = people.hashed("kim")
    async with transaction(world.owner) as conn:
        await objections.open_(
            conn, kim, "geoje", "2026-10", None, "sens", "통신사 장애", None, "api"
        )
    assert "Objection 1: 2026-10 geoje, by sens" in (await bongsu.say("report", "list"))[1]
    async with transaction(world.owner) as conn:
        await objections.decide(conn, kim, 1, "기록과 다릅니다.", "api")
    assert (await bongsu.read("report", "list"))["disputes"] == []


async def test_a_corrected_month_says_why_which_minutes_and_which_figures_differ(
    bongsu: Terminal, world: World
) -> None:
    await _approve(world)

    code, said = await bongsu.say(*DIFF)

    assert code == 1, said
    why, minutes, *figures = said.splitlines()
    assert why.endswith(f"by kim, approved by lee: {REASON}")
    assert minutes == "Alimtalk 10-30 14:04-17:04 down → up"
    assert any(line.endswith(": 180 → 0") for line in figures)
    assert await bongsu.say(*DIFF, "--from", "1", "--to", "1") == (0, "No figure differs.\n")


async def test_in_korean_too(world: World, initialised: str, tmp_path: Path) -> None:
    await _approve(world)
    dsn = logged_in(initialised, "bongsu_report")
    korean = Terminal(tmp_path, BONGSU_POSTGRES=dsn, LC_ALL="ko_KR.UTF-8")
    _, said = await korean.say(*DIFF)
    assert said.splitlines()[1] == "알림톡 10-30 14:04-17:04 장애 → 정상"


async def test_the_claim_pack_of_an_outage_is_a_folder_with_hashes_of_its_files(
    bongsu: Terminal, tmp_path: Path
) -> None:
    out = tmp_path / "claims"
    claim = ("report", "claim", "alimtalk@2026-10-30 14:04", "--body", "geoje", "--out", str(out))

    code, said = await bongsu.say(*claim)

    assert code == 0, said
    (made,) = out.iterdir()
    assert {file.name for file in made.iterdir()} == {
        "SHA256SUMS", "claim.json", "contract.json", "geoje-2026-10-r1.json", "probes.txt",
        "statement.en.pdf", "statement.ko.pdf",
    }  # fmt: skip
    for name, sha in folder.read_sums(made).items():
        assert sha256((made / name).read_bytes()).hexdigest() == sha
    told = json.loads((made / "claim.json").read_bytes())
    assert told["deadline"] == "2026-11-29T23:59:59+09:00"
    assert (told["restored"], told["probes"]) == ("2026-10-30T17:04:00+09:00", 6 + 18 + 6)
    code, said = await bongsu.say("report", "claim", told["outage"]["id"], *claim[3:])
    assert code == 0, said
    assert len(list(out.iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("diff", "2026-13", "--body", "geoje"), 2, "'2026-13' is not a month."),
        (("diff", "2026-10", "--body", "geojae"), 2, "No body 'geojae'. Did you mean 'geoje'?"),
        (("list", "--body", "geojae"), 2, "No body 'geojae'. Did you mean 'geoje'?"),
        (("claim", "alimtalk", "--body", "geoje"), 2, "'alimtalk' is no outage."),
        (("claim", "alimtalk@soon", "--body", "geoje"), 2, "'soon' is no time"),
        (
            ("claim", "alimtalk@2026-10-30 14:05", "--body", "geoje"), 2,
            "The report of 2026-10 for geoje has no outage 'alimtalk@1793336700'.",
        ),
        (("claim", "alimtalk@2099-10-30 14:04", "--body", "geoje"), 2, "2099-10 has not begun."),
        (("list", "--from", "10"), 2, "'10' is not a month."),
        (
            ("diff", "2026-10", "--body", "geoje", "--to", "3"), 5,
            "2026-10 geoje has no revision 3 (latest 1).",
        ),
        (
            ("diff", "2026-10", "--body", "geoje", "--to", "0"), 5,
            "2026-10 geoje has no revision before that one.",
        ),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_one_sentence_and_a_code(
    bongsu: Terminal, words: tuple[str, ...], code: int, says: str
) -> None:
    found = await bongsu.say("report", *words)
    assert found[0] == code
    assert found[1].startswith(f"bongsu: {says}")


async def test_a_database_that_is_away_is_said_so(tmp_path: Path) -> None:
    away = Terminal(tmp_path, BONGSU_POSTGRES="postgresql://x@127.0.0.1:9/x")
    for words in (("list",), DIFF[1:]):
        assert await away.say("report", *words) == (3, "bongsu: Cannot reach the database.\n")
