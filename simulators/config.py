"""The configuration of the simulated outside world: one JSON file, read once at start.

In:  the file named by BONGSU_SIM_CONFIG. Out: `SimulatorConfig`, the `World` and its components.
Before: the local stack writes the file. After: `app.py` builds everything from it.
Component ids are those of the catalogue (design.md 8): `sender:geoje-alimtalk`, `carrier:skt`.
"""

from datetime import datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from simulators.chance import Latencies
from simulators.faults import State
from simulators.journey import KAKAOTALK, RESEND_S, Recipient
from simulators.sights import FORWARDER, GATEWAY, MAILBOX, observer
from simulators.world import World

Digits = Annotated[str, Field(pattern=r"^\d{8,20}$")]
ShortId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
SenderComponent = Annotated[str, Field(pattern=r"^sender:[a-z0-9-]+$")]

KST = ZoneInfo("Asia/Seoul")
CARRIERS = ("carrier:skt", "carrier:kt", "carrier:lgu")
KAKAOTALK_FUNCTIONS = (
    *("alimtalk", "brandmessage", "channel", "edocument"),
    *("openchat", "media", "text", "login", "pc"),
)
FUNCTIONS = {KAKAOTALK: KAKAOTALK_FUNCTIONS, "carrier": ("sms", "lms", "data")}


class SimulatorSettings(BaseSettings):
    """What the process can be told."""

    model_config = SettingsConfigDict(env_prefix="BONGSU_SIM_", frozen=True)

    config: Path = Field(description="the JSON file that describes the world")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8479, ge=0, le=65535, description="the port to listen on, 0 for a free one")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HandsetConfig(_Frozen):
    """One Android phone and the person who holds it. Secrets are those that ingest holds for this
    receiver; one without KakaoTalk needs no SmsForwarder."""

    id: ShortId
    number: Digits
    carrier: ShortId
    site: ShortId
    gateway_key: SecretStr
    forwarder_secret: SecretStr | None = None
    forwarder_token: SecretStr | None = None
    heartbeat_s: Annotated[float, Field(gt=0)] = 20.0
    resend_s: Annotated[float, Field(gt=0)] = RESEND_S
    first_retry_s: Annotated[float, Field(gt=0)] = 5.0
    kakaotalk: bool = True
    name: str = ""
    birthday: str = ""
    opens_after_s: Annotated[float, Field(gt=0)] = 20.0


class TemplateConfig(_Frozen):
    """An approved template; variables are written #{name}. `image`: its messages show one."""

    code: str
    text: str
    image: bool = False


class SenderConfig(_Frozen):
    """Who sends on an account: a registered number, a channel (as its dealer calls it) with its
    templates, or an address.

    `strangers`: receivers (ids) that are no friends of the channel; only brand messages mind.
    """

    sender: SenderComponent
    channel: str
    body: ShortId = "nobody"
    number: Digits | None = None
    identity: str | None = None
    name: str = ""
    templates: tuple[TemplateConfig, ...] = ()
    use_sms_failover: bool = False
    strangers: tuple[ShortId, ...] = ()


class AccountConfig(_Frozen):
    """One contract with a provider; `services` are its ids by channel."""

    id: ShortId
    provider: ShortId
    services: dict[str, str]
    secret: dict[str, SecretStr]
    senders: tuple[SenderConfig, ...] = ()

    def owner(self, number: str, channel: str) -> SenderConfig | None:
        """Who owns a number; of several, who uses it for this channel."""
        owners = [sender for sender in self.senders if sender.number == number]
        return next((one for one in owners if one.channel == channel), next(iter(owners), None))

    def sender(self, channel: str, identity: str) -> SenderConfig | None:
        """Whose channel it is."""
        wanted = (channel, identity)
        return next((s for s in self.senders if (s.channel, s.identity) == wanted), None)


class Night(_Frozen):
    """The hours of a day [start, end) in Korea in which Kakao sends no advertising."""

    start: time = time(20, 50)
    end: time = time(8)

    def holds(self, at: datetime) -> bool:
        clock = at.astimezone(KST).time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


class RoomConfig(_Frozen):
    """An open chat room: its poster, its title as phones show it, the handsets that are members."""

    sender: SenderComponent
    body: ShortId = "nobody"
    title: Annotated[str, Field(min_length=1)]
    members: tuple[ShortId, ...]
    every_s: Annotated[float, Field(gt=0)] = 60.0


