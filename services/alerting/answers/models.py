"""What the API takes and gives, as JSON. Times in UTC; gain and margin in nats.

In:  rows of `storage`. Out: models, of which `openapi.py` makes the document.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.alerting.answers.known import Known
from services.alerting.incidents.notices import Told
from services.contracts.oncall import Day
from services.storage.incidents import LONGEST, Figures
from services.storage.people import Via
from services.storage.planned import LONGEST_REASON, Says

LONGEST_ACK_MIN = 24 * 60
# Of blanks alone nobody learns anything, and a note keeps an acknowledgement alive.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]{0,99}$")]


class Given(BaseModel):
    """Read from rows."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """Written by people and programs: a misspelt field must not pass."""

    model_config = ConfigDict(extra="forbid")


class Incident(Given):
    """An outage, or a fault of bongsu's own (`monitor`)."""

    id: str
    kind: Literal["outage", "monitor"]
    status: Literal["open", "closed"]
    component: str
    hypothesis: str
    severity: int | None
    channel: str | None
    provider: str | None
    carrier: str | None
    body: str | None
    title_ko: str
    title_en: str
    routes: list[str]
    people: int
    started_at: AwareDatetime
    detected_at: AwareDatetime
    ended_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    gain: float
    failed: int
    total: int
    margin: float | None
    rival: str | None
    alike: list[str]
    notes: list[str]
    reopened: int
    figures: Figures | None


class Candidate(Given):
    """What would explain it; the first is the one named."""

    component: str
    hypothesis: str
    gain: float
    failed: int
    total: int
    separated: bool


class Event(Given):
    """A line of its timeline."""

    at: AwareDatetime
    kind: str
    actor: str
    note_ko: str
    note_en: str


class Ack(Given):
    """Somebody has it until then."""

    at: AwareDatetime
    person: str
    via: Via
    expires_at: AwareDatetime


class Notice(Given):
    """What a provider said; the newest version."""

    id: str
    version: int
    provider: str
    component: str
    says: Says
    said_at: AwareDatetime
    proof: str | None
    text: str | None
    actor: str


class ToldNotice(Notice):
    """About an incident: seconds after its onset, and for how many more seconds things were broken
    after a *recovered*."""

    lag_s: float
    too_early_s: float | None


class Sent(Given):
    """A page: to whom and why, over which path by the newest try, and what came of it."""

    kind: str
    recipient: str
    made_at: AwareDatetime
    due_at: AwareDatetime
    accepted_at: AwareDatetime | None
    given_up_at: AwareDatetime | None
    tries: int
    path: str | None
    reason_ko: str | None
    reason_en: str | None
    answer: str | None
    detail: str | None


class IncidentWhole(Incident):
    """With all that is known of it."""

    candidates: list[Candidate]
    events: list[Event]
    acks: list[Ack]
    told: list[ToldNotice]
    pages: list[Sent]


class Window(Given):
    """Planned work; the newest version. `recurs`: days of a weekly rule of RFC 5545."""

    id: str
    version: int
    component: str
    starts_at: AwareDatetime | None
    ends_at: AwareDatetime | None
    recurs: str | None
    reason: str
    announced_at: AwareDatetime | None
    proof: str | None
    actor: str


class Oncall(BaseModel):
    """Who is called first now, and whom an incident reaches when nobody acknowledges."""

    first: str | None
    later: list[str]
    systems: list[str]


class Override(Given):
    """Somebody has the watch instead of whom the rota names; the newest that holds wins."""

    number: int
    person: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: str
    actor: str


class AckAsked(Body):
    """For how many minutes; without, as the rota says."""

    minutes: int | None = Field(None, ge=1, le=LONGEST_ACK_MIN)


class NoteAsked(Body):
    """One or more sentences, no personal data."""

    text: Text


class CloseAsked(Body):
    """Why it is over."""

    reason: Text


class WindowAsked(Body):
    """Planned work; with `days` weekly, by the Korean calendar."""

    component: Name
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Reason
    days: list[Day] = []
    announced_at: AwareDatetime | None = None
    proof: str | None = Field(None, max_length=500)


class WithdrawAsked(Body):
    """Why it is taken back."""

    reason: Reason


class OverrideAsked(Body):
    """Who has the watch until when, and why; without a start, from now on."""

    person: Name
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    reason: Reason


class NoticeAsked(Body):
    """What a provider says."""

    provider: Name
    component: Name
    says: Literal["down", "recovering", "recovered"]
    said_at: AwareDatetime
    proof: str | None = Field(None, max_length=500)
    text: str | None = Field(None, max_length=LONGEST)


class Taken(BaseModel):
    """What was done, or will be at the leader's next tick: the object's id, and its version."""

    id: str
    version: int | None = None


class Wrong(BaseModel):
    """Why not, in one sentence; in Korean too, where it is the database that refuses."""

    error: str
    error_ko: str | None = None


def whole(found: Known) -> IncidentWhole:
    """One incident with all that belongs to it."""
    own = Incident.model_validate(found.row).model_dump()
    return IncidentWhole(
        **own,
        candidates=[Candidate.model_validate(one) for one in found.candidates],
        events=[Event.model_validate(one) for one in found.events],
        acks=[Ack.model_validate(one) for one in found.acks],
        told=[_told(one) for one in found.notices],
        pages=[Sent.model_validate(one) for one in found.pages],
    )


def _told(one: Told) -> ToldNotice:
    return ToldNotice(
        **Notice.model_validate(one.notice).model_dump(),
        lag_s=one.lag.total_seconds(),
        too_early_s=one.too_early.total_seconds() if one.too_early else None,
    )
