"""What the reporting process can be told."""

from pydantic import Field, SecretStr

from services.runtime.settings import Settings


class ReportingSettings(Settings):
    """`BONGSU_…`; see also the fields every process shares."""

    postgres: SecretStr = Field(
        description="DSN of the report's role, without TLS only on loopback"
    )
    ops_port: int = Field(8474, gt=0, lt=65536, description="port of /livez, /readyz, /metrics")