class MailboxConfig(_Frozen):
    """A mailbox of the IMAP server; `platform` is the mail service it stands for."""

    id: ShortId
    address: str
    platform: ShortId
    username: str
    password: SecretStr


class MailConfig(_Frozen):
    """The relay, on loopback, and the IMAP server with the mailboxes behind it."""

    smtp_port: int
    imap_port: int
    imap_host: str = "127.0.0.1"
    mailboxes: tuple[MailboxConfig, ...] = ()
    bounce_box: MailboxConfig


class WorkerConfig(_Frozen):
    """A probe worker, and the port through which all it sends goes out."""

    id: ShortId
    port: Annotated[int, Field(gt=0, lt=65536)]


class WorldConfig(_Frozen):
    """The world at rest. Latencies are named as in `chance.Latencies`."""

    base_loss: Annotated[float, Field(ge=0, le=1)] = 0.0
    latencies: Latencies = Latencies()


class SimulatorConfig(_Frozen):
    seed: int = 1
    ingest_url: Annotated[str, Field(pattern=r"^https?://")]
    handsets: tuple[HandsetConfig, ...] = ()
    accounts: tuple[AccountConfig, ...] = ()
    rooms: tuple[RoomConfig, ...] = ()
    mail: MailConfig | None = None
    workers: tuple[WorkerConfig, ...] = ()
    proofs: dict[ShortId, SecretStr] = {}
    """The word with which a paged system sends proofs back, by path."""
    world: WorldConfig = WorldConfig()
    night: Night | None = Night()
    """When brand messages fail with 3022; None: at no time."""
    control_path: Annotated[str, Field(pattern=r"^/")] = "/control"
    unanswered_s: Annotated[float, Field(gt=0)] = 60.0
    """How long a call without an answer is kept open, and answers are held at most."""

    def accounts_of(self, provider: str) -> list[AccountConfig]:
        """The contracts with one provider."""
        return [account for account in self.accounts if account.provider == provider]


def recipient_of(phone: HandsetConfig) -> Recipient:
    """A handset as the networks see it."""
    apps = {GATEWAY, *([FORWARDER] if phone.forwarder_token else [])}
    return Recipient(
        f"receiver:{phone.id}", f"carrier:{phone.carrier}", f"site:{phone.site}", frozenset(apps),
        frozenset({KAKAOTALK} if phone.kakaotalk else ()), phone.resend_s, phone.opens_after_s,
    )  # fmt: skip


def build_world(config: SimulatorConfig) -> World:
    recipients = [recipient_of(phone) for phone in config.handsets]
    recipients += [
        Recipient(
            f"receiver:{box.id}", carrier="", apps=frozenset({MAILBOX}),
            platforms=frozenset({f"platform:{box.platform}"}),
        )
        for box in (config.mail.mailboxes if config.mail else ())
    ]  # fmt: skip
    return World(
        seed=config.seed,
        recipients={one.id: one for one in recipients},
        base_loss=config.world.base_loss,
        latencies=config.world.latencies,
    )


def components(config: SimulatorConfig) -> tuple[str, ...]:
    """Every component of the world that can break, sorted."""
    found = {KAKAOTALK, *CARRIERS, *(f"worker:{worker.id}" for worker in config.workers)}
    for phone in config.handsets:
        found |= {f"receiver:{phone.id}", f"carrier:{phone.carrier}", f"site:{phone.site}"}
        to = recipient_of(phone)
        found |= {observer(to, kind) for kind in to.apps}
    for account in config.accounts:
        found |= {f"provider:{account.provider}", f"account:{account.id}"}
        found |= {sender.sender for sender in account.senders}
        found |= {f"body:{sender.body}" for sender in account.senders}
    for room in config.rooms:
        found |= {room.sender, f"body:{room.body}"}
    for box in config.mail.mailboxes if config.mail else ():
        found |= {f"receiver:{box.id}", f"platform:{box.platform}"}
    return tuple(sorted(found))


def impossible(component: str, state: State, function: str | None) -> str | None:
    """Why a component cannot be in that state, as a sentence; None if it can."""
    kind = component.partition(":")[0]
    if kind in ("receiver", "observer", "site", "worker") and state is not State.DOWN:
        return f"{component} can only be down, not {state}."
    functions = FUNCTIONS.get(component, FUNCTIONS.get(kind, ()))
    if function is not None and function not in functions:
        return f"{component} has no function {function}; it has: {', '.join(functions) or 'none'}."
    return None
