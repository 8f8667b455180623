"""A demonstration waits for each thing, and says what did not come."""

import shutil
from pathlib import Path

import pytest

from services.cli.demo import Missing, until
from tests.support.commands import ROOT, bongsu


async def test_what_comes_late_is_waited_for() -> None:
    looks = iter((None, None, "the page"))

    async def look() -> str | None:
        return next(looks)

    assert await until(look, 10, "a page") == "the page"


async def test_what_never_comes_is_named_with_how_long_it_was_waited_for() -> None:
    async def look() -> None:
        return None

    with pytest.raises(Missing, match="did not come within 0 s: the all-clear"):
        await until(look, 0, "the all-clear")


def test_a_catalogue_that_pages_nobody_is_refused_before_anything_starts(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "catalogue", tmp_path / "catalogue")
    (tmp_path / "catalogue" / "oncall.yaml").unlink()

    done = bongsu("demo", "--catalogue", str(tmp_path / "catalogue"), data=tmp_path / "data")

    assert (done.code, done.out) == (4, "")
    assert done.err.endswith("pages nobody: it has no oncall.yaml\n")
    assert not (tmp_path / "data").exists()
