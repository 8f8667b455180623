"""Sums of minutes: what adds up over days, and what is computed from the sums.

In:  the minutes of an item, as they count and with no exclusion. Out: whole minutes by kind, outage
and budget in micro-minutes; availabilities in millionths, rounded down. Pure.
Before: `minutes.py`. After: `verdict.py`, `month.py`.
"""

from dataclasses import dataclass

import numpy as np

from services.contracts.sla import Contract
from services.reporting.calendar import Left
from services.reporting.counts import Adding
from services.reporting.minutes import ALL, Minutes
from services.reporting.ratio import floored, raised
from services.reporting.slots import Integers


@dataclass(frozen=True, slots=True)
class Sums(Adding):
    """total = left out + service; service = unmeasured + up + partial + down.

    `outage` weighs partial minutes by their share, `full` counts them whole, `ignored` not at all;
    `counted` does what the contract's setting says, as do `least` (proven) and `most` (possible).
    `budget` may fail, `measured_budget` of what was measured. `bare_*`: with neither planned work
    nor agreed exclusions taken out.
    """

    total: int = 0
    not_in_force: int = 0
    outside: int = 0
    holiday: int = 0
    restricted: int = 0
    maintenance: int = 0
    agreed: int = 0
    service: int = 0
    unmeasured: int = 0
    bridged: int = 0
    up: int = 0
    partial: int = 0
    down: int = 0
    outage: int = 0
    counted: int = 0
    full: int = 0
    ignored: int = 0
    least: int = 0
    most: int = 0
    budget: int = 0
    measured_budget: int = 0
    bare_measured: int = 0
    bare_counted: int = 0

    @property
    def measured(self) -> int:
        """Minutes of the service time in which somebody looked."""
        return self.service - self.unmeasured

    @property
    def availability(self) -> int | None:
        """Of what was measured; None if nothing was."""
        return _available(self.counted, self.measured)

    @property
    def if_full(self) -> int | None:
        """The same, every partial minute as a whole one."""
        return _available(self.full, self.measured)

    @property
    def if_ignored(self) -> int | None:
        """The same, without partial minutes."""
        return _available(self.ignored, self.measured)

    @property
    def if_bare(self) -> int | None:
        """The same, with neither planned work nor agreed exclusions taken out."""
        return _available(self.bare_counted, self.bare_measured)

    @property
    def lowest(self) -> int | None:
        """If everything unmeasured was bad."""
        return _available(self.most, self.service)

    @property
    def highest(self) -> int | None:
        """If everything unmeasured was good."""
        return _available(self.least, self.service)

    @property
    def budget_used(self) -> int | None:
        """Rounded up; None without a budget."""
        return raised(self.counted, self.budget)


def _available(outage: int, minutes: int) -> int | None:
    return floored(max(minutes * ALL - outage, 0), minutes * ALL)


def sums(minutes: Minutes, bare: Minutes, part: slice) -> Sums:
    """Of some minutes of the window. `bare`: the same with no exclusion."""
    left = np.bincount(minutes.left[part], minlength=len(Left)).tolist()
    share, budget = minutes.share[part], _budget(minutes)[part]
    service, unmeasured = left[Left.NOT], minutes.unmeasured[part]
    down = int((share == ALL).sum())
    partial = int((share > 0).sum()) - down
    return Sums(
        total=sum(left),
        **{kind.name.lower(): left[kind] for kind in Left if kind},
        service=service,
        unmeasured=int(unmeasured.sum()),
        bridged=int(minutes.bridged[part].sum()),
        up=service - int(unmeasured.sum()) - partial - down,
        partial=partial,
        down=down,
        outage=int(share.sum()),
        counted=int(_counting(minutes, minutes.share)[part].sum()),
        full=ALL * (partial + down),
        ignored=ALL * down,
        least=int(_counting(minutes, minutes.least)[part].sum()),
        most=int(_counting(minutes, minutes.least + minutes.blind)[part].sum()),
        budget=int(budget.sum()),
        measured_budget=int(budget[~unmeasured].sum()),
        bare_measured=int((bare.service & ~bare.unmeasured)[part].sum()),
        bare_counted=int(_counting(bare, bare.share)[part].sum()),
    )


def _budget(minutes: Minutes) -> Integers:
    """By minute what may fail under the version in force."""
    objectives = (each.availability_ppm for each in minutes.calendar.versions)
    allowed = [0 if ppm is None else ALL - ppm for ppm in objectives]
    by_minute: Integers = np.array([*allowed, 0])[minutes.calendar.version] * minutes.service
    return by_minute


def _counting(minutes: Minutes, share: Integers) -> Integers:
    """What shares count for, as the version in force at each minute says."""
    counting = np.zeros_like(share)
    for place, contract in enumerate(minutes.calendar.versions):
        here = minutes.calendar.version == place
        counting[here] = _as_set(contract, share[here])
    return counting


def _as_set(contract: Contract, share: Integers) -> Integers:
    enough = share * (share >= contract.settings.partial_min_share_ppm)
    match contract.settings.partial:
        case "full":
            return ALL * (enough > 0)
        case "ignore":
            return ALL * (enough >= ALL)
        case _:
            return enough
