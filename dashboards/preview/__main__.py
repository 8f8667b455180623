"""`python -m dashboards.preview`: the preview as a process beside the local stack; wiring only."""

import asyncio
import sys

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dashboards.preview import files
from dashboards.preview.answers import Servers
from dashboards.preview.serve import app
from services.runtime import logs, process
from services.runtime.serve import serve
from services.runtime.settings import load


class PreviewSettings(BaseSettings):
    """Where to listen, and whom to ask."""

    model_config = SettingsConfigDict(env_prefix="BONGSU_PREVIEW_", frozen=True, extra="ignore")

    port: int = Field(8470, gt=0, lt=65536, description="on 127.0.0.1 only")
    postgres: SecretStr = Field(description="DSN of `bongsu_grafana`")
    prometheus: str | None = Field(None, description="URL of a Prometheus, where there is one")


async def preview(stopping: asyncio.Event) -> None:
    """The process from start to stop."""
    settings = load(PreviewSettings)
    logs.configure("preview", "1")
    servers = Servers(settings.postgres.get_secret_value(), settings.prometheus)
    await serve(app(files.boards(), servers), "127.0.0.1", settings.port, stopping)


if __name__ == "__main__":
    sys.exit(process.run(preview))
