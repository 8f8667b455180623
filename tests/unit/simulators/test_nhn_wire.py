"""The letter of NHN Cloud: what carriers cut, what templates make, times and ids."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import nhn_wire as wire
from simulators.calls import Refusal
from simulators.texts import matches_template

TEMPLATE = "[봉수] #{nonce} 전달 점검, #{day}."
KOREAN = st.text(st.sampled_from("가나다 봉수abc123.,"), max_size=120)


@given(KOREAN, st.integers(0, 200))
def test_a_cut_text_is_as_much_of_it_as_fits(text: str, most: int) -> None:
    cut = wire.cut(text, most)
    left = len(text.encode("euc-kr")) - len(cut.encode("euc-kr"))
    assert text.startswith(cut)
    assert len(cut.encode("euc-kr")) <= most
    assert left == 0 or len(cut.encode("euc-kr")) >= most - 1


@given(KOREAN, KOREAN)
def test_a_filled_template_is_matched_by_its_template(nonce: str, day: str) -> None:
    text = wire.fill(TEMPLATE, {"nonce": nonce, "day": day, "more": "x"})
    assert text == f"[봉수] {nonce} 전달 점검, {day}."
    assert matches_template(TEMPLATE, text)


def test_a_template_needs_all_its_parameters() -> None:
    with pytest.raises(Refusal) as refused:
        wire.fill(TEMPLATE, {"nonce": "x"})
    assert refused.value is wire.NO_PARAMETER


def test_times_are_korean_and_have_no_zone() -> None:
    at = datetime(2026, 1, 1, 15, 30, 59, 999_000, tzinfo=UTC)
    assert wire.plain(at) == "2026-01-02 00:30:59.0"
    assert wire.bare(at) == "2026-01-02 00:30:59"
    assert wire.new_id(at).startswith("20260102003059")
    assert len({wire.new_id(at) for _ in range(1_000)}) == 1_000
