"""A page as a webhook tells it: what systems of others read. Its schema is frozen as those of
events are; a receiver ignores fields that it does not know.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.contracts.evidence import Moment


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class PagedIncident(_Told):
    """One incident, as it stands when the page is sent. `kind` monitor: bongsu's own fault.
    `severity`: 1 (worst) to 4; `people`: how many its notices reach; `gain`: evidence in nats;
    `alike`: what cannot be told from `component`, `rival`: what else would explain it."""

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
    routes: int
    people: int
    started_at: Moment
    detected_at: Moment
    ended_at: Moment | None
    failed: int
    total: int
    gain: float
    alike: tuple[str, ...]
    rival: str | None


class PageData(_Told):
    """`page` is the same whenever it is sent again, `dedup_key` for all pages of an incident. A
    page about several has a key of its own: pair those by `incidents[].id`. Whoever opens
    `acknowledge_url` sees it; nothing is done before a button is pressed."""

    page: str
    dedup_key: str
    language: Literal["ko", "en"]
    title: str
    text: str
    short: str
    acknowledge_url: str | None
    incident_url: str | None
    runbook_url: str | None
    incidents: tuple[PagedIncident, ...]


class Page(_Told):
    """The body of a webhook. `page.proof` names no incident and is to wake nobody: it asks whether
    the receiver is there."""

    type: Literal[
        "page.opened", "page.digest", "page.escalated", "page.again", "page.cleared", "page.proof"
    ]
    version: Literal[1] = 1
    timestamp: Moment
    data: PageData
