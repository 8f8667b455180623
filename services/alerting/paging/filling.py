"""Templates of pages: `templates/<language>/<name>.txt`, and what is laid out as HTML.

In:  a template's name, fields (empty: nothing to say). Out: title, short form and lines. Pure.
A file holds the title, the short form, `---`, and lines; one without `---` is lines only. A line
whose fields are all empty is left out, so that a template needs no conditions.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Literal, NamedTuple

Language = Literal["ko", "en"]
SHORTEST, CHARSET = 90, "euc-kr"  # bytes of an SMS, and what they count in
_FOLDER = files("services.alerting.paging") / "templates"
_RULE = "---"


class Laid(NamedTuple):
    """One template."""

    title: Template
    short: Template
    lines: tuple[Template, ...]


@cache
def template(language: Language, name: str) -> Laid:
    """A template of the package."""
    text = (_FOLDER / language / f"{name}.txt").read_text(encoding="utf-8")
    head, rule, body = text.partition(f"{_RULE}\n")
    title, short = head.splitlines()[:2] if rule else ("", "")
    lines = (body if rule else head).splitlines()
    return Laid(Template(title), Template(short), tuple(map(Template, lines)))


def lines(laid: Laid, fields: Mapping[str, str]) -> Iterator[str]:
    """Those that have something to say."""
    for line in laid.lines:
        named = line.get_identifiers()
        if not named or any(fields[name] for name in named):
            yield line.substitute(fields)


def short(laid: Laid, fields: Mapping[str, str]) -> str:
    """The short form within 90 bytes of EUC-KR: the name is cut at a character, then the number of
    bodies is left out, then that of incidents, and if need be the end is cut; a sign that SMS does
    not know becomes a question mark."""
    name = _plain(fields["name"])
    told = _plain(laid.short.substitute({**fields, "name": "-"}))
    spare = next((name for name in ("spread", "many") if fields.get(name)), None)
    if _size(told) > SHORTEST and spare:
        return short(laid, {**fields, spare: ""})
    left = SHORTEST - _size(told) + 1
    if _size(name) > left:
        name = _cut(name, left - _size("…")) + "…" if left > _size("…") else ""
    return _cut(_plain(laid.short.substitute({**fields, "name": name})), SHORTEST)


def html(language: Language, title: str, told: Iterable[str]) -> str:
    """The same lines for a mail program: a label and what it says, a link one can hit."""
    page = {"language": language, "title": escape(title), "rows": "\n".join(map(_row, told))}
    return _file("page.html").substitute(page)


def _row(line: str) -> str:
    label, parted, value = line.partition(": ")
    if not parted:
        return _file("sentence.html").substitute(value=escape(line)).rstrip()
    kind = "link.html" if value.startswith(("https://", "http://")) else "row.html"
    return _file(kind).substitute(label=escape(label), value=escape(value)).rstrip()


@cache
def _file(name: str) -> Template:
    return Template((_FOLDER / name).read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return composed.encode(CHARSET, "replace").decode(CHARSET)


def _size(text: str) -> int:
    return len(text.encode(CHARSET))


def _cut(text: str, size: int) -> str:
    return text.encode(CHARSET)[: max(size, 0)].decode(CHARSET, "ignore")
