"""What a new catalogue changes, and what its probes cost before and after.

In:  the catalogue in force (or none) and the one to come. Out: `Plan`. Pure.
Before: `check.py` found no error. After: a person reads it and runs `apply`.
Numbers: probes of enabled routes only, a month has 31 days, money in KRW.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta

from services.contracts.catalogue import Catalogue, Quota, Route
from services.contracts.model import DailyWindow, Model
from services.contracts.oncall import MOST_PAGES, PAGES_WITHIN
from services.contracts.vocabulary import Channel

DAYS = 31
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Limits:
    """How much of what belongs to citizens' notices probes may use.

    `quota_share`: of any quota of an account or sender. `confirm_share`: confirm and manual
    probes on top of the scheduled ones (`detection.md` measured 2.5 to 3.1 % in quiet times).
    `proof_every_s`: how often alerting proves each path.
    """

    quota_share: float = 0.20
    confirm_share: float = 0.05
    proof_every_s: float = 3600


@dataclass(frozen=True)
class Use:
    """What probes use of one quota. `owner` is `account` or `sender`; shares are of 1, None where
    the contract sets no limit. Substitutes count as if every message failed over."""

    owner: str
    id: str
    channel: str
    day: int
    month: int
    quota: Quota

    @property
    def share_day(self) -> float | None:
        """Part of the day's quota used."""
        return self.day / self.quota.day if self.quota.day else None

    @property
    def share_month(self) -> float | None:
        """Part of the month's quota used."""
        return self.month / self.quota.month if self.quota.month else None


@dataclass(frozen=True)
class Load:
    """What a catalogue's probes come to. Probes are the scheduled ones; cost and uses include the
    confirm allowance and proofs of paths, uses also substitutes. `pages_hour`, by account, is in
    none of them: pages are no probes, and may use what these leave."""

    probes_day: int
    cost_krw_month: dict[str, int]
    uses: tuple[Use, ...]
    pages_hour: dict[str, int]


