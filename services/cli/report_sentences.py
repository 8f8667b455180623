"""What `bongsu report` says to people, Korean and English side by side."""

import os
from string import Template

from services.reporting.documents.words import LANGUAGES, Language

_SENTENCES = {
    "no_body": (
        "'$asked' 기관이 없습니다.$meant 목록: bongsu report list",
        "No body '$asked'.$meant See: bongsu report list",
    ),
    "meant": (" '$name'를 찾으셨습니까?", " Did you mean '$name'?"),
    "no_channel": (
        "$body 보고서에 '$asked' 채널이 없습니다. 있는 채널: $there",
        "The report of $body has no channel '$asked'. It has: $there",
    ),
    "not_a_month": (
        "'$asked'은 월이 아닙니다. 예: 2026-10",
        "'$asked' is not a month. Example: 2026-10",
    ),
    "not_begun": ("$month은 아직 시작되지 않았습니다.", "$month has not begun."),
    "open": (
        "$month은 진행 중입니다. 잠정 보고서는 $due에 나옵니다.",
        "$month is still open. The preliminary report is due $due $zone.",
    ),
    "before_data": (
        "$body의 첫 증거는 $first입니다. $month 보고서는 만들 수 없습니다.",
        "First evidence of $body is of $first; there is no report for $month.",
    ),
    "not_sealed": (
        "$month $body에는 아직 보고서가 없습니다. 잠정 보고서 예정 시각: $due",
        "There is no report of $month for $body yet. The preliminary one was due $due $zone.",
    ),
    "no_revision": (
        "$month ${body}에는 정정 ${asked}차가 없습니다(최신 $latest).",
        "$month $body has no revision $asked (latest $latest).",
    ),
    "no_evidence": ("$body: 증거가 없습니다", "$body: no evidence"),
    "not_made": ("$body: 만들지 못했습니다($why).", "$body: not made ($why)."),
    "no_contracts": ("계약이 있는 기관이 없습니다.", "No body has a contract."),
    "no_correction": (
        "$month ${body}에는 정정 제안 ${number}번이 없습니다.",
        "$month $body has no correction $number.",
    ),
    "proposed": (
        "정정 ${number}번을 제안했습니다. 다른 사람이 승인해야 반영됩니다:"
        ' bongsu report correct $month --body $body --approve $number --words "…"',
        "Correction $number is proposed; it counts once somebody else approves it:"
        ' bongsu report correct $month --body $body --approve $number --words "…"',
    ),
    "approved": (
        "정정 ${number}번을 승인했습니다. 확정된 월이면 새 차수로 봉인됩니다.",
        "Correction $number is approved. A month that is closed gets a revision of its own.",
    ),
    "rejected": ("정정 ${number}번을 반려했습니다.", "Correction $number is rejected."),
    "no_words": ("--words에 사유를 쓰십시오.", "Say why with --words."),
    "which_act": (
        "--file, --approve, --reject 가운데 하나를 쓰십시오.",
        "Say one of --file, --approve and --reject.",
    ),
    "no_api": ("$name 설정이 없습니다.", "$name is not set."),
    "api_away": ("$url 에 연결할 수 없습니다.", "Cannot reach $url."),
    "database_away": ("데이터베이스에 연결할 수 없습니다.", "Cannot reach the database."),
    "whom": ("--body나 --all을 쓰십시오.", "Say --body or --all."),
    "one_of": ("'$asked': 가능한 값은 $there", "'$asked': say $there"),
}


def language() -> Language:
    """That of the terminal; English unless it is Korean."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return "ko" if spoken.startswith("ko") else "en"


def sentence(key: str, **fields: object) -> str:
    """In the terminal's language."""
    return Template(_SENTENCES[key][LANGUAGES.index(language())]).substitute(fields)
