"""What every object of the catalogue is made of: strict models, names in two languages, secrets,
hours of a day.

A catalogue is written by people, so unknown fields are refused: a misspelt field must not pass.
"""

from datetime import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SecretRef = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")]


class Model(BaseModel):
    """Frozen, and strict about fields nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(Model):
    """A name people read, in both languages."""

    ko: str = Field(min_length=1, max_length=120)
    en: str = Field(min_length=1, max_length=120)


class DailyWindow(Model):
    """A daily span [start, end) in `zone`; it may pass midnight."""

    start: time
    end: time
    zone: str = "Asia/Seoul"
