"""How wide a table's columns and how high its rows are, known before typst sets it.

In:  texts. Out: points. typst would set each cell three times to find both, half of the work of a
document. What may take more than a line keeps a height of None, and typst finds that row's alone.
"""

import json
from collections.abc import Sequence
from functools import cache
from math import inf
from operator import le
from pathlib import Path
from string import ascii_letters, digits, punctuation
from typing import Final, NamedTuple

import typst

from services.reporting.documents import fonts
from services.reporting.documents.words import catalogue

_HERE = Path(__file__).parent
MM: Final = 72 / 25.4
_PAGE = 170 * MM
_SIDES = 8.0  # of a cell, left and right
_SLACK = 0.5  # what kerning may add
_WIDEST = 300.0  # hundredths of the size: no character is wider
_LEAST = 90.0  # of a column that shares the rest


class _Widths(dict[str, float]):
    """Of characters. All syllables of Korean are equally wide."""

    def __missing__(self, character: str) -> float:
        self[character] = self["가"] if "가" <= character <= "힣" else _WIDEST
        return self[character]

    def of(self, text: str, size: float) -> float:
        """Of a cell: that of its longest line."""
        lines = [text] if text.isprintable() else text.splitlines() or [""]
        most = max(sum(map(self.__getitem__, line)) for line in lines)
        return most * size / 100 + _SLACK + _SIDES


class Font(NamedTuple):
    """`line`: how high one is, in hundredths of its size."""

    text: _Widths
    head: _Widths
    line: float


@cache
def font() -> Font:
    """As typst sets it, asked once a process."""
    known = "".join(sorted({*ascii_letters, *digits, *punctuation, *" 가–…", *_printed()}))
    asked = typst.Compiler(
        input=_HERE / "widths.typ", root=_HERE, font_paths=fonts.loaded(),
        sys_inputs={"characters": known},
    )  # fmt: skip
    told = json.loads(asked.query("<widths>", field="value", one=True))
    return Font(
        _Widths(zip(known, told["text"], strict=True)),
        _Widths(zip(known, told["head"], strict=True)),
        told["line"],
    )


def _printed() -> set[str]:
    return {each for texts in catalogue().values() for text in texts for each in text}


def columns(needs: Sequence[Sequence[float]], wide: Sequence[bool]) -> list[float]:
    """As wide as their cells need; `wide` ones share what is left. Where there is too little, the
    widest give."""
    widest = list(map(max, zip(*needs, strict=True)))
    kept = sum(min(each, _LEAST) for each, shares in zip(widest, wide, strict=True) if shares)
    narrow = [each for each, shares in zip(widest, wide, strict=True) if not shares]
    most = _most(narrow, _PAGE - kept)
    left = _PAGE - sum(min(each, most) for each in narrow)
    share = left / max(sum(wide), 1)
    return [share if shares else min(each, most) for each, shares in zip(widest, wide, strict=True)]


def _most(needs: Sequence[float], room: float) -> float:
    """What no column may go beyond for all to have room."""
    for left, need in zip(range(len(needs), 0, -1), sorted(needs), strict=True):
        if need * left > room:
            return room / left
        room -= need
    return inf


def height(
    texts: Sequence[str], needs: Sequence[float], widths: Sequence[float], line: float
) -> float | None:
    """Of a row each of whose cells is one line; else None."""
    one = all(map(str.isprintable, texts)) and all(map(le, needs, widths))
    return line if one else None
