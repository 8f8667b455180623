"""`make demo`: KakaoTalk breaks, everybody is paged, one thumb acknowledges, all is cleared."""

import re
from pathlib import Path

import pytest

from tests.support.chain import let_through
from tests.support.commands import bongsu, local_ports

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def test_an_outage_is_told_acknowledged_and_cleared_at_every_receiver(tmp_path: Path) -> None:
    let_through(tmp_path)
    done = bongsu("demo", data=tmp_path / "data", within=580, settings=local_ports())

    assert done.code == 0, done.out + done.err
    came = re.findall(r"^ +[\d.]+ s after (the .*)$", done.out, re.MULTILINE)
    assert came == [
        "the break: the incident is open",
        "the break: the control room shows the page",
        "the break: Alertmanager shows the alert",
        "the break: a phone shows the page",
        "the break: it is acknowledged by the link",
        "the repair: it is over",
        "the repair: the control room shows the all-clear",
        "the repair: Alertmanager shows no alert any more",
        "the repair: a phone shows the all-clear",
    ]
    lines = done.out.partition("timeline, Korean time:")[2].splitlines()
    story = [line.split()[2].rstrip(",") for line in lines if re.match(r"  \d\d-\d\d ", line)]
    assert (story[0], story[-1]) == ("opened", "closed")
    assert "acknowledged" in story
    texted = r"opened to person:oncall-\d: accepted .* over oncall-\d-(nhn|sens), try 1"
    assert re.search(texted, done.out)
