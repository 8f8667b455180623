"""The documents name real files, and the flow of one event is what the code says of itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_PATH = re.compile(r"`((?:services|simulators|catalogue|docs|tests|deploy|requirements)/[\w./-]+)`")
_STEP = re.compile(r"^\| (\d) \| `(services/[\w/]+\.py)` \|", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_a_page_names_exists(page: Path) -> None:
    named = _PATH.findall(page.read_text(encoding="utf-8"))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_each_step_of_the_event_flow_names_itself_in_its_docstring() -> None:
    flow = (ROOT / "docs" / "event-flow.md").read_text(encoding="utf-8")
    steps = _STEP.findall(flow)
    assert len(steps) >= 6
    for number, name in steps:
        doc = ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))) or ""
        assert f"Step {number}" in doc, f"{name} does not say that it is step {number}"


def test_every_part_of_services_has_a_page() -> None:
    parts = [p.name for p in (ROOT / "services").iterdir() if (p / "__init__.py").exists()]
    missing = [p for p in parts if not (ROOT / "docs" / "components" / f"{p}.md").exists()]
    assert missing == []
