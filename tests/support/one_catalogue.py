"""The catalogue of `one_world.py`: what its places need and nothing else.

Out: routes that differ in the one component they are to show; the shards of all but those of `CUT`
are even, so that another worker runs them. Calls that hang find room: accounts are wide.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count, pairwise

from services.contracts import slots, topics
from services.contracts.catalogue import (
    Account,
    Catalogue,
    Observer,
    Platform,
    Quota,
    Receiver,
    Route,
    Sender,
    Template,
)
from services.contracts.vocabulary import Carrier, Channel, ObserverKind
from services.runtime.kafka import partition_of
from tests.support.chain import shipped
from tests.support.one_world import ALL, CUT, DEAD, LATE_S, Place, Routes

INTERVAL_S = 5
ADAPTERS = {
    ("sens", Channel.SMS): "sens_sms",
    ("sens", Channel.ALIMTALK): "sens_alimtalk",
    ("sens", Channel.BRANDMESSAGE): "sens_brandmessage",
    ("nhn", Channel.SMS): "nhn_sms",
    ("kakaopay-doc", Channel.EDOCUMENT): "kakao_edocument",
    ("mail-relay", Channel.EMAIL): "email",
}
BOXES = {"naver": "naver-mail", "daum": "daum-mail", "spare": "spare-mail"}
PROVIDER_OF = {"mail": "mail-relay", "kpdoc": "kakaopay-doc"} | {
    f"sens-{n}": "sens" for n in (2, 3, 4)
}
BEATS_S = 5


def catalogue(places: Sequence[Place] = ALL) -> tuple[Catalogue, Routes]:
    """What these places need, and their routes."""
    whole = shipped()
    senders: dict[str, Sender] = {}
    routes: dict[Place, tuple[str, ...]] = {}
    found: dict[str, Route] = {}
    for place in places:
        mine = []
        for channel in place.channels:
            route = _route(whole, place, channel, found)
            senders.setdefault(route.sender, _sender(route))
            found[route.id] = route
            mine.append(route.id)
        routes[place] = tuple(mine)
    receivers = {receiver.id: receiver for receiver in _receivers()}
    accounts = {account.id: account for account in _accounts(whole)}
    spare = Platform(id="spare-mail", name=whole.platforms["naver-mail"].name)
    changed = {
        "routes": found,
        "senders": senders,
        "receivers": receivers,
        "accounts": accounts,
        "platforms": whole.platforms | {spare.id: spare},
        "bodies": {name: whole.bodies[name] for name in {place.body for place in ALL}},
    }
    return whole.model_copy(update=changed), routes


def quiet(routes: Routes, after: datetime) -> datetime:
    """A moment soon before which no route has a slot for as long as may be: a fault that begins, or
    ends, then and 45 s later finds few probes on their way."""
    every = timedelta(seconds=INTERVAL_S)
    named = (name for own in routes.values() for name in own)
    found = sorted(slots.next_slot(name, every, after) for name in named)
    before = {late: late - early for early, late in pairwise([*found, found[0] + every])}
    return max(before, key=before.__getitem__)


def _route(whole: Catalogue, place: Place, channel: Channel, known: Mapping[str, Route]) -> Route:
    own = place.component.removeprefix("sender:") if place.kind == "sender" else None
    provider = PROVIDER_OF.get(place.account, place.account)
    kakao = channel in (Channel.ALIMTALK, Channel.BRANDMESSAGE, Channel.EDOCUMENT)
    written = channel in (Channel.ALIMTALK, Channel.BRANDMESSAGE)
    return Route(
        id=_free_id(f"{place.body}.{channel}.{place.account}", place, known),
        body=place.body,
        notice=whole.bodies[place.body].notices[0].id,
        channel=channel,
        adapter=ADAPTERS[provider, channel],
        account=place.account,
        sender=own or f"{place.body}-{channel}-{place.account}",
        template="check" if written else None,
        platform="kakaotalk" if kakao else None,
        receivers=place.receivers,
        interval_s=INTERVAL_S,
        late_s=LATE_S,
    )


def _free_id(stem: str, place: Place, known: Mapping[str, Route]) -> str:
    """A worker runs every other shard: the routes of the one that is cut lie on the odd ones."""
    odd = place is CUT
    ids = (f"{stem}.{n}" for n in count(1))
    shards = topics.COMMANDS.partitions
    return next(i for i in ids if i not in known and partition_of(i, shards) % 2 == odd)


def _sender(route: Route) -> Sender:
    written = route.template is not None
    text = "#{점검번호} 전달 점검\n시험 메시지입니다. 회신하지 마십시오."
    identity = {True: f"@{route.sender.replace('-', '')}", False: None}[written]
    if route.channel is Channel.EMAIL:
        identity = f"{route.sender}@bongsu.invalid"
    return Sender(
        id=route.sender,
        body=route.body,
        account=route.account,
        channel=route.channel,
        identity=identity,
        secret=None if identity else f"number-{route.sender}",
        quota=Quota(),
        templates=(Template(code="check", text=text),) if written else (),
    )


def _receivers() -> Iterator[Receiver]:
    for name in sorted({name for place in ALL for name in place.receivers}):
        stem = name.partition("-")[0]
        if stem in BOXES:
            kinds, carrier, base_url = [ObserverKind.IMAP], Carrier.NONE, "imaps://imap.invalid"
        else:
            kinds = [ObserverKind.ANDROID_SMS_GATEWAY, ObserverKind.SMSFORWARDER]
            carrier, base_url = Carrier(stem), None
        island = any(p.component == "site:island" and name in p.receivers for p in DEAD)
        yield Receiver(
            id=name, carrier=carrier, os="Android 14", site="island" if island else "seoul",
            secret=f"receiver-{name}", platform=BOXES.get(stem), base_url=base_url,
            observers=tuple(
                Observer(kind=kind, secret=f"{kind}-{name}", heartbeat_s=BEATS_S) for kind in kinds
            ),
        )  # fmt: skip


def _accounts(whole: Catalogue) -> Iterator[Account]:
    """Those of the shipped catalogue, and more of SENS; none too narrow for calls that hang."""
    for name in sorted({place.account for place in ALL}):
        stem = whole.accounts["sens" if name.startswith("sens-") else name]
        room = {"concurrency": 100, "rate_per_s": 100.0}
        yield stem.model_copy(update={"id": name, "secret": f"account-{name}", **room})
