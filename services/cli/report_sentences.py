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
        "$month은 진행 중입니다. 잠정 보고서는 $due에 나옵니다. 지금 보려면 --preview",
        "$month is still open. The preliminary report is due $due $zone. To look now: --preview",
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
    "too_early": ("$month은 $due 이후에 확정합니다.", "$month closes at $due $zone."),
    "closed": (
        "$month은 이미 확정되었습니다(${latest}차). 바꾸려면 report correct",
        "$month is already closed (revision $latest). To change it: report correct",
    ),
    "too_late": (
        "$month ${body}의 보고서는 없습니다. 계약이 제때 알려지지 않았습니다.",
        "There is no report of $month for $body: no contract was known in time.",
    ),
    "not_stored": (
        "$month $body: 확정 시각까지의 증거가 아직 다 저장되지 않았습니다.",
        "$month $body: not all evidence up to the cutoff is stored yet.",
    ),
    "other_turn": (
        "지금 다른 프로세스가 확정하고 있습니다. 1분 뒤에 다시 실행하십시오.",
        "Another process is sealing now. Try again in a minute.",
    ),
    "where": (
        "폴더나 파일, 또는 --body와 --month를 쓰십시오.",
        "Say a folder or a file, or --body and --month.",
    ),
    "no_evidence": ("$body: 증거가 없습니다", "$body: no evidence"),
    "preview_or_revision": (
        "--preview와 --revision은 함께 쓸 수 없습니다.",
        "--preview and --revision cannot be used together.",
    ),
    "summary_alone": (
        "--summary는 pdf와 xlsx로만 만들며 --preview, --evidence, --channel과 함께 쓸 수 없습니다.",
        "--summary is made as pdf and xlsx, without --preview, --evidence and --channel.",
    ),
    "no_contract": (
        "$month $body에는 계약이 없습니다.",
        "No contract of $body holds in $month.",
    ),
    "not_kept": (
        "$month $body: 증거를 내보낼 수 없습니다. 그 차수의 근거 자료가 없습니다.",
        "$month $body: no evidence to export, its context is not kept.",
    ),
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
    "none_before": (
        "$month ${body}에는 견줄 앞 차수가 없습니다.",
        "$month $body has no revision before that one.",
    ),
    "same_figures": ("달라진 수치가 없습니다.", "No figure differs."),
    "no_minutes": (
        "원시 증거 보존 기간이 지나 분 단위 구간은 알 수 없습니다.",
        "Which minutes changed cannot be told: raw evidence past retention.",
    ),
    "why_corrected": (
        "정정 ${number}차($kind), $proposed_by 제안, $approved_by 승인: $reason",
        "Correction no. $number ($kind), by $proposed_by, approved by $approved_by: $reason",
    ),
    "nothing_sealed": ("봉인된 보고서가 없습니다.", "No report is sealed."),
    "mailed": (
        "메일: $month $body ${revision}차 $at 중계 서버 $answer ($taken)",
        "Mail: $month $body revision $revision, $at, the relay said $answer ($taken)",
    ),
    "mail_taken": ("접수", "accepted"),
    "mail_refused": ("거부", "refused"),
    "draft": (
        "초안: $month $body ${revision}차에서 늦은 증거로 수치 ${count}개가 달라집니다($at)."
        " 반영하려면 report correct (kind: evidence_import)",
        "Draft: late evidence would change $count figures of $month $body revision $revision ($at)."
        " To publish: report correct (kind: evidence_import)",
    ),
    "waiting": (
        "대기: 정정 제안 ${id}번 $month $body ($kind), $proposed_by 제안 $at: $reason",
        "Waiting: correction $id of $month $body ($kind), proposed by $proposed_by $at: $reason",
    ),
    "disputed": (
        "이의 제기 ${id}번: $month $body, $objector $at: $about",
        "Objection $id: $month $body, by $objector $at: $about",
    ),
    "list_body": ("기관", "body"),
    "list_month": ("월", "month"),
    "list_revision": ("차수", "revision"),
    "list_state": ("상태", "state"),
    "list_sealed": ("봉인(KST)", "sealed, Korean time"),
    "list_content": ("내용 해시", "content"),
    "list_entry": ("사슬", "entry"),
    "list_verdicts": ("판정", "verdicts"),
    "no_such_outage": (
        "장애가 아닙니다: '$asked'. 예: \"alimtalk@2022-10-15 15:30\"",
        "'$asked' is no outage. Example: \"alimtalk@2022-10-15 15:30\"",
    ),
    "no_outage": (
        "$month $body 보고서에 그런 장애가 없습니다: '$asked'. 있는 장애: $there",
        "The report of $month for $body has no outage '$asked'. It has: $there",
    ),
    "evidence_gone": (
        "$asked: 원시 증거 보존 기간이 지났습니다.",
        "$asked: raw evidence past retention.",
    ),
    "objected": (
        "이의 제기 ${number}번을 접수했습니다. 수치는 그대로 두고 다음 차수에 싣습니다. 답변:"
        ' bongsu report object $month --body $body --decide $number --words "…"',
        "Objection $number is entered; the next revision tells of it and counts the same. Answer:"
        ' bongsu report object $month --body $body --decide $number --words "…"',
    ),
    "answered": ("이의 제기 ${number}번에 답변했습니다.", "Objection $number is answered."),
    "no_objection": (
        "$month ${body}에는 이의 제기 ${number}번이 없습니다.",
        "$month $body has no objection $number.",
    ),
    "which_objection": (
        "--file, 또는 --decide와 --words를 쓰십시오.",
        "Say --file, or --decide with --words.",
    ),
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
