"""What changed between two reports, leaf by leaf."""

from typing import Any

import pytest

from services.contracts.report import Change
from services.reporting.difference import differences

CHANGES = [
    ({"days": [{"down": 50}]}, {"days": [{"down": 20}]}, ("days[0].down", "50", "20")),
    ({"a": "x"}, {"a": None}, ("a", "x", None)),
    ({"a": []}, {"a": [{"id": "o1"}]}, ("a[0]", None, '{"id":"o1"}')),
    ({"a": 1}, {"a": "1"}, ("a", "1", "1")),
    ({"a": True}, {"a": 1}, ("a", "true", "1")),
    ({"a": {"b": 1}}, {"a": None}, ("a", '{"b":1}', None)),
]


@pytest.mark.parametrize(("old", "new", "told"), CHANGES)
def test_a_change_is_told_by_its_path(old: Any, new: Any, told: tuple[str, str, str]) -> None:
    path, before, after = told
    assert list(differences(old, new)) == [Change(path=path, old=before, new=after)]


def test_every_changed_leaf_is_told_and_nothing_else() -> None:
    old = {"a": [1, 2, 3], "b": {"c": "x", "d": "y"}}
    new = {"b": {"d": "z", "c": "x"}, "a": [1, 3]}
    assert [change.path for change in differences(old, new)] == ["a[1]", "a[2]", "b.d"]
    assert not list(differences(old, old))
