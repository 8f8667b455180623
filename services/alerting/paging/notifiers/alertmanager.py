"""Alertmanager by its API v2: an alert for each incident, which it groups, mutes and passes on.

Documents: Alertmanager 0.25 to 0.28, `api/v2/openapi.yaml`; prometheus.io "Alerts API".
Oddities: labels are the identity of an alert, so none may change while the incident lasts, and its
component is the one it was first named after; annotations are the newest. An alert ends at its
`endsAt`: it is told anew, each time for `alert_lasts` more, and ended explicitly. Alertmanagers of
one cluster pass no alerts on to each other: each is a path of its own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from aiohttp import encode_basic_auth

from services.alerting.paging.message import Answer, Message, Target
from services.alerting.paging.notifiers.base import Notifier, Outside, post
from services.contracts import ids
from services.storage.incidents import Incident

ALERTNAME, PROOF = "BongsuIncident", "BongsuProof"
PROOF_LASTS = timedelta(minutes=5)  # while ingest is away, Alertmanager tries again


class Alertmanager:
    """See the module."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, message: Message, target: Target) -> Answer:
        """Every incident of the page as it stands now; a repeat changes nothing. Of a proof none,
        or, where it comes back, the proof."""
        alerts = alerts_of(message, datetime.now(UTC) + self._outside.alert_lasts)
        if message.probe_id and target.returns:
            alerts = proof_of(message, message.probe_id, target.path)
        headers = {}
        if target.login is not None:
            user, password = (part.get_secret_value() for part in target.login)
            headers["Authorization"] = encode_basic_auth(user, password)
        return await post(
            self._outside, target, "/api/v2/alerts", headers, orjson.dumps(list(alerts))
        )


def alerts_of(message: Message, lasts_until: datetime) -> Iterator[dict[str, object]]:
    """One alert for each incident: over, it ends when all was well; else it lasts until then."""
    for row in message.incidents:
        ended = max(row.ended_at or row.closed_at or row.started_at, row.started_at)
        alert: dict[str, object] = {
            "labels": _labels(row),
            "annotations": dict(_annotations(row, message)),
            "startsAt": row.started_at,
            "endsAt": ended if row.status == "closed" else lasts_until,
        }
        if message.links.incident and _alone(message):
            alert["generatorURL"] = message.links.incident
        yield alert


def proof_of(message: Message, probe_id: UUID, path: str) -> Iterator[dict[str, object]]:
    """An alert of its own each time: one that Alertmanager knows it would not pass on again."""
    nonce = ids.write_nonce(probe_id, 0)
    yield {
        "labels": {"alertname": PROOF, "path": path, "probe": nonce, "severity": "none"},
        "startsAt": message.at,
        "endsAt": message.at + PROOF_LASTS,
    }


def _labels(row: Incident) -> dict[str, str]:
    return {
        "alertname": ALERTNAME,
        "incident": row.id,
        "component": row.id.rpartition("@")[0],
        "kind": row.kind,
        "severity": "warning" if row.monitor else "critical",
    }


def _annotations(row: Incident, message: Message) -> Iterator[tuple[str, str]]:
    title = row.title_ko if message.language == "ko" else row.title_en
    yield "summary", title
    yield "cause", row.component
    yield "hypothesis", row.hypothesis
    told = {"grade": row.severity, "channel": row.channel, "provider": row.provider}
    yield from ((name, str(value)) for name, value in told.items() if value is not None)
    yield "routes", str(len(row.routes))
    yield "people", str(row.people)
    if _alone(message):
        yield "description", message.forms.text
        if message.links.runbook:
            yield "runbook_url", message.links.runbook


def _alone(message: Message) -> bool:
    """Of several the words and links are those of the gravest; `standing.py` soon tells each."""
    return len(message.incidents) == 1


NOTIFIER: type[Notifier] = Alertmanager
