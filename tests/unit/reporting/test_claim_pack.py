"""The claim pack of October 2022: its facts, its deadline, a statement of two pages."""

from datetime import datetime
from functools import cache
from io import BytesIO
from zoneinfo import ZoneInfo

import pypdf
import pytest

from services.contracts.report import Report
from services.reporting import claim_pack
from services.reporting.canonical import canonical
from services.reporting.claim_pack import Claim, lost_fee, tenfold
from services.reporting.documents.pdf import pdf
from services.reporting.documents.statement import statement
from services.reporting.documents.words import LANGUAGES, Language
from services.reporting.laid import Month
from services.reporting.lines import Line
from services.reporting.slots import MINUTE_MS
from tests.unit.reporting.exported import a_context, a_report
from tests.unit.reporting.goldens import GOLDEN
from tests.unit.reporting.worked import Was, a_contract, a_month, minute

SEOUL = ZoneInfo("Asia/Seoul")


def _claim(*months: tuple[str, Month]) -> Claim | None:
    """Of the first outage of the first month, as told in all of them."""
    parts = []
    for name, month in months:
        context = a_context(name, {"alimtalk": month})
        report = a_report(context, {"alimtalk": month})
        parts.append((report, report.outages[0]))
    return claim_pack.claim(context, parts, months[-1][1].lines)


@cache
def _october() -> Claim:
    made = _claim(("2022-10", GOLDEN["G2 public, always"].lines()))
    assert made is not None
    return made


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


def test_golden_g2_public_sender_may_claim_until_2022_11_17() -> None:
    claim = _october()
    assert claim.began == _at("2022-10-15 15:30")
    assert claim.restored == _at("2022-10-18 09:00")
    assert claim.deadline == _at("2022-11-17 23:59:59")
    assert claim.outage.minutes_here == "3480.000000"
    assert claim.item.credit.krw == 500_000
    # 1,000,000 KRW × 3,480 of 44,640 minutes.
    assert (lost_fee(claim), tenfold(claim)) == ([77_956], 779_569)


def test_every_probe_from_an_hour_before_to_an_hour_after_is_a_canonical_line() -> None:
    files = dict(claim_pack.data(_october()))
    lines = [Line.read(row) for row in files["probes.txt"].decode().splitlines()]
    slots = [line.slot // MINUTE_MS for line in lines]
    assert (slots[0], slots[-1]) == (
        minute("10-15 14:30", 2022), minute("10-18 09:59", 2022),
    )  # fmt: skip
    assert len(lines) == 2 * (slots[-1] - slots[0] + 1)


def test_facts_as_data_name_the_sealed_report_and_the_terms() -> None:
    claim = _october()
    files = dict(claim_pack.data(claim))
    report, _ = claim.parts[0]
    for named in (
        report.seal.content, report.seal.entry, '"deadline":"2022-11-17T23:59:59+09:00"',
        '"restored":"2022-10-18T09:00:00+09:00"', '"minutes":"3480.000000"',
    ):  # fmt: skip
        assert named in files["claim.json"].decode()
    assert files["contract.json"] == canonical(claim.contract.model_dump(mode="json"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_has_two_pages_that_say_the_facts(language: Language) -> None:
    made = pdf(statement(_october(), language))
    assert made == pdf(statement(_october(), language))
    first, second = (page.extract_text() for page in pypdf.PdfReader(BytesIO(made)).pages)
    for fact in ("2022-10-15 15:30", "2022-10-18 09:00", "3,480", "2022-10-15 16:28"):
        assert fact in first
    for fact in ("2022-11-17 23:59:59", "500,000", "779,569", "77,956", "2022-10-15 16:28"):
        assert fact in second


def test_an_outage_over_the_end_of_a_month_is_claimed_once_with_minutes_of_both() -> None:
    was = Was("10-31 23:40", "11-01 00:30")
    claim = _claim(*((name, a_month(name, was)) for name in ("2026-10", "2026-11")))
    assert claim is not None
    assert [outage.minutes_here for _, outage in claim.parts] == ["20.000000", "30.000000"]
    assert claim.restored == _at("2026-11-01 00:30")
    assert claim.deadline == _at("2026-12-01 23:59:59")
    assert (lost_fee(claim), tenfold(claim)) == ([None, None], None)


def test_the_fee_for_the_time_lost_is_exact_to_the_won() -> None:
    """Six minutes of 44,640 at 744,000 KRW are 100 KRW."""
    contract = a_contract(monthly_price_krw=744_000)
    month = a_month("2026-10", Was("10-20 14:00", "10-20 14:06"), contract=contract)
    claim = _claim(("2026-10", month))
    assert claim is not None
    assert (lost_fee(claim), tenfold(claim)) == ([100], 1_000)


def test_without_its_evidence_there_is_no_claim_pack() -> None:
    broken = a_month("2026-10", Was("10-20 14:00", "10-20 14:50"), contract=a_contract())
    context = a_context("2026-10", {"alimtalk": broken})
    report: Report = a_report(context, {"alimtalk": broken})
    assert claim_pack.claim(context, [(report, report.outages[0])], []) is None
