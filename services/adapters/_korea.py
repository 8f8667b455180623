"""What Korean providers and carriers have in common: times without a zone, lengths of texts.

No document of SENS or NHN Cloud states the zone of its times. Korean time is assumed everywhere,
here alone.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.adapters._judge import believable
from services.contracts.vocabulary import Channel

ASSUMED_ZONE = ZoneInfo("Asia/Seoul")
LONGEST = {Channel.SMS: 90, Channel.LMS: 2_000}  # bytes, as carriers count
SUBJECT = "[봉수] 전달 점검"  # of a probe by LMS; 40 bytes at most
_ONLY_A_DATE = 10  # characters


def parse_time(text: str | None) -> datetime | None:
    """A time (with blank or T, with or without parts of a second) in UTC; None if none, and for a
    date without a time."""
    try:
        at = datetime.fromisoformat(text or "")
        at = (at if at.tzinfo else at.replace(tzinfo=ASSUMED_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return believable(at) if len(text or "") > _ONLY_A_DATE else None


def bytes_of(text: str) -> int | None:
    """Length as carriers count it; None when a character has no place in their charset."""
    try:
        return len(text.encode("euc-kr"))
    except UnicodeEncodeError:
        return None


def unsendable(channel: Channel, text: str) -> str | None:
    """Why no carrier would take this text (`text-too-long`, `text-charset`); None if it would."""
    length = bytes_of(text)
    if length is None:
        return "text-charset"
    return "text-too-long" if length > LONGEST[channel] else None
