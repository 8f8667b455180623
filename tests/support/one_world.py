"""One timetable of faults for the running stack and for a replay: every state of every component.

In:  a start. Out: a catalogue, the cells of the table (a component in one state, the routes that
show it), the faults. Every cell has routes of its own, which meet nothing else that is broken:
what is judged by them is healthy in all other parts. Three states of each kind at a time, three
rounds; a fourth for what the others need to be healthy.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from services.contracts import ids, topics
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
from services.replay.scenario import Scenario, Segment, Span
from services.runtime.kafka import partition_of
from simulators.faults import Delay, State
from tests.support.chain import shipped

SEED = 1  # of the simulated world, unless its file says otherwise
INTERVAL_S = 5
# The first of three components of a kind is down in its time: a call that nothing answers is told
# from our own outage by what answered up to a minute later.
LATE_S, LATE_WHERE_SILENT_S = 12, 60
ROUND, BROKEN = timedelta(seconds=60), timedelta(seconds=45)
ROUNDS = (
    (State.DOWN, State.DEGRADED, State.LOSSY),
    (State.DUPLICATING, State.DELAYED, State.LOADED),
    (State.REFUSING, State.LYING, State.SILENT_SENDER),
)
# Around the due time, so that all that can become of a late message does. An SMS tells when its
# carrier took it, and is late only once its phone gave a sign in another minute.
DELAY, LONGER = Delay(median=12, p95=30), Delay(median=30, p95=60)
FACTOR = {"platform": 8.0, "carrier": 4.0}
FACTOR_AT_ENTRY = 50.0
PHONES = ("mvno-01", "mvno-02", "mvno-03")  # of a carrier that is always well
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
SMS, MAIL = Channel.SMS, Channel.EMAIL


@dataclass(frozen=True)
class Place:
    """A component, and how the two routes that show it go: channels, account, receivers."""

    component: str
    channels: tuple[Channel, ...] = (SMS, SMS)
    account: str = "sens"
    receivers: tuple[str, ...] = PHONES
    body: str = "geoje"
    function: str | None = None
    late_s: int = LATE_S

    @property
    def kind(self) -> str:
        """`carrier` and so on."""
        return self.component.partition(":")[0]


def _three(kind: str, *places: Place) -> tuple[str, tuple[Place, ...]]:
    first, *others = places
    return kind, (replace(first, late_s=LATE_WHERE_SILENT_S), *others)


# Three components a kind; of senders and bodies the routes' own.
THREE: dict[str, tuple[Place, ...]] = dict((
    _three("carrier", *(Place(f"carrier:{c}", receivers=(f"{c}-01", f"{c}-02"))
                        for c in ("skt", "kt", "lgu"))),
    _three("platform",
           Place("platform:naver-mail", (MAIL, MAIL), "mail", ("naver-01",)),
           Place("platform:kakaotalk", (Channel.ALIMTALK,) * 2, function="alimtalk"),
           Place("platform:daum-mail", (MAIL, MAIL), "mail", ("daum-01",))),
    _three("account", *(Place(f"account:{a}", account=a) for a in ("sens-2", "sens-3", "sens-4"))),
    _three("body", *(Place(f"body:{b}", body=b) for b in ("moel", "lh", "gyeonggi"))),
    _three("sender", *(Place(f"sender:own-{n}") for n in (1, 2, 3))),
))  # fmt: skip
NHN = Place("provider:nhn", account="nhn", late_s=LATE_WHERE_SILENT_S)
DOCUMENTS = Place("provider:kakaopay-doc", (Channel.EDOCUMENT,) * 2, "kpdoc")
SENS = Place("provider:sens")
RELAY_ACCOUNT = Place("account:mail", (MAIL, MAIL), "mail", ("spare-01",))
# Of both apps of a phone, what each sees.
BOTH = (SMS, Channel.BRANDMESSAGE)
DEAD = (
    Place("receiver:mvno-04", BOTH, receivers=("mvno-04",)),
    Place("observer:mvno-05/android-sms-gateway", (SMS, SMS), receivers=("mvno-05",)),
    Place("observer:mvno-06/smsforwarder", BOTH[1:] * 2, receivers=("mvno-06",)),
    Place("site:island", BOTH, receivers=("mvno-07",)),
)
CUT = Place("worker:", late_s=LATE_WHERE_SILENT_S)
ALL = (*(p for three in THREE.values() for p in three),
       NHN, DOCUMENTS, SENS, RELAY_ACCOUNT, *DEAD, CUT)  # fmt: skip

# By round, what has no three of a kind that can be spared at once.
OTHERS: tuple[dict[Place, State], ...] = (
    {NHN: State.DOWN, DOCUMENTS: State.DEGRADED},
    {NHN: State.DUPLICATING, DOCUMENTS: State.DELAYED, **dict.fromkeys(DEAD, State.DOWN)},
    {NHN: State.LYING, DOCUMENTS: State.SILENT_SENDER},
    {NHN: State.REFUSING, DOCUMENTS: State.LOADED, SENS: State.LOSSY,
     RELAY_ACCOUNT: State.REFUSING},
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One component in one state for a time, and the routes by which it is judged."""

    place: Place
    state: State
    since: datetime
    until: datetime
    routes: tuple[str, ...]

    def holds(self, probe: tuple[str, int]) -> bool:
        """Is that route's slot (in milliseconds) one of this cell?"""
        route, slot = probe
        return route in self.routes and (
            ids.milliseconds(self.since) <= slot < ids.milliseconds(self.until)
        )

    def segment(self) -> Segment:
        """As a scenario says it."""
        factor = FACTOR.get(self.place.kind, FACTOR_AT_ENTRY)
        share = 0.5 if self.state is State.LOSSY else 1.0
        return Segment.model_construct(
            components=(self.place.component,), function=self.place.function, state=self.state,
            since=self.since, until=self.until,
            delay_s=LONGER if self.place.kind == "carrier" else DELAY, factor=factor, share=share,
        )  # fmt: skip


