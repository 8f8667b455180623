"""A made-up country: bodies, their routes over dealers, platforms and carriers, and how fast it is.

In:  a size, a seed. Out: routes, what each message of theirs passes, the law of each, tables learnt
from 2,000 messages a route. Source: detection.md 13. Pure; the same seed makes the same world.
After: `traffic.py` sends over it, `faults.py` breaks parts of it.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.alerting.detection import law, likelihood
from services.alerting.detection.law import SECOND, Counts, Row
from services.alerting.detection.likelihood import Tables
from services.alerting.detection.paths import acceptance_path, delivery_path
from services.contracts.evidence import ProbeSent
from services.contracts.vocabulary import Carrier, Channel, NoticeClass, ObserverKind, Purpose

BREAKS_AT = datetime(2026, 3, 2, 3, tzinfo=UTC)  # second 0 of every run
_LEARNT_FROM = 2000
_BASE_S = {Channel.ALIMTALK: 1.6, Channel.SMS: 2.4, Channel.PUSH: 1.2, Channel.EMAIL: 2.4}
_CARRIERS = (Carrier.SKT, Carrier.KT, Carrier.LGU)
_FOURTH = ((Channel.SMS, Channel.EMAIL, Channel.PUSH), (0.4, 0.3, 0.3))


class Mixture(NamedTuple):
    """Seconds: log-normal; the share `rare` follows another one instead."""

    median: float
    sigma: float
    rare: float = 0.0
    rare_median: float = 1.0
    rare_sigma: float = 1.0

    def draw(self, dice: np.random.Generator, medians: law.Floats) -> law.Floats:
        """One time for each; `medians` stand for the own median."""
        usual = medians * np.exp(self.sigma * dice.standard_normal(len(medians)))
        other = self.rare_median * np.exp(self.rare_sigma * dice.standard_normal(len(medians)))
        return np.where(dice.random(len(medians)) < self.rare, other, usual)


ACCEPTING, ACCEPT_LOSS = Mixture(0.25, 0.55, 0.01, 2.0, 0.5), 0.0005
ARRIVING = Mixture(1.0, 0.70, 0.015, 12.0, 0.80)
BEATING, BEAT_LOSS = Mixture(0.12, 0.5), 0.001


class Size(NamedTuple):
    """How many of each; `seed` was chosen for its counts of routes a dealer, carrier and pair."""

    bodies: int
    dealers: int
    handsets: int
    workers: int
    seed: int


SIZES = {
    "S7": Size(7, 3, 6, 3, 812),
    "S50": Size(50, 5, 12, 3, 6789),
    "S250": Size(250, 8, 30, 4, 1),
}


@dataclass(frozen=True, slots=True)
class Route:
    """A route and its law; `dealer` is None where the platform itself takes the request."""

    number: int
    body: int
    kind: Channel
    dealer: int | None
    handset: int
    median_s: float
    loss: float

    @property
    def id(self) -> str:
        """Its id in the catalogue."""
        return f"b{self.body}.{self.kind}.{self.number}"


@dataclass(frozen=True, eq=False)
class World:
    """`sent`: by route, a `probe.sent` as the catalogue would have it; `lean`: paths without
    site, bongsu itself and mailboxes."""

    size: Size
    interval_s: int
    routes: Sequence[Route]
    sent: Sequence[ProbeSent]
    tables: Tables
    passing: Mapping[str, frozenset[str]]

    def truly(self, component: str) -> frozenset[int]:
        """Numbers of the routes that pass a component, whatever the catalogue says."""
        return frozenset(r.number for r in self.routes if component in _passed(_sent(r, 60)))

    def of_kind(self, prefix: str, least: int = 2) -> list[str]:
        """Components with so many routes at least, in order."""
        return sorted(
            c for c, own in self.passing.items() if c.startswith(prefix) and len(own) >= least
        )

    def with_wrong_dealers(self, share: float, dice: random.Random) -> "World":
        """The same, but the catalogue errs about that share of the routes."""
        sent = list(self.sent)
        dealt = [route for route in self.routes if route.dealer is not None]
        for route in dice.sample(dealt, math.ceil(share * len(self.routes))):
            others = [d for d in range(self.size.dealers) if d != route.dealer]
            sent[route.number] = _sent(replace(route, dealer=dice.choice(others)), self.interval_s)
        return replace(self, sent=sent, passing=_passing(sent))


@cache
def world(name: str, interval_s: int = 60, seed: int | None = None) -> World:
    """The world of that size; another `seed` than the size's own makes a random one."""
    size = SIZES[name]
    routes = topology(size, size.seed if seed is None else seed)
    tables = likelihood.tables(law.laws(learnt(routes, size.seed), ()))
    return _world(size, interval_s, routes, tables)


