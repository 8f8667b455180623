"""HTML that cannot be broken by what it shows: whatever is not made here is escaped here."""

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is HTML already."""


Inside = str | None | Iterable["str | None"]


def tag(name: str, /, *inside: Inside, **attributes: str | float | bool | None) -> Html:
    """An element; `_` in an attribute stands for `-`, one that is None or False is left out."""
    said = "".join(
        f" {key.strip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{said}>{join(*inside)}</{name}>")


def join(*inside: Inside) -> Html:
    """One after the other."""
    parts: list[str] = []
    for item in inside:
        if isinstance(item, Html):
            parts.append(item)
        elif isinstance(item, str):
            parts.append(escape(item))
        elif item is not None:
            parts.append(join(*item))
    return Html("".join(parts))


def markdown(text: str) -> Html:
    """Paragraphs and `**words**` in bold; what else Markdown knows stays as it is written."""
    return join(tag("p", map(_bold, enumerate(part.split("**")))) for part in text.split("\n\n"))


def _bold(numbered: tuple[int, str]) -> str:
    number, part = numbered
    return tag("b", part) if number % 2 else part
