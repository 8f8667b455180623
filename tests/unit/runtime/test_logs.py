"""What a log line holds, and what it never holds."""

import enum
import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from services.runtime import logs

CANARY = "canary-8f3a-of-a-secret"
NUMBER = "01000000001"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_known_secrets", ())
    logs.register_secrets([CANARY, "of-a", "canary-8f3a-of"])


class Log:
    """The product's chain, writing to memory."""

    def __init__(self, without: Any = None) -> None:
        self.out = io.StringIO()
        chain = [step for step in [*logs.processors(), logs.render] if step is not without]
        self.logger = structlog.wrap_logger(structlog.PrintLogger(self.out), processors=chain)

    @property
    def line(self) -> Any:
        (line,) = self.out.getvalue().splitlines()
        return json.loads(line)


def _raise_with_canary() -> None:
    raise ValueError(f"cannot log in with {CANARY} from {NUMBER}")


def _leaky_lines(log: Log) -> None:
    log.logger.warning("x", value=f"key {CANARY} for {NUMBER}")
    log.logger.warning("x", deep={"list": [f"{CANARY}", {"to": NUMBER}], "password": "p4ss-word"})
    log.logger.warning("x", number=821000000001, pair=(CANARY, 1))
    log.logger.warning("x", api_key="p4ss-word", nested={CANARY: 1})
    try:
        _raise_with_canary()
    except ValueError:
        log.logger.exception("x")


@pytest.mark.usefixtures("known")
def test_no_secret_and_no_whole_number_leaves_by_any_value() -> None:
    log = Log()
    _leaky_lines(log)
    written = log.out.getvalue()
    for leak in (CANARY, NUMBER, "821000000001", "p4ss-word"):
        assert leak not in written
    assert "010-****-0001" in written


@pytest.mark.usefixtures("known")
def test_the_same_lines_without_the_redactor_show_them() -> None:
    log = Log(without=logs.redact)
    _leaky_lines(log)
    written = log.out.getvalue()
    for leak in (CANARY, NUMBER, "821000000001", "p4ss-word"):
        assert leak in written


@pytest.fixture
def library() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter())
    handler.addFilter(logs.RateLimit())
    logger = logging.getLogger("some.library")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, out
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.mark.usefixtures("known")
def test_lines_of_libraries_pass_the_same_redactor(
    library: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, out = library
    logger.warning("sending %s to %s", CANARY, NUMBER)
    try:
        _raise_with_canary()
    except ValueError:
        logger.exception("failed")
    first, second = [json.loads(line) for line in out.getvalue().splitlines()]
    assert first["event"] == "sending ••• to 010-****-0001"
    assert first["logger"] == "some.library"
    assert second["exception"].endswith("cannot log in with ••• from 010-****-0001")


def test_a_library_writes_at_most_one_line_a_second_from_one_place(
    library: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, out = library
    for _ in range(30):
        logger.warning("broker is away")
    logger.warning("another place")
    assert len(out.getvalue().splitlines()) == 2


@pytest.mark.parametrize(
    "value", ["a\nb", "a\r\nb", "\x1b[2J", "a\u2028b", "a\u2029b", "a\x85b", "\x9b2J", "\x7f"]
)
def test_one_event_is_one_line_and_nothing_a_terminal_obeys(value: str) -> None:
    log = Log()
    log.logger.warning("x", value=value, nested=[value])
    assert log.line["value"] == value
    assert log.out.getvalue().rstrip("\n").isprintable()


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize(
    "value",
    [
        2**80, float("nan"), b"\xff", {1: 2}, {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}},
        {3, 4}, object(), UUID(int=7), Colour.RED, "\ud800", {"\ud800": "x"}, logs, ValueError("x"),
    ],
)  # fmt: skip
def test_an_unusual_value_breaks_no_line(value: object) -> None:
    log = Log()
    log.logger.warning("x", value=value)
    assert "value" in log.line


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@given(values)
def test_any_value_is_one_line_of_json(value: object) -> None:
    log = Log()
    log.logger.warning("x", value=value)
    assert "value" in log.line


def test_a_long_value_is_cut_and_of_a_traceback_the_end_stays() -> None:
    log = Log()
    log.logger.warning("x", value="a" * 5000, exception="a" * 5000 + " the reason")
    assert len(log.line["value"]) == 2000
    assert log.line["exception"].endswith("the reason")


def test_a_number_within_a_longer_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_known_secrets", ())
    assert logs.clean_text("1764000101000000011") == "1764000101000000011"
    assert logs.clean_text("+82 10-0000-0001") == "+82 10-****-0001"
    assert logs.clean_text("010-0000-0001") == "010-****-0001"


def test_short_words_are_not_taken_for_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_known_secrets", ())
    logs.register_secrets(["probe"])
    assert logs.clean_text("a probe") == "a probe"