@dataclass(frozen=True)
class Change:
    """One object added, changed (with the fields that differ) or removed."""

    what: str
    kind: str
    id: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that `apply` would change, and the load before and after."""

    changes: tuple[Change, ...]
    before: Load
    after: Load


def plan(before: Catalogue | None, after: Catalogue, limits: Limits | None = None) -> Plan:
    """The difference of two catalogues, by object, in the order of kinds and ids."""
    limits = limits or Limits()
    old = {} if before is None else {(kind, key): o for kind, key, o in before.objects()}
    new = {(kind, key): item for kind, key, item in after.objects()}
    changes = [_change(name, old.get(name), item) for name, item in new.items()]
    changes += [Change("removed", *name) for name in old if name not in new]
    nothing = Load(0, {}, (), {})
    return Plan(
        tuple(change for change in changes if change),
        load_of(before, limits) if before else nothing,
        load_of(after, limits),
    )


def _change(name: tuple[str, str], old: Model | None, new: Model) -> Change | None:
    if old is None:
        return Change("added", *name)
    names = type(new).model_fields
    differing = tuple(n for n in names if getattr(old, n, None) != getattr(new, n))
    return Change("changed", *name, differing) if differing else None


def load_of(catalogue: Catalogue, limits: Limits) -> Load:
    """Probes, cost by account and use of every quota. What a route names and does not exist
    counts nothing here: `check.py` says so elsewhere."""
    enabled = [r for r in catalogue.routes.values() if r.enabled and not r.observed]
    daily = {route.id: probes_a_day(catalogue, route) for route in enabled}
    cost: dict[str, int] = defaultdict(int)
    for route in enabled:
        account = catalogue.accounts.get(route.account)
        price = account.price_krw.get(route.channel, 0) if account else 0
        cost[route.account] += price * DAYS * with_confirms(daily[route.id], limits)
        if route.failover and account:  # each drill costs both legs
            pair = price + account.price_krw.get(Channel(route.failover.channel), 0)
            cost[route.account] += pair * DAYS * drills_a_day(catalogue, route)
    for account_id, _, channel in _proven(catalogue):
        account = catalogue.accounts.get(account_id)
        price = account.price_krw.get(channel, 0) if account else 0
        cost[account_id] += price * DAYS * proofs_a_day(limits)
    uses, pages = _uses(catalogue, enabled, daily, limits), pages_an_hour(catalogue)
    return Load(sum(daily.values()), dict(cost), uses, pages)


def proofs_a_day(limits: Limits) -> int:
    """Proofs of one path on one day."""
    return math.ceil(timedelta(days=1).total_seconds() / limits.proof_every_s)


def _proven(catalogue: Catalogue) -> Iterator[tuple[str, str, Channel]]:
    """Account, sender and channel of each path that costs a message to prove."""
    for path in catalogue.paths.values():
        if path.account and path.sender and path.receiver:
            yield path.account, path.sender, Channel(path.notifier)


def pages_an_hour(catalogue: Catalogue) -> dict[str, int]:
    """The most pages that an hour of outages sends over each account while nobody acknowledges: to
    each person and over each path as many as one may get of what opens, of each its all-clear, and
    one more for each step of escalation that names them."""
    steps = [
        name for rota in catalogue.rotas.values() for one in rota.escalation for name in one.people
    ]
    opened, found = MOST_PAGES * (timedelta(hours=1) // PAGES_WITHIN), Counter[str]()
    for person in catalogue.people.values():
        for path in map(catalogue.paths.get, person.paths):
            if path and path.account:
                found[path.account] += opened * (2 + steps.count(person.id))
    return dict(found)


def with_confirms(probes: int, limits: Limits) -> int:
    """Scheduled probes and the confirm allowance for them."""
    return probes + math.ceil(probes * limits.confirm_share)


def probes_a_day(catalogue: Catalogue, route: Route) -> int:
    """Slots of a route on one day outside its night window."""
    return _slots_a_day(catalogue, route, route.interval_s)


def drills_a_day(catalogue: Catalogue, route: Route) -> int:
    """Drills of a route's ladder on one day."""
    drill = route.ladder_probe
    return _slots_a_day(catalogue, route, drill.every_s) if drill else 0


def _slots_a_day(catalogue: Catalogue, route: Route, interval_s: int) -> int:
    channel = catalogue.channels.get(route.channel)
    window = route.restricted or (channel.restricted if channel else None)
    open_minutes = MINUTES_A_DAY - (window_minutes(window) if window else 0)
    return math.ceil(open_minutes * 60 / interval_s)


def window_minutes(window: DailyWindow) -> int:
    """How long a daily window lasts; one that starts and ends at the same time lasts 0."""
    return (minute_of(window.end) - minute_of(window.start)) % MINUTES_A_DAY


def minute_of(at: time) -> int:
    """Minutes since midnight."""
    return at.hour * 60 + at.minute


def _uses(
    catalogue: Catalogue, enabled: list[Route], daily: dict[str, int], limits: Limits
) -> tuple[Use, ...]:
    wanted: dict[tuple[str, str, str], int] = defaultdict(int)
    for route in enabled:
        probes = with_confirms(daily[route.id], limits) + drills_a_day(catalogue, route)
        legs = [(route.channel.value, route.sender)]
        legs += [(route.failover.channel, route.failover.sender)] if route.failover else []
        for channel, sender in legs:
            wanted["account", route.account, channel] += probes
            wanted["sender", sender, channel] += probes
    for account, sender, channel in _proven(catalogue):
        wanted["account", account, channel] += proofs_a_day(limits)
        wanted["sender", sender, channel] += proofs_a_day(limits)
    return tuple(
        Use(*name, day, day * DAYS, _quota(catalogue, *name))
        for name, day in sorted(wanted.items())
    )


def _quota(catalogue: Catalogue, owner: str, name: str, channel: str) -> Quota:
    if owner == "sender":
        sender = catalogue.senders.get(name)
        return sender.quota if sender else Quota()
    account = catalogue.accounts.get(name)
    quotas = {c.value: quota for c, quota in account.quota.items()} if account else {}
    return quotas.get(channel, Quota())
