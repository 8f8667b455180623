"""`BONGSU_TEST_SERVERS=containers` where no engine is."""

import subprocess
import sys
from pathlib import Path

from tests.support.commands import ROOT, clean_environment


def test_without_an_engine_the_run_ends_with_one_sentence_and_no_test(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path / 'no.sock'}"
    told = {"BONGSU_TEST_SERVERS": "containers", "DOCKER_HOST": nowhere}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/integration/storage"],
        cwd=ROOT, env=clean_environment() | told, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stdout.strip() == ""
    assert done.stderr.strip() == (
        f"ERROR: BONGSU_TEST_SERVERS=containers, but no container engine answers ({nowhere}):"
        " start one or name it in DOCKER_HOST; without the variable the tests start their own"
        " servers"
    )
