"""The letter of SENS as an adapter reads it: signature, times, shape of its JSON.

In and out: values. Pure. `_sens.py` makes the calls, the adapters know what the codes mean.
Documents: Naver Cloud SENS overview and API Gateway common pages (api.ncloud-docs.com
`sens-overview`, `common-ncpapi`, `api-call-lgc-errorhandling`), read 2025-11 to 2026-10.
Oddities: the body is not signed; times have no zone; errors come in three shapes (`_judge.py`).
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from services.adapters._judge import clean_code, clean_id, fault_of_status, kept, read, refused

__all__ = [  # with what the adapters of SENS use of the common judging
    "Wire", "clean_code", "clean_id", "escaped", "fault_of_status", "kept", "parse_time", "read",
    "refused", "signature",
]  # fmt: skip

# No document states the zone of SENS times. Korean time is assumed everywhere, here alone.
ASSUMED_ZONE = ZoneInfo("Asia/Seoul")


class Wire(BaseModel):
    """A JSON object of SENS: camel case, numbers where text is documented, unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )


def signature(method: str, path_and_query: str, at_ms: str, access_key: str, secret: str) -> str:
    """Signature v2 in base64 over method, path and query as on the wire, time and key."""
    words = f"{method} {path_and_query}\n{at_ms}\n{access_key}"
    mac = hmac.new(secret.encode(), words.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def parse_time(text: str | None) -> datetime | None:
    """A SENS time (with blank or T, with or without parts of a second) in UTC; None if none."""
    try:
        at = datetime.fromisoformat(text or "")
        at = (at if at.tzinfo else at.replace(tzinfo=ASSUMED_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if 1971 <= at.year < 2200 else None  # what evidence can hold


def escaped(message_id: str) -> str:
    """An id as it stands in a path or query."""
    return quote(message_id, safe="")
