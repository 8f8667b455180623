"""The YAML files of `bongsu report correct` and `object`.

A correction has `kind`, `reason` and what the kind needs, side by side.
In:  a path. Out: what the API takes, or sentences of what is wrong, each with file and line.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from services.catalogue.sentences import sentences, suggestion
from services.catalogue.tree import Tree, Unreadable, nearest, parse, read_text
from services.contracts.correction import LONGEST_REASON, MODELS, SHORTEST_REASON, Objection

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
    """Of a correction. Raises Unfit."""
    told = dict(_fit(file, _wrong))
    reason, person = told.pop("reason"), told.pop("proposed_by", None)
    model = MODELS[told["kind"]].model_validate(told)
    return Proposal(reason.strip(), person, model.model_dump(mode="json", by_alias=True))


def objection(file: Path) -> dict[str, Any]:
    """As the API takes it. Raises Unfit."""
    told = _fit(file, lambda tree: _unfit(tree, Objection, tree.plain))
    return Objection.model_validate(told).model_dump(mode="json")


def _fit(file: Path, wrong: Callable[[Tree], list[tuple[int, str]]]) -> Any:
    try:
        tree = parse(read_text(file))
    except Unreadable as error:
        raise Unfit([f"{file}:{error.line}: this file {error}"]) from None
    if found := [*tree.oddities, *wrong(tree)]:
        raise Unfit([f"{file}:{line}: {said}" for line, said in sorted(found)])
    return tree.plain


def _wrong(tree: Tree) -> list[tuple[int, str]]:
    if not isinstance(tree.plain, dict):
        return [(1, "a correction is a mapping: kind, reason and what the kind needs")]
    kind = tree.plain.get("kind")
    if not isinstance(kind, str) or kind not in MODELS:
        near = suggestion(str(kind), MODELS)
        said = f"field 'kind' must be one of {', '.join(MODELS)}, not '{kind}'{near}"
        return [(tree.lines.get(("kind",), 1), said)]
    own = {name: value for name, value in tree.plain.items() if name not in _BESIDE}
    return [*_unreasoned(tree), *_unfit(tree, MODELS[kind], own)]


def _unreasoned(tree: Tree) -> list[tuple[int, str]]:
    reason = tree.plain.get("reason")
    size = len(reason.strip()) if isinstance(reason, str) else 0
    if SHORTEST_REASON <= size <= LONGEST_REASON:
        return []
    said = f"field 'reason' has {SHORTEST_REASON} to {LONGEST_REASON} characters, not {size}"
    return [(tree.lines.get(("reason",), 1), said)]


def _unfit(tree: Tree, model: type[BaseModel], own: Any) -> list[tuple[int, str]]:
    try:
        model.model_validate(own)
    except ValidationError as error:
        told = sentences(model, error)
        return [(nearest(tree.lines, (), place), said) for place, said in told]
    return []
