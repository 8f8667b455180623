"""Files of a revision come whole, and SHA256SUMS names what is there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.reporting import folder
from tests.support.reports import a_history, export


def _interrupted() -> Iterator[tuple[str, bytes]]:
    yield "a.json", b"new"
    raise KeyboardInterrupt


def test_a_revision_has_its_place_and_names(tmp_path: Path) -> None:
    export(tmp_path, a_history(("2026-10", 0)), [0])
    place = tmp_path / "2026-10" / "geoje"
    assert sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file()) == [
        "SHA256SUMS",
        "geoje-2026-10-r0.chain",
        "geoje-2026-10-r0.json",
        "geoje-2026-10-r0.ko.csv/days.csv",
    ]
    assert [each.name for each in place.parent.iterdir()] == ["geoje"]


def test_the_usual_tool_reads_the_sums(tmp_path: Path) -> None:
    folder.write(tmp_path / "a", [("b.json", b"1"), ("c.csv/d.csv", b"2")])
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", folder.SUMS],
        cwd=tmp_path / "a", capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"b.json: OK\nc.csv/d.csv: OK\n")


def test_a_later_export_keeps_the_lines_of_an_earlier_one(tmp_path: Path) -> None:
    folder.write(tmp_path / "a", [("r0.json", b"0")])
    (tmp_path / "a" / "r0.json").write_bytes(b"changed")
    folder.write(tmp_path / "a", [("r1.json", b"1")])
    sums = folder.read_sums(tmp_path / "a")
    assert sorted(sums) == ["r0.json", "r1.json"]
    assert sums["r0.json"] == "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"


def test_an_interruption_leaves_what_was_there(tmp_path: Path) -> None:
    folder.write(tmp_path / "a", [("a.json", b"old")])
    with pytest.raises(KeyboardInterrupt):
        folder.write(tmp_path / "a", _interrupted())
    assert (tmp_path / "a" / "a.json").read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["../b", ".b", "b/../../c", "b c", "/b"])
def test_a_list_never_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / folder.SUMS).write_text(f"{'0' * 64}  {name}\n")
    with pytest.raises(folder.NotReadable):
        folder.read_sums(tmp_path)
