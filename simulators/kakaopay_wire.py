"""The letter of KakaoPay's e-documents: bodies, errors, the four words, times.

In and out: values of the wire contract (integrator code, 2021-2023; KakaoPay publishes none).
Pure. `kakaopay.py` is the behaviour built on it.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from simulators.calls import Refusal

Epoch = Annotated[int, Field(gt=0, lt=10**10)]


def _text(most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(min_length=least, max_length=most)


def refusal(status: int, detail: str, number: int = 0) -> Refusal:
    """The answer that says no."""
    return Refusal(status, {"error_code": f"E{status}_{number:02d}", "error_message": detail})


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Receiver(_Body):
    """Somebody by `ci`, or by number, name and birthday."""

    ci: Annotated[str, _text(88)] | None = None
    phone_number: Annotated[str, StringConstraints(pattern=r"^\d{9,11}$")] | None = None
    name: Annotated[str, _text(20)] | None = None
    birthday: Annotated[str, StringConstraints(pattern=r"^\d{8}$")] | None = None
    is_required_verify_name: bool = False

    @model_validator(mode="after")
    def _is_somebody(self) -> "Receiver":
        if not (self.ci or (self.phone_number and self.name and self.birthday)):
            raise ValueError("ci, or phone_number, name and birthday")
        return self


class Property(_Body):
    link: Annotated[str, _text(100, 10)]
    cs_number: Annotated[str, _text(20, 10)]
    cs_name: Annotated[str, _text(10)]
    payload: Annotated[str, _text(200, 0)] = ""
    message: Annotated[str, _text(500, 0)] = ""


class Document(_Body):
    """What a sender hands in. Exactly one of the two expiries."""

    title: Annotated[str, _text(40)]
    read_expired_at: Epoch | None = None
    read_expired_sec: Annotated[int, Field(gt=0, lt=10**8)] | None = None
    hash: Annotated[str, _text(99)]
    receiver: Receiver
    property: Property

    @model_validator(mode="after")
    def _expires_once(self) -> "Document":
        if (self.read_expired_at is None) == (self.read_expired_sec is None):
            raise ValueError("one of read_expired_at and read_expired_sec")
        return self


class SendBody(_Body):
    document: Document


class Reading(_Body):
    is_detail_read: bool


class ReadBody(_Body):
    document: Reading


def seconds(**moments: datetime | None) -> dict[str, Any]:
    """Those moments that there are, as epoch seconds."""
    return {name: int(at.timestamp()) for name, at in moments.items() if at is not None}
