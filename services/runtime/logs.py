"""Logs: one JSON object a line on standard error; event names are constants, data is key=value.

What must not leak is cut here, last, for our own lines and those of libraries alike: values of keys
that name secrets, secrets that were registered, and mobile numbers (all but the last four digits).
"""

import logging
import re
import sys
import time
from collections.abc import Iterable

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "•••"
_SECRET_KEYS = re.compile(r"secret|password|token|authorization|signature|api_?key", re.IGNORECASE)
_MOBILE = re.compile(r"(?<!\d)(01[016789])[- ]?(\d{3,4})[- ]?(\d{4})(?!\d)")
_LONGEST = 2_000
_known_secrets: set[str] = set()


def register_secrets(values: Iterable[str]) -> None:
    """Tell the redactor which values are secrets, wherever they turn up. Short ones are refused:
    they would blot out ordinary words."""
    _known_secrets.update(value for value in values if len(value) >= 8)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut secrets and numbers out of every value; long values are shortened."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: object) -> object:
    if _SECRET_KEYS.search(key):
        return HIDDEN
    if isinstance(value, bool | int | float | None):
        return value
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """A text without registered secrets and whole mobile numbers."""
    for secret in _known_secrets:
        text = text.replace(secret, HIDDEN)
    return _MOBILE.sub(r"\1-****-\3", text)[:_LONGEST]


def processors() -> list[Processor]:
    """The chain every line passes, redaction before rendering."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]


def configure(process: str, instance: str, level: str = "info") -> None:
    """Set up logging for this process, its libraries included."""
    structlog.contextvars.bind_contextvars(process=process, instance=instance)
    numeric = getattr(logging, level.upper())
    structlog.configure(
        processors=[*processors(), _render],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    handler.addFilter(_RateLimit())
    logging.basicConfig(handlers=[handler], level=max(numeric, logging.WARNING), force=True)


def _render(_: WrappedLogger, __: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors()[:-2],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            _render,
        ],
    )


class _RateLimit(logging.Filter):
    """At most one line a second from each place: aiokafka writes thirty while a broker is away."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._last.get(place, -1.0) < 1.0:
            return False
        self._last[place] = now
        return True
