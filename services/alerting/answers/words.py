"""What the page behind a link says, in Korean and English. Pure.

In:  a link's state, its incidents. Out: HTML without scripts and without anything from elsewhere.
Before: `links.py`. The language is the person's own, and `?lang=` changes it.
"""

import base64
import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from html import escape
from importlib.resources import files
from typing import Literal

from services.alerting.answers.state import Found, State
from services.alerting.incidents.words import KST
from services.storage.incidents import Incident

Language = Literal["ko", "en"]
MOST = 20  # incidents shown of one page
_HERE = files("services.alerting.answers")
_STYLE = (_HERE / "page.css").read_text(encoding="utf-8")
_PAGE = (_HERE / "page.html").read_text(encoding="utf-8")
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_SAID = {
    "open": (
        "확인을 누르면 대응 중으로 기록하고, {minutes}분 동안 다시 호출하지 않습니다.",
        "Acknowledge to say that you are on it. You are not paged again for {minutes} minutes.",
    ),
    "acknowledged": (
        "확인했습니다. {until}까지 메모나 종료가 없으면 다시 호출합니다.",
        "Acknowledged. You are paged again if there is no note and no close by {until} KST.",
    ),
    "used": (
        "{name} 님이 {used}에 이 링크로 이미 확인했습니다.",
        "{name} has already acknowledged by this link, at {used} KST.",
    ),
    "over": (
        "이미 끝난 장애입니다. 확인하실 일이 없습니다.",
        "This is over already. There is nothing to acknowledge.",
    ),
    "earlier": (
        "이 호출의 장애는 복구되었다가 다시 발생하여 이 링크로는 확인되지 않습니다."
        " 다시 발생한 뒤에 받은 호출의 링크를 여십시오.",
        "What this page told of was over and is broken again, so this link acknowledges nothing."
        " Open the link of the page you got after that.",
    ),
    "expired": (
        "이 링크는 {expires}에 만료되었습니다. 가장 최근에 받은 호출의 링크를 여십시오.",
        "This link expired at {expires} KST. Open the link of the newest page you got.",
    ),
    "other": (
        "이 확인은 다른 장애의 것이라 받지 않았습니다. 받은 호출의 링크를 다시 여십시오.",
        "This belongs to another incident and was not taken. Open the link of your page again.",
    ),
    "unknown": (
        "없는 링크입니다. 받은 호출의 링크를 빠짐없이 여십시오.",
        "There is no such link. Open the whole link of the page you got.",
    ),
    "away": (
        "지금은 기록할 수 없습니다. 잠시 뒤 링크를 다시 열어 주십시오.",
        "This cannot be recorded now. Please open the link again in a moment.",
    ),
}
_WORDS = {
    "ko": {
        "heading": "봉수 호출", "button": "확인", "since": "{at}부터", "until": "{at} 종료",
        "severity": "심각도 {n}", "own": "봉수 자체 장애", "more": "외 {n}건", "switch": "English",
        "back": "다시 발생: 이 링크로는 확인되지 않음",
    },
    "en": {
        "heading": "bongsu page", "button": "Acknowledge", "since": "since {at} KST",
        "until": "over since {at} KST", "severity": "severity {n}", "own": "fault of bongsu's own",
        "more": "and {n} more", "switch": "한국어",
        "back": "broken again: not acknowledged by this link",
    },
}  # fmt: skip


def chosen(asked: str | None, own: str | None) -> Language:
    """The language that was asked for, else the person's own."""
    return "en" if (asked if asked in _WORDS else own) == "en" else "ko"


def sentence(state: State, language: Language, found: Found | None, now: datetime) -> str:
    """What a link is good for, in one sentence."""
    text = _SAID[state][language == "en"]
    if found is None:
        return text
    link, spoken = found.link, found.spoken
    return text.format(
        minutes=spoken.minutes,
        name=spoken.en if language == "en" else spoken.ko,
        used=_clock(link.used_at),
        expires=_clock(link.expires_at),
        until=_clock(now + timedelta(minutes=spoken.minutes)),
    )


def page(
    language: Language, said: str, rows: Sequence[Incident] = (), back: Collection[str] = (),
    form: str | None = None,
) -> str:  # fmt: skip
    """The whole page; with a button for the page of the id `form`. `back`: the ids of incidents
    that it does not acknowledge."""
    words, other = _WORDS[language], "en" if language == "ko" else "ko"
    shown = "".join(_incident(row, language, row.id in back) for row in rows[:MOST])
    more = words["more"].format(n=len(rows) - MOST) if len(rows) > MOST else ""
    button = (
        f'<form method="post" action="?lang={language}">'
        f'<input type="hidden" name="page" value="{escape(form)}">'
        f"<button>{words['button']}</button></form>"
        if form is not None
        else ""
    )
    return _PAGE.format(
        lang=language, other=other, switch=words["switch"], style=_STYLE,
        heading=words["heading"], said=escape(said), incidents=shown, more=more, button=button,
    )  # fmt: skip


def _incident(row: Incident, language: Language, back: bool) -> str:
    words = _WORDS[language]
    title = row.title_en if language == "en" else row.title_ko
    grade = words["own"] if row.monitor else words["severity"].format(n=row.severity)
    when = [words["since"].format(at=_clock(row.started_at))]
    if row.status == "closed":
        when.append(words["until"].format(at=_clock(row.ended_at)))
    if back:
        when.append(words["back"])
    return f"<li><b>{escape(title)}</b><span>{grade}, {', '.join(when)}</span></li>"


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(KST):%m-%d %H:%M}" if at else "-"
