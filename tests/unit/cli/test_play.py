"""What people are told of a scenario that is played: when what begins and ends, in its own zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from services.catalogue.load import load as load_catalogue
from services.cli.play import Play
from services.replay.scenario import load, shifted
from tests.support.commands import ROOT

START = datetime(2026, 3, 2, 14, 59, 30, tzinfo=UTC)  # in Korea: 23:59:30
FILE = """\
id: storm
title: {ko: 폭풍, en: storm}
segments:
  - {component: platform:kakaotalk, function: text, state: degraded, share: 0.8,
     from: 2024-05-13T13:44, to: 2024-05-13T13:45}
  - {component: platform:kakaotalk, state: down, from: 2024-05-13T13:45, to: 2024-05-13T13:47}
  - {component: "carrier:*", state: down, from: 2024-05-13T13:50, to: 2024-05-13T13:51}
notices: [{at: 2024-05-13T13:46, provider: kakao, says: down}]
"""
DEGRADED = "platform:kakaotalk: text degraded, 80% of it"
CARRIERS = "carrier:kt, carrier:lgu, carrier:skt: down"


def play(folder: Path, content: str = FILE) -> Play:
    file = folder / "storm.yaml"
    file.write_text(content, encoding="utf-8")
    catalogue = load_catalogue(ROOT / "catalogue").catalogue(UUID(int=0))
    return Play(shifted(load(file, catalogue, ()), START), ("nobody uses it",))


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_opening_says_when_it_begins_and_what_hits_nothing(tmp_path: Path) -> None:
    assert list(play(tmp_path).opening()) == [
        "scenario storm (폭풍): begins at 03-02 23:59:30; times of Asia/Seoul",
        "nobody uses it",
    ]
    quiet = "id: quiet\nsegments: []\nspan: {from: 2024-01-01, to: 2024-01-02}\n"
    (opening, _) = play(tmp_path, quiet).opening()
    assert opening == "scenario quiet (quiet): nothing happens in it; times of Asia/Seoul"


def test_each_beginning_and_end_is_news_once_however_often_one_looks(tmp_path: Path) -> None:
    played, looks = play(tmp_path), [after(10 * n) for n in range(-2, 60)]
    told = [line for since, until in pairwise(looks) for line in played.news(since, until)]
    assert told == [
        f"scenario 03-02 23:59:30 begins: {DEGRADED}, until 03-03 00:00:30",
        f"scenario 03-03 00:00:30 ends: {DEGRADED}",
        "scenario 03-03 00:00:30 begins: platform:kakaotalk: down, until 03-03 00:02:30",
        "scenario 03-03 00:01:30 kakao says: down",
        "scenario 03-03 00:02:30 ends: platform:kakaotalk: down",
        f"scenario 03-03 00:05:30 begins: {CARRIERS}, until 03-03 00:06:30",
        f"scenario 03-03 00:06:30 ends: {CARRIERS}",
    ]


def test_the_table_says_what_is_wrong_now_or_when_the_next_thing_begins(tmp_path: Path) -> None:
    played = play(tmp_path)
    assert [played.state(after(seconds)) for seconds in (-1, 0, 200, 420)] == [
        "scenario: next begins at 03-02 23:59:30",
        f"scenario: {DEGRADED}, until 03-03 00:00:30",
        "scenario: next begins at 03-03 00:05:30",
        "scenario: nothing more begins",
    ]
