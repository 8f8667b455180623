"""Probe ids, event ids and the nonce a message text carries.

Same slot → same probe id; same happening → same event id: repeats have no effect, and no process
needs a memory. Source: RFC 9562 (UUIDv7); Crockford base32; `docs/event-flow.md`.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NONCE_SYMBOLS = 26
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_PATTERN = re.compile(r"(?<![0-9A-Z])BSP:([0-9A-HJKMNP-TV-Z]{26})(?![0-9A-Z])")
# Zero-width characters and soft hyphens: messaging apps insert them, nobody sees them.
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Nonce(NamedTuple):
    """What a text says of itself: its probe, and the rung of the ladder it came by."""

    probe_id: UUID
    leg: int


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970 UTC, rounded down."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def time_of(identifier: UUID) -> datetime:
    """The 48-bit time in a version 7 id: the probe's slot, for probe ids and event ids alike."""
    return _EPOCH + timedelta(milliseconds=identifier.int >> 80)


def first_id_at(at: datetime) -> UUID:
    """The smallest id of that millisecond: a bound for ranges and partitions, not an id in use."""
    return UUID(int=milliseconds(at) << 80)


def make_probe_id(
    key: bytes, route: str, receiver: str, slot: datetime, purpose: str, command_id: str | None
) -> UUID:
    """UUIDv7 of the slot's millisecond and 74 bits of HMAC-SHA256 over what names the probe.

    `key` is BONGSU_ID_KEY, shared by the processes that send and those that observe.
    """
    parts = [
        route,
        receiver,
        str(milliseconds(slot)),
        purpose,
        *([command_id] if command_id else []),
    ]
    return _uuid7(milliseconds(slot), keyed(key, "probe", parts))


def make_event_id(key: bytes, moment: datetime, kind: str, parts: Iterable[str]) -> UUID:
    """UUIDv7 of `moment` (the probe's slot; the provider's time while the probe is unknown) and a
    keyed hash of kind and parts: whoever reports the same happening again makes the same id."""
    return _uuid7(milliseconds(moment), keyed(key, kind, parts))


def write_nonce(probe_id: UUID, leg: int) -> str:
    """`BSP:` and 26 symbols: 122 free bits of the id, 3 bits leg, 1 check symbol.

    Raises ValueError for a leg outside 0 … 7.
    """
    if not 0 <= leg < 8:
        raise ValueError(f"leg {leg} does not fit the three bits a nonce has for it")
    packed = _free_bits(probe_id) << 3 | leg
    symbols = [packed >> (5 * place) & 31 for place in reversed(range(25))]
    return "BSP:" + "".join(ALPHABET[s] for s in [*symbols, _check_symbol(symbols)])


def visible(text: str) -> str:
    """The text without characters that nobody sees."""
    return _INVISIBLE.sub("", text)


def read_nonce(text: str) -> Nonce | None:
    """The first whole nonce in a text, or None: a cut or mistyped one reads as nothing."""
    plain = visible(unicodedata.normalize("NFKC", text).upper())
    for match in _PATTERN.finditer(plain):
        symbols = [_VALUE[s] for s in match.group(1)]
        if _weighted_sum(symbols) == 0:
            return _unpack(symbols[:25])
    return None


def _unpack(symbols: list[int]) -> Nonce:
    packed = 0
    for symbol in symbols:
        packed = packed << 5 | symbol
    free, leg = packed >> 3, packed & 7
    time, rand_a, rand_b = free >> 74, free >> 62 & 0xFFF, free & ((1 << 62) - 1)
    return Nonce(_assemble(time, rand_a, rand_b), leg)


def _free_bits(probe_id: UUID) -> int:
    value = probe_id.int
    time, rand_a, rand_b = value >> 80, value >> 64 & 0xFFF, value & ((1 << 62) - 1)
    return time << 74 | rand_a << 62 | rand_b


def _assemble(time: int, rand_a: int, rand_b: int) -> UUID:
    return UUID(int=time << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def _uuid7(time: int, digest: bytes) -> UUID:
    random = int.from_bytes(digest, "big") >> (256 - 74)
    return _assemble(time, random >> 62, random & ((1 << 62) - 1))


def keyed(key: bytes, kind: str, parts: Iterable[str]) -> bytes:
    """HMAC-SHA256 over a kind and parts: the root of every id and seal."""
    # Length before each part: no two lists of parts give the same bytes.
    fields = [part.encode() for part in (kind, *parts)]
    message = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return hmac.new(key, message, hashlib.sha256).digest()


def _times_alpha(value: int) -> int:
    """One multiplication by α in GF(32) with x⁵ + x² + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


def _weighted_sum(symbols: list[int]) -> int:
    """Σ αⁱ·sᵢ by Horner's rule, i = place from the right: any single error or swap shows."""
    total = 0
    for symbol in symbols:
        total = _times_alpha(total) ^ symbol
    return total


def _check_symbol(symbols: list[int]) -> int:
    return _weighted_sum([*symbols, 0])
