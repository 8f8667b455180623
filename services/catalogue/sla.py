"""Rules of the contract files: each month can be judged, by one version and by what it says.

In:  `Subject`. Out: problems with file and line. Pure; run by `check.py` with all other rules.
"""

from collections.abc import Iterator
from datetime import time
from itertools import groupby, pairwise

from services.catalogue.load import Problem
from services.catalogue.subject import Rule, Subject, is_zone, repeated
from services.contracts.catalogue import Body, Route
from services.contracts.sla import OWN, Contract

MIDNIGHT = time(0)


def contracts_are_named_by_their_parts(s: Subject) -> Iterator[Problem]:
    for item, contract in s.of(Contract):
        if contract.id != (name := f"{contract.item}.v{contract.version}"):
            yield item.problem(f"the id must be '{name}'", "id")


def versions_follow_each_other(s: Subject) -> Iterator[Problem]:
    """Or a minute would have two of them; and months would begin at two times."""
    ordered = sorted(s.of(Contract), key=lambda both: (both[1].item, both[1].version))
    for item, contract in ordered:
        if contract.valid_to and contract.valid_to < contract.valid_from:
            yield item.problem("it ends before it begins", "valid_to")
    for _, versions in groupby(ordered, key=lambda both: both[1].item):
        for (_, old), (item, new) in pairwise(versions):
            if old.valid_to is None or new.valid_from <= old.valid_to:
                until = f"holds until {old.valid_to}" if old.valid_to else "has no 'valid_to'"
                text = f"it begins within version {old.version}, which {until}"
                yield item.problem(text, "valid_from")
            if new.tz != old.tz:
                text = f"version {old.version} is in '{old.tz}': an item keeps its time zone"
                yield item.problem(text, "tz")


def counterparties_are_known(s: Subject) -> Iterator[Problem]:
    for item, contract in s.of(Contract):
        if contract.counterparty != OWN:
            yield from s.missing(item, "provider", contract.counterparty, "counterparty")


def contract_routes_fit(s: Subject) -> Iterator[Problem]:
    """What is judged is what the counterparty carries of that body and channel."""
    for item, contract in s.of(Contract):
        yield from repeated(item, "route", [share.route for share in contract.routes], "routes")
        for n, share in enumerate(contract.routes):
            loc = ("routes", n, "route")
            yield from s.missing(item, "route", share.route, *loc)
            route = s.catalogue.routes.get(share.route)
            for text in _unfit(s, contract, route) if route else ():
                yield item.problem(f"route '{share.route}' {text}", *loc)
            if route and not route.enabled:
                text = f"route '{route.id}' is not enabled: what it weighs is never measured"
                yield item.problem(text, *loc, warning=True)


def _unfit(s: Subject, contract: Contract, route: Route) -> Iterator[str]:
    account = s.catalogue.accounts.get(route.account)
    carried_by = s.catalogue.providers.get(account.provider) if account else None
    if (route.body, route.channel) != (contract.body, contract.channel):
        yield f"is {route.body}'s for {route.channel}"
    elif route.observed:
        yield "is only observed: no probe is sent that could be counted"
    elif carried_by and contract.counterparty not in (OWN, carried_by.id):
        yield f"goes through '{carried_by.id}', not the counterparty; over several: '{OWN}'"


def what_is_probed_is_judged(s: Subject) -> Iterator[Problem]:
    if any(kind == "contract" for kind, _ in s.loaded.broken):
        return
    judged = {share.route for _, contract in s.of(Contract) for share in contract.routes}
    for item, body in s.of(Body):
        probed = [r for _, r in s.of(Route) if r.body == body.id and r.enabled and not r.observed]
        for route in probed:
            if route.id not in judged:
                text = f"no contract names route '{route.id}': no month of it is judged"
                yield item.problem(text, warning=True)


def hours_can_be_counted(s: Subject) -> Iterator[Problem]:
    for item, contract in s.of(Contract):
        if not is_zone(contract.tz):
            yield item.problem(f"there is no time zone '{contract.tz}'", "tz")
        for n, hours in enumerate(contract.service_hours):
            yield from repeated(item, "day", list(hours.days), "service_hours", n, "days")
            if any(at.second or at.microsecond or at.tzinfo for at in (hours.start, hours.end)):
                text = "service hours are written as 'HH:MM'"
                yield item.problem(text, "service_hours", n, "start")
            elif hours.end <= hours.start and hours.end != MIDNIGHT:
                text = "service hours end on their day, at '00:00' at the latest"
                yield item.problem(text, "service_hours", n, "end")


def holidays_mean_something(s: Subject) -> Iterator[Problem]:
    for item, contract in s.of(Contract):
        days = contract.holidays
        for field in ("add", "remove"):
            named = [str(day) for day in getattr(days, field)]
            yield from repeated(item, "holiday", named, "holidays", field)
            if named and not contract.service_hours:
                text = f"'{field}' means nothing while service hours are 'always'"
                yield item.problem(text, "holidays", field)
        for n, day in enumerate(days.remove):
            if day in days.add:
                yield item.problem(f"{day} is added, too", "holidays", "remove", n)


def tables_are_in_order(s: Subject) -> Iterator[Problem]:
    for item, contract in s.of(Contract):
        for n, (above, row) in enumerate(pairwise(contract.credit_table), start=1):
            if row.below_ppm >= above.below_ppm or row.credit_ppm <= above.credit_ppm:
                text = "each row has less availability and more credit than the one before it"
                yield item.problem(text, "credit_table", n)
        limits = contract.settings.notice_limits
        for n, (earlier, limit) in enumerate(pairwise(limits), start=1):
            if limit.since is None or (earlier.since and limit.since <= earlier.since):
                text = "each limit of notices begins after the one before it"
                yield item.problem(text, "settings", "notice_limits", n)


def claims_count_only_in_real_time(s: Subject) -> Iterator[Problem]:
    """What a provider says counts only where the platform tells it so at once."""
    for item, contract in s.of(Contract):
        claimed = contract.settings.evidence == "claimed"
        if claimed and contract.settings.receipt_mode != "realtime":
            text = "evidence 'claimed' needs receipt_mode 'realtime'; else nothing says delivered"
            yield item.problem(text, "settings", "evidence")


RULES: tuple[Rule, ...] = (
    contracts_are_named_by_their_parts, versions_follow_each_other, counterparties_are_known,
    contract_routes_fit, what_is_probed_is_judged, hours_can_be_counted, holidays_mean_something,
    tables_are_in_order, claims_count_only_in_real_time,
)  # fmt: skip
