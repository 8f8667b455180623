"""What components, incidents and timelines are called, in Korean and English. Pure.

In:  component keys, rows of incidents, the catalogue. Out: pairs of sentences (ko, en).
Times are Korean time, as those who read it live in it.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.alerting.detection.kinds import monitors
from services.contracts.catalogue import Catalogue
from services.contracts.model import Name
from services.storage.incidents import Incident

KST = ZoneInfo("Asia/Seoul")
NAMED = 5  # routes of one line; of a large outage they are thousands
_WRONG = {
    "dead": ("전달되지 않음", "messages do not arrive"),
    "lossy": ("일부가 전달되지 않음", "some messages do not arrive"),
    "slow": ("늦게 전달됨", "messages arrive late"),
    "accept-dead": ("접수되지 않음", "messages are not accepted"),
    "accept-lossy": ("일부가 접수되지 않음", "some messages are not accepted"),
}
_OWN = ("응답 없음", "gives no sign of life")
_OWN_IN_PART = ("일부 응답 없음", "gives signs of life only in part")


class Said(NamedTuple):
    """A sentence in both languages."""

    ko: str
    en: str


_FUNCTIONS = {
    "media": Said("이미지", "images"),
    "text": Said("글", "texts"),
    "login": Said("로그인", "login"),
    "pc": Said("PC판", "PC app"),
    "channel": Said("채널 메시지", "channel messages"),
    "data": Said("데이터", "data"),
}

_CARRIERS = {"skt": "SKT", "kt": "KT", "lgu": "LG U+"}


PLANNED = Said("예정된 작업 중: 호출하지 않음", "planned work: nobody is paged")


class Words:
    """Names of one revision of the catalogue."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        self._catalogue = catalogue

    def component(self, key: str) -> Said:
        """What people call it."""
        of, _, name = key.partition(":")
        whole, _, part = name.partition("/")
        if of in ("platform", "carrier"):
            return self._deliverer(of, whole, part)
        patterns = {
            "provider": ("중계사 {ko}", "provider {en}"),
            "account": ("중계사 계정 {ko}", "account {en}"),
            "sender": ("발신 주체 {ko}", "sender {en}"),
            "receiver": ("수신 단말 {ko}", "receiver {en}"),
            "observer": ("수신 단말 {ko}의 관측기 {part}", "app {part} of receiver {en}"),
            "worker": ("발송기 {ko}", "worker {en}"),
            "site": ("수신 장소 {ko}", "site {en}"),
            "self": ("봉수의 수집부 {ko}", "bongsu's own {en}"),
            "reach": ("수신 단말 {ko}의 {part} 계정", "the {part} account of {en}"),
            "line": ("계정과 채널 {ko}", "account and channel {en}"),
            "pair": ("계정과 통신사 {ko}", "account and carrier {en}"),
            "route": ("경로 {ko}", "route {en}"),
        }
        ko, en = patterns.get(of, ("{ko}", "{en}"))
        called = self._named(of, whole)
        return Said(ko.format(ko=called.ko, part=part), en.format(en=called.en, part=part))

    def title(self, key: str, hypothesis: str) -> Said:
        """An incident in one line."""
        called = self.component(key)
        ko, en = _wrong(key, hypothesis)
        return Said(f"{called.ko}: {ko}", f"{called.en}: {en}")

    def _deliverer(self, of: str, whole: str, part: str) -> Said:
        found = self._catalogue and self._catalogue.platforms.get(whole)
        known = _CARRIERS.get(whole, whole)
        unnamed = Name(ko=f"통신사 {known}" if of == "carrier" else whole, en=f"{of} {known}")
        called = found.name if found else unnamed
        if not part:
            return Said(called.ko, called.en)
        rules = self._catalogue.channels.items() if self._catalogue else ()
        functions = {str(channel): Said(rule.name.ko, rule.name.en) for channel, rule in rules}
        function = functions.get(part) or _FUNCTIONS.get(part) or Said(part, part)
        return Said(f"{called.ko} {function.ko}", f"{called.en} {function.en}")

    def _named(self, of: str, name: str) -> Said:
        group = {"provider": "providers", "account": "accounts"}.get(of)
        found = getattr(self._catalogue, group).get(name) if group and self._catalogue else None
        return Said(found.name.ko, found.name.en) if found else Said(name, name)


def tens(gain: float) -> str:
    """How strong evidence is, as people read it: nats as a power of ten."""
    return f"10^{gain / math.log(10):.1f}"


