"""What is known of an incident beside its evidence: planned work, what providers said. Pure.

In:  an incident, planned work and notices as they are stored. Out: a line of each, empty: nothing.
Before: `words.py` asks. After: templates.
"""

from collections.abc import Iterable
from datetime import timedelta

from services.alerting.incidents import notices
from services.alerting.incidents.notices import Told
from services.alerting.incidents.words import Said
from services.alerting.paging.fields import Speaker
from services.alerting.paging.planned import holds, muted
from services.contracts.catalogue import Catalogue
from services.storage.incidents import Incident
from services.storage.planned import Notice, Window

_SAYS = {
    "down": Said("장애를 알림", "says it is down"),
    "recovering": Said("복구 중이라고 알림", "says it recovers"),
    "recovered": Said("복구되었다고 알림", "says it is over"),
}


def planned(
    row: Incident, windows: Iterable[Window], catalogue: Catalogue | None, speaker: Speaker
) -> str:
    """The work that goes on now on what was named, or on what it cannot be told from."""
    spans = ((window, holds(window, speaker.now)) for window in windows)
    return "; ".join(
        f"{speaker.clock(span[0])}–{speaker.clock(span[1])} {speaker.name(window.component)},"
        f" {window.reason}"
        for window, span in spans
        if span and catalogue and _concerns(row, window, catalogue)
    )


def _concerns(row: Incident, window: Window, catalogue: Catalogue) -> bool:
    parts = frozenset({window.component})
    named = (row.component, *row.alike, *filter(None, [row.rival]))
    return any(muted(catalogue, name, row.routes, parts) for name in named)


def said(row: Incident, told: Iterable[Notice], speaker: Speaker) -> str:
    """What providers said of it, in their order."""
    return "; ".join(_said(one, speaker) for one in notices.told(row, told, speaker.now))


def _said(one: Told, speaker: Speaker) -> str:
    minutes, after = int(abs(one.lag).total_seconds() // 60), one.lag >= timedelta(0)
    lag = speaker.said(
        f"시작 {minutes}분 {'뒤' if after else '전'}",
        f"{minutes} min {'after' if after else 'before'} the onset",
    )
    false = "" if one.too_early is None else speaker.said(", 실제로는 계속됨", ", but it went on")
    told = speaker.said(*_SAYS[one.notice.says])
    at, who = speaker.clock(one.notice.said_at), speaker.name(f"provider:{one.notice.provider}")
    return f"{at} {who}: {told} ({lag}{false})"
