"""Where the local stack listens. All on loopback, each settable (BONGSU_LOCAL_KAFKA_PORT …)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MONITORS = ("prometheus_port", "alertmanager_port")  # not used where these are not installed


class LocalSettings(BaseSettings):
    """Ports and folders of `bongsu up`."""

    model_config = SettingsConfigDict(env_prefix="BONGSU_LOCAL_", frozen=True, extra="ignore")

    kafka_port: int = Field(19092, gt=0, lt=65536, description="Kafka, clients")
    kafka_controller_port: int = Field(19094, gt=0, lt=65536, description="Kafka, controller")
    postgres_port: int = Field(15432, gt=0, lt=65536, description="Postgres")
    preview_port: int = Field(8470, gt=0, lt=65536, description="the boards, without Grafana")
    ingest_port: int = Field(8471, gt=0, lt=65536, description="receipts and reports")
    probe_ops_port: int = Field(8472, gt=0, lt=65536, description="ops of probe worker w1")
    alerting_ops_port: int = Field(8473, gt=0, lt=65536, description="ops of alerting")
    reporting_ops_port: int = Field(8474, gt=0, lt=65536, description="ops of reporting")
    answers_port: int = Field(8476, gt=0, lt=65536, description="links that acknowledge a page")
    ingest_ops_port: int = Field(8475, gt=0, lt=65536, description="ops of ingest")
    simulators_port: int = Field(8479, gt=0, lt=65536, description="the simulated outside world")
    probe_proxy_port: int = Field(8480, gt=0, lt=65536, description="the way out of worker w1")
    probe_2_proxy_port: int = Field(8481, gt=0, lt=65536, description="the way out of worker w2")
    probe_2_ops_port: int = Field(8482, gt=0, lt=65536, description="ops of probe worker w2")
    prometheus_port: int = Field(19090, gt=0, lt=65536, description="Prometheus, if installed")
    alertmanager_port: int = Field(19093, gt=0, lt=65536, description="Alertmanager, if installed")
    control_room_url: str = Field(
        "",
        pattern=r"^(https?://\S+[^/\s])?$",
        description="where the webhooks of pages go; empty: to the simulated world's control room",
    )
    kakao_night: bool = Field(
        True, description="whether the simulated Kakao refuses brand messages 20:50-08:00"
    )
    smtp_port: int = Field(13025, gt=0, lt=65536, description="the simulated mail relay")
    imap_port: int = Field(13143, gt=0, lt=65536, description="the mail server with the mailboxes")
    cache: Path = Field(
        Path("~/.cache/bongsu"), description="Kafka's jars and preludes, shared by all stacks"
    )

    def ports(self) -> dict[str, int]:
        """Every port by what listens on it."""
        return {name: getattr(self, name) for name in type(self).model_fields if "port" in name}

    def proxies(self) -> dict[str, int]:
        """The port of each worker's way out, by worker."""
        return {"w1": self.probe_proxy_port, "w2": self.probe_2_proxy_port}
