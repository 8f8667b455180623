"""What breaks in a run, and the truth about it: one function a kind of fault.

In:  a world, dice. Out: breaks, all from second 0 unless said otherwise, with the names that are
right. Source: detection.md 13. Pure. Before: `world.py`. After: `traffic.py` applies them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from bench.world import World
from services.alerting.detection.kinds import monitors
from services.alerting.detection.window import ACCEPTANCE, DELIVERY

KAKAO = "platform:kakaotalk"
FOREVER = 1e9


@dataclass(frozen=True, slots=True)
class Break:
    """What happens to messages of some routes (or of one worker) that are underway while it lasts.

    Seconds. `down`, `up`: it comes and goes. `lost`: the share; `slow`: times as long; `early`: so
    much too early is the stamp of an accepted message. `silent`: whose heartbeats are lost.
    """

    component: str
    plane: int
    routes: frozenset[int]
    worker: int | None = None
    lost: float = 1.0
    refused: bool = False
    slow: float = 1.0
    early: float = 0.0
    silent: str | None = None
    since: float = 0.0
    until: float = FOREVER
    down: float = FOREVER
    up: float = 0.0

    def underway(self, first: float, last: float) -> bool:
        """Does any of the time between meet it while it is down?"""
        first, last = max(first, self.since), min(last, self.until)
        if first > last:
            return False
        cycle = self.down + self.up
        phase = (first - self.since) % cycle
        return phase < self.down or last - first >= cycle - phase

    def concerns(self, route: int, worker: int) -> bool:
        """Does a message of that route and worker pass it?"""
        return route in self.routes and self.worker in (None, worker)


class Fault(NamedTuple):
    """Everything that breaks in one run; without `named`, no page is right. `slower`: the whole
    world than the tables learnt, so many times."""

    breaks: tuple[Break, ...] = ()
    named: bool = True
    span_s: int = 60  # pages within it of the first are pages of this fault
    horizon_s: int = 600
    slower: float = 1.0


Name = tuple[int, frozenset[str]] | str


def name_of(world: World, component: str, plane: int) -> Name:
    """Two names are the same that mean the same routes in the same plane; bongsu's own parts are
    told by their own names."""
    if monitors(component):
        kind, _, rest = component.partition(":")
        return f"receiver:{rest.partition('/')[0]}" if kind == "observer" else component
    return plane, world.passing[component]


def truths(world: World, fault: Fault) -> frozenset[Name]:
    """The right names."""
    named = fault.breaks if fault.named else ()
    return frozenset(name_of(world, b.component, b.plane) for b in named)


def _break(world: World, component: str, plane: int = DELIVERY) -> Break:
    return Break(component, plane, world.truly(component))


def _chosen(world: World, dice: random.Random, prefix: str, plane: int = DELIVERY) -> Break:
    return _break(world, dice.choice(world.of_kind(prefix)), plane)


def _one(broken: Break) -> Fault:
    return Fault((broken,))


def _dealer(world: World, dice: random.Random) -> Break:
    return _chosen(world, dice, "provider:dealer", dice.choice((ACCEPTANCE, DELIVERY)))


def _false_reports(world: World, dice: random.Random) -> Fault:
    lines = [line for line in world.of_kind("line:dealer") if line.endswith("-alimtalk")]
    return _one(_break(world, dice.choice(lines)))


def _profile(world: World, dice: random.Random) -> Fault:
    senders = [sender for sender in world.of_kind("sender:") if sender.endswith("-alimtalk")]
    return _one(replace(_break(world, dice.choice(senders), ACCEPTANCE), refused=True))


def _channel(world: World, dice: random.Random) -> Fault:
    return _one(_break(world, f"route:{dice.choice(world.routes).id}"))


def _two(world: World, dice: random.Random) -> Fault:
    """A dealer and a carrier, with two routes each that the other has not."""
    while True:
        both = [_dealer(world, dice), _chosen(world, dice, "carrier:")]
        if min(len(both[0].routes - both[1].routes), len(both[1].routes - both[0].routes)) >= 2:
            break
    dice.shuffle(both)
    return Fault((both[0], replace(both[1], since=dice.uniform(0, 20))), span_s=200)


def _handset(world: World, dice: random.Random) -> Fault:
    found = _chosen(world, dice, "receiver:h")
    return _one(replace(found, silent=f"observer/{found.component.partition(':')[2]}"))


def _worker(world: World, dice: random.Random) -> Break:
    number = dice.randrange(world.size.workers)
    everything = frozenset(range(len(world.routes)))
    return Break(f"worker:w{number}", ACCEPTANCE, everything, number, silent=f"worker/w{number}")


def _clock(world: World, dice: random.Random) -> Fault:
    worker = _worker(world, dice)
    return _one(replace(worker, plane=DELIVERY, lost=0.0, silent=None, early=20.0))


def _random(world: World, dice: random.Random) -> Fault:
    kinds = [kind for kind in TABLE if kind != "two faults"]
    if not world.of_kind("pair:dealer"):  # a random small world may have none
        kinds.remove("route dead")
    return TABLE[dice.choice(kinds)](world, dice)


def _two_random(world: World, dice: random.Random) -> Fault:
    first, second = (_random(world, dice).breaks[0] for _ in range(2))
    return Fault((first, replace(second, since=dice.uniform(0, 20))), span_s=200)


def _mended(world: World, dice: random.Random) -> Fault:
    """A sender, a worker and a handset break within 5 s and are well again together."""
    until = dice.choice((60.0, 100.0, 150.0))
    others = [_worker(world, dice), _handset(world, dice).breaks[0]]
    late = [
        replace(one, since=dice.uniform(0, 5), until=until + dice.uniform(0, 10)) for one in others
    ]
    first = replace(_profile(world, dice).breaks[0], until=until)
    return Fault((first, *late), span_s=600)


def _slowed(world: World, dice: random.Random, slow: float, until: float) -> Fault:
    part = dice.choice([KAKAO, *world.of_kind("carrier:"), *world.of_kind("provider:dealer")])
    slowed = replace(_break(world, part), lost=0.0, slow=slow, until=until)
    return Fault((slowed,), named=False, horizon_s=int(until) + 120)


def _kakao(**how: float) -> Callable[[World, random.Random], Fault]:
    return lambda world, _: _one(replace(_break(world, KAKAO), **how))  # type: ignore[arg-type]


Maker = Callable[[World, random.Random], Fault]
TABLE: dict[str, Maker] = {
    "platform dead": _kakao(),
    "platform 30 % loss": _kakao(lost=0.3),
    "platform slow x10": _kakao(lost=0.0, slow=10.0),
    "dealer dead": lambda world, dice: _one(_dealer(world, dice)),
    "carrier dead": lambda world, dice: _one(_chosen(world, dice, "carrier:")),
    "route dead": lambda world, dice: _one(_chosen(world, dice, "pair:dealer")),
    "profile blocked": _profile,
    "false reports": _false_reports,
    "channel dead": _channel,
    "flapping": _kakao(down=30.0, up=30.0),
    "two faults": _two,
    "handset dead": _handset,
    "worker cut off": lambda world, dice: _one(_worker(world, dice)),
    "worker clock": _clock,
}
OTHERS: dict[str, Maker] = {
    "one random": _random,
    "two random": _two_random,
    "three mended": _mended,
    "slow x2": lambda world, dice: _slowed(world, dice, 2.0, 300.0),
    "slow x3": lambda world, dice: _slowed(world, dice, 3.0, 60.0),
    "world x2 slow": lambda _world, _dice: Fault(named=False, horizon_s=420, slower=2.0),
    "wrong dealers": lambda world, dice: Fault((_dealer(world, dice),), span_s=0),
}
ALL = TABLE | OTHERS
