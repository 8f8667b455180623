"""docs/adding-an-adapter.md, followed to the letter in a copy of the project."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.chain import let_through
from tests.support.commands import BONGSU, ROOT, Up, clean_environment, local_ports
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(240)

PAGE = ROOT / "docs" / "adding-an-adapter.md"
BLOCK = re.compile(r"^```\w+ (?P<file>\S+)(?: (?P<key>\w+:))?\n(?P<text>.*?)^```$", re.M | re.S)
COPIED = ("services", "simulators", "tests", "catalogue", "docs", "deploy", "pyproject.toml")
# One code file, its fixtures, its front end, the catalogue.
MAY_TOUCH = re.compile(
    r"services/adapters/\w+\.py|tests/contract/(codes|payloads)/.*|simulators/\w+\.py|catalogue/.*"
)


@dataclass(frozen=True)
class Block:
    """A fenced block of the page: a new file, or lines under a key of an existing one."""

    file: str
    key: str | None
    text: str


def blocks() -> list[Block]:
    found = BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    return [Block(match["file"], match["key"], match["text"]) for match in found]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with every block of the page written where it says."""
    folder = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, folder / name)
    for block in blocks():
        write(folder / block.file, block)
    return folder


def write(file: Path, block: Block) -> None:
    if block.key is None:
        assert not file.exists(), f"{block.file} exists already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        return
    before, key, after = file.read_text(encoding="utf-8").partition(f"\n{block.key}\n")
    assert key, f"{block.file} has no {block.key}"
    file.write_text(f"{before}{key}{block.text}\n{after}", encoding="utf-8")


def run(folder: Path, *command: str, within_s: float = 100) -> subprocess.CompletedProcess[str]:
    """A command of the copy's own code."""
    environment = clean_environment() | local_ports() | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, timeout=within_s,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def pytest_in(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words)


def test_the_page_touches_one_code_file_its_fixtures_its_front_end_and_the_catalogue() -> None:
    files = {block.file for block in blocks()}
    assert all(MAY_TOUCH.fullmatch(file) for file in files)
    assert len([file for file in files if file.startswith("services/")]) == 1
    assert len([file for file in files if file.startswith("simulators/")]) == 1


def test_the_shared_suite_finds_the_new_adapter_and_is_content(copy: Path) -> None:
    files = ("test_adapters", "test_adapters_and_simulators", "test_mutants")
    suite = [f"tests/contract/{file}.py" for file in files]
    done = pytest_in(copy, "-k", "example_text", *suite)
    assert done.returncode == 0, done.stdout[-3_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 25


def test_without_its_fixtures_the_suite_fails(copy: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(copy, bare, ignore=shutil.ignore_patterns("example_text", "example_text.tsv"))
    done = pytest_in(bare, "-x", "tests/contract/test_adapters.py")
    assert done.returncode != 0


def test_the_new_code_has_the_style_and_the_types_of_the_project(copy: Path) -> None:
    files = [b.file for b in blocks() if b.file.endswith(".py")]
    for command in (("ruff", "check"), ("ruff", "format", "--check"), ("mypy", "--no-incremental")):
        done = run(copy, sys.executable, "-m", *command, *files)
        assert done.returncode == 0, done.stdout + done.stderr


async def test_a_phone_sees_a_message_of_the_new_provider(copy: Path, tmp_path: Path) -> None:
    valid = run(copy, *BONGSU, "catalogue", "validate")
    assert valid.returncode == 0, valid.stdout + valid.stderr
    let_through(tmp_path)
    own = local_ports() | {"PYTHONPATH": str(copy)}
    up = Up(tmp_path / "data", tmp_path / "summary.json", ports=own, folder=copy)
    try:
        up.wait_ready()

        def seen_and_reported() -> bool:
            told = run(copy, *BONGSU, "status", "--json", "--data", str(up.data))
            (route,) = [r for r in json.loads(told.stdout) if r["route"] == "geoje.sms.example"]
            return bool(route["seen"] and route["reported"] and not route["lost"])

        await eventually(seen_and_reported, within=100, every=2)
        assert up.finish()["first_seen_s"] is not None
    finally:
        up.end()
