"""One text for one value, wherever and however it is written."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.canonical import canonical

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz거\U0001f600\uff5e", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)
AGAIN = """
import json, sys
from services.reporting.canonical import canonical
sys.stdout.buffer.write(canonical(json.loads(sys.stdin.buffer.read())))
"""


@given(values)
def test_what_is_read_back_has_the_same_text(value: object) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text


@given(st.dictionaries(texts, numbers, max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, int], chance: Any) -> None:
    pairs = list({k: v for k, v in value.items() if canonical(k) == _raw(k)}.items())
    text = canonical(dict(pairs))
    chance.shuffle(pairs)
    assert canonical(dict(pairs)) == text


def test_keys_are_sorted_by_their_utf_16_units() -> None:
    # By code points the full-width tilde would come first.
    assert canonical({"\uff5e": 1, "\U0001f600": 2, "b": 3}) == '{"b":3,"😀":2,"～":1}'.encode()


def test_strings_are_composed_and_escaped_in_one_way_only() -> None:
    assert canonical("\u1100\u1165") == '"거"'.encode()
    assert canonical('\x00\x1f\x7f"\\/\n') == b'"\\u0000\\u001f\x7f\\"\\\\/\\n"'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        "\ud800",
        b"",
        {1: 2},
        {"거": 1, "\u1100\u1165": 2},
        [{0.5}],
    ],
)
def test_what_has_no_canonical_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"canonical text|distinct strings|surrogates"):
        canonical(value)


@pytest.mark.parametrize(
    ("zone", "locale", "seed"), [("America/St_Johns", "C", "1"), ("Asia/Seoul", "ko_KR.UTF-8", "2")]
)
def test_another_process_zone_and_locale_give_the_same_bytes(
    zone: str, locale: str, seed: str
) -> None:
    value = {
        "가용률": "0.998879",
        "to": "2026-10-31T15:00:00.000Z",
        "n": [44640, None, True],
        "A": {},
    }
    done = subprocess.run(
        [sys.executable, "-c", AGAIN],
        input=json.dumps(value).encode(), capture_output=True, timeout=60, check=True,
        env={**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.stdout == canonical(value)


def _raw(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()
