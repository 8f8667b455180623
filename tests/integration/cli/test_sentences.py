"""What a user can cause is one sentence on standard error and an exit code, never a traceback."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.support.commands import ROOT, Up, bongsu, local_ports
from tests.support.world import is_down


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["probe"], 2, "Missing argument 'route'."),
        (["prob"], 2, "No such command 'prob'. Did you mean 'probe'?"),
        (["status", "--since", "5x"], 2, "'5x' is no span of time: write 90s, 10m or 2h"),
        (["break", "carrier:kt", "--state", "odd"], 2, "Invalid value for '--state': 'odd' is not"),
        (["up", "--catalogue", "nowhere"], 2, "there is no folder nowhere/"),
        (["up", "--summary", "nowhere/s.json"], 2, "there is no folder nowhere/ for --summary"),
        (["up", "--scenario-after", "soon"], 2, "'soon' is no span of time"),
        (["init"], 4, "BONGSU_KAFKA_SECURITY: PLAINTEXT is for development only"),
        (["status"], 3, "no local stack runs on"),
    ],
)
def test_a_mistake_is_one_sentence(words: list[str], code: int, says: str, tmp_path: Path) -> None:
    done = bongsu(*words, data=tmp_path)

    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"bongsu: {says}")
    assert done.err.count("\n") == 1


def test_proofs_of_paths_that_would_use_up_a_quota_are_refused() -> None:
    done = bongsu("catalogue", "validate", settings={"BONGSU_PROOF_EVERY_S": "10"})

    assert done.code == 4
    assert "account 'nhn': probes would use 23328 of 60000 sms messages a day" in done.err


@pytest.mark.parametrize("data", ["/proc/version", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_one_sentence(data: str) -> None:
    done = bongsu("up", data=Path(data))

    assert done.code == 4
    assert done.err.startswith(f"bongsu: {data}: ")
    assert done.err.count("\n") == 1


def test_up_with_a_bad_catalogue_names_the_line_and_starts_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "catalogue", tmp_path / "catalogue")
    file = tmp_path / "catalogue/bodies/lh.yaml"
    before, _, after = file.read_text().partition("interval_s: 60")
    file.write_text(f"{before}interval_s: soon{after}")
    line = before.count("\n") + 1

    done = bongsu("up", "--catalogue", str(tmp_path / "catalogue"), data=tmp_path / "data")

    assert done.code == 4
    sentence = "route 'lh.sms.sens': field 'interval_s' must be a whole number"
    assert f"lh.yaml:{line}: {sentence}" in done.err
    assert not (tmp_path / "data").exists()


def test_up_with_a_bad_scenario_names_the_line_and_starts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    shipped = (ROOT / "scenarios/kk-2024-05-20.yaml").read_text(encoding="utf-8")
    file.write_text(shipped.replace("platform:kakaotalk", "worker:w3", 1), encoding="utf-8")

    done = bongsu("up", "--scenario", str(file), data=tmp_path / "data")

    assert done.code == 4
    assert f"{file}:" in done.err
    assert "there is no component 'worker:w3'; did you mean 'worker:w2'?" in done.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("said", ["starting Kafka", "starting the simulated outside world"])
def test_ctrl_c_during_the_start_leaves_nothing_behind(said: str, tmp_path: Path) -> None:
    up = Up(tmp_path / "data", tmp_path / "summary.json", ports=local_ports())
    try:
        up.wait_for(lambda lines: any(said in line for line in lines), within=60)
        up.process.send_signal(signal.SIGINT)

        assert up.process.wait(15) == 130
    finally:
        up.end()
    assert "everything has stopped" in up.text
    assert "Traceback" not in up.text
    assert is_down(up.data)
