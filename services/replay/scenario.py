"""A scenario file: one outage as data, which component was in which state from when to when.

In:  the path of a YAML file (docs/components/replay.md), a catalogue, the ids of workers.
Out: `Scenario`, frozen, every time in UTC; or `Wrong` with all problems of the file at once.
Before: a person wrote down an outage. After: `faults` are what the simulated world is told.
A component that the catalogue does not hold is an error; one that no route uses is not (`idle.py`).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from services.catalogue.load import Problem
from services.catalogue.sentences import sentences
from services.catalogue.tree import Tree, Unreadable, nearest, parse, read_text
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import Id
from services.contracts.model import Model, Name
from services.replay.known import cause, known, matched, moment
from simulators.config import impossible
from simulators.faults import Delay, Factor, Fault, Share, State

QUIET_BEFORE, QUIET_AFTER = timedelta(minutes=30), timedelta(hours=2)
KOREA = "Asia/Seoul"


def _in_context(meaning: Any) -> Any:
    return lambda given, info: meaning(given, info.context)


Moment = Annotated[datetime, BeforeValidator(_in_context(moment))]
Components = Annotated[tuple[str, ...], BeforeValidator(_in_context(matched))]
Cause = Annotated[str, AfterValidator(_in_context(cause))]


class Wrong(Exception):
    """A scenario cannot be played; `problems` are all that is wrong, the message their lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Span(Model):
    """The time [since, until), written `from` and `to`."""

    since: Moment = Field(alias="from")
    until: Moment = Field(alias="to")

    @field_validator("until")
    @classmethod
    def _after_since(cls, until: datetime, info: ValidationInfo) -> datetime:
        if "since" in info.data and until <= info.data["since"]:
            raise ValueError("must be later than 'from'")
        return until

    def moved(self, by: timedelta) -> Self:
        """The same, so much later."""
        return self.model_copy(update={"since": self.since + by, "until": self.until + by})


class Segment(Span):
    """Components in one state for one time; the other fields mean what they mean in `Fault`."""

    components: Components = Field(alias="component")
    state: State
    function: str | None = None
    share: Share = 1.0
    sticky: bool = True
    delay_s: Delay = Delay()
    factor: Factor = 2.0

    @field_validator("state")
    @classmethod
    def _possible(cls, state: State, info: ValidationInfo) -> State:
        _refuse_impossible(info, state, None)
        return state

    @field_validator("function")
    @classmethod
    def _has_function(cls, function: str | None, info: ValidationInfo) -> str | None:
        _refuse_impossible(info, State.DOWN, function)
        return function


class Notice(Model):
    """What the provider (anyone: `kakao`) said of it, and when."""

    at: Moment
    provider: Id
    says: Literal["down", "recovering", "recovered"]


class Expect(Model):
    """What a replay must show; what is None is not asked for."""

    model_config = ConfigDict(allow_inf_nan=False)
    page_within_s: float | None = Field(default=None, gt=0)
    cause: Cause | None = None
    max_pages: int | None = Field(default=None, ge=0)
    monitor_fault: bool | None = None


class Scenario(Model):
    """One outage, or a day without one. Times are UTC; people are shown them in `tz`."""

    id: Id
    title: Name = Field(default_factory=lambda given: _named_as(given))
    tz: ZoneInfo = ZoneInfo(KOREA)
    sources: tuple[str, ...] = ()
    confidence: Literal["high", "medium", "low"] = "low"
    given_span: Span | None = Field(default=None, alias="span")
    segments: tuple[Segment, ...]
    notices: tuple[Notice, ...] = ()
    expect: Expect | None = None

    @field_validator("segments")
    @classmethod
    def _or_a_span(cls, segments: tuple[Segment, ...], info: ValidationInfo) -> Any:
        if not segments and info.data.get("given_span", "wrong") is None:
            raise ValueError("without a segment the file must give a span")
        return segments

    @property
    def span(self) -> Span:
        """The time to replay; if none is given, from 30 min before the first segment to 2 h after
        the last."""
        if self.given_span:
            return self.given_span
        since = min(segment.since for segment in self.segments) - QUIET_BEFORE
        until = max(segment.until for segment in self.segments) + QUIET_AFTER
        return Span.model_construct(since=since, until=until)

    @property
    def onset(self) -> datetime | None:
        """When the first segment begins; None on a quiet day."""
        return min((segment.since for segment in self.segments), default=None)


def load(path: Path, catalogue: Catalogue, workers: Collection[str]) -> Scenario:
    """One file. `workers`: the ids of those that run or are replayed. Raises Wrong."""
    return load_all([path], catalogue, workers)[0]


def load_all(
    paths: Iterable[Path], catalogue: Catalogue, workers: Collection[str]
) -> list[Scenario]:
    """Several files, whose ids must differ. Raises Wrong with the problems of all of them."""
    found: dict[str, tuple[str, Scenario]] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            scenario, tree = _read(path, catalogue, workers)
        except Wrong as wrong:
            problems += wrong.problems
            continue
        before, _ = found.setdefault(scenario.id, (str(path), scenario))
        if found[scenario.id][1] is not scenario:
            text = f"id '{scenario.id}' is already used in {before}"
            problems.append(Problem(str(path), nearest(tree.lines, (), ("id",)), text))
    if problems:
        raise Wrong(problems)
    return [scenario for _, scenario in found.values()]


def faults(scenario: Scenario) -> tuple[Fault, ...]:
    """What the world is told: one fault a segment and component."""
    return tuple(
        Fault(component=component, **segment.model_dump(exclude={"components"}))
        for segment in scenario.segments
        for component in segment.components
    )


def shifted(scenario: Scenario, start: datetime) -> Scenario:
    """The same outage with its first segment (on a quiet day: its span) beginning at `start`."""
    by = start - (scenario.onset or scenario.span.since)
    notices = [n.model_copy(update={"at": n.at + by}) for n in scenario.notices]
    span = scenario.given_span
    return scenario.model_copy(
        update={
            "given_span": span.moved(by) if span else None,
            "segments": tuple(segment.moved(by) for segment in scenario.segments),
            "notices": tuple(notices),
        }
    )


def _read(path: Path, catalogue: Catalogue, workers: Collection[str]) -> tuple[Scenario, Tree]:
    try:
        tree = parse(read_text(path))
    except Unreadable as error:
        raise Wrong([Problem(str(path), error.line, str(error))]) from None
    problems = [Problem(str(path), line, why) for line, why in tree.oddities]
    try:
        context = known(catalogue, workers, _zone_of(tree.plain))
        scenario = Scenario.model_validate(tree.plain, context=context)
    except ValidationError as error:
        for place, text in sentences(Scenario, error):
            problems.append(Problem(str(path), nearest(tree.lines, (), place), text))
    if problems:
        raise Wrong(sorted(problems))
    return scenario, tree


def _zone_of(content: Any) -> ZoneInfo:
    """The file's zone, needed before its dates are read; a wrong one is told by the model."""
    named = content.get("tz", KOREA) if isinstance(content, dict) else KOREA
    try:
        return ZoneInfo(named)
    except (ValueError, TypeError, OSError, LookupError):
        return ZoneInfo(KOREA)


def _named_as(given: dict[str, Any]) -> Name:
    return Name(ko=given.get("id", "?"), en=given.get("id", "?"))


def _refuse_impossible(info: ValidationInfo, state: State, function: str | None) -> None:
    for component in info.data.get("components", ()):
        if why := impossible(component, state, function):
            raise ValueError(why.rstrip("."))
