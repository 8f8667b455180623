"""Freeze the JSON Schema of every record: `python -m tests.contract.freeze_schemas`.

In: the pydantic models. Out: `tests/contract/schemas/<kind>.v<version>.json`, one file a version,
kept for good. A frozen file is never changed: whoever changes a record raises its version.
Before the first release that carries a version, `--unreleased` writes it anew.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from services.contracts import codec
from services.contracts.catalogue import Current
from services.contracts.page import Page
from services.contracts.report import Report

FOLDER = Path(__file__).parent / "schemas"
MODELS: dict[str, type[BaseModel]] = {
    **{name.removeprefix("bongsu."): model for name, model in codec.BY_TYPE.items()},
    "current.v1": Current,
    "page.v1": Page,
    "report.v1": Report,
}


def schema_text(model: type[BaseModel]) -> str:
    """The schema as it is frozen: words for people left out, since they may change at any time."""
    schema = _without_words(model.model_json_schema())
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def complaints(models: Mapping[str, type[BaseModel]], folder: Path) -> list[str]:
    """One sentence, with how to mend it, for each record whose frozen schema is not its own."""
    return [
        sentence
        for name, model in models.items()
        if (sentence := _complaint(name, model, folder / f"{name}.json"))
    ]


def freeze(models: Mapping[str, type[BaseModel]], folder: Path, *, unreleased: bool) -> list[str]:
    """Write what is not frozen yet (with `unreleased` everything); return what still differs."""
    for name, model in models.items():
        file = folder / f"{name}.json"
        if unreleased or not file.exists():
            file.write_text(schema_text(model), encoding="utf-8")
    return complaints(models, folder)


def _complaint(name: str, model: type[BaseModel], file: Path) -> str | None:
    if not file.exists():
        return f"{name} has no frozen schema: run python -m tests.contract.freeze_schemas"
    if file.read_text(encoding="utf-8") == schema_text(model):
        return None
    kind, _, version = name.rpartition(".v")
    return (
        f"{name} changed but its version did not: set `version` of {model.__name__} to"
        f" {int(version) + 1}, add services/contracts/examples/{kind}/v{int(version) + 1}/, keep"
        " the old version readable, then run python -m tests.contract.freeze_schemas"
        f" (only if no release carries {name} yet: with --unreleased)"
    )


def _without_words(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_words(part) for name, part in value.items()}
        if key in ("properties", "$defs")  # here the keys are names, not words about them
        else _without_words(value)
        for key, value in schema.items()
        if key not in ("title", "description")
    }


if __name__ == "__main__":
    sys.exit("\n".join(freeze(MODELS, FOLDER, unreleased="--unreleased" in sys.argv[1:])) or None)
