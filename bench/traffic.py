"""Who sends what when, and what becomes of it.

In:  a world, a fault, a seed. Out: messages and heartbeats, slot by slot, and single confirm
probes. Source: detection.md 13. Messages of a slot hang on the seed and the slot alone.
Before: `faults.py`. After: `feeding.py`; `kofn.py` counts the same messages.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bench.faults import Break, Fault
from bench.world import (
    ACCEPT_LOSS,
    ACCEPTING,
    ARRIVING,
    BEAT_LOSS,
    BEATING,
    World,
)
from services.alerting.detection.window import ACCEPTANCE, DELIVERY
from services.contracts.vocabulary import Channel

_GOLDEN, _JITTER_S = 0.618034, 3.0
_WORKER_BEAT_S, _PHONE_BEAT_S = 10, 20


class Call(NamedTuple):
    """A message to be sent, in seconds of the run."""

    name: str
    route: int
    worker: int
    at: float
    confirm: bool = False


class Message(NamedTuple):
    """What became of one; seconds of the run, None: never. `stamped`: its acceptance by the
    worker's clock."""

    call: Call
    answered: float | None
    refused: bool
    stamped: float
    arrived: float | None


class Beat(NamedTuple):
    """A heartbeat, due at a second of the run; `known` is None when it never comes."""

    source: str
    due: float
    known: float | None


class Traffic:
    """All that is sent in one run."""

    def __init__(self, world: World, fault: Fault, seed: Sequence[int]) -> None:
        self._world, self._breaks, self._seed = world, fault.breaks, list(seed)
        self._slower = fault.slower
        dice = self._dice(0)
        self._medians = np.array([route.median_s for route in world.routes])
        self._losses = np.array([route.loss for route in world.routes])
        self._phases = {source: dice.uniform(0, every) for source, every in self.sources()}
        self._offset = dice.uniform(0, world.interval_s)  # a fault comes at any moment of a slot
        self._extra = self._dice(1)

    def sources(self) -> Iterator[tuple[str, int]]:
        """Who beats, and how often."""
        for worker in range(self._world.size.workers):
            yield f"worker/w{worker}", _WORKER_BEAT_S
        for phone in range(self._world.size.handsets):
            yield f"observer/h{phone}/smsforwarder", _PHONE_BEAT_S
        for route in self._world.routes:
            if route.kind is Channel.EMAIL:
                yield f"observer/mail-b{route.body}/imap", _PHONE_BEAT_S

    def slot(self, number: int) -> list[Message]:
        """The messages due in the slot: each route's, within 3 s of its own second of it."""
        count, every = len(self._world.routes), self._world.interval_s
        dice = self._dice(2, number)
        shifts = dice.uniform(-_JITTER_S, _JITTER_S, count)
        begin = number * every
        calls = [
            Call(f"{route}@{number}", route, self.worker(route, number), begin + due + shift)
            for route, shift in enumerate(shifts.tolist())
            for due in [(_GOLDEN * route * every + self._offset) % every]
        ]
        return self._sent(calls, dice)

    def worker(self, route: int, number: int) -> int:
        """Whose turn it is."""
        return (route + number) % self._world.size.workers

    def confirm(self, calls: list[Call]) -> list[Message]:
        """The fates of probes that were asked for."""
        return self._sent(calls, self._extra)

    def beats(self, number: int) -> Iterator[Beat]:
        """The heartbeats due in a slot."""
        begin, every = number * self._world.interval_s, self._world.interval_s
        dice = self._dice(3, number)
        for source, own in self.sources():
            first = begin + (self._phases[source] - begin) % own
            dues = np.arange(first, begin + every, own)
            late = BEATING.draw(dice, np.full(len(dues), BEATING.median))
            lost = dice.random(len(dues)) < BEAT_LOSS
            for due, known, gone in zip(dues.tolist(), (dues + late).tolist(), lost, strict=True):
                silent = gone or any(_silences(b, source, due, known) for b in self._breaks)
                yield Beat(source, due, None if silent else known)

    def _dice(self, *what: int) -> np.random.Generator:
        # Slots before the fault have negative numbers, which no seed may.
        return np.random.default_rng([*self._seed, *(part + 1_000_000 for part in what)])

    def _sent(self, calls: list[Call], dice: np.random.Generator) -> list[Message]:
        routes = np.array([call.route for call in calls])
        taken = ACCEPTING.draw(dice, np.full(len(calls), ACCEPTING.median)) * self._slower
        came = ARRIVING.draw(dice, self._medians[routes]) * self._slower
        kept = (
            dice.random(len(calls)) >= ACCEPT_LOSS,
            dice.random(len(calls)) >= self._losses[routes],
        )
        chances = dice.random((len(calls), max(len(self._breaks), 1)))
        drawn = zip(calls, taken.tolist(), came.tolist(), *kept, chances.tolist(), strict=True)
        return [self._fate(*one) for one in drawn]

    def _fate(
        self, call: Call, taken: float, came: float, taking: bool, coming: bool,
        chances: list[float],
    ) -> Message:  # fmt: skip
        answered, refused, early = call.at + taken, False, 0.0
        hit = [
            (broken, chance)
            for broken, chance in zip(self._breaks, chances, strict=False)
            if broken.concerns(call.route, call.worker)
        ]
        for broken, chance in hit:
            if broken.plane == ACCEPTANCE and broken.underway(call.at, answered):
                refused |= broken.refused
                taking &= chance >= broken.lost or broken.refused
        for broken, chance in hit:
            if broken.plane == DELIVERY:
                early += broken.early if broken.underway(answered, answered) else 0.0
                came *= broken.slow if broken.underway(answered, answered) else 1.0
                coming &= chance >= broken.lost or not broken.underway(answered, answered + came)
        accepted = taking and not refused
        arrived = answered + came if accepted and coming else None
        return Message(call, answered if taking else None, refused, answered - early, arrived)


def _silences(broken: Break, source: str, due: float, known: float) -> bool:
    named = broken.silent is not None and f"{source}/".startswith(f"{broken.silent}/")
    return named and broken.underway(due, known)
