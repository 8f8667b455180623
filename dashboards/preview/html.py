"""HTML that cannot be broken by what it shows: whatever is not made here is escaped here."""

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is HTML already."""


Inside = str | None | Iterable["str | None"]


def tag(name: str, /, *inside: Inside, **attributes: str | float | bool | None) -> Html:
    """An element; `_` in an attribute stands for `-`, one that is None or False is left out."""
    said = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape("" if value is True else str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{said}>{join(*inside)}</{name}>")


def join(*inside: Inside) -> Html:
    """One after the other."""
    found = (
        item if isinstance(item, Html) else escape(item) if isinstance(item, str) else join(*item)
        for item in inside
        if item is not None
    )
    return Html("".join(found))


def markdown(text: str) -> Html:
    """Paragraphs and `**words**` in bold; what else Markdown knows stays as it is written."""
    parts = (enumerate(part.split("**")) for part in text.split("\n\n"))
    return join(
        tag("p", (tag("b", words) if number % 2 else words for number, words in part))
        for part in parts
    )
