"""What people can see and do about months over the API: propose a correction, decide another's.

In:  who asks, in a transaction of theirs. Out: a model; Refuse, or CorrectionRefused by the
database, which finds the person by the token. Before: `api.py`. After: `report_correction` and
`audit`; the next revision is sealed by `services/reporting`.
"""

from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from services.alerting.answers.acts import GONE, Asked
from services.alerting.answers.models import Body, Given, Name, Taken, Text
from services.alerting.incidents.words import KST
from services.alerting.paging import planned
from services.contracts import correction as contracts
from services.contracts.catalogue import Catalogue
from services.contracts.correction import (
    LONGEST_REASON,
    SHORTEST_REASON,
    ContractFix,
    Data,
    DeclaredOutage,
    Exclusion,
    written,
)
from services.runtime.errors import Refuse
from services.storage import corrections as storage
from services.storage import months
from services.storage import objections as disputes
from services.storage.status import latest_catalogue

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Why = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=SHORTEST_REASON, max_length=LONGEST_REASON),
]


class Correction(Given):
    """A correction of a month, as it stands; `data` by kind."""

    id: int
    body: str
    month: str
    kind: str
    data: dict[str, Any]
    reason: str
    proposed_by: str
    proposed_at: AwareDatetime
    state: Literal["proposed", "approved", "rejected"]
    decided_by: str | None
    decided_at: AwareDatetime | None
    words: str | None


class CorrectionAsked(Body):
    """What is to be corrected, and why. `proposed_by`: only whose token it is."""

    body: Name
    month: Month
    reason: Why
    proposed_by: Name | None = None
    data: Annotated[Data, Field(discriminator="kind")]


class Objection(Given):
    """What somebody holds against a closed month, and what was answered."""

    id: int
    body: str
    month: str
    channel: str | None
    objector: str
    about: str
    attachment: str | None
    at: AwareDatetime
    entered_by: str
    decision: str | None
    decided_by: str | None
    decided_at: AwareDatetime | None


class ObjectionAsked(Body):
    """Against which month, and what."""

    body: Name
    month: Month
    objection: contracts.Objection


class NoBody(Refuse):
    """`ko`: the sentence in Korean."""

    def __init__(self, asked: str, known: set[str]) -> None:
        near = get_close_matches(asked, sorted(known), n=1)
        en = f" Did you mean '{near[0]}'?" if near else ""
        ko = f" '{near[0]}'를 찾으셨습니까?" if near else ""
        super().__init__(GONE, f"No body '{asked}'.{en} See: bongsu report list")
        self.ko = f"'{asked}' 기관이 없습니다.{ko} 목록: bongsu report list"


class DecisionAsked(Body):
    """Why so."""

    words: Text


async def corrections(asked: Asked) -> list[Correction]:
    """Corrections of months, the oldest first."""
    found = await storage.corrections(asked.conn)
    return [Correction.model_validate(one) for one in found]


async def correct(asked: Asked) -> Taken:
    """Propose a correction; it counts once somebody else has approved it."""
    given: CorrectionAsked = asked.body
    if given.proposed_by not in (None, asked.person):
        raise Refuse("body", f"the token is of {asked.person}, not of {given.proposed_by}")
    catalogue = await latest_catalogue(asked.conn)
    if given.month > f"{(await months.now(asked.conn)).astimezone(KST):%Y-%m}":
        raise Refuse("body", f"{given.month} has not begun")
    if catalogue is not None:
        _require_known(catalogue, given.body, given.data)
    number = await storage.propose(
        asked.conn, asked.token, given.body, given.month, given.data.kind, written(given.data),
        given.reason, "api",
    )  # fmt: skip
    return Taken(id=str(number))


async def approve(asked: Asked) -> Taken:
    """Let another person's correction count."""
    return await _decide(asked, approve=True)


async def reject(asked: Asked) -> Taken:
    """Turn another person's correction down; it is kept."""
    return await _decide(asked, approve=False)


async def objections(asked: Asked) -> list[Objection]:
    """Objections to months, the oldest first."""
    found = await disputes.objections(asked.conn)
    return [Objection.model_validate(one) for one in found]


async def object_(asked: Asked) -> Taken:
    """Enter what somebody holds against a closed month; no figure changes by it."""
    given: ObjectionAsked = asked.body
    said = given.objection
    number = await disputes.open_(
        asked.conn, asked.token, given.body, given.month, said.channel, said.by, said.about,
        said.attachment, "api",
    )  # fmt: skip
    return Taken(id=str(number))


async def answer(asked: Asked) -> Taken:
    """Answer an objection, once."""
    number = _number(asked, "no_objection")
    await disputes.decide(asked.conn, asked.token, number, asked.body.words, "api")
    return Taken(id=str(number))


async def _decide(asked: Asked, approve: bool) -> Taken:
    number = _number(asked, "no_such")
    await storage.decide(asked.conn, asked.token, number, approve, asked.body.words, "api")
    return Taken(id=str(number))


def _number(asked: Asked, otherwise: str) -> int:
    name = asked.path["id"]
    if not name.isascii() or not name.isdigit() or len(name) > 18:
        raise storage.CorrectionRefused(otherwise)
    return int(name)


def _require_known(catalogue: Catalogue, body: str, data: Data) -> None:
    channels = {one.channel for one in catalogue.contracts.values() if one.body == body}
    if not channels:
        raise NoBody(body, {one.body for one in catalogue.contracts.values()})
    if isinstance(data, Exclusion):
        planned.require_known(catalogue, data.component)
    if isinstance(data, DeclaredOutage) and data.channel not in channels:
        raise Refuse("body", f"{body} has no contract for {data.channel}")
    if isinstance(data, ContractFix) and data.contract.id not in catalogue.contracts:
        raise Refuse("body", f"there is no contract {data.contract.id} to be replaced")
    if isinstance(data, ContractFix) and data.contract.body != body:
        raise Refuse("body", f"contract {data.contract.id} is not of {body}")
