"""Faults of the simulated world: what they are, whom they hit, which of several wins.

In:  faults set by an operator, a test or a scenario (design.md 8).
Out: `condition(...)`, the one combined state that a message meets at a set of components at a time.
Before: `control.py` and scenario files make faults. After: `world.py` plans journeys with them.
Pure but for `FaultBook`, which keeps the history of a running world so that any past moment can be
looked at again.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

HISTORY_KEPT = timedelta(days=2)
HISTORY_LIMIT = 10_000
Population = Callable[[str], tuple[str, ...]]

# Bounds keep every time that follows from a fault one that a date can hold.
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Factor = Annotated[float, Field(gt=0, le=1_000)]
Share = Annotated[float, Field(gt=0, le=1)]


class State(StrEnum):
    """What a component does to messages; the meaning at each stage: the table in `world.py`."""

    DOWN = "down"
    REFUSING = "refusing"
    SILENT_SENDER = "silent-sender"
    LOSSY = "lossy"
    DEGRADED = "degraded"
    DELAYED = "delayed"
    LOADED = "loaded"
    DUPLICATING = "duplicating"
    LYING = "lying"


# Worst first. Duplicating and lying are absent: they combine with whichever of these wins.
PRECEDENCE = (
    State.DOWN,
    State.REFUSING,
    State.SILENT_SENDER,
    State.LOSSY,
    State.DEGRADED,
    State.DELAYED,
    State.LOADED,
)
# Functions that stand for several others; every other function stands for itself.
FUNCTION_GROUPS = {"text": frozenset({"alimtalk", "brandmessage", "channel"})}


class Delay(BaseModel):
    """A lognormal delay in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    median: Seconds = 60.0
    p95: Seconds = 300.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p95 < self.median:
            raise ValueError("p95 must not be below median")
        return self


class Fault(BaseModel):
    """One component in one state, in force for since <= t < until (absent: without that bound)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    component: str
    state: State
    function: str | None = None
    share: Share = 1.0
    delay_s: Delay = Delay()
    factor: Factor = 2.0
    sticky: bool = True
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def in_force(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def over(self, at: datetime) -> bool:
        return self.until is not None and self.until <= at

    def concerns(self, functions: frozenset[str]) -> bool:
        """Whether it hits something that uses these functions of the component."""
        if self.function is None:
            return True
        return bool(functions & FUNCTION_GROUPS.get(self.function, frozenset({self.function})))


@dataclass(frozen=True, slots=True)
class Condition:
    """What a message meets: the worst fault, and the two states that combine with it."""

    worst: Fault | None = None
    duplicating: bool = False
    lying: bool = False


@dataclass(frozen=True, slots=True)
class Passing:
    """Who passes: a message (or a handset's own traffic) at the components of one stage."""

    message_id: str
    recipient: str | None
    components: tuple[str, ...]
    functions: frozenset[str] = frozenset()


def uniform(seed: int, *key: str) -> float:
    """A number in (0, 1) that depends on nothing but its arguments."""
    digest = blake2b("\x1f".join(key).encode(), key=str(seed).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


@lru_cache(maxsize=4096)
def _sticky_choice(
    seed: int, component: str, share: float, population: tuple[str, ...]
) -> frozenset[str]:
    """The max(1, round(share * n)) recipients that a partial fault of the component hits."""
    ranked = sorted(population, key=lambda recipient: uniform(seed, "share", component, recipient))
    return frozenset(ranked[: max(1, round(share * len(ranked)))])


def _in_share(fault: Fault, passing: Passing, seed: int, population: Population) -> bool:
    if fault.share >= 1 or fault.state is State.LOSSY:  # lossy is drawn for each message, later
        return True
    if not fault.sticky:
        return uniform(seed, passing.message_id, "share", fault.component) < fault.share
    everybody = population(fault.component)
    return passing.recipient in _sticky_choice(seed, fault.component, fault.share, everybody)


def condition(
    faults: Iterable[Fault],
    passing: Passing,
    at: datetime,
    seed: int,
    population: Population,
) -> Condition:
    """The combined state at `at`; `population`: of a component, whom a share is counted over."""
    hits = [
        fault
        for fault in faults
        if fault.component in passing.components
        and fault.in_force(at)
        and fault.concerns(passing.functions)
        and _in_share(fault, passing, seed, population)
    ]
    ranked = [fault for fault in hits if fault.state in PRECEDENCE]
    return Condition(
        worst=min(ranked, key=_mildness, default=None),
        duplicating=any(fault.state is State.DUPLICATING for fault in hits),
        lying=any(fault.state is State.LYING for fault in hits),
    )


def _mildness(fault: Fault) -> tuple[float, ...]:
    """The least is the worst; of one state the greater share, the longer delay, the higher load."""
    sizes = fault.share, fault.delay_s.median, fault.factor
    return PRECEDENCE.index(fault.state), *(-size for size in sizes)


class FaultBook:
    """The faults of a running world, past ones and those to come; wakes who waits for a change.

    Those set one by one and those of a timetable replace only their own kind.
    """

    def __init__(self) -> None:
        self._single: tuple[Fault, ...] = ()
        self._timetable: tuple[Fault, ...] = ()
        self._history: tuple[Fault, ...] = ()
        self._changed = asyncio.Event()

    @property
    def history(self) -> tuple[Fault, ...]:
        return self._history

    @property
    def changed(self) -> asyncio.Event:
        """Set at the next change. Take it before reading the history, then wait on it."""
        return self._changed

    def active(self, now: datetime) -> list[Fault]:
        return [fault for fault in self._history if fault.in_force(now)]

    def put(self, fault: Fault, now: datetime) -> Fault:
        """Set a fault from now on; one of equal component, function and state is replaced."""
        started = _started(fault, now)
        same = (fault.component, fault.function, fault.state)
        ended = _end(
            self._single, now, lambda old: (old.component, old.function, old.state) == same
        )
        self._keep((*ended, started), self._timetable, now)
        return started

    def follow(self, timetable: Iterable[Fault], now: datetime) -> None:
        """Set many faults, each at its time, in place of what is left of an earlier timetable."""
        past = _end(self._timetable, now, lambda old: True)
        self._keep(self._single, (*past, *(_started(fault, now) for fault in timetable)), now)

    def clear(self, component: str | None, now: datetime) -> int:
        """End the faults of a component (None: all), those to come too; how many there were."""

        def chosen(fault: Fault) -> bool:
            return component in (None, fault.component)

        count = sum(1 for fault in self._history if chosen(fault) and not fault.over(now))
        single, timetable = (_end(kept, now, chosen) for kept in (self._single, self._timetable))
        self._keep(single, timetable, now)
        return count

    def _keep(self, single: Sequence[Fault], timetable: Sequence[Fault], now: datetime) -> None:
        self._single, self._timetable = _recent(single, now), _recent(timetable, now)
        self._history = (*self._single, *self._timetable)
        self._changed.set()
        self._changed = asyncio.Event()


def _started(fault: Fault, now: datetime) -> Fault:
    return fault if fault.since else fault.model_copy(update={"since": now})


def _end(
    faults: Iterable[Fault], now: datetime, chosen: Callable[[Fault], bool]
) -> tuple[Fault, ...]:
    """The chosen end now, so that those to come never begin."""
    return tuple(
        fault.model_copy(update={"until": now}) if chosen(fault) and not fault.over(now) else fault
        for fault in faults
    )


def _recent(faults: Sequence[Fault], now: datetime) -> tuple[Fault, ...]:
    kept = [fault for fault in faults if not fault.over(now - HISTORY_KEPT)]
    return tuple(kept[-HISTORY_LIMIT:])
