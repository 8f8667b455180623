"""The YAML file of `bongsu report correct`: `kind`, `reason` and what the kind needs, side by side.

In:  a path. Out: what the API takes, or sentences of what is wrong, each with file and line.
"""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from services.catalogue.sentences import sentences, suggestion
from services.catalogue.tree import Tree, Unreadable, nearest, parse, read_text
from services.contracts.correction import LONGEST_REASON, MODELS, SHORTEST_REASON

_BESIDE = ("reason", "proposed_by")


class Unfit(Exception):
    """What is wrong with the file; each begins with file and line."""

    def __init__(self, said: list[str]) -> None:
        super().__init__("\n".join(said))
        self.said = said


class Proposal(NamedTuple):
    """As the API takes it."""

    reason: str
    proposed_by: str | None
    data: dict[str, Any]


def read(file: Path) -> Proposal:
    """Raises Unfit."""
    try:
        tree = parse(read_text(file))
    except Unreadable as error:
        raise Unfit([f"{file}:{error.line}: this file {error}"]) from None
    wrong = [*tree.oddities, *_wrong(tree)]
    if wrong:
        raise Unfit([f"{file}:{line}: {said}" for line, said in sorted(wrong)])
    told = dict(tree.plain)
    reason, person = told.pop("reason"), told.pop("proposed_by", None)
    model = MODELS[told["kind"]].model_validate(told)
    return Proposal(reason.strip(), person, model.model_dump(mode="json", by_alias=True))


def _wrong(tree: Tree) -> list[tuple[int, str]]:
    if not isinstance(tree.plain, dict):
        return [(1, "a correction is a mapping: kind, reason and what the kind needs")]
    kind = tree.plain.get("kind")
    if not isinstance(kind, str) or kind not in MODELS:
        near = suggestion(str(kind), MODELS)
        said = f"field 'kind' must be one of {', '.join(MODELS)}, not '{kind}'{near}"
        return [(tree.lines.get(("kind",), 1), said)]
    return [*_unreasoned(tree), *_unfit(tree, kind)]


def _unreasoned(tree: Tree) -> list[tuple[int, str]]:
    reason = tree.plain.get("reason")
    size = len(reason.strip()) if isinstance(reason, str) else 0
    if SHORTEST_REASON <= size <= LONGEST_REASON:
        return []
    said = f"field 'reason' has {SHORTEST_REASON} to {LONGEST_REASON} characters, not {size}"
    return [(tree.lines.get(("reason",), 1), said)]


def _unfit(tree: Tree, kind: str) -> list[tuple[int, str]]:
    own = {name: value for name, value in tree.plain.items() if name not in _BESIDE}
    try:
        MODELS[kind].model_validate(own)
    except ValidationError as error:
        told = sentences(MODELS[kind], error)
        return [(nearest(tree.lines, (), place), said) for place, said in told]
    return []
