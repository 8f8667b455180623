"""What must turn up nowhere, and the search for it: plain, escaped, encoded, as people write it.

In: the secrets folder and the catalogue of a stack. Out: `Canary` values and who of them a text
holds. A canary shows its name only, so that a failing test tells no secret.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from services.contracts.catalogue import Catalogue

PLACEHOLDER = "#{점검번호}"
# Of every message: the plain probe text, and what a carrier puts before it.
WORDS = ("전달 점검", "회신하지 마십시오", "온전히 도착하는지", "[Web발신]")


@dataclass(frozen=True)
class Canary:
    """A value that may not leak; `name` says whose it is."""

    name: str
    value: str = field(repr=False)
    forms: frozenset[str] = field(repr=False)


def canaries(secrets: Path, catalogue: Catalogue) -> list[Canary]:
    """Every number, secret and piece of text of a stack's data folder and catalogue."""
    found = [*_secrets(secrets), *((f"text {word!r}", word) for word in WORDS)]
    for sender in catalogue.senders.values():
        for template in sender.templates:
            lines = [part for line in template.text.splitlines() for part in _parts(line)]
            found += [(f"template {template.code} part {n}", part) for n, part in enumerate(lines)]
    return [Canary(name, value, frozenset(forms(value))) for name, value in found]


def holds(text: str, wanted: Iterable[Canary]) -> list[str]:
    """The names of the canaries that a text holds in any form."""
    return [canary.name for canary in wanted if any(form in text for form in canary.forms)]


def without_templates(text: str, catalogue: Catalogue) -> str:
    """A text without whole templates as JSON writes them."""
    for sender in catalogue.senders.values():
        for template in sender.templates:
            text = text.replace(json.dumps(template.text, ensure_ascii=False)[1:-1], "")
    return text


def forms(value: str) -> Iterator[str]:
    """A value as it could be written: all of them are searched for."""
    for written in _written(value):
        raw = written.encode()
        yield written
        yield json.dumps(written)[1:-1]
        yield quote(written)  # a path: its slashes stay
        yield quote(written, safe="")
        yield quote_plus(written)
        yield raw.hex()
        yield from _within_base64(raw)


def _secrets(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        if path.name == "world.json":  # what the simulated world is told: the same values
            continue
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else {"key": text}
        yield from ((f"{path.stem} {name}", value) for name, value in values.items())


def _parts(line: str) -> list[str]:
    """What stands in a message of a template's line, whatever the nonce; too short says nothing."""
    return [part.strip() for part in line.split(PLACEHOLDER) if len(part.strip()) >= 8]


def _written(value: str) -> list[str]:
    if value.isdigit() and value.startswith("0"):
        return _numbers(value)
    if re.fullmatch(r"(19|20)[0-9]{6}", value):  # a birthday
        return [value, *(mark.join((value[:4], value[4:6], value[6:])) for mark in "-./")]
    return [value]


def _numbers(number: str) -> list[str]:
    """Without the leading zero a number stands in every international form as well."""
    area = 3 if number.startswith("010") else 2
    parts = (number[:area], number[area:-4], number[-4:])
    dashed = [mark.join(parts) for mark in "- "]
    return [number[1:], *dashed, *(written[1:] for written in dashed)]


def _within_base64(raw: bytes) -> Iterator[str]:
    """What is seen of a value inside longer base64, at each of three places it can begin."""
    for before, spoilt in ((0, 0), (1, 2), (2, 3)):
        padded = bytes(before) + raw
        whole = padded[: len(padded) // 3 * 3]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(whole).decode()[spoilt:]
