"""The hashes of a report: days, evidence, figures, content, and the chain of a body's revisions.

All SHA-256 in lower-case hex. A chain holds every revision of a body in the order of sealing, over
all its months: a removed or swapped one breaks it. Before: `assemble.py`. After: `folder.py`, and
`verify.py`, which makes them again.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from services.contracts.report import DayPart, Report, Seal
from services.reporting.canonical import canonical

ZEROS = "0" * 64
# What is decided or counted about the figures, and no function of the evidence.
_NO_FIGURES = {"seal", "approval", "sealed_at", "diff", "revision", "state", "objections"}


class Link(NamedTuple):
    """One revision in the chain of its body."""

    body: str
    month: str
    revision: int
    content: str
    entry: str


def link_of(report: Report) -> Link:
    """As its seal says."""
    seal = report.seal
    return Link(report.body.id, report.month, report.revision, seal.content, seal.entry)


def chain_text(links: Iterable[Link]) -> bytes:
    """The chain as a file, first revision first, a line each."""
    return "".join("|".join(map(str, link)) + "\n" for link in links).encode()


def read_chain(text: bytes) -> list[Link]:
    """The inverse of `chain_text`. Raises ValueError for any other text."""
    rows = [line.split("|") for line in text.decode().splitlines()]
    links = [Link(body, month, int(n), content, entry) for body, month, n, content, entry in rows]
    if chain_text(links) != text:
        raise ValueError("not a chain")
    return links


def day_hash(lines: Iterable[str]) -> str:
    """Of one item and day: its canonical lines, sorted as they are stored."""
    total = sha256()
    for line in lines:
        total.update(f"{line}\n".encode())
    return total.hexdigest()


def evidence_hash(days: Iterable[DayPart]) -> str:
    """Of all days of a report."""
    lines = (f"{day.channel}|{day.day}|{day.evidence_count}|{day.evidence}" for day in days)
    return day_hash(sorted(lines))


def content_hash(report: Report) -> str:
    """Of the whole report but its seal."""
    return _hash(_without(_told(report), {"seal"}))


def figures_hash(report: Report) -> str:
    """Of what evidence and objects make; an objection, or its decision, leaves it as it is."""
    told = _without(_told(report), _NO_FIGURES)
    items = [_without(item, {"disputed"}) for item in told["items"]]
    return _hash({**told, "items": items})


def entry_hash(prev: str, body: str, month: str, revision: int, content: str) -> str:
    """The link of one revision; `prev` is the entry before it, `ZEROS` for a body's first."""
    return sha256("\n".join([prev, body, month, str(revision), content]).encode()).hexdigest()


def sealed(report: Report, prev: str) -> Report:
    """The report with its seal, as the revision after `prev`; whatever seal it had is replaced."""
    content = content_hash(report)
    seal = Seal(
        figures=figures_hash(report), evidence=evidence_hash(report.days), content=content,
        prev=prev, entry=entry_hash(prev, report.body.id, report.month, report.revision, content),
    )  # fmt: skip
    return report.model_copy(update={"seal": seal})


def text_of(report: Report) -> bytes:
    """The report's file: canonical, so that one changed byte is seen."""
    return canonical(_told(report))


def _told(report: Report) -> dict[str, Any]:
    return report.model_dump(mode="json")


def _without(told: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def _hash(value: object) -> str:
    return sha256(canonical(value)).hexdigest()
