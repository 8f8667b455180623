"""Which extra probes to ask for while a small component is only suspected.

In:  the sums of a tick, what may be sent now, rounds so far. Out: routes to probe; the state after.
Pure: seeded by tick and component. Before: `tick.py`. After: the leader asks by command, the probe
process sends; a request that is lost is only a lost speed-up. Large components need none.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from services.alerting.detection.explain import Explainer
from services.alerting.detection.law import SECOND, Integers
from services.alerting.detection.likelihood import NAT
from services.alerting.detection.runs import Runs
from services.alerting.detection.window import Booleans, Side

SUSPICION = 4 * NAT
ROUNDS, BETWEEN_OWN, BETWEEN_ALL = 6, 5 * SECOND, 2 * SECOND
_RATE_OVER, _MOST = 120 * SECOND, 60  # one every two seconds
_NONE = -(1 << 60)
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
        if last is not None and self._now - last < BETWEEN_ALL:
            return self._asked, ()
        chosen = self._chosen()
        if chosen is None:
            return self._asked, ()
        asks = self._round(*chosen)
        return self._after(self._view.components[chosen[0]], asks), asks

    def _unexplained(self, side: Side) -> Integers:
        """What is said of loss; nothing, where an open incident says why."""
        loss = side.ratios[:2]
        numbers = [self._view.number(name) for name in self._told]
        explained = [side.of(number) for number in numbers if number is not None]
        if explained:
            loss = loss.copy()
            loss[:, np.concatenate(explained)] = 0
        return loss

    def _suspected(self, asked: Asked) -> dict[str, Rounds]:
        """Rounds start again when nothing speaks against a component any more."""
        numbers = self._view.numbers
        found = {name: numbers.get(name) for name in asked.rounds}
        kept = {name for name, at in found.items() if at is not None and self._loss[at] > 0}
        return {name: rounds for name, rounds in asked.rounds.items() if name in kept}

    def _chosen(self) -> tuple[int, str] | None:
        """The most suspected, with the route of its worst message, which must be affordable."""
        names, bonus = self._view.components, self._view.traits.bonus // 2
        found = np.flatnonzero(self._loss + bonus >= SUSPICION)
        found = found[self._rare(found)]
        found = found[self._may(found)]
        if len(found) == 0:
            return None
        ratios = [self._unexplained(side) for side in self._view.sides]
        scores = self._left(found, ratios) + bonus[found]
        found, scores = found[scores >= SUSPICION], scores[scores >= SUSPICION]
        told = zip(scores.tolist(), found.tolist(), self._worst(found, ratios), strict=True)
        able = [
            (-score, names[number], number, route)
            for score, number, route in told
            if self._affordable(route, 0)
        ]
        return min(able)[2:] if able else None

    def _may(self, found: Integers) -> Booleans:
        """Not bongsu's own parts, nor what is told already, nor what just had a round."""
        rounds = self._asked.rounds.items()
        tired = {
            name
            for name, before in rounds
            if before.count >= ROUNDS or self._now - before.last < BETWEEN_OWN
        }
        numbers = self._view.numbers
        barred = [numbers[name] for name in self._told | tired if name in numbers]
        may: Booleans = ~(self._view.traits.own[found] | np.isin(found, barred))
        return may

    def _left(self, found: Integers, ratios: list[Integers]) -> Integers:
        """Their sums, without what open incidents explain."""
        sides = zip(self._view.sides, ratios, strict=True)
        acceptance, delivery = (Runs.of(side, found).best(left) for side, left in sides)
        left: Integers = np.maximum(acceptance.max(axis=0), delivery.max(axis=0))
        return left

    def _rare(self, found: Integers) -> Booleans:
        """Are their own messages too few to decide soon? One more than these is long ago."""
        rare = np.ones(len(found), np.bool_)
        for side in self._view.sides:
            first, other = side.bounds[found], side.bounds[found + 1] - _MOST - 1
            few = other < first
            oldest = side.starts[side.rows[other[~few]]]
            rare[~few] &= oldest <= self._now - _RATE_OVER
        return rare

    def _worst(self, found: Integers, left: list[Integers]) -> list[str]:
        """The route of the newest of each one's most suspicious messages; empty: it has none."""
        most, route = np.full(len(found), _NONE), np.full(len(found), -1)
        for side, ratios in zip(self._view.sides, left, strict=True):
            runs = Runs.of(side, found)
            routes = side.routes[runs.rows]
            best, at = runs.newest_highest(np.where(routes >= 0, ratios[0, runs.rows], _NONE))
            better = best > most
            most[better], route[better] = best[better], routes[at[better]]
        return [self._view.routes[number] if number >= 0 else "" for number in route.tolist()]

    def _round(self, number: int, worst: str) -> tuple[Ask, ...]:
        """The route of the most suspicious message, and another route of the component."""
        others = sorted(
            route
            for route in self._view.routes_of(number)
            if route != worst and self._affordable(route, self._same_provider(route, worst))
        )
        chosen = random.Random(f"{self._now}/{self._view.components[number]}")
        second = [Ask(chosen.choice(others), elsewhere=True)] if others else []
        return (Ask(worst, elsewhere=False), *second)

    def _same_provider(self, route: str, other: str) -> int:
        of = self._allowance.provider_of
        return 1 if of.get(route) == of[other] else 0

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
