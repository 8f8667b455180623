"""What a route depends on: the components that can break alone, by id.

In:  a catalogue, a route, the receiver whose turn it is. Out: component ids, sorted. Pure.
Used by: detection (paths of its items), drills (blast radius), boards. Ids are `kind:name`.
A message goes by a platform *or* a carrier: a KakaoTalk message says nothing of SMS delivery. The
worker that sends is no part of the catalogue; `probe.sent` names it.
"""

from services.contracts.catalogue import Catalogue, Receiver, Route
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
