"""Logs: one JSON object a line on standard error; event names are constants, data is key=value.

What must not leak is cut here, last, for our own lines and those of libraries alike: values of keys
that name secrets, secrets that were registered, and mobile numbers (all but the last four digits).
"""

import logging
import re
import sys
import time
from collections.abc import Iterable, Mapping

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "•••"
_SECRET_KEYS = re.compile(r"secret|password|token|authorization|signature|api_?key", re.IGNORECASE)
_MOBILE = re.compile(r"(?<!\d)(\+?82[- ]?0?|0)(1[016789])[- ]?(\d{3,4})[- ]?(\d{4})(?!\d)")
# JSON may hold these as they are, but a terminal obeys them and some readers end a line at them.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029]")
_LONGEST = 2_000
_DEEPEST = 4
_LARGEST_INT = 2**63
_known_secrets: tuple[str, ...] = ()


def register_secrets(values: Iterable[str]) -> None:
    """Tell the redactor which values are secrets, wherever they turn up. Short ones are refused:
    they would blot out ordinary words."""
    global _known_secrets
    known = {*_known_secrets, *(value for value in values if len(value) >= 8)}
    if len(known) > len(_known_secrets):
        # Longest first: one secret may be a part of another.
        _known_secrets = tuple(sorted(known, key=len, reverse=True))


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut secrets and numbers out of every value; long values are shortened."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: object, depth: int = 0) -> object:
    if _SECRET_KEYS.search(key):
        return HIDDEN
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {clean_text(str(k)): _clean(str(k), v, depth + 1) for k, v in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, item, depth + 1) for item in value]
    text = str(value)
    cleaned = _without_secrets(text)
    if isinstance(value, bool | int | float | None) and cleaned == text and _fits(value):
        return value
    # Of a traceback the end says what happened.
    return cleaned[-_LONGEST:] if key == "exception" else cleaned[:_LONGEST]


def _fits(value: float | None) -> bool:
    return not isinstance(value, int) or -_LARGEST_INT <= value < _LARGEST_INT


def clean_text(text: str) -> str:
    """A text without registered secrets and whole mobile numbers, at most 2,000 characters."""
    return _without_secrets(text)[:_LONGEST]


def _without_secrets(text: str) -> str:
    for secret in _known_secrets:
        text = text.replace(secret, HIDDEN)
    text = _MOBILE.sub(r"\1\2-****-\4", text)
    return text.encode("utf-8", "replace").decode()  # a lone surrogate has no place in JSON


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
    """Set up logging for this process, its libraries and Python's warnings included."""
    structlog.contextvars.bind_contextvars(process=process, instance=instance)
    numeric = getattr(logging, level.upper())
    structlog.configure(
        processors=[*processors(), render],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    handler.addFilter(RateLimit())
    logging.basicConfig(handlers=[handler], level=max(numeric, logging.WARNING), force=True)
    logging.captureWarnings(True)


def render(_: WrappedLogger, __: str, event: EventDict) -> str:
    """One line of JSON; `redact` left only what JSON knows."""
    line = orjson.dumps(event, default=str).decode()
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def formatter() -> logging.Formatter:
    """The same chain for the lines of libraries."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *processors()[:-2]],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            render,
        ],
    )


class RateLimit(logging.Filter):
    """At most one line a second from each place: aiokafka writes thirty while a broker is away."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._last.get(place, -1.0) < 1.0:
            return False
        self._last[place] = now
        return True
