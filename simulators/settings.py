"""What the simulator process can be told: three variables, read once at start."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BONGSU_SIM_", frozen=True)

    config: Path = Field(description="the JSON file that describes the world (`config.py`)")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8479, ge=0, le=65535, description="the port to listen on, 0 for a free one")
