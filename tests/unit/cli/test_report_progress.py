"""A long making says how far it is."""

import pytest

from services.cli.report_progress import is_time, line
from services.cli.report_told import Told


@pytest.mark.parametrize(
    ("spent_s", "silent_s", "terminal", "said"),
    [
        (1.9, 1.9, True, False), (2.1, 0.1, True, True),
        (9.9, 9.9, False, False), (10.0, 10.0, False, True), (20.0, 9.0, False, False),
    ],
)  # fmt: skip
def test_it_is_said_after_two_seconds_on_a_terminal_and_every_ten_elsewhere(
    spent_s: float, silent_s: float, terminal: bool, said: bool
) -> None:
    assert is_time(spent_s, silent_s, terminal) is said


def test_the_rest_is_reckoned_from_the_pace_so_far() -> None:
    made = Told("geoje", "거제시", "2026-10", 1, "closed", {}, [], False)
    assert line(142, 300, made, "pdf", 11.8, "ko") == (
        "[142/300] 거제시 geoje  pdf  11.8 s, 남은 시간 약 13 s"
    )
