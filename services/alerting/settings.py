"""What the alerting process can be told."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from services.alerting.detection.kinds import BONUS
from services.alerting.paging.links import Addresses
from services.runtime.http import Destinations
from services.runtime.settings import Settings


def _known(kind: str) -> str:
    if kind not in BONUS:
        raise ValueError(f"{kind} is no kind of component: {', '.join(BONUS)}")
    return kind


def _reachable(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not url.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("no address that begins with http:// or https://")
    return url


PersistedKind = Annotated[str, AfterValidator(_known)]
PublicAddress = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")]


class PublicSettings(Settings):
    """Where a page leads; each is an address as those on duty reach it."""

    public_url: PublicAddress | None = Field(
        None,
        description="address of the port of acknowledgement links as a phone reaches it, without a"
        " VPN: https://bongsu.example.go.kr; without it pages hold no such link",
    )
    boards_url: PublicAddress | None = Field(
        None, description="address of Grafana as those on duty reach it"
    )
    runbooks_url: PublicAddress | None = Field(
        None, description="where the folder docs/runbooks is shown; else pages name the file"
    )

    @property
    def addresses(self) -> Addresses:
        """What links begin with."""
        return Addresses(self.public_url, self.boards_url, self.runbooks_url)


class AlertingSettings(PublicSettings):
    """`BONGSU_…`; see also the fields every process shares."""

    postgres: SecretStr = Field(description="DSN of the sink's role, without TLS only on loopback")
    ops_port: int = Field(8473, gt=0, lt=65536, description="port of /livez, /readyz, /metrics")
    answers_host: str = Field("127.0.0.1", description="address of acknowledgement links")
    answers_port: int = Field(
        8476, gt=0, lt=65536, description="port of acknowledgement links, and of nothing else"
    )
    secrets_dir: Path = Field(description="folder of <name>.json files the catalogue refers to")
    id_key: SecretStr = Field(
        min_length=32, description="key of probe and event ids, that of probe"
    )
    content_key: SecretStr = Field(
        min_length=32, description="key of digests in dead letters and of texts, that of probe"
    )
    retention_days: int = Field(
        400, ge=32, description="days that evidence, attempts and pages are kept"
    )
    dead_letters_per_minute: int = Field(
        600, gt=0, description="more than this stops storing: something systematic is wrong"
    )
    false_pages_per_quarter: float = Field(
        1.0, ge=0.01, le=1000, description="how many false pages a quarter all routes may cause"
    )
    persist_s: dict[PersistedKind, int] = Field(
        default_factory=dict,
        description="seconds for which a finding must last before it is told, by kind of component:"
        ' {"platform": 30} keeps short disturbances quiet, and tells long ones later',
    )
    heartbeat_url: Annotated[SecretStr | None, AfterValidator(_reachable)] = Field(
        None,
        description="address of a service outside that calls somebody when nobody asks for it",
    )
    heartbeat_every_s: float = Field(60, gt=0, le=600, description="seconds between two heartbeats")
    heartbeat_budget_s: float = Field(
        30,
        ge=5,
        le=300,
        description="no heartbeat while a canary takes longer to Postgres and the detector",
    )
    destinations: Destinations = Field(
        default_factory=dict,
        description="as for probe: pages go out the same way; by account, by path where there is"
        " none, and `heartbeat` is the address above",
    )
    confirm_probes_per_day: int = Field(
        500, ge=0, description="extra probes a day and provider that a suspicion may cost"
    )
    alert_lasts_s: float = Field(
        1800, ge=1, description="seconds for which Alertmanager shows an alert that nobody renews"
    )
    alert_again_s: float = Field(
        60, gt=0, description="seconds after which Alertmanager is told anew of what is open"
    )
    page_lease_s: float = Field(
        30, ge=2, le=600, description="seconds after which another may send a page that we had"
    )
    other_path_after_s: float = Field(
        20, gt=0, description="seconds without acceptance until another path is tried"
    )
    proof_every_s: float = Field(
        3600, ge=1, description="seconds between two proofs of a path that wake nobody"
    )
