"""The bench of rollups tells months from rows; how fast that goes is no test."""

import pytest

from bench import rollups


def test_it_tells_every_item_and_says_what_that_took(capsys: pytest.CaptureFixture[str]) -> None:
    assert rollups.main(["--items", "20"]) == 0
    first, seconds = capsys.readouterr().out.splitlines()
    assert first.startswith("20 items, rows of ")
    assert seconds.endswith("s by the clock")
