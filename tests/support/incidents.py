"""A row of an incident as tests need it: a dead platform, three minutes old."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.storage.incidents import Figures, Incident

NOW = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)

FIGURES = Figures(
    since=NOW - timedelta(minutes=3), messages=14, dealers=2, senders=5, receivers=7, workers=2,
    beside=3, usual_s=11.2, confirms=0, next="account:sens",
)  # fmt: skip


def an_incident(**over: Any) -> Incident:
    """KakaoTalk is dead for one route; `over` says otherwise."""
    fields: dict[str, Any] = {
        "id": "platform:kakaotalk@1", "kind": "outage", "status": "open",
        "component": "platform:kakaotalk", "hypothesis": "dead",
        "severity": 2, "channel": "alimtalk", "provider": "sens", "carrier": None,
        "body": "geoje", "title_ko": "카카오톡: 전달되지 않음",
        "title_en": "KakaoTalk: messages do not arrive", "routes": ["geoje.alimtalk.sens"],
        "people": 0, "started_at": NOW - timedelta(minutes=3), "detected_at": NOW,
        "ended_at": None, "closed_at": None, "gain": 19.8, "failed": 14, "total": 14,
        "margin": 2.0, "rival": "account:sens", "alike": [], "notes": [],
    }  # fmt: skip
    return Incident(**fields | over)
