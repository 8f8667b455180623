"""The shipped catalogue with other hours in which brand messages rest, for tests at any hour.

With the simulated Kakao's own night left out (`BONGSU_LOCAL_KAKAO_NIGHT=false`, `OPEN_ALL_NIGHT`),
only the catalogue's window decides.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.support.commands import ROOT

KST = ZoneInfo("Asia/Seoul")
OPEN_ALL_NIGHT = {"BONGSU_LOCAL_KAKAO_NIGHT": "false"}
SHIPPED = 'restricted: {start: "20:00", end: "08:00", zone: Asia/Seoul}'
ADVERTISING = "    advertising: true\n"
Window = tuple[str, str]


def including(now: datetime) -> Window:
    """From an hour ago for twelve hours, as Korean clock times."""
    return _twelve_hours(now - timedelta(hours=1))


def excluding(now: datetime) -> Window:
    """From in six hours, for twelve hours."""
    return _twelve_hours(now + timedelta(hours=6))


def resting(folder: Path, window: Window) -> Path:
    """A copy of the catalogue in `folder`, whose brand messages rest in this window.

    It no longer calls them advertising: `validate` lets that rest at night only.
    """
    copy = folder / "catalogue"
    shutil.copytree(ROOT / "catalogue", copy)
    file = copy / "providers.yaml"
    text = file.read_text(encoding="utf-8")
    assert (text.count(SHIPPED), text.count(ADVERTISING)) == (1, 1)
    start, end = window
    other = SHIPPED.replace("20:00", start).replace("08:00", end)
    file.write_text(text.replace(SHIPPED, other).replace(ADVERTISING, ""), encoding="utf-8")
    return copy


def _twelve_hours(start: datetime) -> Window:
    """As long as the shipped rest: the quotas suffice as before."""
    return _clock(start), _clock(start + timedelta(hours=12))


def _clock(at: datetime) -> str:
    return at.astimezone(KST).strftime("%H:%M")
