"""`bongsu report close` does what is due, nothing early; what it was made from can be exported, and
`verify` looks into the database."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.contracts import topics
from services.contracts.report import Report
from services.contracts.report_words import Verdict
from services.reporting.assemble import UNSEALED
from services.runtime.kafka import Address
from services.storage import months, sink
from services.storage.pool import transaction
from tests.support.sealed_months import CLOSED, END, LOST, World, a_catalogue
from tests.support.terminal import Terminal


@pytest.fixture
def played(world: World, address: Address) -> World:
    """The same, stored from as many partitions as this test's Kafka has."""
    counts = {address.topic(one): one.partitions for one in (topics.EVIDENCE, topics.HEARTBEATS)}
    return replace(world, partitions=counts)


@pytest.fixture
def bongsu(played: World, address: Address, tmp_path: Path) -> Terminal:
    return Terminal(
        tmp_path, "report", BONGSU_POSTGRES=played.login, BONGSU_TOPIC_PREFIX=address.prefix,
        BONGSU_KAFKA=address.options["bootstrap_servers"], LC_ALL="C.UTF-8",
    )  # fmt: skip


async def test_a_month_is_closed_when_it_is_due_and_once(played: World, bongsu: Terminal) -> None:
    await played.begin("geoje", "moel")
    close = ("close", "2026-10", "--body", "geoje")

    await played.at(END + 5 * (CLOSED - END) / 72)
    early = "2026-10 closes at 2026-11-04 00:00 KST."
    assert await bongsu.say(*close) == (5, f"bongsu: {early}\n")

    await played.at(CLOSED, stored=END)
    why = "2026-10 geoje: not all evidence up to the cutoff is stored yet."
    assert await bongsu.say(*close) == (5, f"bongsu: {why}\n")

    await played.at(CLOSED)
    code, said = await bongsu.say(*close)
    assert (code, [line.split(":")[0] for line in said.splitlines()]) == (
        0, ["2026-10 geoje r0 preliminary", "2026-10 geoje r1 closed"]
    )  # fmt: skip
    twice = "2026-10 is already closed (revision 1). To change it: report correct"
    assert await bongsu.say(*close) == (6, f"bongsu: {twice}\n")

    code, said = await bongsu.say("close", "2026-10")
    assert (code, said.splitlines()[-1]) == (6, f"bongsu: {twice}")
    assert len(await played.rows()) == 4


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("2026-13",), 2, "'2026-13' is not a month. Example: 2026-10"),
        (("2027-01",), 2, "2027-01 has not begun."),
        (
            ("2026-10", "--body", "geojae"), 2,
            "No body 'geojae'. Did you mean 'geoje'? See: bongsu report list",
        ),
        (
            ("2026-09", "--body", "geoje"), 5,
            "There is no report of 2026-09 for geoje: no contract was known in time.",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_closed_is_said_in_a_sentence(
    played: World, bongsu: Terminal, words: tuple[str, ...], code: int, sentence: str
) -> None:
    await played.begin("geoje")
    await played.at(CLOSED)
    assert await bongsu.say("close", *words) == (code, f"bongsu: {sentence}\n")


async def test_a_month_whose_contract_came_after_its_first_cutoff_is_said_to_have_no_report(
    played: World, bongsu: Terminal, tmp_path: Path
) -> None:
    await played.begin("moel")
    both = a_catalogue("geoje", "moel").model_copy(update={"revision": UUID(int=2)})
    async with transaction(played.owner) as conn:
        await sink.store_catalogue(conn, both, "kim", END + timedelta(hours=12))
    await played.at(CLOSED)
    await played.round()
    assert await played.rows() == [("moel", "2026-10", 0), ("moel", "2026-10", 1)]
    why = "There is no report of 2026-10 for geoje: no contract was known in time."
    code, said = await bongsu.say("list")
    assert (code, said.splitlines()[-1]) == (0, why)
    asked = ("2026-10", "--body", "geoje")
    assert await bongsu.say("close", *asked) == (5, f"bongsu: {why}\n")
    assert await bongsu.say("month", *asked, "--out", str(tmp_path)) == (5, f"bongsu: {why}\n")


async def test_verify_reads_the_database_too(played: World, bongsu: Terminal) -> None:
    await played.begin("geoje")
    await played.at(CLOSED)
    await played.round()
    asked = ("verify", "--body", "geoje", "--month", "2026-10", "--raw")
    code, said = await bongsu.say(*asked)
    assert (code, {line[0] for line in said.splitlines()}) == (0, {"="})
    assert "unbroken from the first revision on, 2 in all" in said
    assert await bongsu.say(*asked, "--revision", "3") == (
        5, "bongsu: 2026-10 geoje has no revision 3 (latest 1).\n"
    )  # fmt: skip
    code, said = await bongsu.say("verify")
    assert (code, said) == (2, "bongsu: Say a folder or a file, or --body and --month.\n")


async def test_a_month_without_evidence_is_closed_all_the_same_and_says_so(
    played: World, bongsu: Terminal
) -> None:
    async with transaction(played.owner) as conn:
        await sink.store_catalogue(conn, a_catalogue("geoje"), "kim", END - timedelta(days=3))
    await played.at(CLOSED)
    code, said = await bongsu.say("close", "2026-10", "--body", "geoje")
    assert (code, said.splitlines().count("geoje: no evidence")) == (0, 2)
    async with transaction(played.report) as conn:
        text = await months.content(conn, "geoje", "2026-10", 1)
    (own,) = Report.model_validate_json(text or b"").items
    assert own.verdict is Verdict.INSUFFICIENT
    assert own.minutes.unmeasured == own.minutes.service == 2 * 24 * 60


async def test_exported_evidence_verifies_without_a_database(
    played: World, bongsu: Terminal, tmp_path: Path
) -> None:
    await played.begin("geoje")
    await played.at(CLOSED)
    await played.round()
    out = str(tmp_path / "out")
    asked = ("month", "2026-10", "--body", "geoje", "--format", "json", "--out", out)
    code, said = await bongsu.say(*asked, "--evidence")
    assert (code, Path(said.splitlines()[-1].strip()).name) == (0, "geoje-2026-10-r1.evidence")
    code, said = await bongsu.say("verify", out, "--raw")
    assert (code, {line[0] for line in said.splitlines()}) == (0, {"="})


async def test_an_unfinished_month_is_shown_without_a_seal(
    played: World, bongsu: Terminal, tmp_path: Path
) -> None:
    await played.begin("geoje")
    await played.at(LOST[1])
    out = tmp_path / "out"
    asked = ("month", "2026-10", "--body", "geoje", "--format", "json", "--out", str(out))
    code, said = await bongsu.say(*asked)
    assert (code, said.endswith("To look now: --preview\n")) == (5, True)
    code, said = await bongsu.say(*asked, "--preview", "--evidence")
    assert code == 0
    assert said.splitlines()[0] == "Geoje-si geoje 2026-10 r0 (open (not final))"
    text = (out / "2026-10/geoje/geoje-2026-10-preview.json").read_bytes()
    shown = Report.model_validate_json(text)
    assert (shown.window.to, shown.seal) == ("2026-10-30T08:00:00.000Z", UNSEALED)
    probes = shown.items[0].probes
    # What went out within the last late threshold, and what may still be proven, is in no count.
    assert 0 < probes.undelivered < 18
    assert await played.rows() == []
    code, said = await bongsu.say("verify", str(out))
    assert code == 1