def large(count: int) -> tuple[World, dict[Row, Counts]]:
    """A world of so many routes, and what 2,000 messages on each of them teach."""
    size = Size(count // 4, 8, max(30, count // 100), 8, count)
    routes = topology(size, size.seed)
    return _world(size, 60, routes, likelihood.tables(law.laws({}, ()))), learnt(routes, size.seed)


def topology(size: Size, seed: int) -> list[Route]:
    """Four routes a body, on four handsets."""
    dice = random.Random(f"topology/{seed}")
    routes: list[Route] = []
    for body in range(size.bodies):
        first = dice.randrange(size.dealers)
        others = [dealer for dealer in range(size.dealers) if dealer != first]
        second = first if dice.random() < 0.4 else dice.choice(others)
        (fourth,) = dice.choices(*_FOURTH)
        kinds = (Channel.ALIMTALK, Channel.ALIMTALK, Channel.SMS, fourth)
        dealers = (first, second, second, first if fourth is Channel.SMS else None)
        handsets = dice.sample(range(size.handsets), 4)
        for kind, dealer, handset in zip(kinds, dealers, handsets, strict=True):
            median = min(max(_BASE_S[kind] * math.exp(dice.gauss(0, 0.2)), 1), 3)
            loss = math.exp(dice.uniform(math.log(0.001), math.log(0.005)))
            routes.append(Route(len(routes), body, kind, dealer, handset, median, loss))
    return routes


def lean(route: Route, path: Sequence[str]) -> tuple[str, ...]:
    """A path of a world in which only handsets and workers can be bongsu's own fault."""
    left_out: tuple[str, ...] = ("site:", "self:")
    if route.kind is Channel.EMAIL:
        left_out += ("receiver:", "observer:")
    return tuple(part for part in path if not part.startswith(left_out))


def _world(size: Size, interval_s: int, routes: Sequence[Route], tables: Tables) -> World:
    sent = [_sent(route, interval_s) for route in routes]
    return World(size, interval_s, routes, sent, tables, _passing(sent))


def _sent(route: Route, interval_s: int) -> ProbeSent:
    carrier = _CARRIERS[route.handset % 3]
    platform = {
        Channel.ALIMTALK: "kakaotalk",
        Channel.SMS: str(carrier),
        Channel.PUSH: "push",
        Channel.EMAIL: f"mail{route.handset % 2}",
    }[route.kind]
    mailed = route.kind is Channel.EMAIL
    dealer = platform if route.dealer is None else f"dealer{route.dealer}"
    return ProbeSent(
        event_id=UUID(int=0), source="probe/w0", probe_id=UUID(int=0), sent_at=BREAKS_AT,
        slot=BREAKS_AT, purpose=Purpose.SCHEDULED, revision=UUID(int=0), route=route.id,
        body=f"b{route.body}", notice=f"b{route.body}-notice", notice_class=NoticeClass.C2,
        channel=route.kind, adapter="bench", account=dealer, provider=dealer,
        sender=f"b{route.body}-{route.kind}", platform=platform, carrier=carrier, worker="w0",
        receiver=f"mail-b{route.body}" if mailed else f"h{route.handset}", site="site",
        observers=(ObserverKind.IMAP if mailed else ObserverKind.SMSFORWARDER,),
        interval_s=interval_s, accepted_due=BREAKS_AT, seen_due=BREAKS_AT,
        reported_due=BREAKS_AT, text_digest="0" * 64, text_chars=1,
    )  # fmt: skip


def _passed(sent: ProbeSent) -> set[str]:
    return {*acceptance_path(sent), *delivery_path(sent, sent.worker, ())}


def _passing(all_sent: Sequence[ProbeSent]) -> dict[str, frozenset[str]]:
    """The routes whose messages pass each component; every worker sends on all of them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for sent in all_sent:
        for component in _passed(sent):
            found[component].add(sent.route)
    return {component: frozenset(routes) for component, routes in found.items()}


def learnt(routes: Sequence[Route], seed: int) -> dict[Row, Counts]:
    """What 2,000 messages a route teach."""
    return dict(_observed(routes, np.random.default_rng([seed, 2000])))


def _observed(routes: Sequence[Route], dice: np.random.Generator) -> Iterator[tuple[Row, Counts]]:
    """As `law.learn` would count them, one after the other."""
    for route in routes:
        times = ARRIVING.draw(dice, np.full(_LEARNT_FROM, route.median_s))
        yield Row(route.kind, route.id), _counts(times, dice.random(_LEARNT_FROM) < route.loss)
    many = 10 * _LEARNT_FROM
    for name, mixture, loss in (
        (law.ACCEPTANCE, ACCEPTING, ACCEPT_LOSS),
        (law.HEARTBEAT, BEATING, BEAT_LOSS),
    ):
        times = mixture.draw(dice, np.full(many, mixture.median))
        yield Row(name), _counts(times, dice.random(many) < loss)


def _counts(times: law.Floats, lost: NDArray[np.bool_]) -> Counts:
    lost = lost | (times > 120)
    weights = law.AGEING ** np.arange(len(times) - 1, -1, -1)
    bins = law.bin_of(np.rint(times * SECOND).astype(np.int64))
    arrived = np.bincount(bins[~lost], weights[~lost], law.BINS).astype(np.float64)
    return Counts(arrived, float(weights[lost].sum()))
