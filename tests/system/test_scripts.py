"""The shell scripts, read by the distribution's shellcheck."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_shell_script_passes_shellcheck() -> None:
    scripts = [*ROOT.glob("requirements/*.sh"), *ROOT.glob("deploy/*.sh"), ROOT / ".ci" / "run"]
    found = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
