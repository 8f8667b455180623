"""Which extra probes to ask for while a small component is only suspected.

In:  the sums of a tick, what may be sent now, rounds so far. Out: routes to probe; the state after.
Pure: seeded by tick and component. Before: `tick.py`. After: the leader asks by command, the probe
process sends; a request that is lost is only a lost speed-up. Large components need none.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from services.alerting.detection.explain import Explainer
from services.alerting.detection.kinds import monitors
from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import NAT

SUSPICION = 4 * NAT
ROUNDS, BETWEEN_OWN, BETWEEN_ALL = 6, 5 * SECOND, 2 * SECOND
_RATE_OVER, _MOST_PER_S = 120 * SECOND, 0.5
_DAY, _KOREA = 86_400 * SECOND, 9 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Rounds:
    """Of one component: how many rounds, and when the last one was."""

    count: int
    last: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for so far: by component, and today's probes by provider."""

    rounds: Mapping[str, Rounds] = field(default_factory=dict)
    last: int | None = None
    day: int = 0
    today: Mapping[str, int] = field(default_factory=dict)


class Allowance(NamedTuple):
    """What may be sent: the provider of each route that does not rest now, and how many confirm
    probes a day each provider bears."""

    provider_of: Mapping[str, str]
    daily: Mapping[str, int]


class Ask(NamedTuple):
    """One confirm probe; `elsewhere`: by a worker other than the route's own."""

    route: str
    elsewhere: bool


def ask(
    explainer: Explainer, told: frozenset[str], asked: Asked, allowance: Allowance
) -> tuple[Asked, tuple[Ask, ...]]:
    """At most one round a tick; `told`: the components of open incidents."""
    return _Choice(explainer, told, asked, allowance).made()


class _Choice:
    """Whom to ask for at one tick."""

    def __init__(
        self, explainer: Explainer, told: frozenset[str], asked: Asked, allowance: Allowance
    ) -> None:
        self._view, self._now, self._told = explainer.view, explainer.view.now, told
        acceptance, delivery = explainer.sums
        self._loss = np.maximum(acceptance.max(axis=0), delivery[:2].max(axis=0))
        day = (self._now + _KOREA) // _DAY
        self._asked = Asked(self._suspected(asked), asked.last, day, {})
        if day == asked.day:
            self._asked = replace(self._asked, today=asked.today)
        self._allowance = allowance

    def made(self) -> tuple[Asked, tuple[Ask, ...]]:
        """The most suspected component that still may have a round has it."""
        last = self._asked.last
        if last is None or self._now - last >= BETWEEN_ALL:
            for number in self._suspects():
                asks = self._round(number)
                if asks:
                    return self._after(self._view.components[number], asks), asks
        return self._asked, ()

    def _suspected(self, asked: Asked) -> dict[str, Rounds]:
        """Rounds start again when nothing speaks against a component any more."""
        numbers = self._view.numbers
        found = {name: numbers.get(name) for name in asked.rounds}
        kept = {name for name, at in found.items() if at is not None and self._loss[at] > 0}
        return {name: rounds for name, rounds in asked.rounds.items() if name in kept}

    def _suspects(self) -> Iterator[int]:
        """Most suspected first."""
        names = self._view.components
        scores = self._loss + self._view.bonus // 2
        found = np.flatnonzero(scores >= SUSPICION).tolist()
        for number in sorted(found, key=lambda n: (-int(scores[n]), names[n])):
            if self._may(names[number], number):
                yield number

    def _may(self, name: str, number: int) -> bool:
        before = self._asked.rounds.get(name)
        rested = before is None or (
            before.count < ROUNDS and self._now - before.last >= BETWEEN_OWN
        )
        return rested and name not in self._told and not monitors(name) and self._rare(number)

    def _rare(self, number: int) -> bool:
        """Are its own messages too few to decide soon?"""
        recent = [
            int(np.count_nonzero(side.starts[side.of(number)] > self._now - _RATE_OVER))
            for side in self._view.sides
        ]
        return max(recent) * SECOND <= _MOST_PER_S * _RATE_OVER

    def _round(self, number: int) -> tuple[Ask, ...]:
        """The route of the most suspicious message, and another route of the component."""
        routes = sorted(
            route for route in self._view.routes_of(number) if self._affordable(route, 0)
        )
        worst = self._worst(number)
        if worst not in routes:
            return ()
        others = [
            route
            for route in routes
            if route != worst and self._affordable(route, self._same_provider(route, worst))
        ]
        chosen = random.Random(f"{self._now}/{self._view.components[number]}")
        second = [Ask(chosen.choice(others), elsewhere=True)] if others else []
        return (Ask(worst, elsewhere=False), *second)

    def _worst(self, number: int) -> str | None:
        """The newest of the most suspicious."""
        found = []
        for side in self._view.sides:
            rows = side.of(number)
            rows = rows[side.routes[rows] >= 0]
            if len(rows):
                at = rows[len(rows) - 1 - int(np.argmax(side.ratios[0, rows][::-1]))]
                found.append((int(side.ratios[0, at]), self._view.routes[int(side.routes[at])]))
        return max(found)[1] if found else None

    def _same_provider(self, route: str, other: str) -> int:
        of = self._allowance.provider_of
        return 1 if of[route] == of[other] else 0

    def _affordable(self, route: str, more: int) -> bool:
        provider = self._allowance.provider_of.get(route)
        if provider is None:
            return False
        used = self._asked.today.get(provider, 0) + more
        return used < self._allowance.daily.get(provider, 0)

    def _after(self, component: str, asks: tuple[Ask, ...]) -> Asked:
        before = self._asked.rounds.get(component)
        count = before.count if before else 0
        today = Counter(self._asked.today)
        today.update(self._allowance.provider_of[one.route] for one in asks)
        rounds = {**self._asked.rounds, component: Rounds(count + 1, self._now)}
        return Asked(rounds, self._now, self._asked.day, dict(today))
