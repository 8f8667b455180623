"""Step 2 of `verify`: from a body's first revision to this one, each follows the one before.

The chain lies beside a report as `<stem>.chain`. What was removed, swapped or written anew breaks a
link, or the count of revisions of its month, or differs from what another export tells.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.contracts.report import Report
from services.reporting import chain
from services.reporting.chain import Link
from services.reporting.finding import Finding, different, unreadable


def chains(read: Iterable[tuple[Path, Report]]) -> Iterator[Finding]:
    """Each report's chain by itself; then all of a body against its longest one."""
    known: dict[str, list[tuple[Path, list[Link]]]] = {}
    for file, report in read:
        links, finding = _one(file.with_suffix(".chain"), report)
        yield finding
        known.setdefault(report.body.id, []).append((file, links))
    for told in known.values():
        yield from _apart(told)


def _apart(told: list[tuple[Path, list[Link]]]) -> Iterator[Finding]:
    longest = max((links for _, links in told), key=len)
    for file, links in told:
        pairs = enumerate(zip(links, longest, strict=False))
        differing = (
            different(file.stem, _place(number, one), one.entry, other.entry)
            for number, (one, other) in pairs
            if one != other
        )
        yield from list(differing)[:1]


def _one(beside: Path, report: Report) -> tuple[list[Link], Finding]:
    name = beside.name
    if not beside.exists():
        return [], Finding(
            name, None,
            "사슬 파일이 없어 앞 차수와의 연결은 확인하지 못했습니다",
            "not there: what came before this revision is not checked",
        )  # fmt: skip
    try:
        links = chain.read_chain(beside.read_bytes())
    except ValueError:
        return [], unreadable(name, "not a chain")
    wrong = next(breaks(name, links), None) or _not_last(name, links, report)
    if wrong:
        return [], wrong
    return links, Finding(
        name, True,
        f"처음부터 이 차수까지 {len(links)}개 차수가 이어집니다",
        f"unbroken from the first revision to this one, {len(links)} in all",
    )  # fmt: skip


def breaks(name: str, links: list[Link]) -> Iterator[Finding]:
    """Wherever a link does not follow the one before it."""
    prev, next_of = chain.ZEROS, dict[str, int]()
    for number, link in enumerate(links):
        due = next_of.get(link.month, 0)
        if link.revision != due:
            yield different(name, _place(number, link), f"r{link.revision}", f"r{due}")
        again = chain.entry_hash(prev, links[0].body, link.month, due, link.content)
        if link != link._replace(body=links[0].body, entry=again):
            yield different(name, _place(number, link), link.entry, again)
        prev, next_of[link.month] = link.entry, due + 1


def _not_last(name: str, links: list[Link], report: Report) -> Finding | None:
    own, prev = chain.link_of(report), report.seal.prev
    before, last = [None, None, *links][-2:]
    if last != own:
        return different(name, "last", last.entry if last else "-", own.entry)
    due = before.entry if before else chain.ZEROS
    return different(name, "seal.prev", prev, due) if prev != due else None


def _place(number: int, link: Link) -> str:
    return f"[{number}] {link.month} r{link.revision}"
