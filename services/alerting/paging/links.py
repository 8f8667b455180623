"""Where a page leads: who takes it, the board, what to do. Pure.

In:  public addresses of this installation, an incident, a token. Out: `Links`.
Before: settings. After: `words.py`, notifiers.
"""

from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

from services.alerting.detection.kinds import kind
from services.alerting.paging.message import Links
from services.storage.incidents import Incident

_RUNBOOKS = {"worker": "processes", "self": "processes"}  # phones, their apps and sites: receivers
_BEFORE = timedelta(minutes=30)


class Addresses(NamedTuple):
    """As alerting is told. `public`: the port of acknowledgements, as a phone reaches it;
    `boards`: Grafana; `runbooks`: where the folder docs/runbooks is shown. None: there is none."""

    public: str | None = None
    boards: str | None = None
    runbooks: str | None = None


def links(addresses: Addresses, incident: Incident, token: str | None = None) -> Links:
    """The links of a page about one incident; the runbook's path where nothing shows it."""
    taken = addresses.public and token and f"{addresses.public.rstrip('/')}/a/{quote(token)}"
    page = f"{_runbook(incident)}.md"
    runbook = f"{addresses.runbooks.rstrip('/')}/{page}" if addresses.runbooks else None
    return Links(
        taken or None, _board(addresses.boards, incident), runbook or f"docs/runbooks/{page}"
    )


def _board(boards: str | None, incident: Incident) -> str | None:
    if boards is None:
        return None
    since = round((incident.started_at - _BEFORE).timestamp() * 1000)
    until = round(incident.ended_at.timestamp() * 1000) if incident.ended_at else "now"
    named = quote(incident.id, safe="")
    return f"{boards.rstrip('/')}/d/bongsu-incident?var-incident={named}&from={since}&to={until}"


def _runbook(incident: Incident) -> str:
    if not incident.monitor:
        return "outage"
    return _RUNBOOKS.get(kind(incident.component), "receivers")
