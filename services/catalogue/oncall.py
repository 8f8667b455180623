"""Rules of the on-call file: whoever is paged can be reached, whatever one component is broken.

In:  `Subject`. Out: problems with file and line. Pure; run by `check.py` with all other rules.
What a path depends on: `components.py`. Bongsu's own parts count nowhere here.
"""

from collections.abc import Iterator
from itertools import combinations, groupby

from services.catalogue.components import components_of_path
from services.catalogue.load import Item, Problem
from services.catalogue.subject import Rule, Subject, is_zone, repeated
from services.contracts.catalogue import Route
from services.contracts.oncall import DAY, DAYS, WEEK, PagingPath, Person, Rota
from services.contracts.vocabulary import Carrier

FILE = "oncall.yaml"
# What each kind of path must name, and what it must not: it would be believed and mean nothing.
NEEDS: dict[str, tuple[str, ...]] = {
    "sms": ("secret", "account", "sender", "carrier"),
    "email": ("secret", "account", "sender", "platform"),
    "webhook": ("secret",),
    "alertmanager": ("base_url",),
}
WITHOUT: dict[str, tuple[str, ...]] = {
    "sms": ("base_url", "platform", "returns"),
    "email": ("base_url", "returns"),
    "webhook": ("account", "sender", "receiver"),
    "alertmanager": ("account", "sender", "receiver"),
}


def somebody_is_paged(s: Subject) -> Iterator[Problem]:
    if FILE not in s.loaded.texts:
        if not any(problem.file == FILE for problem in s.loaded.problems):
            yield Problem(FILE, 1, "this file is missing: nobody is paged", warning=True)
    elif not s.catalogue.rotas and not any(kind == "rota" for kind, _ in s.loaded.broken):
        yield Problem(FILE, 1, "section 'rota' is missing: nobody would be paged")


def paths_are_complete(s: Subject) -> Iterator[Problem]:
    for item, path in s.of(PagingPath):
        for field in NEEDS[path.notifier]:
            if getattr(path, field) is None:
                yield item.problem(f"{path.notifier} needs '{field}'")
        for field in WITHOUT[path.notifier]:
            if getattr(path, field):
                yield item.problem(f"{path.notifier} uses no '{field}'; leave it out", field)
        if path.carrier is Carrier.NONE:
            yield item.problem("leave 'carrier' out where no phone is", "carrier")
        if path.desk and path.carrier:
            yield item.problem("it is read either at a desk or on a phone of a carrier", "desk")


def paths_fit_their_senders(s: Subject) -> Iterator[Problem]:
    for item, path in s.of(PagingPath):
        sender = s.catalogue.senders.get(path.sender or "")
        account = s.catalogue.accounts.get(path.account or "")
        if sender and (sender.channel, sender.account) != (path.notifier, path.account):
            found = f"for {sender.channel} with {sender.account}"
            text = f"sender '{sender.id}' is {found}, not for {path.notifier} with {path.account}"
            yield item.problem(text, "sender")
        if account and path.notifier not in account.services:
            text = f"account '{account.id}' has no services for {path.notifier}"
            yield item.problem(text, "account")


def paths_are_sent_like_routes(s: Subject) -> Iterator[Problem]:
    """The adapter of a path is that of the routes of its account."""
    if any(kind == "route" for kind, _ in s.loaded.broken):
        return
    sent = {(route.account, str(route.channel)) for _, route in s.of(Route)}
    for item, path in s.of(PagingPath):
        known = path.account in s.catalogue.accounts
        if known and (path.account, path.notifier) not in sent:
            text = f"no route sends {path.notifier} with account '{path.account}'"
            yield item.problem(text, "account")


def paths_are_proven_like_they_are_read(s: Subject) -> Iterator[Problem]:
    """A test receiver elsewhere would prove another path."""
    for item, path in s.of(PagingPath):
        phone = s.catalogue.receivers.get(path.receiver or "")
        if phone is None or path.notifier not in ("sms", "email"):
            continue
        field = "carrier" if path.notifier == "sms" else "platform"
        if getattr(phone, field) != getattr(path, field):
            text = f"receiver '{phone.id}' has another {field}, so it would prove another path"
            yield item.problem(text, "receiver")
        rule = s.catalogue.channels.get(path.notifier)
        if rule and not {observer.kind for observer in phone.observers} & set(rule.observers):
            text = f"receiver '{phone.id}' has no observer that sees {path.notifier}"
            yield item.problem(text, "receiver")


def what_returns_is_proven_by_a_secret(s: Subject) -> Iterator[Problem]:
    for item, path in s.of(PagingPath):
        if path.returns and path.secret is None:
            yield item.problem("'returns' needs a 'secret', whose word comes along", "returns")


