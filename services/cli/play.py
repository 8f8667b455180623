"""A scenario on the running stack: the world is told at once, people when it comes to pass.

In:  a checked scenario, the catalogue, the address of the simulated world, when to begin.
Out: a timetable in the world; `Play`, whose lines `up.py` shows. All but `begin` is pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.cli.faults import ask_world
from services.cli.strips import worded
from services.contracts.catalogue import Catalogue
from services.replay.idle import idle
from services.replay.scenario import Scenario, faults, shifted


@dataclass(frozen=True, slots=True)
class Play:
    """A scenario at the times at which it is played. `useless`: what of it hits nothing."""

    scenario: Scenario
    useless: tuple[str, ...]

    def opening(self) -> Iterator[str]:
        """What is to come, said once."""
        scenario = self.scenario
        first = scenario.onset
        begins = f"begins at {self._clock(first)}" if first else "nothing happens in it"
        yield f"scenario {scenario.id} ({scenario.title.ko}): {begins}; times of {scenario.tz}"
        yield from self.useless

    def news(self, since: datetime, until: datetime) -> list[str]:
        """What ends, begins or is said in [since, until), in order."""
        found = sorted(self._events(), key=lambda event: event[0])  # at one time ends come first
        return [f"scenario {self._clock(at)} {line}" for at, line in found if since <= at < until]

    def state(self, now: datetime) -> str:
        """What is wrong now; else when the next thing begins, or that nothing does any more."""
        segments = self.scenario.segments
        wrong = [
            f"{worded(one)}, until {self._clock(one.until)}"
            for one in segments
            if one.since <= now < one.until
        ]
        begins = min((one.since for one in segments if one.since > now), default=None)
        ahead = f"next begins at {self._clock(begins)}" if begins else "nothing more begins"
        return f"scenario: {'; '.join(wrong) or ahead}"

    def _events(self) -> Iterator[tuple[datetime, str]]:
        segments = self.scenario.segments
        yield from ((one.until, f"ends: {worded(one)}") for one in segments)
        for one in segments:
            yield one.since, f"begins: {worded(one)}, until {self._clock(one.until)}"
        for notice in self.scenario.notices:
            yield notice.at, f"{notice.provider} says: {notice.says}"

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.scenario.tz):%m-%d %H:%M:%S}"


async def begin(scenario: Scenario, catalogue: Catalogue, world: str, at: datetime) -> Play:
    """Give the world the whole timetable, its first fault at `at`. A span means nothing here:
    every segment is played. Ends the command if the world does not take it."""
    there = (await ask_world(world, "GET", "components"))["components"]
    moved = shifted(scenario, at).model_copy(update={"given_span": None})
    played, missing = _within(moved, there)
    timetable = [fault.model_dump(mode="json") for fault in faults(played)]
    await ask_world(world, "PUT", "timetable", json={"faults": timetable})
    useless = [f"the simulated world has no {name}: it hits nothing" for name in missing]
    return Play(played, (*useless, *idle(played, catalogue)))


def _within(scenario: Scenario, there: list[str]) -> tuple[Scenario, list[str]]:
    """What the world can play of it, and the components of the catalogue that it does not have:
    those that no probe passes."""
    kept, missing = [], list[str]()
    for segment in scenario.segments:
        found = tuple(name for name in segment.components if name in there)
        missing += [name for name in segment.components if name not in there]
        kept += [segment.model_copy(update={"components": found})] if found else []
    segments = {"segments": tuple(kept)}
    return scenario.model_copy(update=segments), list(dict.fromkeys(missing))
