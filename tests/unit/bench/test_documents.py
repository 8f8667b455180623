"""The bench of documents measures whole bodies; how fast they are made is no test."""

import subprocess
import sys

from tests.support.commands import ROOT


def test_it_makes_all_files_of_every_body_and_says_what_they_took() -> None:
    """In a process of its own: the memory is that of its children, and a test run has others."""
    asked = [sys.executable, "-m", "bench.documents", "--bodies", "2", "--jobs", "1"]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    first, seconds, memory = told.stdout.splitlines()
    assert first == "2 bodies x 5 channels, 1 processes: 12 files"
    assert seconds.endswith("s of CPU")
    assert 50 < float(memory.split()[0]) < 768
