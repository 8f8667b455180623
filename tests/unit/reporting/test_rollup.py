"""Rows of days: the same totals are the same text, and days add up to their month."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.vocabulary import Outcome
from services.reporting import month, rollup
from services.reporting.laid import lay
from services.reporting.totals import Totals
from tests.unit.reporting.worked import Was, a_month

_WAS = st.builds(
    lambda start, hours, outcome: Was(
        f"02-{start // 24 + 1:02} {start % 24:02}:00", f"02-28 {hours:02}:30", outcome
    ),
    st.integers(0, 26 * 24), st.integers(0, 23), st.sampled_from([None, *Outcome]),
)  # fmt: skip


def _rows(*was: Was) -> tuple[list[str], Totals]:
    played = a_month("2027-02", *was, interval_s=600)
    days = month.days(played, lay(played))
    return [rollup.write(day.totals) for day in days], month.total(days)


def test_a_row_says_only_what_is_there() -> None:
    row = orjson.loads(_rows()[0][0])
    assert row["probes"] == {"slots": 144, "delivered": 144, "good": 144}
    assert row["claims"] == {"delivered_seen": 144, "claimed": 144}
    assert row["latencies"]["device"]["never"] == 0
    assert sum(row["latencies"]["device"]["n"]) == 144
    assert "unmeasured" not in row["sums"]


@settings(max_examples=15, deadline=None)
@given(st.lists(_WAS, max_size=3))
def test_a_row_is_read_as_it_was_written_and_days_add_up(was: list[Was]) -> None:
    rows, whole = _rows(*was)
    assert [rollup.write(rollup.read(row)) for row in rows] == rows
    assert rollup.merged(rows) == rollup.write(whole)
    assert rollup.merged(reversed(rows)) == rollup.merged(rows)
