"""What a replay shows on a terminal and says to a program; what is wrong is said with its line."""

import json
from pathlib import Path

from typer.testing import CliRunner

from services.cli.app import app

OUTAGE = """\
id: short
title: {ko: 짧은 장애, en: a short outage}
segments:
  - {component: carrier:skt, state: down, from: "2026-06-01T12:02", to: "2026-06-01T12:06"}
  - {component: platform:kakaotalk, function: login, state: down,
     from: "2026-06-01T12:02", to: "2026-06-01T12:06"}
span: {from: "2026-06-01T12:00", to: "2026-06-01T12:10"}
"""


def _run(*args: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["replay", *args])
    return done.exit_code, done.stdout, done.stderr


def test_a_route_is_a_strip_of_time_with_its_counts(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(OUTAGE, encoding="utf-8")
    code, shown, _ = _run(str(file))
    assert code == 0
    lines = shown.splitlines()
    assert lines[0] == "short: 짧은 장애 / a short outage"
    assert lines[1].endswith("(Asia/Seoul), seed 1; each sign is 1 min")
    assert "  2026-06-01 12:02 to 2026-06-01 12:06  carrier:skt: down" in lines
    sms = next(line for line in lines if line.startswith("geoje.sms.sens "))
    assert "█" in sms
    assert "·" in sms
    assert "undelivered" in sms
    assert "; bad from 2026-06-01 12:0" in sms
    assert "no route uses login of platform:kakaotalk: it hits nothing" in lines


def test_a_program_is_given_every_count(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(OUTAGE, encoding="utf-8")
    code, shown, _ = _run(str(file), "--json", "--seed", "5")
    (found,) = json.loads(shown)
    assert (code, found["id"], found["seed"], found["bucket_s"]) == (0, "short", 5, 60)
    for route in found["routes"].values():
        over_time = [sum(counts.values()) for counts in route["over_time"]]
        assert sum(over_time) == sum(route["outcomes"].values())
        assert len(over_time) == 10
    assert found["idle"] == ["no route uses login of platform:kakaotalk: it hits nothing"]


def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(OUTAGE.replace("carrier:skt", "carrier:sk"), encoding="utf-8")
    code, shown, said = _run(str(file))
    assert (code, shown) == (4, "")
    assert said.startswith(f"{file}:4: field 'segments[0].component': there is no component")
