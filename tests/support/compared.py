"""Outcomes of the same probes, as the running stack and as a replay have them, and their table.

In:  outcomes by probe of both, the cells of `one_world.py`. Out: rows, and the table people read.
A probe has one fate (`simulators/chance.py`), so the two are compared probe by probe. What may
differ is what a real second or two decides: at an edge of a fault, at a due time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.contracts import ids
from services.contracts.catalogue import Catalogue
from services.contracts.vocabulary import Outcome
from services.probe.message import Keys
from services.replay.run import play, stream_of
from services.replay.scenario import Scenario
from services.replay.storing import Store
from simulators.faults import State
from tests.support.one_world import Cell

Probe = tuple[str, int]  # its route, its slot in milliseconds
Outcomes = Mapping[Probe, Outcome]


def replayed(
    scenario: Scenario, catalogue: Catalogue, seed: int, keys: Sequence[Keys] | None = None
) -> dict[Probe, Outcome]:
    """What a replay makes of each probe; `keys`: the workers' own, in the order of their shards."""
    store = Store(ids.milliseconds)
    play(stream_of(scenario, catalogue, seed, keys), scenario.span, store, {})
    return {(route, slot): outcome for (route, slot, outcome), n in store.tally.items() if n}


@dataclass(frozen=True)
class Row:
    """One line of the table: how many probes of a cell had which outcome, there and there."""

    component: str
    state: str
    stack: Counter[Outcome]
    replay: Counter[Outcome]
    agreeing: int
    of: int

    @property
    def agreement(self) -> float:
        """The share of probes with the same outcome; one that only one of them sent differs."""
        return self.agreeing / self.of if self.of else 1.0


def row(component: str, state: str, stack: Outcomes, replay: Outcomes) -> Row:
    """Of these probes."""
    both = stack.keys() | replay.keys()
    agreeing = sum(stack.get(probe) == replay.get(probe) for probe in both)
    counts = (Counter(stack.values()), Counter(replay.values()))
    return Row(component, state, *counts, agreeing, len(both))


def rows(cells: Sequence[Cell], stack: Outcomes, replay: Outcomes) -> list[Row]:
    """A row a cell, by kind and state, and one of all probes that no fault was to meet."""
    states = list(State)
    found = [
        row(cell.place.component, str(cell.state), of(cell, stack), of(cell, replay))
        for cell in sorted(cells, key=lambda one: (one.place.kind, states.index(one.state)))
    ]
    rest = [
        {probe: outcome for probe, outcome in one.items() if not any(c.holds(probe) for c in cells)}
        for one in (stack, replay)
    ]
    return [*found, row("all", "well", *rest)]


def of(cell: Cell, outcomes: Outcomes) -> dict[Probe, Outcome]:
    """Those of the cell's routes in its time."""
    return {probe: outcome for probe, outcome in outcomes.items() if cell.holds(probe)}


def table(found: Iterable[Row]) -> str:
    """As documents show it."""
    head = "| component | state | running stack | replay | same |\n| --- | --- | --- | --- | --- |"
    lines = (
        f"| `{one.component}` | {one.state} | {_said(one.stack)} | {_said(one.replay)}"
        f" | {one.agreeing} of {one.of} |"
        for one in found
    )
    return "\n".join((head, *lines))


def _said(counts: Counter[Outcome]) -> str:
    told = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
    return ", ".join(told) or "nothing sent"
