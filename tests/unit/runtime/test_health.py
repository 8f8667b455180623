"""Ready and alive, by what loops and dependencies last said."""

import structlog
from structlog.testing import capture_logs

from services.runtime.ops import Health


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_loop_without_a_turn_for_ten_seconds_is_not_ready_but_alive() -> None:
    clock = Hands()
    health = Health(clock)
    health.turn("schedule")
    clock.now += 10
    assert health.not_ready() == {}
    clock.now += 0.1
    assert health.not_ready() == {"schedule": "no turn"}
    assert health.dead() == {}


def test_a_loop_without_a_turn_for_a_minute_is_dead_until_it_turns_again() -> None:
    clock = Hands()
    health = Health(clock)
    health.turn("schedule")
    clock.now += 60.1
    assert health.dead() == {"schedule": "no turn"}
    health.turn("schedule")
    assert health.dead() == {}


def test_a_dependency_that_never_answered_keeps_the_process_unready_but_alive() -> None:
    clock = Hands()
    health = Health(clock)
    health.needs("kafka")
    clock.now += 1000
    assert health.not_ready() == {"kafka": "no answer"}
    assert health.dead() == {}


def test_a_dependency_is_away_when_it_says_so_or_after_ten_seconds_without_an_answer() -> None:
    clock = Hands()
    health = Health(clock)
    health.answered("kafka")
    assert health.not_ready() == {}
    clock.now += 10.1
    assert health.not_ready() == {"kafka": "no answer"}
    health.answered("kafka")
    health.silent("kafka")
    assert health.not_ready() == {"kafka": "no answer"}


def test_needing_a_dependency_again_forgets_no_answer() -> None:
    health = Health(Hands())
    health.answered("kafka")
    health.needs("kafka")
    assert health.not_ready() == {}


def test_a_tail_that_waits_says_why_until_it_has_caught_up() -> None:
    health = Health(Hands())
    health.waits("catalogue", "no catalogue yet")
    assert health.not_ready() == {"catalogue": "no catalogue yet"}
    health.waits("catalogue", None)
    assert health.not_ready() == {}


def test_one_line_is_logged_for_each_change_of_a_dependency() -> None:
    structlog.reset_defaults()
    health = Health(Hands())
    with capture_logs() as lines:
        for _ in range(3):
            health.silent("kafka", "refused")
        health.answered("kafka")
        health.answered("kafka")
        health.silent("kafka", "refused")
    assert [line["event"] for line in lines] == [
        "dependency is away", "dependency is back", "dependency is away"
    ]  # fmt: skip
