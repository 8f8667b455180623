"""The rules of who may import whom hold, and a wrong import is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT = (
    "import sys; sys.path.insert(0, '.');"
    "from importlinter.cli import lint_imports_command; lint_imports_command()"
)
ROOT = Path(__file__).parents[2]
IGNORED = shutil.ignore_patterns("__pycache__", "*.json", "*.sql", "*.jar")

# A file, a line that is wrong in it, and the contract that says so.
WRONG = [
    ("services/contracts/slots.py", "import services.runtime.clock", "Layers of services"),
    ("services/runtime/clock.py", "import services.storage", "Layers of services"),
    ("services/probe/schedule.py", "import services.ingest", "Layers of services"),
    ("services/local/stack.py", "import services.replay.known", "Layers of services"),
    ("services/catalogue/plan.py", "import aiokafka", "Only runtime talks to Kafka"),
    ("services/probe/schedule.py", "import asyncpg", "Only storage talks to Postgres"),
    ("services/adapters/base.py", "import simulators.app", "The simulated world stays outside"),
    ("simulators/app.py", "import services.runtime.clock", "The simulated world knows"),
    ("services/contracts/ids.py", "import structlog", "Contracts are pure"),
    ("services/cli/dashboards.py", "import grafanalib", "Only dashboards knows grafanalib"),
    ("dashboards/shared.py", "import grafanalib", "Only the house layer knows grafanalib"),
    ("services/probe/schedule.py", "import dashboards", "Only the command line makes boards"),
    ("dashboards/lint.py", "import services.local.stack", "Boards know neither"),
    ("dashboards/truth.py", "import asyncpg", "Only storage talks to Postgres"),
]


def _check(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and the rules, to be spoilt."""
    for package in ("services", "simulators", "dashboards"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=IGNORED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_everyone_imports_only_what_they_may(copy: Path) -> None:
    code, said = _check(copy)
    assert code == 0, said


def test_every_kind_of_wrong_import_is_found(copy: Path) -> None:
    for file, line, _ in WRONG:
        (copy / file).write_text((copy / file).read_text() + f"\n{line}\n")
    code, said = _check(copy)
    assert code == 1
    broken = {row.split(" BROKEN")[0] for row in said.splitlines() if row.endswith("BROKEN")}
    for _, _, contract in WRONG:
        assert any(name.startswith(contract) for name in broken), f"{contract}: {said}"


def test_one_wrong_import_is_named_with_its_line(copy: Path) -> None:
    file = copy / "services/catalogue/plan.py"
    file.write_text(file.read_text() + "\nimport aiokafka\n")
    code, said = _check(copy)
    assert code == 1
    assert f"services.catalogue.plan -> aiokafka (l.{len(file.read_text().splitlines())})" in said
