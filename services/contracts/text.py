"""The text of a probe, and the keyed digest by which a text seen elsewhere is compared with it.

The text itself stays where it is made and where it is seen: events hold digest and length only.
"""

import hashlib
import hmac
import re
import unicodedata
from uuid import UUID

from services.contracts import ids
from services.contracts.vocabulary import Channel

_WEB_PREFIX = re.compile(r"\A\[(?:Web발신|국제발신)\][ \t]*\n?")
_LINK = re.compile(r"https?://[^\s<>\"']+")


# What makes a text too long for one SMS (90 bytes), so that no carrier can send it as one.
_LONG = "\n장문 문자가 제때 온전히 도착하는지 확인하는 시험 메시지입니다."


def probe_text(probe_id: UUID, leg: int, channel: Channel = Channel.SMS) -> str:
    """The plain probe text: the nonce within the first 40 characters, no other code-like run
    (Android hides notifications that look like one-time codes). That of an LMS is a long one."""
    plain = f"[봉수] {ids.write_nonce(probe_id, leg)} 전달 점검, 회신하지 마십시오."
    return plain + _LONG if channel is Channel.LMS else plain


def document_title(probe_id: UUID) -> str:
    """The title of an e-document, 35 of the 40 characters it may have: the notice shows it."""
    return f"[봉수] {ids.write_nonce(probe_id, 0)}"


def fill(template: str, probe_id: UUID, leg: int) -> str:
    """A template's text with `#{점검번호}` replaced by the nonce."""
    return template.replace("#{점검번호}", ids.write_nonce(probe_id, leg))


def digest(key: bytes, text: str) -> str:
    """HMAC-SHA256 in hex over the normalised text; `key` is BONGSU_CONTENT_KEY."""
    return hmac.new(key, _bytes(normalise(text)), hashlib.sha256).hexdigest()


def length(text: str) -> int:
    """Characters of the normalised text: a shorter text with another digest was cut."""
    return len(normalise(text))


def link_digest(key: bytes, text: str) -> str | None:
    """Digest of the links of a text in order; None when it has none."""
    links = _LINK.findall(normalise(text))
    return digest(key, "\n".join(links)) if links else None


def normalise(text: str) -> str:
    """NFC, LF line ends, right-stripped; invisible characters and the carrier's mark left out."""
    # Invisible characters first: one between two parts of a letter would keep them apart.
    composed = unicodedata.normalize("NFC", ids.visible(text))
    lines = composed.replace("\r\n", "\n").replace("\r", "\n")
    return _WEB_PREFIX.sub("", lines).rstrip()


def _bytes(text: str) -> bytes:
    # Mail and JSON of others may bring half a surrogate pair: it has a digest like any text.
    return text.encode("utf-8", "surrogatepass")
