"""What a route or a page depends on: the components that can break alone, by id.

In:  a catalogue, a route and the receiver whose turn it is, or a path of pages. Out: component ids,
     sorted. Pure.
Used by: detection (paths of its items), paging (which paths still work), drills (blast radius),
boards. Ids are `kind:name`.
A message goes by a platform *or* a carrier: a KakaoTalk message says nothing of SMS delivery. The
worker that sends is no part of the catalogue; `probe.sent` names it.
"""

from collections.abc import Collection

from services.contracts.catalogue import Catalogue, Receiver, Route
from services.contracts.oncall import PagingPath
from services.contracts.vocabulary import Carrier


def components_of(catalogue: Catalogue, route: Route, receiver: str) -> tuple[str, ...]:
    """The components one probe of `route` to `receiver` passes: dealer, account, sender,
    platform or carrier and its function, handset, its observers that count, site, the route.

    What the catalogue does not hold (yet) is left out, except the receiver itself.
    """
    account = catalogue.accounts.get(route.account)
    phone = catalogue.receivers.get(receiver)
    found = {
        f"account:{route.account}",
        f"line:{route.account}-{route.channel}",
        f"sender:{route.sender}",
        f"route:{route.id}",
        f"receiver:{receiver}",
    }
    found |= {f"provider:{account.provider}"} if account else set()
    found |= _ends(catalogue, route, phone) if phone else set()
    found |= _deliverer(route, phone) | _media(catalogue, route)
    return tuple(sorted(found))


def covered(catalogue: Catalogue, route: Route, parts: Collection[str]) -> bool:
    """Does every message of a route pass something of `parts`?"""
    if f"body:{route.body}" in parts:
        return True
    return all(
        any(worked_on(one, parts) for one in components_of(catalogue, route, receiver))
        for receiver in route.receivers
    )


def worked_on(component: str, parts: Collection[str]) -> bool:
    """Is it, or the whole of which it is a function, one of `parts`?"""
    return component in parts or component.partition("/")[0] in parts


def components_of_path(catalogue: Catalogue, path: PagingPath) -> tuple[str, ...]:
    """The components a page over `path` passes: dealer, account, its line and sender, whose mailbox
    it is, and read on a phone its carrier, which brings an SMS or the data of everything else.

    Bongsu's own parts are none of them: what watches bongsu from outside answers for those.
    """
    account = catalogue.accounts.get(path.account or "")
    found = {f"provider:{account.provider}"} if account else set()
    if path.account:
        found |= {f"account:{path.account}", f"line:{path.account}-{path.notifier}"}
    if path.sender:
        found |= {f"sender:{path.sender}"}
    if path.platform:
        found |= {f"platform:{path.platform}", f"platform:{path.platform}/{path.notifier}"}
    return tuple(sorted(found | _phone(path)))


def _phone(path: PagingPath) -> set[str]:
    if path.carrier is None:
        return set()
    if path.notifier != "sms":
        return {f"carrier:{path.carrier}", f"carrier:{path.carrier}/data"}
    pair = f"pair:{path.account}-{path.carrier}"
    return {f"carrier:{path.carrier}", f"carrier:{path.carrier}/sms", pair}


def components(catalogue: Catalogue) -> tuple[str, ...]:
    """Every component a catalogue knows: what its routes pass, and what stands by itself."""
    found = {f"body:{body}" for body in catalogue.bodies}
    found |= {f"platform:{platform}" for platform in catalogue.platforms}
    found |= {f"provider:{provider}" for provider in catalogue.providers}
    found |= {f"account:{account}" for account in catalogue.accounts}
    found |= {f"sender:{sender}" for sender in catalogue.senders}
    for receiver in catalogue.receivers.values():
        found |= {f"receiver:{receiver.id}", f"site:{receiver.site}"} | _carrier(receiver)
        found |= {f"observer:{receiver.id}/{observer.kind}" for observer in receiver.observers}
    for route in catalogue.routes.values():
        for name in route.receivers:
            found |= set(components_of(catalogue, route, name))
    return tuple(sorted(found))


def _ends(catalogue: Catalogue, route: Route, phone: Receiver) -> set[str]:
    seeing = catalogue.observers_of(route, phone) if route.channel in catalogue.channels else ()
    return {f"site:{phone.site}"} | {f"observer:{phone.id}/{kind}" for kind in seeing}


def _deliverer(route: Route, phone: Receiver | None) -> set[str]:
    platform = route.platform or (phone.platform if phone else None)
    if platform:
        return {f"platform:{platform}", f"platform:{platform}/{route.channel}"}
    if phone is None or phone.carrier is Carrier.NONE:
        return set()
    pair = f"pair:{route.account}-{phone.carrier}"
    return {*_carrier(phone), f"carrier:{phone.carrier}/{route.channel}", pair}


def _media(catalogue: Catalogue, route: Route) -> set[str]:
    template = catalogue.template_of(route)
    return {f"platform:{route.platform}/media"} if template and template.image else set()


def _carrier(phone: Receiver) -> set[str]:
    return set() if phone.carrier is Carrier.NONE else {f"carrier:{phone.carrier}"}