def people_are_read_somewhere(s: Subject) -> Iterator[Problem]:
    for item, person in s.of(Person):
        yield from repeated(item, "path", list(person.paths), "paths")
        for place, name in enumerate(person.paths):
            yield from s.missing(item, "path", name, "paths", place)
            path = s.catalogue.paths.get(name)
            if path and not path.desk and path.carrier is None:
                text = f"path '{name}' is read neither at a desk nor on a phone"
                yield item.problem(text, "paths", place)


def nobody_is_silenced(s: Subject) -> Iterator[Problem]:
    """Losing one component leaves everybody a path: so over two carriers, or at a desk, too."""
    for item, person in s.of(Person):
        paths = [s.catalogue.paths.get(name) for name in person.paths]
        passed = [set(components_of_path(s.catalogue, path)) for path in paths if path]
        if len(passed) < len(paths):
            continue  # said elsewhere
        if len(passed) == 1:
            yield item.problem("has one path only: what breaks it silences every page", "paths")
        elif everywhere := set.intersection(*passed):
            text = f"every path passes {', '.join(sorted(everywhere))}: losing one of them silences"
            yield item.problem(f"{text} every page", "paths")
        else:
            yield from _warned_of_pairs(item, passed)


def _warned_of_pairs(item: Item, passed: list[set[str]]) -> Iterator[Problem]:
    pairs = combinations(sorted(set().union(*passed)), 2)
    silencing = [pair for pair in pairs if all(one & set(pair) for one in passed)]
    if silencing:
        more = f" (and {len(silencing) - 1} other pairs)" if silencing[1:] else ""
        text = f"losing {' and '.join(silencing[0])} together silences every page{more}"
        yield item.problem(text, "paths", warning=True)


def rota_names_people_and_paths(s: Subject) -> Iterator[Problem]:
    for item, rota in s.of(Rota):
        for n, shift in enumerate(rota.shifts):
            yield from s.missing(item, "person", shift.person, "shifts", n, "person")
        for n, step in enumerate(rota.escalation):
            if n and step.after_min <= rota.escalation[n - 1].after_min:
                text = "each step comes later than the one before it"
                yield item.problem(text, "escalation", n, "after_min")
            for place, name in enumerate(step.people):
                yield from s.missing(item, "person", name, "escalation", n, "people", place)
        for place, name in enumerate(rota.systems):
            yield from s.missing(item, "path", name, "systems", place)
        if not rota.escalation:
            text = "there is no 'escalation': nobody is called after the first"
            yield item.problem(text, warning=True)


def everybody_and_every_path_is_used(s: Subject) -> Iterator[Problem]:
    if not s.catalogue.rotas:
        return
    called = {name for _, rota in s.of(Rota) for name in _called(rota)}
    used = {name for _, person in s.of(Person) for name in person.paths}
    used |= {name for _, rota in s.of(Rota) for name in rota.systems}
    for item, _ in s.of(Person):
        if item.id not in called:
            yield item.problem("no shift and no step names this person", warning=True)
    for item, _ in s.of(PagingPath):
        if item.id not in used:
            yield item.problem("no page goes over this path", warning=True)


def _called(rota: Rota) -> Iterator[str]:
    yield from (shift.person for shift in rota.shifts)
    yield from (name for step in rota.escalation for name in step.people)


def shifts_cover_the_week(s: Subject) -> Iterator[Problem]:
    for item, rota in s.of(Rota):
        if not is_zone(rota.zone):
            yield item.problem(f"there is no time zone '{rota.zone}'", "zone")
        for n, shift in enumerate(rota.shifts):
            for field in ("start", "end"):
                at = getattr(shift, field)
                if at.second or at.microsecond or at.tzinfo:
                    text = "times of a shift are written as 'HH:MM'"
                    yield item.problem(text, "shifts", n, field)
        if gaps := ", ".join(_gaps(rota)):
            yield item.problem(f"nobody is on call {gaps}", "shifts")


def _gaps(rota: Rota) -> Iterator[str]:
    free = [minute for minute in range(WEEK) if rota.first(minute) is None]
    for _, one in groupby(enumerate(free), lambda both: both[1] - both[0]):
        minutes = [minute for _, minute in one]
        yield f"{_clock(minutes[0])}-{_clock(minutes[-1] + 1)}"


def _clock(minute: int) -> str:
    day, rest = divmod(minute, DAY)
    return f"{DAYS[day % 7]} {rest // 60:02}:{rest % 60:02}"


RULES: tuple[Rule, ...] = (
    somebody_is_paged, paths_are_complete, paths_fit_their_senders, paths_are_sent_like_routes,
    paths_are_proven_like_they_are_read, what_returns_is_proven_by_a_secret,
    people_are_read_somewhere, nobody_is_silenced, rota_names_people_and_paths,
    everybody_and_every_path_is_used, shifts_cover_the_week,
)  # fmt: skip
