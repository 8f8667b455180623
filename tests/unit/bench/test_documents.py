"""The bench of documents measures whole bodies; how fast they are made is no test."""

import pytest

from bench import documents


def test_it_makes_all_files_of_every_body_and_says_what_they_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert documents.main(["--bodies", "2", "--jobs", "1"]) == 0
    first, seconds, memory = capsys.readouterr().out.splitlines()
    assert first == "2 bodies x 5 channels, 1 processes: 12 files"
    assert seconds.endswith("s of CPU")
    assert 50 < float(memory.split()[0]) < 768
