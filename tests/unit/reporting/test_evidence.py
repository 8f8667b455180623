"""Evidence is exported whole, comes back, and makes the same report in any process."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from services.contracts.vocabulary import Outcome
from services.reporting import evidence
from services.reporting.exclusions import Announcement, Maintenance
from services.reporting.laid import Month
from services.reporting.lines import in_order
from services.reporting.notices import Notice
from tests.unit.reporting.exported import a_context, a_report, export
from tests.unit.reporting.worked import Was, a_month, minute, ms

STEM: Final = "geoje-2026-10-r0"
AGAIN = """
import sys
from hashlib import sha256
from pathlib import Path
from services.reporting import chain, evidence
from services.reporting.assemble import count, report
context, lines = evidence.read(Path(sys.argv[1]))
counted = {own.channel: count(context, own, lines[own.channel]) for own in context.items}
sys.stdout.buffer.write(chain.text_of(chain.sealed(report(context, counted), chain.ZEROS)))
"""


def _months() -> dict[str, Month]:
    work = Maintenance(
        frozenset({"r1"}),
        (Announcement(minute("10-01 00:00"), minute("10-10 02:00"), minute("10-10 04:00")),),
    )
    said = Notice("kakao", "down", ms("10-20 15:00"), ms("10-20 15:01"), "a" * 64)
    was = Was("10-20 14:00", "10-20 16:00"), Was("10-31 23:00", "11-01 01:00", Outcome.FAILOVER)
    month = a_month("2026-10", *was, interval_s=600, works=(work,), notices=(said,))
    return {"alimtalk": month, "sms": a_month("2026-10", interval_s=3_600)}


def test_what_was_exported_comes_back(tmp_path: Path) -> None:
    months = _months()
    context = a_context("2026-10", months, revision=0)
    place = export(tmp_path, context, months)
    told, lines = evidence.read(place / evidence.folder_of(STEM))
    assert told == context
    assert lines == {channel: in_order(month.lines) for channel, month in months.items()}


def test_a_day_s_file_holds_what_its_hash_is_of(tmp_path: Path) -> None:
    months = _months()
    place = export(tmp_path, a_context("2026-10", months), months)
    report = a_report(a_context("2026-10", months), months)
    day = next(d for d in report.days if (d.channel, d.day) == ("alimtalk", "2026-10-20"))
    packed = (place / f"{STEM}.evidence/alimtalk/2026-10-20.lines.gz").read_bytes()
    shown = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True).stdout
    assert (day.evidence, day.evidence_count) == (sha256(shown).hexdigest(), 144)
    assert shown.count(b"\n") == 144


def test_the_same_evidence_makes_the_same_files() -> None:
    months = _months()
    context = a_context("2026-10", months)
    once = dict(evidence.files(STEM, context, {c: m.lines for c, m in months.items()}))
    again = {c: [*reversed(m.lines), *m.lines] for c, m in months.items()}
    assert dict(evidence.files(STEM, context, again)) == once
    assert len(once) == 1 + 2 * 32


@pytest.mark.parametrize(
    ("zone", "locale", "seed"), [("America/St_Johns", "C", "1"), ("Asia/Seoul", "ko_KR.UTF-8", "2")]
)
def test_another_process_zone_and_locale_make_the_same_report(
    tmp_path: Path, zone: str, locale: str, seed: str
) -> None:
    months = _months()
    place = export(tmp_path, a_context("2026-10", months), months)
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(place / evidence.folder_of(STEM))],
        capture_output=True, timeout=60, check=True,
        env={**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed},
    )  # fmt: skip
    assert done.stdout == (place / f"{STEM}.json").read_bytes()
