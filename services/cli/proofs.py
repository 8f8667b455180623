"""`bongsu oncall paths`: when each path was last seen to work, and why not since."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rich.table import Table

from services.alerting.incidents.words import KST
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import PagingPath
from services.storage import proofs
from services.storage.pool import Connection
from services.storage.proofs import Proof


class Shown(NamedTuple):
    """One path of the catalogue, who is reached by it, and its newest proof."""

    path: PagingPath
    people: tuple[str, ...]
    proof: Proof | None


async def read(conn: Connection, catalogue: Catalogue) -> list[Shown]:
    """Every path of the catalogue, by id."""
    known = {proof.path: proof for proof in await proofs.listed(conn)}
    return [
        Shown(path, tuple(_people(catalogue, name)), known.get(name))
        for name, path in sorted(catalogue.paths.items())
    ]


def _people(catalogue: Catalogue, path: str) -> Iterator[str]:
    yield from (name for name, one in sorted(catalogue.people.items()) if path in one.paths)


def record(shown: Shown) -> dict[str, object]:
    """For programs."""
    told = shown.proof._asdict() if shown.proof else {}
    names = ("asked_at", "proven_at", "how", "detail")
    return {
        "path": shown.path.id,
        "notifier": shown.path.notifier,
        "receiver": shown.path.receiver,
        "people": shown.people,
        **{name: told.get(name) for name in names},
    }


def table(found: list[Shown], now: datetime) -> Table:
    """For people."""
    made = Table(box=None, pad_edge=False)
    for column in ("path", "by", "reaches", "proven", "how", "newest try"):
        made.add_column(column)
    for one in found:
        proof = one.proof
        proven = f"{ago(now, proof.proven_at)} ago" if proof and proof.proven_at else "never"
        how = _HOW[proof.how] if proof and proof.how else ""
        reaches = ", ".join(one.people) or "systems"
        made.add_row(one.path.id, one.path.notifier, reaches, proven, how, newest(proof, now))
    return made


_HOW = {
    "seen": "seen at its test receiver",
    "returned": "came back",
    "accepted": "accepted only",
}


def newest(proof: Proof | None, now: datetime) -> str:
    """What came of the newest try, where it is not the proof."""
    if proof is None:
        return "not asked yet"
    asked = f"{proof.asked_at.astimezone(KST):%m-%d %H:%M}"
    if proof.detail:
        return f"{asked} {proof.detail}"
    seen = proof.proven_at is not None and proof.proven_at >= proof.asked_at
    return asked if seen else f"{asked} not seen yet ({ago(now, proof.asked_at)})"


def ago(now: datetime, at: datetime) -> str:
    """A span in its largest unit."""
    seconds = max(0, int((now - at).total_seconds()))
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"
