"""What stands after a tick, for boards and for a restart: states of pairs, the memory.

In:  the detector. Out: values for metrics, JSON. Pure.
Before: `detector.py`. After: `incidents/writing.py` writes and shows them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

import numpy as np
from pydantic import TypeAdapter

from services.alerting.detection.confirm import Asked
from services.alerting.detection.detector import Detector, Memory
from services.alerting.detection.kinds import kind
from services.alerting.detection.law import SECOND, Counts, Learnt, Row, quantile
from services.alerting.detection.likelihood import Hypothesis
from services.alerting.detection.state import Apart, Incident, State
from services.alerting.detection.tick import blind, not_observed
from services.contracts.catalogue import Catalogue, Route
from services.storage.detector import Law, Saved

INTERVALS = 2  # a route that sent nothing for so long is not measured


class ChannelState(IntEnum):
    """장애, 지연, 정상. 무자료 is no state."""

    DOWN = 0
    IMPAIRED = 1
    WELL = 2


def pairs(detector: Detector) -> dict[tuple[str, str], ChannelState]:
    """The state of each channel and provider; a pair of which nothing is measured is absent."""
    catalogue = detector.catalogue
    if catalogue is None or blind(detector.state):
        return {}
    routes = defaultdict(set)
    for route in _measured(detector, catalogue):
        pair = str(route.channel), catalogue.accounts[route.account].provider
        routes[pair].add(route.id)
    outages = [incident for incident in detector.state.open if not incident.monitor]
    return {pair: _state(measured, outages) for pair, measured in routes.items()}


def _measured(detector: Detector, catalogue: Catalogue) -> Iterator[Route]:
    unseen = not_observed(detector.state)
    for name, sent in detector.last_sent.items():
        route = catalogue.routes.get(name)
        if route is None or not route.enabled or name in unseen:
            continue
        if detector.at - sent <= INTERVALS * route.interval_s * SECOND:
            yield route


def _state(measured: set[str], outages: Iterable[Incident]) -> ChannelState:
    """Down: one incident that is no mere slowness explains all that is measured."""
    touching = [incident for incident in outages if measured & incident.routes]
    if not touching:
        return ChannelState.WELL
    stopped = (i for i in touching if i.entry.hypothesis is not Hypothesis.SLOW)
    return (
        ChannelState.DOWN if any(measured <= i.routes for i in stopped) else ChannelState.IMPAIRED
    )


def usual(detector: Detector) -> dict[str, float]:
    """By channel, the seconds within which half of what arrives has arrived, as learnt."""
    tables = detector.tables
    channels = detector.catalogue.channels if detector.catalogue else ()
    shares = {name: tables.laws.shares[tables.place(Row(name))] for name in channels}
    return {name: quantile(own, 0.5) / SECOND for name, own in shares.items()}


def candidates(state: State) -> Counter[tuple[str, str]]:
    """How many components of each kind are found: open, or waiting to be told."""
    found = [("open", incident.component) for incident in state.open]
    found += [("waiting", name) for name in state.waiting]
    return Counter((kind(name), standing) for standing, name in found)


def at(microseconds: int) -> datetime:
    """A time of the detector as UTC."""
    return datetime.fromtimestamp(microseconds // SECOND, UTC).replace(
        microsecond=microseconds % SECOND
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """The part of a memory that is one JSON."""

    at: int
    state: State
    asked: Asked
    apart: Mapping[str, Apart]


_JSON = TypeAdapter(_Kept)


def dumped(memory: Memory) -> str:
    """A memory without its laws, as JSON."""
    kept = _Kept(memory.at, memory.state, memory.asked, memory.apart)
    return _JSON.dump_json(kept).decode()


def laws_of(learnt: Learnt) -> list[Law]:
    """What was learnt, as rows."""
    return [
        Law(row.medium, row.name, seen.arrived.tolist(), seen.lost) for row, seen in learnt.items()
    ]


def learnt_of(laws: Iterable[Law]) -> Learnt:
    """What rows of laws say."""
    return {
        Row(one.medium, one.name): Counts(np.array(one.arrived, np.float64), one.lost)
        for one in laws
    }


def restored(saved: Saved) -> Memory:
    """The memory that was saved. Raises ValidationError (a ValueError) when another release
    saved it."""
    kept = _JSON.validate_json(saved.memory)
    learnt = learnt_of(saved.laws)
    return Memory(kept.at, saved.learnt_at, learnt, kept.state, kept.asked, kept.apart)
