"""Rules across the objects of a catalogue: each one small function, all run, all reported.

In:  `Loaded`, the names of the adapters there are, the limits. Out: problems with file and line.
Pure. Before: `load.py`. After: `plan.py` and `publish.py`, for a catalogue without errors.
A disabled route is a plan: its adapter and its receivers may be still to come.
"""

import re
from collections.abc import Iterator
from uuid import UUID

from services.catalogue import oncall, sla, texts
from services.catalogue.load import Item, Loaded, Problem
from services.catalogue.plan import DAYS, Limits, load_of, minute_of, window_minutes
from services.catalogue.sentences import suggestion
from services.catalogue.subject import Rule, Subject, is_zone, repeated
from services.contracts.catalogue import (
    KINDS,
    Account,
    Body,
    ChannelRule,
    Receiver,
    Route,
    Sender,
)
from services.contracts.model import DailyWindow
from services.contracts.sla import Contract
from services.contracts.vocabulary import Channel, NoticeClass, ObserverKind

MOST_LATE_S = {NoticeClass.C0: 300}  # where life hangs on minutes; elsewhere an hour
# No advertising 21:00-08:00: Information and Communications Network Act 50.
NIGHT = (21 * 60, 8 * 60)
NUMBERED = {Channel.SMS, Channel.LMS, Channel.RCS}  # sent from a registered number, by a carrier
NAMED = {Channel.ALIMTALK, Channel.BRANDMESSAGE}  # sent from a Kakao channel

_FACT_SOURCE = re.compile(r"\[([^\[\]]+)\]$")


def check(
    loaded: Loaded, adapters: set[str] | frozenset[str], limits: Limits | None = None
) -> list[Problem]:
    """All that is wrong with a catalogue, by file and line: what `load` met and what the rules
    find. `apply` refuses a catalogue with any problem that is not a warning."""
    subject = Subject(
        loaded, loaded.catalogue(UUID(int=0)), frozenset(adapters), limits or Limits()
    )
    found = {problem for rule in RULES for problem in rule(subject)}
    return sorted(found | set(loaded.problems))


def duplicate_ids(s: Subject) -> Iterator[Problem]:
    first: dict[tuple[str, str], Item] = {}
    for item in s.loaded.items:
        other = first.setdefault((item.kind, item.id), item)
        if other is not item:
            yield item.problem(f"this id is already used in {other.file}:{other.line('id')}", "id")
    for item, body in s.of(Body):
        yield from repeated(item, "notice", [n.id for n in body.notices], "notices")
    for item, sender in s.of(Sender):
        yield from repeated(item, "template", [t.code for t in sender.templates], "templates")


def what_is_named_exists(s: Subject) -> Iterator[Problem]:
    """A field that is called like a kind holds the id of such an object."""
    for item in s.loaded.items:
        for kind in KINDS:
            if name := getattr(item.model, kind, None):
                yield from s.missing(item, kind, name, kind)
    for item, route in s.of(Route):
        for kind in ("sender", "channel") if route.failover else ():
            yield from s.missing(item, kind, getattr(route.failover, kind), "failover", kind)
        for place, name in enumerate(route.receivers if route.enabled else ()):
            yield from s.missing(item, "receiver", name, "receivers", place)


