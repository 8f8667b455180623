"""What the panels of one page share: its time, its marks, its words, where its links lead.

In: a `Look` and what was found for it. Out: words in Korean or English, addresses. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dashboards.preview import fields
from dashboards.preview.answers import NO_POSTGRES, NO_PROMETHEUS, Series, Shown
from dashboards.preview.html import tag
from dashboards.preview.look import Look
from dashboards.sources import Json

Language = Literal["ko", "en"]
NOTHING = Shown(Look(timedelta(), datetime.fromtimestamp(0, UTC), "", {}), {}, {}, {}, [])
WORDS = {
    "preview": ("미리보기 - Grafana가 아닙니다", "a preview, not Grafana"),
    NO_PROMETHEUS: ("Prometheus가 없어 조회할 수 없습니다", "no Prometheus to ask"),
    NO_POSTGRES: ("Postgres가 없어 조회할 수 없습니다", "no Postgres to ask"),
    "trouble": ("답을 얻지 못했습니다: {why}", "no answer: {why}"),
    "not drawn": ("미리보기는 {kind} 패널을 그리지 않습니다", "the preview draws no {kind} panels"),
    "boards": ("화면", "Boards"),
    "skip": ("본문으로", "Skip to the panels"),
    "now-1h": ("최근 1시간", "last hour"),
    "now-6h": ("최근 6시간", "last 6 hours"),
    "now-24h": ("최근 24시간", "last 24 hours"),
    "now-7d": ("최근 7일", "last 7 days"),
    "now-62d": ("최근 62일", "last 62 days"),
    "time": ("기간", "Time"),
    "all": ("전체", "All"),
    "show": ("보기", "Show"),
    "as of": ("{at} 기준 (한국 시각)", "as of {at} KST"),
    "stale": (
        "새로 고치지 못했습니다. 아래는 지난 값입니다.",
        "Cannot refresh: these values are old.",
    ),
    "about": ("설명", "What is this?"),
}


@dataclass(frozen=True)
class Frame:
    """Of one page. `place` says where a board's address (`/d/<uid>?…`) is here; None: nowhere."""

    language: Language
    place: Callable[[str], str | None]
    shown: Shown = NOTHING

    def say(self, what: str, **named: str) -> str:
        """One of WORDS."""
        return WORDS[what][self.language == "en"].format(**named)

    def trouble(self, why: str) -> str:
        """Why a question has no answer."""
        return self.say(why) if why in WORDS else self.say("trouble", why=why)

    def name(self, config: Json, line: Series, text: str) -> str:
        """A line's name on the board, with its link."""
        name, href = str(config.get("displayName", line.name)), self.href(config, line.labels, text)
        return tag("a", name, href=href) if href else name

    def href(
        self, config: Json, labels: Mapping[str, str], text: str, row: Mapping[str, Any] = {}
    ) -> str | None:
        """Where a field's link leads from this value."""
        if not config.get("links"):
            return None
        known = {"__url_time_range": self.shown.look.time, "__value.text": text}
        known |= {f"__field.labels.{name}": value for name, value in labels.items()}
        known |= {f'__data.fields["{name}"]': str(value) for name, value in row.items()}
        for name, values in self.shown.values.items():
            known[name] = values[0] if len(values) == 1 else "All"
        return self.place(fields.address(config["links"][0]["url"], known))
