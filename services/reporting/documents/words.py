"""The message catalogue: every word of a document, Korean and English side by side.

In:  a key of `words.toml` and fields. Out: what it says in the reader's language. Pure.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Literal, get_args

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Words:
    """The catalogue in one language. KeyError: an unknown key, or a field left out."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **fields: str) -> str:
        text = catalogue()[key][self._column]
        return Template(text).substitute(fields) if fields else text

    def get(self, key: str, other: str) -> str:
        """A name that the catalogue may not know, such as that of a provider."""
        return self(key) if key in catalogue() else other


@cache
def catalogue() -> Mapping[str, list[str]]:
    """Texts by dotted key, in the order of LANGUAGES."""
    text = (files("services.reporting.documents") / "words.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    for name, value in table.items():
        if isinstance(value, list):
            yield prefix + name, value
        elif isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
