"""What a replay shows on a terminal and says to a program; what is wrong is said with its line."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import app

pytestmark = pytest.mark.timeout(300)  # the detector is taught first

OUTAGE = """\
id: short
title: {ko: 짧은 장애, en: a short outage}
segments:
  - {component: carrier:skt, state: down, from: "2026-06-01T12:02", to: "2026-06-01T12:06"}
  - {component: platform:kakaotalk, function: login, state: down,
     from: "2026-06-01T12:02", to: "2026-06-01T12:06"}
span: {from: "2026-06-01T12:00", to: "2026-06-01T12:10"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of one body, an empty cache, and the scenario."""
    found = tmp_path_factory.mktemp("replay")
    (found / "catalogue" / "bodies").mkdir(parents=True)
    for file in ("providers.yaml", "receivers.yaml", "bodies/lh.yaml"):
        shutil.copy(Path("catalogue") / file, found / "catalogue" / file)
    (found / "short.yaml").write_text(OUTAGE, encoding="utf-8")
    return found


def _run(folder: Path, *args: str) -> tuple[int, str, str]:
    words = ["replay", "--catalogue", str(folder / "catalogue"), *args]
    done = CliRunner(env={"BONGSU_LOCAL_CACHE": str(folder / "cache")}).invoke(app, words)
    return done.exit_code, done.stdout, done.stderr


def test_a_route_is_a_strip_of_time_with_its_counts(folder: Path) -> None:
    code, shown, said = _run(folder, str(folder / "short.yaml"))
    assert code == 0
    lines = shown.splitlines()
    assert lines[0] == "short: 짧은 장애 / a short outage"
    assert lines[1].endswith("(Asia/Seoul), seed 1; each sign is 1 min")
    assert "  2026-06-01 12:02 to 2026-06-01 12:06  carrier:skt: down" in lines
    assert "the detector learns 2,000 messages a route, once: 4 of 4 parts" in said
    (told,) = [line for line in lines if line.startswith("told: ")]
    assert told.startswith("told: carrier:skt, severity 3: 2026-06-01 12:0")
    assert " to the end, not separated from carrier:skt/sms" in told
    assert "ok" in lines
    sms = next(line for line in lines if line.startswith("lh.sms.sens "))
    assert "█" in sms
    assert "·" in sms
    assert "undelivered" in sms
    assert "; bad from 2026-06-01 12:0" in sms
    assert "no route uses login of platform:kakaotalk: it hits nothing" in lines


def test_a_program_is_given_every_count(folder: Path) -> None:
    code, shown, _ = _run(folder, str(folder / "short.yaml"), "--json")
    (found,) = json.loads(shown)
    assert (code, found["id"], found["seed"], found["bucket_s"]) == (0, "short", 1, 60)
    for route in found["routes"].values():
        over_time = [sum(counts.values()) for counts in route["over_time"]]
        assert sum(over_time) == sum(route["outcomes"].values())
        assert len(over_time) == 10
    (told,) = found["told"]["incidents"]
    assert (told["component"], told["kind"], told["closed_at"]) == ("carrier:skt", "outage", None)
    assert told["started_at"] < told["detected_at"] == told["timeline"][0]["at"]
    (page,) = found["pages"]
    assert (page["at"], page["cause"]) == (told["detected_at"], "carrier:skt")
    assert "\n추정 원인: 통신사 SKT (잠정" in page["text"]
    assert re.search(r"^Seen over: dealers [1-9]", page["text"], re.MULTILINE)
    assert 0 < found["time_to_page_s"] < 180
    assert (found["expect"], found["ok"], found["notice_lag_s"]) == (None, True, None)
    assert found["idle"] == ["no route uses login of platform:kakaotalk: it hits nothing"]


def test_a_check_ends_with_1_and_says_what_is_not_as_expected(folder: Path) -> None:
    good, bad = folder / "good.yaml", folder / "bad.yaml"
    good.write_text(OUTAGE + "expect: {max_pages: 1}\n", encoding="utf-8")
    wanted = "expect: {page_within_s: 1, max_pages: 1}\n"
    bad.write_text(OUTAGE.replace("id: short", "id: bad") + wanted, encoding="utf-8")
    code, shown, _ = _run(folder, "--check", str(good), str(bad))
    assert code == 1
    assert [line.split()[0] for line in shown.splitlines()[1:3]] == ["short", "bad"]
    (said,) = [line for line in shown.splitlines() if "not as expected" in line]
    assert said.startswith("bad is not as expected: a page after ")


def test_what_is_wrong_is_said_with_file_and_line(folder: Path) -> None:
    file = folder / "wrong.yaml"
    file.write_text(OUTAGE.replace("carrier:skt", "carrier:sk"), encoding="utf-8")
    code, shown, said = _run(folder, str(file))
    assert (code, shown) == (4, "")
    assert f"{file}:4: field 'segments[0].component': there is no component" in said
