"""Each alert leads to a page that names it, each page is led to, and both languages are there."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.commands import ROOT

RULES = YAML(typ="safe").load(ROOT / "deploy" / "prometheus" / "rules.yml")
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]
NAMES = {alert["alert"] for alert in ALERTS}
LED_TO = {alert["annotations"]["runbook_url"] for alert in ALERTS}
FOR_OUTAGES = "outage.md"  # where pages lead that no rule makes
PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
# Posted by bongsu itself: about an outage, and to learn whether its alerts pass.
POSTED = {"BongsuIncident", "BongsuProof"}
_NAME = re.compile(r"\bBongsu[A-Z]\w+")


def _names_in(text: str) -> set[str]:
    return set(_NAME.findall(text))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_is_tested_and_leads_to_a_page_that_names_it(alert: dict[str, object]) -> None:
    tests = (path.read_text() for path in (ROOT / "tests" / "rules").glob("*.yml"))
    assert alert["alert"] in _names_in("".join(tests))
    annotations = alert["annotations"]
    assert isinstance(annotations, dict)
    assert {"summary", "description", "runbook_url"} <= set(annotations)
    page = ROOT / annotations["runbook_url"]
    assert alert["alert"] in _names_in(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_led_to_names_alerts_that_exist_and_speaks_both_languages(page: Path) -> None:
    assert page.name == FOR_OUTAGES or f"docs/runbooks/{page.name}" in LED_TO
    text = page.read_text(encoding="utf-8")
    english, _, korean = text.partition("\n## 한국어\n")
    assert _names_in(text) <= NAMES | POSTED
    assert page.name == FOR_OUTAGES or _names_in(english)
    assert len(korean) > 50


def test_alertmanager_names_only_alerts_that_exist() -> None:
    config = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    named = _names_in(config.read_text(encoding="utf-8"))
    assert named
    assert named <= NAMES | POSTED
