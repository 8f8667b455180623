"""A body's report as a mail: what it says in a few lines, in Korean and English, and its files.

In:  a sealed report, its files, who sends it to whom. Out: the mail. The Message-ID is the entry of
the chain, so that a repeat is the same mail. Pure.
"""

import mimetypes
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from string import Template

from services.contracts.report import Report
from services.reporting.documents.shown import Shown
from services.reporting.documents.words import LANGUAGES, Language, Words

_SEVEN_BITS = SMTP.clone(cte_type="7bit")  # whatever relays are on the way
_TEXT: dict[Language, str] = {
    "ko": """$name $month 메시지 전달 신뢰도 보고서($state)를 보내 드립니다.

$verdicts

시험 발송으로 관측한 수치이며, 시민의 수신율이 아닙니다. 자세한 내용은 첨부한 문서에 있습니다.
내용 해시: $content
확인: bongsu report verify 폴더
""",
    "en": """The message delivery reliability report of $name for $month ($state) is attached.

$verdicts

From test messages, not a census of citizens. The attached documents have the details.
Content hash: $content
To check it: bongsu report verify FOLDER
""",
}


def message_id(report: Report, sender: str) -> str:
    """What the mail of this revision is called."""
    return f"<report-{report.seal.entry[:32]}@{sender.rpartition('@')[2]}>"


def written(report: Report, files: Sequence[Path], sender: str, to: str) -> EmailMessage:
    """The mail; reads the files."""
    mail = EmailMessage(policy=_SEVEN_BITS)
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = _subject(report)
    mail["Date"] = format_datetime(datetime.fromisoformat(report.sealed_at))
    mail["Message-ID"] = message_id(report, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(_text(report, language) for language in LANGUAGES))
    for file in files:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        mail.add_attachment(file.read_bytes(), *kind.split("/"), filename=file.name)
    return mail


def _subject(report: Report) -> str:
    words = Words("ko")
    title, state = words("title"), words(f"state.{report.state}")
    return f"[봉수] {report.body.name_ko} {report.month} {title} ({state})"


def _text(report: Report, language: Language) -> str:
    shown = Shown(Words(language), report.tz)
    verdicts = "\n".join(
        f"  {shown.channel(item.channel)}: {shown.verdict(item.verdict, report.state)}"
        for item in report.items
    )
    return Template(_TEXT[language]).substitute(
        name=report.body.name_ko if language == "ko" else report.body.name_en,
        month=report.month, state=shown.words(f"state.{report.state}"), verdicts=verdicts,
        content=report.seal.content,
    )  # fmt: skip
