"""The letter of NHN Cloud: what carriers cut, times and ids."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from simulators import nhn_wire as wire

KOREAN = st.text(st.sampled_from("가나다 봉수abc123.,"), max_size=120)


@given(KOREAN, st.integers(0, 200))
def test_a_cut_text_is_as_much_of_it_as_fits(text: str, most: int) -> None:
    cut = wire.cut(text, most)
    left = len(text.encode("euc-kr")) - len(cut.encode("euc-kr"))
    assert text.startswith(cut)
    assert len(cut.encode("euc-kr")) <= most
    assert left == 0 or len(cut.encode("euc-kr")) >= most - 1


def test_times_are_korean_and_have_no_zone() -> None:
    at = datetime(2026, 1, 1, 15, 30, 59, 999_000, tzinfo=UTC)
    assert wire.plain(at) == "2026-01-02 00:30:59.0"
    assert wire.bare(at) == "2026-01-02 00:30:59"
    assert wire.new_id(at).startswith("20260102003059")
    assert len({wire.new_id(at) for _ in range(1_000)}) == 1_000