def timetable(start: datetime, routes: Mapping[Place, tuple[str, ...]], worker: str) -> list[Cell]:
    """All cells, from `start`; `worker`: who runs the routes of `CUT`."""
    found = [
        _cell(routes, place, state, start + ROUND * number)
        for number, states in enumerate(ROUNDS)
        for places in THREE.values()
        for place, state in zip(places, states, strict=True)
    ]
    for number, places in enumerate(OTHERS):
        for place, state in places.items():
            found.append(_cell(routes, place, state, start + ROUND * number))
    cut = replace(CUT, component=f"worker:{worker}")
    return [*found, Cell(cut, State.DOWN, start, start + ROUND * len(ROUNDS), routes[CUT])]


def _cell(
    routes: Mapping[Place, tuple[str, ...]], place: Place, state: State, since: datetime
) -> Cell:
    spared = place in (SENS, RELAY_ACCOUNT)  # nothing else is broken in their round
    mine = [
        own for p, own in routes.items() if p == place or (spared and p.account == place.account)
    ]
    return Cell(place, state, since, since + BROKEN, tuple(r for own in mine for r in own))


def scenario(cells: Sequence[Cell], span: Span) -> Scenario:
    """The same for a replay."""
    segments = tuple(cell.segment() for cell in cells)
    return Scenario.model_construct(id="one-world", given_span=span, segments=segments)


def catalogue() -> tuple[Catalogue, dict[Place, tuple[str, ...]]]:
    """What the places need and nothing else, and their routes."""
    whole = shipped()
    senders: dict[str, Sender] = {}
    routes: dict[Place, tuple[str, ...]] = {}
    found: dict[str, Route] = {}
    for place in ALL:
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
        late_s=place.late_s,
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
