"""What `deploy/Dockerfile` runs to install, run here in a folder with what its build is given."""

import fnmatch
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import clean_environment
from tests.support.compose import ROOT

pytestmark = pytest.mark.timeout(300)
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")


def _steps() -> list[str]:
    """Its RUN instructions, a line each."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix("RUN ") for line in joined.splitlines() if line.startswith("RUN ")]


def _given(folder: Path) -> None:
    """What the build is given."""
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line.startswith("!"):
            _copy(ROOT / line[1:], folder / line[1:])


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the image, as far as it can be made without being root of a container."""
    folder = tmp_path_factory.mktemp("image")
    _given(folder)
    install, cleared = _steps()
    assert _run(folder, install, "runtime").returncode == 0
    assert _run(folder, cleared.split("&&")[0], "runtime").returncode == 0
    return folder


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _run(folder: Path, command: str, requirements: str) -> "subprocess.CompletedProcess[str]":
    env = clean_environment() | {"SET": requirements}
    env.pop("PYTHONPATH", None)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=env,
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip


def _inside(folder: Path, *words: str, **told: str) -> "subprocess.CompletedProcess[str]":
    """As in the image: its PATH, its folder, nothing else."""
    env = {"PATH": f"{folder / '.venv/bin'}:/usr/local/bin", "PYTHONDONTWRITEBYTECODE": "1"} | told
    program = folder / ".venv/bin" / words[0]
    return subprocess.run(
        [program, *words[1:]], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )


def test_the_command_line_starts(installed: Path) -> None:
    done = _inside(installed, "bongsu", "catalogue", "validate")
    assert done.returncode == 0, done.stderr
    assert "is in order" in done.stdout


@pytest.mark.parametrize("process", ["probe", "ingest", "alerting", "reporting"])
def test_a_process_starts_and_says_what_it_needs(installed: Path, process: str) -> None:
    done = _inside(installed, "python", "-m", f"services.{process}")
    assert done.returncode == 1
    assert re.search(r"BONGSU_(SECRETS_DIR|POSTGRES): Field required", done.stderr + done.stdout)


def test_the_health_check_starts(installed: Path) -> None:
    done = _inside(installed, "python", "-m", "services.cli.health", BONGSU_OPS_PORT="1")
    assert (done.returncode, "does not answer" in done.stderr) == (1, True)


def test_nothing_is_left_that_installs(installed: Path) -> None:
    programs = {path.name for path in (installed / ".venv/bin").iterdir()}
    assert {"bongsu", "python"} <= programs
    assert not fnmatch.filter(programs, "pip*") + fnmatch.filter(programs, "uv")
    packages = os.listdir(next((installed / ".venv/lib").glob("*/site-packages")))
    assert not fnmatch.filter(packages, "pip-*") + fnmatch.filter(packages, "hatchling-*")


def test_every_module_of_ours_is_compiled(installed: Path) -> None:
    """For nothing can be written where it runs."""
    for file in (installed / "services").rglob("*.py"):
        assert list((file.parent / "__pycache__").glob(f"{file.stem}.*.pyc")), file


def test_the_last_stage_has_what_was_built_and_a_user_without_rights() -> None:
    assert "COPY . .\n" in DOCKERFILE
    assert "USER 10001:10001\n" in DOCKERFILE
    assert re.search(r"^FROM scratch\nCOPY --from=built / /$", DOCKERFILE, re.M)


def test_a_set_without_hashes_ends_the_build(tmp_path: Path) -> None:
    _given(tmp_path)
    (tmp_path / "requirements/bare.txt").write_text("orjson==3.13.0\n", encoding="utf-8")
    done = _run(tmp_path, _steps()[0], "bare")
    assert done.returncode != 0
    assert "install: the packages of requirements/bare.txt could not be installed" in done.stderr
