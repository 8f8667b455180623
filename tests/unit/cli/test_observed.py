"""A route on which nothing is sent, as people and programs see it: last seen, and quiet."""

from datetime import timedelta

import pytest
from rich.console import Console

from services.cli import table
from services.contracts import ids
from services.contracts.catalogue import Catalogue, Route, build
from services.contracts.vocabulary import Channel
from services.storage.status import ObservedStatus
from tests.support.builders import SECOND, SLOT

ROUTE = Route(
    id="moel.openchat.none", body="moel", notice="accident", channel=Channel.OPENCHAT,
    adapter="none", account="none", sender="moel-openchat", platform="kakaotalk",
    receivers=("skt-1",), expected_within_s=300,
)  # fmt: skip
CATALOGUE: Catalogue = build(ids.first_id_at(SLOT), [("route", ROUTE)])


def _line(seen_s: int | None, now_s: int) -> table.Line:
    """As of `now_s` seconds after the catalogue came into force."""
    at = None if seen_s is None else SLOT + seen_s * SECOND
    posts = [ObservedStatus(ROUTE.id, SLOT, at, 1)] if at else []
    (line,) = table.lines(CATALOGUE, [], posts, SLOT + now_s * SECOND)
    return line


@pytest.mark.parametrize(
    ("seen_s", "now_s", "words"),
    [
        (None, 300, "[dim]nothing yet"),
        (None, 301, "[red]nothing yet: quiet"),
        (10, 52, "[green]42s observed"),
        (0, 300, "[green] 5m observed"),
        (0, 301, "[red] 5m: quiet"),
    ],
)
def test_an_observed_route_is_quiet_once_its_time_has_passed_without_a_post(
    seen_s: int | None, now_s: int, words: str
) -> None:
    line, now = _line(seen_s, now_s), SLOT + now_s * SECOND
    assert table.last_post(line, now) == words
    assert line.quiet == ("quiet" in words)


def test_a_catalogue_applied_again_does_not_make_a_room_that_was_never_heard_loud() -> None:
    post = ObservedStatus(ROUTE.id, SLOT - timedelta(days=1), None, 0)
    (line,) = table.lines(CATALOGUE, [], [post], SLOT)
    assert line.quiet
    assert table.last_post(line, SLOT) == "[red]nothing yet: quiet"
    assert table.record(line)["last_seen_at"] is None


def test_programs_read_when_it_was_seen_by_how_many_and_whether_it_is_quiet() -> None:
    found = table.record(_line(10, 400))
    assert (found["observed"], found["quiet"], found["seen"], found["sent"]) == (True, True, 1, 0)
    assert found["last_seen_at"] == (SLOT + timedelta(seconds=10)).isoformat()


def test_the_table_shows_it_beside_the_others_within_80_columns() -> None:
    console = Console(width=80, record=True)
    console.print(table.render([_line(10, 52)], SLOT + 52 * SECOND))
    shown = console.export_text()
    assert "moel.openchat.none" in shown
    assert "42s observed" in shown
