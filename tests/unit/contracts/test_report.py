"""The monthly report's JSON is exact: nothing missing, nothing beyond, no other type."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import services.contracts
from services.contracts.report import Report

EXAMPLE = Path(services.contracts.__file__).parent / "examples/report/v1/corrected.json"


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every field of the example but those of free data."""
    if isinstance(value, list):
        return [place for n, each in enumerate(value) for place in _places(each, (*path, n))]
    if not isinstance(value, dict) or (path and path[-1] in ("settings", "openslo")):
        return []
    return [
        place
        for name, each in value.items()
        for place in [(*path, name), *_places(each, (*path, name))]
    ]


def _holder(told: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        told = told[step]
    return told


def _refused(told: object) -> bool:
    try:
        Report.model_validate_json(json.dumps(told))
    except ValidationError:
        return True
    return False


def test_every_field_is_required_and_none_may_be_added_or_be_a_float() -> None:
    places = _places(json.loads(EXAMPLE.read_bytes()))
    assert len(places) > 500
    for path in places:
        without, beside, floating = (json.loads(EXAMPLE.read_bytes()) for _ in range(3))
        del _holder(without, path)[path[-1]]
        _holder(beside, path)[f"{path[-1]}_"] = None
        _holder(floating, path)[path[-1]] = 0.5
        assert _refused(without), path
        assert _refused(beside), path
        assert _refused(floating), path


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("month", "2026-13"),
        ("cutoff", "2026-11-04T00:00:00Z"),
        ("cutoff", "2026-11-31T00:00:00.000Z"),
        ("cutoff", "２026-11-04T00:00:00.000Z"),
        ("revision", True),
        ("revision", "1"),
        ("revision", -1),
        ("state", "final"),
        ("schema", "bongsu.report/2"),
    ],
)
def test_a_value_of_another_form_is_refused(field: str, value: object) -> None:
    assert _refused({**json.loads(EXAMPLE.read_bytes()), field: value})


def test_data_of_a_contract_holds_no_float() -> None:
    told = json.loads(EXAMPLE.read_bytes())
    told["items"][0]["contract"]["settings"]["late_fix_weight"] = 1.0
    assert _refused(told)