def route_names_its_parts(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        stem = f"{route.body}.{route.channel}.{route.account}"
        if route.id != stem and not re.fullmatch(re.escape(stem) + r"\.[a-z0-9_-]+", route.id):
            yield item.problem(f"the id must be '{stem}', or '{stem}.<variant>'", "id")


def route_notice_exists(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        body = s.catalogue.bodies.get(route.body)
        notices = {notice.id for notice in body.notices} if body else {route.notice}
        if route.notice not in notices:
            text = f"body '{route.body}' has no notice '{route.notice}'"
            yield item.problem(text + suggestion(route.notice, notices), "notice")


def senders_fit(s: Subject) -> Iterator[Problem]:
    """A route and its substitute are sent by a sender of the same body, account and channel."""
    for item, route in s.of(Route):
        for leg, loc in ((route, ("sender",)), (route.failover, ("failover", "sender"))):
            sender = s.catalogue.senders.get(leg.sender) if leg else None
            if leg is None or sender is None:
                continue
            wanted = f"{route.body}'s for {leg.channel} with {route.account}"
            found = f"{sender.body}'s for {sender.channel} with {sender.account}"
            if found != wanted:
                yield item.problem(f"sender '{leg.sender}' is {found}, not {wanted}", *loc)


def reports_go_by_mail(s: Subject) -> Iterator[Problem]:
    for item, body in s.of(Body):
        name = body.reports.sender if body.reports else None
        sender = s.catalogue.senders.get(name) if name else None
        if name and sender is None:
            yield from s.missing(item, "sender", name, "reports", "sender")
        elif sender and sender.channel is not Channel.EMAIL:
            text = f"sender '{name}' is for {sender.channel}: reports go by email"
            yield item.problem(text, "reports", "sender")


def senders_are_complete(s: Subject) -> Iterator[Problem]:
    for item, sender in s.of(Sender):
        if sender.channel in NUMBERED and not sender.secret:
            yield item.problem(f"{sender.channel} needs 'secret', naming its number's secret")
        if sender.channel in NAMED and not (sender.identity or "").startswith("@"):
            yield item.problem(f"{sender.channel} needs 'identity', the channel's id (@…)")
        if sender.channel is Channel.EMAIL and "@" not in (sender.identity or "")[1:]:
            yield item.problem("email needs 'identity', the address that mail comes from")


def templates_exist(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        sender = s.catalogue.senders.get(route.sender)
        codes = {template.code for template in sender.templates} if sender else set()
        if route.channel is Channel.ALIMTALK and route.template is None:
            yield item.problem("an Alimtalk needs 'template', the code of an approved text")
        elif sender and route.template is not None and route.template not in codes:
            text = f"sender '{sender.id}' has no template '{route.template}'"
            yield item.problem(text + suggestion(route.template, codes), "template")


def mailboxes_are_complete(s: Subject) -> Iterator[Problem]:
    for item, box in s.of(Receiver):
        read = any(observer.kind is ObserverKind.IMAP for observer in box.observers)
        if read and not (box.base_url and box.platform):
            yield item.problem("a mailbox needs 'base_url' (imaps://…) and 'platform'")
    mailed = {route.account for _, route in s.of(Route) if route.channel is Channel.EMAIL}
    for item, account in s.of(Account):
        if account.id in mailed and account.bounces is None:
            yield item.problem("an account that sends mail needs 'bounces'")


def platforms_fit(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        if route.channel in NUMBERED and route.platform:
            yield item.problem(
                f"{route.channel} is delivered by the receiver's carrier; leave 'platform' out",
                "platform",
            )
        if route.channel not in NUMBERED | {Channel.EMAIL} and not route.platform:
            yield item.problem(f"{route.channel} needs 'platform': who finally delivers it")


def accounts_cover_their_channels(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        account = s.catalogue.accounts.get(route.account)
        for channel in [route.channel, *([route.failover.channel] if route.failover else [])]:
            for field in ("services", "quota", "price_krw") if account else ():
                if channel not in getattr(account, field):
                    text = f"account '{route.account}' has no {field} for {channel}"
                    yield item.problem(text, "account")


def adapters_exist(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        if route.enabled and not route.observed and route.adapter not in s.adapters:
            near = suggestion(route.adapter, s.adapters)
            yield item.problem(f"there is no adapter '{route.adapter}'{near}", "adapter")


def rooms_are_told(s: Subject) -> Iterator[Problem]:
    """A room that is only watched has a title of its own and a time after which it is quiet."""
    rooms: dict[str, str] = {}
    for item, route in s.of(Route):
        if route.observed != (route.expected_within_s is not None):
            text = "'expected_within_s' and adapter 'none' (nothing is sent) go together"
            yield item.problem(text, "adapter")
        sender = s.catalogue.senders.get(route.sender) if route.observed else None
        if sender and sender.room is None:
            yield item.problem(f"sender '{sender.id}' names no 'room' to observe", "sender")
        elif sender and rooms.setdefault(sender.room or "", route.id) != route.id:
            text = f"the room of sender '{sender.id}' is observed by '{rooms[sender.room or '']}'"
            yield item.problem(text, "sender")


def ladders_lead_somewhere(s: Subject) -> Iterator[Problem]:
    for item, body in s.of(Body):
        for n, notice in enumerate(body.notices):
            if not any(rung.route for rung in notice.ladder):
                text = f"no rung of notice '{notice.id}' has a route: nothing watches it"
                yield item.problem(text, "notices", n, "ladder", warning=True)
            for r, rung in enumerate(notice.ladder):
                loc = ("notices", n, "ladder", r, "route")
                yield from s.missing(item, "route", rung.route, *loc) if rung.route else ()
                route = s.catalogue.routes.get(rung.route or "")
                if route and (route.body, route.channel) != (item.id, rung.channel):
                    text = f"route '{route.id}' is not a {rung.channel} route of this body"
                    yield item.problem(text, *loc)


def bodies_are_watched(s: Subject) -> Iterator[Problem]:
    watched = {route.body for _, route in s.of(Route) if route.enabled}
    for item, body in s.of(Body):
        if body.id not in watched:
            yield item.problem("no route of this body is enabled", warning=True)


def objects_stand_in_their_body_s_file(s: Subject) -> Iterator[Problem]:
    for item in s.loaded.items:
        body = item.id if item.kind == "body" else getattr(item.model, "body", None)
        folder = "contracts" if item.kind == "contract" else "bodies"
        if body is not None and item.file != f"{folder}/{body}.yaml":
            loc = "id" if item.kind == "body" else "body"
            yield item.problem(f"this belongs into {folder}/{body}.yaml", loc)


def facts_name_their_source(s: Subject) -> Iterator[Problem]:
    for item, body in s.of(Body):
        known = {source.key for source in body.sources}
        for n, notice in enumerate(body.notices):
            if notice.audience.source and notice.audience.source not in known:
                text = f"there is no source '{notice.audience.source}'"
                yield item.problem(text, "notices", n, "audience", "source")
            for f, fact in enumerate(notice.facts):
                end = _FACT_SOURCE.search(fact)
                keys = {key.strip() for key in end.group(1).split(",")} if end else set()
                if not keys or not keys <= known | {"inference"}:
                    text = "a fact ends with its source keys, as '[A, B3]', or '[inference]'"
                    yield item.problem(text, "notices", n, "facts", f)


def intervals_are_allowed(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        account = s.catalogue.accounts.get(route.account)
        provider = s.catalogue.providers.get(account.provider) if account else None
        if provider and route.interval_s < provider.min_interval_s:
            text = f"interval_s {route.interval_s} is below the {provider.min_interval_s}"
            yield item.problem(f"{text} that provider '{provider.id}' allows", "interval_s")


def due_times_are_sensible(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        body, known = s.catalogue.bodies.get(route.body), route.channel in s.catalogue.channels
        for notice in body.notices if body and known else ():
            late_s = s.catalogue.late_s(route)
            most = MOST_LATE_S.get(notice.notice_class, 3_600)
            if notice.id == route.notice and late_s > most:
                text = f"late after {late_s} s; a {notice.notice_class} notice allows {most} s"
                yield item.problem(text, "late_s")


def receivers_can_see(s: Subject) -> Iterator[Problem]:
    for item, route in s.of(Route):
        rule = s.catalogue.channels.get(route.channel)
        for place, name in enumerate(route.receivers if route.enabled and rule else ()):
            phone = s.catalogue.receivers.get(name)
            if phone and not s.catalogue.observers_of(route, phone):
                text = f"receiver '{name}' has no observer that sees {route.channel}"
                yield item.problem(text, "receivers", place)


def ladders_can_be_drilled(s: Subject) -> Iterator[Problem]:
    """A drill must fail on the own channel, and its substitute must be seen."""
    for item, route in s.of(Route):
        drill = route.ladder_probe if route.enabled else None
        if drill is None:
            continue
        yield from s.missing(item, "receiver", drill.receiver, "ladder_probe", "receiver")
        if route.failover is None:
            yield item.problem("'ladder_probe' needs 'failover': what it drills", "ladder_probe")
        phone = s.catalogue.receivers.get(drill.receiver)
        if phone is None or not {route.channel} <= set(s.catalogue.channels):
            continue
        if s.catalogue.observers_of(route, phone):
            text = f"receiver '{phone.id}' has {route.channel}: no substitute would be sent to it"
            yield item.problem(text, "ladder_probe", "receiver")
        known = route.failover and Channel(route.failover.channel) in s.catalogue.channels
        if known and not s.catalogue.substitute_observers_of(route, phone):
            text = f"receiver '{phone.id}' has no observer that sees the substitute"
            yield item.problem(text, "ladder_probe", "receiver")


def windows_are_real(s: Subject) -> Iterator[Problem]:
    resting: list[tuple[Item, ChannelRule | Route | Contract]]
    resting = [*s.of(ChannelRule), *s.of(Route), *s.of(Contract)]
    for item, model in resting:
        window = model.restricted
        if window is None:
            continue
        if any(at.second or at.microsecond or at.tzinfo for at in (window.start, window.end)):
            yield item.problem("times of a window are written as 'HH:MM'", "restricted")
        if not window_minutes(window):
            yield item.problem("the window starts and ends at the same time", "restricted")
        if not is_zone(window.zone):
            text = f"there is no time zone '{window.zone}'"
            yield item.problem(text, "restricted", "zone")


def advertising_rests_at_night(s: Subject) -> Iterator[Problem]:
    text = "advertising must rest at least 21:00-08:00 in Asia/Seoul"
    for item, rule in s.of(ChannelRule):
        if rule.advertising and not _covers_the_night(rule.restricted):
            yield item.problem(text, "restricted")
    for item, route in s.of(Route):
        own = s.catalogue.channels.get(route.channel)
        if own and own.advertising and route.restricted and not _covers_the_night(route.restricted):
            yield item.problem(text, "restricted")


def _covers_the_night(window: DailyWindow | None) -> bool:
    if window is None or window.zone != "Asia/Seoul":
        return False
    start, end = NIGHT
    before = (start - minute_of(window.start)) % 1440
    return before + (end - start) % 1440 <= window_minutes(window)


def templates_survive_the_way(s: Subject) -> Iterator[Problem]:
    """A text that a phone hides or cuts, or a channel refuses, would measure itself."""
    for item, sender in s.of(Sender):
        for place, template in enumerate(sender.templates):
            for text in texts.wrong_with(template.text, sender.channel):
                full = f"template '{template.code}' {text}"
                yield item.problem(full, "templates", place, "text")


def no_secrets_and_no_numbers(s: Subject) -> Iterator[Problem]:
    """In any line of any file, comments too. The sentence repeats nothing."""
    for name, text in s.loaded.texts.items():
        for number, line in enumerate(text.splitlines(), start=1):
            if texts.holds_a_number(line):
                sentence = "looks like a telephone number; numbers belong into the secrets folder"
                yield Problem(name, number, sentence)
            if texts.holds_a_secret(line):
                sentence = "looks like a secret; write the name of a secret, keep the value outside"
                yield Problem(name, number, sentence)


def quotas_keep_room_for_citizens(s: Subject) -> Iterator[Problem]:
    if s.nights_are_unknown:
        return
    allowed = s.limits.quota_share
    owners = {(item.kind, item.id): item for item in s.loaded.items}
    for use in load_of(s.catalogue, s.limits).uses:
        item = owners.get((use.owner, use.id))
        place = ("quota", use.channel) if use.owner == "account" else ("quota",)
        for span, share in (("day", use.share_day), ("month", use.share_month)):
            if item and share is not None and share > allowed:
                used, quota = getattr(use, span), getattr(use.quota, span)
                text = (
                    f"probes would use {used} of {quota} {use.channel} messages a {span}, confirm"
                    f" probes, substitutes and proofs of paths included; at most {allowed:.0%} may"
                    " go to probes"
                )
                yield item.problem(text, *place)


def budgets_suffice(s: Subject) -> Iterator[Problem]:
    if s.nights_are_unknown:
        return
    cost = load_of(s.catalogue, s.limits).cost_krw_month
    for item, account in s.of(Account):
        krw, budget = cost.get(account.id, 0), account.probe_budget_krw_month
        if krw > budget:
            text = f"probes would cost KRW {krw:,} in {DAYS} days, the budget is {budget:,}"
            yield item.problem(text, "probe_budget_krw_month")


RULES: tuple[Rule, ...] = (
    duplicate_ids, what_is_named_exists, route_names_its_parts, route_notice_exists, senders_fit,
    reports_go_by_mail, senders_are_complete, templates_exist, mailboxes_are_complete,
    platforms_fit, accounts_cover_their_channels, adapters_exist, rooms_are_told,
    ladders_lead_somewhere,
    bodies_are_watched, objects_stand_in_their_body_s_file, facts_name_their_source,
    intervals_are_allowed, due_times_are_sensible, receivers_can_see, ladders_can_be_drilled,
    windows_are_real, advertising_rests_at_night, templates_survive_the_way,
    no_secrets_and_no_numbers, quotas_keep_room_for_citizens, budgets_suffice, *oncall.RULES,
    *sla.RULES,
)  # fmt: skip
