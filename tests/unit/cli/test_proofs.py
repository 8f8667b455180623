"""What a person reads of the proofs of paths."""

from datetime import timedelta

import pytest

from services.cli.proofs import ago, newest
from services.storage.proofs import Proof
from tests.support.incidents import NOW

HOUR = timedelta(hours=1)
ASKED = NOW - timedelta(minutes=4)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (HOUR - timedelta(seconds=1), "59 min"),
        (HOUR, "1 h"),
        (24 * HOUR, "1 d"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(span: timedelta, said: str) -> None:
    assert ago(NOW, NOW - span) == said


def test_of_the_newest_try_it_is_told_why_it_proved_nothing() -> None:
    proven = Proof("p", ASKED, ASKED + timedelta(seconds=8), "seen", None)
    waits = Proof("p", ASKED, ASKED - HOUR, "seen", None)
    refused = Proof("p", ASKED, None, None, "refused: http-401")
    assert newest(proven, NOW) == "10-15 15:26"
    assert newest(waits, NOW) == "10-15 15:26 not seen yet (4 min)"
    assert newest(refused, NOW) == "10-15 15:26 refused: http-401"
    assert newest(None, NOW) == "not asked yet"
