"""What a catalogue's texts must not hold: what phones hide, channels refuse, or nobody may read.

In:  a template's text, or one line of a file. Out: what is wrong with it. Pure.
Used by `check.py`. Sources: Android's one-time-code detector hides notifications with runs of
digits; SENS counts SMS and LMS in EUC-KR bytes; a notification's preview ends after 40 characters.
"""

import re
from collections.abc import Iterator

from services.contracts import ids
from services.contracts.vocabulary import Channel

MOST_BYTES = {Channel.SMS: 90, Channel.LMS: 2_000}
MOST_CHARS = {Channel.ALIMTALK: 1_000, Channel.BRANDMESSAGE: 1_300}
PLACEHOLDER = "#{점검번호}"
NONCE_WITHIN = 40
NONCE_CHARS = len("BSP:") + ids.NONCE_SYMBOLS

_CODE_WORDS = re.compile(r"\b(code|pin|otp)\b|인증번호|비밀번호", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![0-9A-Za-z._-])(?:(?:\+?82[-. ]?|0)(?:1\d|2|[3-7]\d|80)[-. ]?\d{3,4}[-. ]?\d{4}"
    r"|1[5-9]\d\d-\d{4})(?![0-9A-Za-z])"
)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LONG = r"(?=[\w/+-]*[a-z])(?=[\w/+-]*[A-Z])(?=[\w/+-]*\d)[A-Za-z0-9/+_-]{24,}={0,2}"
_SECRET = re.compile(
    rf"whsec_\S+|-----BEGIN|(?<![\w/+-])(?:{_UUID}|[0-9a-fA-F]{{32,}}|{_LONG})(?![\w/+=])"
)
_URL = re.compile(r"https?://\S+")


def holds_a_number(line: str) -> bool:
    """Does a line hold what looks like a Korean telephone number? Addresses do not count."""
    return bool(_PHONE.search(_URL.sub("", line)))


def holds_a_secret(line: str) -> bool:
    """Does a line hold what looks like a key, or long base64 or hex? Addresses do not count."""
    return bool(_SECRET.search(_URL.sub("", line)))


def wrong_with(text: str, channel: Channel) -> Iterator[str]:
    """What is wrong with a template's text on a channel, as ends of sentences."""
    if text.count(PLACEHOLDER) != 1:
        yield f"must hold {PLACEHOLDER} exactly once"
        return
    if text.index(PLACEHOLDER) + NONCE_CHARS > NONCE_WITHIN:
        yield f"must hold {PLACEHOLDER} so early that the number ends within 40 characters"
    rest = text.replace(PLACEHOLDER, "")
    if any(c.isdigit() for c in rest) or _CODE_WORDS.search(rest):
        yield "holds digits or a word that make phones hide it as a one-time code"
    if "#{" in rest:
        yield f"holds a variable other than {PLACEHOLDER}, which nobody fills"
    filled = text.replace(PLACEHOLDER, "0" * NONCE_CHARS)
    if len(filled) > MOST_CHARS.get(channel, len(filled)):
        yield f"is longer than {MOST_CHARS[channel]} characters once filled"
    yield from _wrong_bytes(filled, channel)


def _wrong_bytes(filled: str, channel: Channel) -> Iterator[str]:
    if channel not in MOST_BYTES:
        return
    try:
        size = len(filled.encode("euc-kr"))
    except UnicodeEncodeError as error:
        yield f"holds '{filled[error.start]}', which EUC-KR texts cannot carry"
        return
    if size > MOST_BYTES[channel]:
        yield f"is {size} EUC-KR bytes once filled; {channel} carries {MOST_BYTES[channel]}"
