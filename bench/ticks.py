"""`make bench ONLY=ticks`: what a second costs the detector, and how much memory it takes.

In:  numbers of routes. Out: a line each. The product's detector is fed events and ticks, as
`tail.py` would make it: first everything well, then the largest platform dead. Virtual time,
processor time of one core. Source: detection.md 10. Exit 1 if the verdicts of up to 5,000 routes
take longer than its limit.
"""

import argparse
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import NamedTuple, cast
from uuid import UUID

from bench.faults import KAKAO, Break, Fault
from bench.feeding import Events, us
from bench.table import at
from bench.traffic import Traffic
from bench.world import World, large
from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.items import KEPT, Told
from services.alerting.detection.law import SECOND
from services.alerting.detection.window import DELIVERY
from services.contracts.catalogue import (
    Account,
    Catalogue,
    ChannelRule,
    Observer,
    Provider,
    Receiver,
    Route,
    build,
)
from services.contracts.evidence import Record
from services.contracts.model import Model, Name

SLOT_S = 60
FILLED_S = KEPT // SECOND + SLOT_S  # after it as much is forgotten as comes
HEALTHY_S, DEAD_S = 120, 240
CONFIRMS_A_DAY = 100  # soon spent: a tick costs as much when nothing may be asked for any more
LIMIT_ROUTES, LIMIT_MS = 5000, 50
_NAME = Name(ko="경로", en="route")


class Cost(NamedTuple):
    """Milliseconds of each second: for taking in and learning, for the verdict while all is well,
    and with the platform dead. The most megabytes up to a full window, and up to the end."""

    taken: Sequence[float]
    healthy: Sequence[float]
    dead: Sequence[float]
    filled_mb: float
    most_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser("bench.ticks", description=__doc__)
    parser.add_argument("--routes", default="1000,5000,20000")
    beyond = False
    print("p50 / p95 ms of a second")
    print("routes   taking in   verdict, all well   platform dead   MB when full / most")
    for count in map(int, parser.parse_args(arguments).routes.split(",")):
        with ProcessPoolExecutor(1) as alone:  # memory is a process's
            cost = alone.submit(measured, count).result()
        print(_line(count, cost), flush=True)
        slowest = max(at(cost.healthy, 0.95), at(cost.dead, 0.95))
        beyond |= count <= LIMIT_ROUTES and slowest > LIMIT_MS
    return 1 if beyond else 0


def measured(count: int) -> Cost:
    """The costs of a world of so many routes."""
    world, learnt = large(count)
    broken = Break(KAKAO, DELIVERY, world.truly(KAKAO), since=float(HEALTHY_S))
    begin = us(-FILLED_S)
    detector = Detector(Memory(begin, begin, learnt), begin, Limits(1.0, CONFIRMS_A_DAY))
    detector.change(_catalogue(world))
    coming = _Coming(Traffic(world, Fault((broken,)), [count]), Events(world))
    for second in range(-FILLED_S, 0):
        coming.feed(detector, second)
        detector.skip(us(second))
    filled = _megabytes()
    taken, verdicts = [], []
    for second in range(HEALTHY_S + DEAD_S):
        coming.feed(detector, second)
        taken.append(_timed(detector.skip, us(second)))
        verdicts.append(_timed(detector.tick, us(second)))
    most = _megabytes()
    return Cost(taken, verdicts[:HEALTHY_S], verdicts[HEALTHY_S:], filled, most)


def _timed(step: Callable[[int], object], now: int) -> float:
    before = time.process_time()
    step(now)
    return (time.process_time() - before) * 1000


def _catalogue(world: World) -> Catalogue:
    """As far as the detector looks at one."""
    found: list[tuple[str, Model]] = []
    for sent in world.sent:
        here = {"name": _NAME, "secret": "none", "base_url": "https://bench"}
        seeing = tuple(Observer(kind=kind, secret="none") for kind in sent.observers)
        found += [
            (
                "channel",
                ChannelRule(id=sent.channel, name=_NAME, late_s=60, observers=sent.observers),
            ),
            ("provider", Provider(id=sent.provider, name=_NAME, min_interval_s=60)),
            (
                "account",
                Account(
                    id=sent.account,
                    provider=sent.provider,
                    services={},
                    quota={},
                    price_krw={},
                    probe_budget_krw_month=0,
                    **here,
                ),
            ),
            (
                "receiver",
                Receiver(
                    id=sent.receiver,
                    carrier=sent.carrier,
                    os="",
                    site=sent.site,
                    secret="none",
                    observers=seeing,
                ),
            ),
            (
                "route",
                Route(
                    id=sent.route,
                    body=sent.body,
                    notice=sent.notice,
                    channel=sent.channel,
                    adapter=sent.adapter,
                    account=sent.account,
                    sender=sent.sender,
                    platform=sent.platform,
                    receivers=(sent.receiver,),
                    interval_s=sent.interval_s,
                ),
            ),
        ]
    return build(UUID(int=0), found)


class _Coming:
    """Events that are made up but not known yet."""

    def __init__(self, traffic: Traffic, events: Events) -> None:
        self._traffic, self._events = traffic, events
        self._at: defaultdict[int, list[tuple[Record, int]]] = defaultdict(list)
        self._slot = -FILLED_S // SLOT_S

    def feed(self, detector: Detector, second: int) -> None:
        """What becomes known in the second."""
        while self._slot * SLOT_S <= second + 5:
            self._make(self._slot)
            self._slot += 1
        for record, known in self._at.pop(second, ()):
            detector.feed(cast(Told, record), known)

    def _make(self, slot: int) -> None:
        messages = map(self._events.message, self._traffic.slot(slot))
        beats = map(self._events.beat, self._traffic.beats(slot))
        records: Iterable[tuple[Record, float]] = chain.from_iterable(chain(messages, beats))
        for record, known in records:
            self._at[int(-(-known // 1))].append((record, us(known)))


def _megabytes() -> float:
    """The most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _line(count: int, cost: Cost) -> str:
    taken, well, dead = (
        f"{at(own, 0.5):.0f} / {at(own, 0.95):.0f}" for own in (cost.taken, cost.healthy, cost.dead)
    )
    memory = f"{cost.filled_mb:.0f} / {cost.most_mb:.0f}"
    return f"{count:<8} {taken:<11} {well:<19} {dead:<15} {memory}"


if __name__ == "__main__":
    sys.exit(main())