def opened(row: Incident, words: Words) -> Said:
    """With the evidence: so many of so many test messages of the component."""
    at, evidence = _clock(row.started_at), tens(row.gain)
    bodies = len({route.partition(".")[0] for route in row.routes})
    ko = f"{row.title_ko}. {at}부터 시험 {row.total}건 중 {row.failed}건 비정상, 증거 {evidence}"
    en = f"{row.title_en} since {at}: {row.failed} of {row.total} tests bad, evidence {evidence}"
    apart = Said("", "")
    if row.rival:
        rival = words.component(row.rival)
        apart = Said(f". 구분되지 않는 원인: {rival.ko}", f"; not separated from {rival.en}")
    return Said(
        f"{ko}, 경로 {len(row.routes)}개, 기관 {bodies}곳{apart.ko}",
        f"{en}, {_count(len(row.routes), 'route', 'routes')}"
        f" of {_count(bodies, 'body', 'bodies')}{apart.en}",
    )


def reopened(row: Incident) -> Said:
    """The same again."""
    return Said(f"다시 발생: {row.title_ko}", f"back again: {row.title_en}")


def renamed(before: Incident, row: Incident, words: Words) -> Said:
    """Another cause is the likelier one."""
    was = words.component(before.component)
    return Said(
        f"추정 원인 변경, 이제 {row.title_ko} (이전: {was.ko})",
        f"the likely cause is now another: {row.title_en} (before: {was.en})",
    )


def changed(row: Incident) -> Said:
    """The same cause, broken in another way."""
    return Said(f"증상 변경: {row.title_ko}", f"it is different now: {row.title_en}")


def widened(routes: Iterable[str]) -> Said:
    """It concerns more."""
    listed = _listed(routes)
    return Said(f"영향 확대: {listed.ko}", f"it concerns more: {listed.en}")


def narrowed(routes: Iterable[str]) -> Said:
    """It concerns less: these are well, or have not been tried lately."""
    listed = _listed(routes)
    return Said(f"영향 축소: {listed.ko} 제외", f"it no longer concerns: {listed.en}")


def noted(component: str, words: Words) -> Said:
    """A symptom of it."""
    called = words.component(component)
    return Said(f"함께 나타난 증상: {called.ko}", f"a part of it: {called.en}")


def graded(before: Incident, row: Incident) -> Said:
    """Worse or better than it was."""
    return Said(
        f"심각도 {before.severity or '-'} → {row.severity or '-'}",
        f"severity {before.severity or '-'} → {row.severity or '-'}",
    )


def closed(row: Incident) -> Said:
    """How long it was."""
    ended = row.ended_at or row.closed_at or row.detected_at
    ko, en = lasted(ended - row.started_at)
    return Said(
        f"종료: {_clock(ended)}부터 정상, 지속 {ko}",
        f"over: well since {_clock(ended)}, it lasted {en}",
    )


def lasted(span: timedelta) -> Said:
    """A duration in hours and whole minutes."""
    hours, minutes = divmod(int(max(span, timedelta(0)).total_seconds() // 60), 60)
    if hours:
        return Said(f"{hours}시간 {minutes}분", f"{hours} h {minutes} min")
    return Said(f"{minutes}분", f"{minutes} min") if minutes else Said("1분 미만", "under 1 min")


def closed_by_hand(text: str) -> Said:
    """Somebody said that it is over."""
    return Said(f"사람이 종료함: {text}", f"closed by hand: {text}")


def _listed(routes: Iterable[str]) -> Said:
    names = sorted(routes)
    shown, more = ", ".join(names[:NAMED]), len(names) - NAMED
    return (
        Said(f"{shown} 외 {more}개", f"{shown} and {more} more") if more > 0 else Said(shown, shown)
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def acknowledged(minutes: str) -> Said:
    """Somebody has it."""
    return Said(
        f"확인함: {minutes}분 안에 메모나 종료가 없으면 다시 호출",
        f"acknowledged: paged again after {minutes} min without a note or a close",
    )


def _wrong(key: str, hypothesis: str) -> tuple[str, str]:
    if monitors(key) and hypothesis != "slow":
        return _OWN_IN_PART if hypothesis.endswith("lossy") else _OWN
    return _WRONG[hypothesis]


def _clock(at: datetime) -> str:
    return f"{at.astimezone(KST):%m-%d %H:%M:%S}"
