"""The digest by which a text seen elsewhere is compared: what carriers and apps do is no change."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import ids, text
from tests.support.builders import CONTENT_KEY, a_probe_id

SENT = text.probe_text(a_probe_id(), 0) + "\n두 번째 줄 https://example.kr/a?b=1"


@pytest.mark.parametrize(
    "seen",
    [
        unicodedata.normalize("NFD", SENT),
        SENT.replace("\n", "\r\n"),
        SENT.replace("\n", "\r"),
        SENT + " \n\n",
        f"[Web발신]\n{SENT}",
        f"[Web발신] {SENT}",
        f"[국제발신]\r\n{SENT}",
        f"\u200b[Web발신]\u00ad\n{SENT}",
    ],
)
def test_what_carriers_and_apps_do_on_the_way_leaves_the_digest_alone(seen: str) -> None:
    assert text.digest(CONTENT_KEY, seen) == text.digest(CONTENT_KEY, SENT)
    assert text.length(seen) == text.length(SENT)
    assert text.link_digest(CONTENT_KEY, seen) == text.link_digest(CONTENT_KEY, SENT)


@given(st.integers(0, len(SENT)), st.sampled_from(ids.INVISIBLE), st.booleans())
def test_an_invisible_character_anywhere_leaves_the_digest_alone(
    place: int, invisible: str, decomposed: bool
) -> None:
    form = unicodedata.normalize("NFD", SENT) if decomposed else SENT
    seen = form[:place] + invisible + form[place:]
    assert text.digest(CONTENT_KEY, seen) == text.digest(CONTENT_KEY, SENT)


@pytest.mark.parametrize("seen", [SENT[:-1], SENT + "!", SENT.replace("점검", "점점"), " " + SENT])
def test_a_changed_text_has_another_digest(seen: str) -> None:
    assert text.digest(CONTENT_KEY, seen) != text.digest(CONTENT_KEY, SENT)


def test_the_carriers_mark_counts_only_in_front() -> None:
    assert text.normalise("앞 [Web발신]\n뒤") == "앞 [Web발신]\n뒤"


def test_another_key_makes_another_digest() -> None:
    assert text.digest(b"other", SENT) != text.digest(CONTENT_KEY, SENT)


@given(st.text(st.characters(), max_size=40))
def test_any_text_even_half_a_surrogate_pair_has_a_digest(anything: str) -> None:
    assert len(text.digest(CONTENT_KEY, anything)) == 64


def test_links_are_compared_in_order_and_a_text_without_one_has_no_link_digest() -> None:
    two, swapped = "https://a.kr 와 http://b.kr", "http://b.kr 와 https://a.kr"
    assert text.link_digest(CONTENT_KEY, two) != text.link_digest(CONTENT_KEY, swapped)
    assert text.link_digest(CONTENT_KEY, "링크 없음") is None


def test_a_template_carries_the_nonce_where_its_variable_stands() -> None:
    nonce = ids.write_nonce(a_probe_id(), 2)
    assert text.fill("#{점검번호} 전달 점검", a_probe_id(), 2) == f"{nonce} 전달 점검"
