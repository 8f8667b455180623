"""The catalogue: bodies, notices, channels, providers, accounts, senders, receivers, routes;
who is paged (`oncall.py`); what was promised (`sla.py`).

Data only: rules that look at more than one object live in `services/catalogue/check.py`.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.contracts import slots
from services.contracts.evidence import Id, Moment
from services.contracts.model import DailyWindow, Model, Name, SecretRef
from services.contracts.oncall import PagingPath, Person, Rota
from services.contracts.sla import Contract
from services.contracts.vocabulary import Carrier, Channel, NoticeClass, ObserverKind

OBSERVED = "none"  # the adapter of a route on which bongsu sends nothing and only watches

Krw = Annotated[int, Field(ge=0)]
# `smtp://` and `imap://` are plain text: for loopback only, which those who connect see to.
Mailbox = Annotated[str, Field(pattern=r"^imaps?://[^\s/@]+$")]
MailAddress = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9._-]{1,30}@[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=80)
]


class ChannelRule(Model):
    """채널: after how long a message counts as late, what can see it, when nothing may be sent."""

    id: Channel
    name: Name
    late_s: int = Field(gt=0, le=3_600)
    opens_within_s: int | None = Field(default=None, gt=0, le=90 * 86_400)
    advertising: bool = False
    restricted: DailyWindow | None = None
    observers: tuple[ObserverKind, ...] = Field(min_length=1)


class Platform(Model):
    """플랫폼: who finally delivers; a carrier's message centre has the carrier's id."""

    id: Id
    name: Name


class Provider(Model):
    """중계사: dealer whose API takes the message."""

    id: Id
    name: Name
    min_interval_s: int = Field(gt=0)


class Quota(Model):
    """How many messages a day and a month a contract allows; None = not limited."""

    day: int | None = Field(default=None, gt=0)
    month: int | None = Field(default=None, gt=0)


class Bounces(Model):
    """Where a mail account's reports come back: `<local part>+<probe id>@…` arrives there too.

    `secret` holds `username` and `password` of the mailbox.
    """

    address: MailAddress
    base_url: Mailbox
    secret: SecretRef


class Account(Model):
    """One contract with a provider. `secret` names a file of the secrets folder, never a value.

    `services` are the provider's own service ids by channel (not secret).
    """

    id: Id
    provider: Id
    name: Name
    base_url: str = Field(pattern=r"^(https?|smtps?|smtp\+starttls)://[^\s]+[^/\s]$")
    secret: SecretRef
    services: dict[Channel, str]
    quota: dict[Channel, Quota]
    price_krw: dict[Channel, Krw]
    probe_budget_krw_month: Krw
    concurrency: int = Field(default=20, gt=0, le=1000)
    rate_per_s: float = Field(default=20, gt=0)
    bounces: Bounces | None = None


class Template(Model):
    """A text approved for a sender; `#{점검번호}` stands where the nonce goes.

    `image`: it was approved with an image, which the platform adds: its messages need KakaoTalk's
    function `media` too.
    """

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,30}$")
    text: str = Field(min_length=1, max_length=1300)
    image: bool = False


class Sender(Model):
    """발신 주체 of a body on a channel with one account: a channel id, the address mail comes from,
    or a registered number.

    A number is personal to the body: `secret` holds it, `identity` stays empty. Beside a channel id
    `secret` holds the `sender_key` by which the dealer calls the channel, if it does (NHN). `room`
    is the title of the open chat room in which the body posts, as a member's phone shows it.
    """

    id: Id
    body: Id
    account: Id
    channel: Channel
    identity: MailAddress | Annotated[str, Field(pattern=r"^@[^\s@]{1,40}$")] | None = None
    secret: SecretRef | None = None
    room: str | None = Field(default=None, min_length=1, max_length=100)
    quota: Quota
    templates: tuple[Template, ...] = ()


class Observer(Model):
    """One app or collector on a receiver, with the secret that signs what it sends."""

    kind: ObserverKind
    secret: SecretRef
    heartbeat_s: int = Field(default=60, gt=0, le=600)


class Receiver(Model):
    """수신 단말: a test handset or mailbox. Its number or address is a secret.

    A mailbox has a `platform` (whose mail service it is) and a `base_url` to read it at.
    """

    id: Id
    carrier: Carrier
    os: str = Field(max_length=60)
    site: Id
    secret: SecretRef
    platform: Id | None = None
    base_url: Mailbox | None = None
    observers: tuple[Observer, ...] = Field(min_length=1)


class Source(Model):
    """Where a fact comes from."""

    key: str = Field(max_length=20)
    title: str = Field(max_length=300)
    url: str | None = Field(default=None, pattern=r"^https?://\S+$")


class Audience(Model):
    """How many people a notice reaches, as of a date, said by a source."""

    size: int | None = Field(default=None, gt=0)
    people: Name
    as_of: date | None = None
    source: str | None = Field(default=None, max_length=20)


class Rung(Model):
    """One rung of a ladder: a channel probed by `route`, or one nobody can probe (post)."""

    channel: Channel | Literal["post", "web", "broadcast"]
    route: Id | None = None
    wait: str | None = Field(default=None, max_length=80)
    stop_on: Literal["delivered", "opened"] = "delivered"


class Notice(Model):
    """고지: one kind of message a body sends."""

    id: Id
    name: Name
    notice_class: NoticeClass
    audience: Audience
    deadline_rule: str = Field(min_length=1, max_length=300)
    facts: tuple[str, ...] = ()
    ladder: tuple[Rung, ...] = Field(min_length=1)


class ReportMail(Model):
    """Who gets a body's monthly reports: the sender they come from, and the secret that holds the
    `address` they go to."""

    sender: Id
    to: SecretRef


class Body(Model):
    """기관: a public body and what it sends."""

    id: Id
    name: Name
    unit: Name
    notices: tuple[Notice, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    reports: ReportMail | None = None


class Failover(Model):
    """The substitute a provider sends by itself when the own leg fails."""

    channel: Literal["sms", "lms"]
    sender: Id


class LadderProbe(Model):
    """훈련 시험 발송: a drill every `every_s` to a receiver without the channel."""

    receiver: Id
    every_s: int = Field(default=300, ge=10)


class Route(Model):
    """경로: body + channel + account + sender + template, probed to its receivers in turn.

    `platform` is empty for carrier channels: there it is the carrier of the receiver whose turn
    it is. `id` is `<body>.<channel>.<account>[.<variant>]`. A route that is only observed (adapter
    `none`) is quiet (조용함) once `expected_within_s` has passed without a post.
    """

    id: Id
    body: Id
    notice: Id
    channel: Channel
    adapter: Id
    account: Id
    sender: Id
    template: str | None = None
    platform: Id | None = None
    receivers: tuple[Id, ...] = Field(min_length=1)
    interval_s: int = Field(default=60, gt=0)
    late_s: int | None = Field(default=None, gt=0)
    restricted: DailyWindow | None = None
    failover: Failover | None = None
    ladder_probe: LadderProbe | None = None
    expected_within_s: int | None = Field(default=None, gt=0)
    enabled: bool = True

    @property
    def observed(self) -> bool:
        """Is nothing sent on it, only watched?"""
        return self.adapter == OBSERVED


KINDS: dict[str, type[Model]] = {
    "channel": ChannelRule,
    "platform": Platform,
    "provider": Provider,
    "account": Account,
    "sender": Sender,
    "receiver": Receiver,
    "body": Body,
    "route": Route,
    "path": PagingPath,
    "person": Person,
    "rota": Rota,
    "contract": Contract,
}
KIND_OF = {model: kind for kind, model in KINDS.items()}
_IRREGULAR = {"body": "bodies", "person": "people"}
_PLURAL = {kind: _IRREGULAR.get(kind, f"{kind}s") for kind in KINDS}


class Catalogue(Model):
    """One whole revision, by id. Readers never see half of one; one without an on-call file, or of
    a release that knew none, has nobody to page."""

    revision: UUID
    channels: dict[str, ChannelRule]
    platforms: dict[str, Platform]
    providers: dict[str, Provider]
    accounts: dict[str, Account]
    senders: dict[str, Sender]
    receivers: dict[str, Receiver]
    bodies: dict[str, Body]
    routes: dict[str, Route]
    paths: dict[str, PagingPath] = Field(default_factory=dict)
    people: dict[str, Person] = Field(default_factory=dict)
    rotas: dict[str, Rota] = Field(default_factory=dict)
    contracts: dict[str, Contract] = Field(default_factory=dict)

    def objects(self) -> list[tuple[str, str, Model]]:
        """(kind, id, object) of everything, in a stable order."""
        return [(kind, *each) for kind in KINDS for each in sorted(self.of_kind(kind).items())]

    def of_kind(self, kind: str) -> dict[str, Model]:
        """The objects of a kind by id. Raises KeyError for a kind nobody declared."""
        group: dict[str, Model] = getattr(self, _PLURAL[kind])
        return group

    def notice_of(self, route: Route) -> Notice:
        """The notice a route is probed for. Raises KeyError when the body has no such notice."""
        for notice in self.bodies[route.body].notices:
            if notice.id == route.notice:
                return notice
        raise KeyError(route.notice)

    def template_of(self, route: Route) -> Template | None:
        """The template a route names; None when it names none, or its sender has no such one."""
        sender = self.senders.get(route.sender)
        found = (t for t in sender.templates if t.code == route.template) if sender else iter(())
        return next(found, None)

    def window_of(self, route: Route) -> DailyWindow | None:
        """When nothing may be sent on a route: its own window, else its channel's."""
        return route.restricted or self.channels[route.channel].restricted

    def rests(self, route: Route, at: datetime) -> bool:
        """May nothing be sent on a route at that time?"""
        window = self.window_of(route)
        return window is not None and slots.within(window.start, window.end, window.zone, at)

    def versions_of(self, item: str) -> list[Contract]:
        """The versions of a contract item `<body>.<channel>`, oldest first."""
        found = [one for one in self.contracts.values() if one.item == item]
        return sorted(found, key=lambda one: one.version)

    def rest_of(self, contract: Contract) -> DailyWindow | None:
        """The hours that a contract leaves out: its own, else those in which its channel rests."""
        return contract.restricted or self.channels[contract.channel].restricted

    def late_s(self, route: Route) -> int:
        """After how many seconds a message of this route is late."""
        return route.late_s or self.channels[route.channel].late_s

    def platform_of(self, route: Route, receiver: Receiver) -> str:
        """Who finally delivers: the platform named, else the receiver's own, else its carrier."""
        return route.platform or receiver.platform or str(receiver.carrier)

    def observers_of(self, route: Route, receiver: Receiver) -> tuple[ObserverKind, ...]:
        """The kinds on that receiver whose sight counts on the route's channel."""
        return self._seeing(route.channel, receiver)

    def substitute_observers_of(self, route: Route, receiver: Receiver) -> tuple[ObserverKind, ...]:
        """The kinds on that receiver whose sight counts for the route's substitute."""
        return self._seeing(Channel(route.failover.channel), receiver) if route.failover else ()

    def _seeing(self, channel: Channel, receiver: Receiver) -> tuple[ObserverKind, ...]:
        seeing = self.channels[channel].observers
        return tuple(o.kind for o in receiver.observers if o.kind in seeing)


def build(revision: UUID, objects: list[tuple[str, Model]]) -> Catalogue:
    """A catalogue from (kind, object) pairs. Raises KeyError for a kind nobody declared."""
    groups: dict[str, dict[str, Model]] = {plural: {} for plural in _PLURAL.values()}
    for kind, item in objects:
        groups[_PLURAL[kind]][str(item.id)] = item  # type: ignore[attr-defined]
    return Catalogue.model_construct(revision=revision, **groups)  # type: ignore[arg-type]


class Current(Model):
    """The record under key `current`: which revision is in force, and how to know it is whole."""

    revision: UUID
    count: int = Field(ge=0)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    applied_at: Moment
    applied_by: str = Field(max_length=80)
