"""`bongsu report verify`: line by line, in the language of the terminal, with its exit code."""

from pathlib import Path

from typer.testing import CliRunner

from services.cli.app import app
from tests.support.reports import a_history, export

R0 = "geoje-2026-10-r0"
ENGLISH = {"LC_ALL": "C.UTF-8"}


def _run(place: Path, *words: str, env: dict[str, str]) -> tuple[int, str, str]:
    done = CliRunner(env=env).invoke(app, ["report", "verify", str(place), *words])
    return done.exit_code, done.stdout, done.stderr


def test_an_exported_folder_is_equal_line_by_line(tmp_path: Path) -> None:
    history = a_history(("2026-10", 0))
    export(tmp_path, history, [0])
    code, out, err = _run(tmp_path, env=ENGLISH)
    content = history[0].seal.content[:12]
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"= {tmp_path}/2026-10/geoje: 3 files are as SHA256SUMS says",
        f"= {R0}.json: content hash {content}… and the rest of the seal recomputed, equal",
        f"= {R0}.chain: unbroken from the first revision to this one, 1 in all",
    ]


def test_a_difference_is_said_on_standard_error_too(tmp_path: Path) -> None:
    export(tmp_path, a_history(("2026-10", 0)), [0])
    (tmp_path / "2026-10/geoje" / f"{R0}.ko.csv" / "days.csv").write_text("-")
    code, out, err = _run(tmp_path, env={"LC_ALL": "", "LANG": "ko_KR.UTF-8"})
    assert code == 1
    assert out.startswith(f"! {R0}.ko.csv/days.csv: SHA-256: 저장 ")
    assert err.startswith(f"bongsu: {R0}.ko.csv/days.csv: SHA-256: 저장 ")
    assert "재계산 3973e022e932…" in err


def test_where_there_is_no_report_the_code_is_5(tmp_path: Path) -> None:
    assert _run(tmp_path / "none", env=ENGLISH) == (
        5,
        "",
        f"bongsu: {tmp_path}/none: there is no exported report.\n",
    )
    _, _, said = _run(tmp_path / "none", "--lang", "ko", env=ENGLISH)
    assert "내보낸 보고서가 없습니다." in said


def test_without_exported_evidence_raw_says_what_it_could_not_look_at(tmp_path: Path) -> None:
    export(tmp_path, a_history(("2026-10", 0)), [0])
    code, out, _ = _run(tmp_path, "--raw", env=ENGLISH)
    assert code == 0
    assert out.splitlines()[-1] == f"? {R0}.evidence: not there: figures were not computed again"
