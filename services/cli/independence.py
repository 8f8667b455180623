"""Who is paged by what, whatever one component is broken: a table for `docs/`. Pure.

In:  a catalogue. Out: lines of Markdown. Before and after: `oncall.py`.
Components whose loss changes no path are counted by kind: of them there are hundreds.
"""

from collections import Counter
from collections.abc import Iterator

from services.alerting.paging.oncall import recipient
from services.alerting.paging.paths import choose, paths_of
from services.catalogue.components import components, components_of_path
from services.contracts.catalogue import Catalogue


def table(catalogue: Catalogue) -> Iterator[str]:
    """What each path passes, then each single loss and the paths that pages then go over."""
    yield from ("| Path | Passes |", "| --- | --- |")
    for path in catalogue.paths.values():
        passed = ", ".join(f"`{part}`" for part in components_of_path(catalogue, path))
        yield f"| `{path.id}` | {passed or 'nothing that the catalogue knows'} |"
    names = [f"{one.name.ko} / {one.name.en}" for one in catalogue.people.values()]
    yield from ("", _row(["What is broken", *names]), _row(["---"] * (len(names) + 1)))
    yield _row(["nothing", *_paged(catalogue, None)])
    parts = (components_of_path(catalogue, path) for path in catalogue.paths.values())
    passed_by = set().union(*parts)
    for part in sorted(passed_by):
        yield _row([f"`{part}`", *_paged(catalogue, part)])
    others = [part for part in components(catalogue) if part not in passed_by]
    kinds = Counter(part.partition(":")[0] for part in others)
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    yield from ("", f"No page passes the other {len(others)} components ({counted}): as above,")
    yield "where nothing is broken."


def _paged(catalogue: Catalogue, broken: str | None) -> Iterator[str]:
    """For each person the path; in bold where it is not the preferred one."""
    failed = {broken} if broken else set[str]()
    for person in catalogue.people:
        usual = paths_of(catalogue, recipient(person))[0].id
        chosen = [one.path for one in choose(catalogue, recipient(person), failed)]
        shown = ", ".join(f"`{one}`" for one in chosen)
        yield shown if chosen == [usual] else f"**{shown}**"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
