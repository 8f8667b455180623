"""One line for each object a test needs, with sane defaults; `over` replaces any field.

Everything else hangs on the announcement: `sent = a_probe_sent()`, then `an_answer(sent)` and so
on. Ids are made as the product makes them, so the same happening built twice is one event.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.contracts import evidence, ids, slots, text
from services.contracts.outcome import Liveness, MonitorFault
from services.contracts.vocabulary import (
    AnswerResult,
    Carrier,
    Channel,
    ClockSource,
    FaultDomain,
    NoticeClass,
    ObserverKind,
    Placement,
    Purpose,
    ReportState,
)

ID_KEY = b"the key of ids in tests"
CONTENT_KEY = b"the key of contents in tests"
REVISION = UUID("019a1234-5678-7abc-8def-0123456789ab")
COMMAND = UUID("019a1234-5678-7abc-8def-ba9876543210")
SLOT = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def a_probe_id(
    slot: datetime = SLOT, route: str = "geoje.alimtalk.sens-a", receiver: str = "skt-1"
) -> UUID:
    """The id of a scheduled probe."""
    return ids.make_probe_id(ID_KEY, route, receiver, slot, "scheduled", None)


def a_probe_sent(**over: Any) -> evidence.ProbeSent:
    """An alimtalk probe, sent 200 ms after its slot, late 120 s after that."""
    slot = over.get("slot", SLOT)
    worker = over.get("worker", "worker-a")
    sent_at = over.get("sent_at", slot + timedelta(milliseconds=200))
    probe_id = over.get("probe_id") or a_probe_id(
        slot, over.get("route", "geoje.alimtalk.sens-a"), over.get("receiver", "skt-1")
    )
    words = text.probe_text(probe_id, 0)
    fields: dict[str, Any] = {
        "event_id": evidence.sent_id(ID_KEY, probe_id, worker, sent_at),
        "source": f"worker/{worker}",
        "probe_id": probe_id,
        "sent_at": sent_at,
        "slot": slot,
        "purpose": Purpose.SCHEDULED,
        "revision": REVISION,
        "route": "geoje.alimtalk.sens-a",
        "body": "geoje",
        "notice": "tax",
        "notice_class": NoticeClass.C2,
        "channel": Channel.ALIMTALK,
        "adapter": "sens-alimtalk",
        "account": "sens-a",
        "provider": "sens",
        "sender": "geoje-kakao",
        "template": "PROBE01",
        "platform": "kakaotalk",
        "carrier": Carrier.SKT,
        "worker": worker,
        "receiver": "skt-1",
        "site": "seoul",
        "observers": (ObserverKind.SMSFORWARDER, ObserverKind.HOME_ASSISTANT),
        "interval_s": 60,
        "accepted_due": sent_at + slots.ACCEPTED_WITHIN,
        "seen_due": sent_at + timedelta(seconds=120),
        "reported_due": sent_at + slots.REPORTED_WITHIN,
        "text_digest": text.digest(CONTENT_KEY, words),
        "text_chars": text.length(words),
    }
    return evidence.ProbeSent(**fields | over)


def an_answer(sent: evidence.ProbeSent | None = None, **over: Any) -> evidence.ProbeAnswered:
    """The provider took it after 80 ms."""
    sent = sent or a_probe_sent()
    worker = over.get("worker", sent.worker)
    started_at = over.get("started_at", sent.sent_at)
    fields: dict[str, Any] = {
        "event_id": evidence.answered_id(ID_KEY, sent.probe_id, worker, started_at),
        "source": f"worker/{worker}",
        "probe_id": sent.probe_id,
        "worker": worker,
        "channel": sent.channel,
        "adapter": sent.adapter,
        "account": sent.account,
        "provider": sent.provider,
        "result": AnswerResult.ACCEPTED,
        "started_at": started_at,
        "ended_at": started_at + timedelta(milliseconds=80),
        "code": "202",
        "provider_message_id": "message-0001",
    }
    return evidence.ProbeAnswered(**fields | over)


def a_refusal(
    fault: FaultDomain | None, sent: evidence.ProbeSent | None = None, **over: Any
) -> evidence.ProbeAnswered:
    """The provider answered no."""
    fields = {"result": AnswerResult.REFUSED, "fault": fault, "provider_message_id": None}
    return an_answer(sent, **fields | over)


def a_report(sent: evidence.ProbeSent | None = None, **over: Any) -> evidence.ReportReceived:
    """The provider claims delivery after three seconds."""
    sent = sent or a_probe_sent()
    probe_id = over.get("probe_id", sent.probe_id)
    message = (sent.account, over.get("provider_message_id", "message-0001"))
    leg, code = over.get("leg", 0), over.get("code", "0000")
    reported_at = over.get("reported_at", sent.sent_at + 3 * SECOND)
    fields: dict[str, Any] = {
        "event_id": evidence.report_id(ID_KEY, probe_id, message, leg, code or "", reported_at),
        "source": "ingest/ingest-a",
        "probe_id": probe_id,
        "account": sent.account,
        "provider_message_id": message[1],
        "leg": leg,
        "state": ReportState.DELIVERED,
        "code": code,
        "reported_at": reported_at,
    }
    return evidence.ReportReceived(**fields | over)


def a_failure(
    fault: FaultDomain | None, sent: evidence.ProbeSent | None = None, **over: Any
) -> evidence.ReportReceived:
    """The provider's final report says that the message will not arrive."""
    return a_report(sent, **{"state": ReportState.FAILED, "fault": fault, "code": "3018"} | over)


def a_sighting(sent: evidence.ProbeSent | None = None, **over: Any) -> evidence.DeviceSeen:
    """The probe's own receiver showed it, text intact, two seconds after the sending."""
    sent = sent or a_probe_sent()
    fields = _observation("device.seen", sent, over)
    text_fields = {"text_digest": sent.text_digest, "text_chars": sent.text_chars}
    return evidence.DeviceSeen(**fields | text_fields | over)


def an_opening(sent: evidence.ProbeSent | None = None, **over: Any) -> evidence.DeviceOpened:
    """The message was opened on the probe's own receiver."""
    sent = sent or a_probe_sent()
    return evidence.DeviceOpened(**_observation("device.opened", sent, over) | over)


def a_post(**over: Any) -> evidence.ChannelObserved:
    """A member's phone saw a post in the ministry's room one second after SLOT."""
    at = over.get("observed_min", SLOT + SECOND)
    named = {
        "route": over.get("route", "moel.openchat.none"),
        "receiver": over.get("receiver", "skt-1"),
        "observer": ObserverKind.SMSFORWARDER,
        "source_event_id": over.get("source_event_id", "post-1"),
    }
    fields = named | {
        "event_id": evidence.post_id(ID_KEY, **named, at=at),
        "source": "ingest/ingest-a",
        "observed_min": at,
        "observed_max": at + SECOND,
    }
    return evidence.ChannelObserved(**fields | over)


def a_canary(**over: Any) -> evidence.CanaryAnnounced:
    """A worker's canary at SLOT."""
    at = over.get("at", SLOT)
    fields = {"event_id": evidence.canary_id(ID_KEY, "worker-a", at), "source": "worker/worker-a"}
    return evidence.CanaryAnnounced(**fields | {"at": at} | over)


def a_return(**over: Any) -> evidence.PathReturned:
    """The proof of SLOT came back from Alertmanager after one second."""
    path, slot = over.get("path", "alertmanager"), over.pop("slot", SLOT)
    probe_id = ids.make_probe_id(ID_KEY, f"path.{path}", path, slot, Purpose.PROOF, None)
    fields = {
        "event_id": evidence.returned_id(ID_KEY, probe_id, path), "source": "ingest/ingest-a",
        "probe_id": probe_id, "path": path, "at": slot + SECOND,
    }  # fmt: skip
    return evidence.PathReturned(**fields | over)


def a_heartbeat(**over: Any) -> evidence.Heartbeat:
    """A worker that reached its provider and the control address."""
    fields = {"source": "worker/worker-a", "at": SLOT, "reached": ("sens", "control")}
    return evidence.Heartbeat(**fields | over)


def a_command(**over: Any) -> evidence.ProbeCommand:
    """A confirm probe asked for by the leader."""
    fields: dict[str, Any] = {
        "command_id": COMMAND,
        "source": "alerting/alerting-a",
        "route": "geoje.alimtalk.sens-a",
        "receiver": "skt-1",
        "slot": SLOT,
        "purpose": Purpose.CONFIRM,
        "expires_at": SLOT + MINUTE,
    }
    return evidence.ProbeCommand(**fields | over)


def a_dead_letter(**over: Any) -> evidence.DeadLetter:
    """A record of our own evidence topic that nobody could read."""
    fields: dict[str, Any] = {
        "source": "alerting/alerting-a",
        "at": SLOT,
        "origin": "evidence/3/4711",
        "reason": "invalid: probe_id: missing",
        "size": 2,
        "digest": text.digest(CONTENT_KEY, "{}"),
        "raw": "e30=",
    }
    return evidence.DeadLetter(**fields | over)


def liveness(*signs: tuple[str, datetime]) -> Liveness:
    """Signs of life by source; each stands in a minute of its own."""
    by_source: dict[str, list[tuple[datetime, datetime]]] = {}
    for source, at in sorted(signs):
        by_source.setdefault(source, []).append((at, at))
    return Liveness(by_source)


def a_living_receiver(sent: evidence.ProbeSent, kind: str = "smsforwarder") -> Liveness:
    """One sign a second before the sending, one a second after the due time."""
    source = f"observer/{sent.receiver}/{kind}"
    return liveness((source, sent.sent_at - SECOND), (source, sent.seen_due + SECOND))


def a_fault_of(component: str, sent: evidence.ProbeSent, **over: Any) -> MonitorFault:
    """A monitor fault from the sending to the due time."""
    times: dict[str, Any] = {"start": sent.sent_at, "end": sent.seen_due}
    return MonitorFault(component=component, **times | over)


def _observation(kind: str, sent: evidence.ProbeSent, over: dict[str, Any]) -> dict[str, Any]:
    named = {
        "receiver": over.get("receiver", sent.receiver),
        "observer": over.get("observer", ObserverKind.SMSFORWARDER),
        "source_event_id": over.get("source_event_id", "seen-1"),
        "placement": over.get("placement", Placement.NOTIFICATION),
    }
    return named | {
        "event_id": evidence.observed_id(ID_KEY, kind, sent.probe_id, **named),
        "source": "ingest/ingest-a",
        "probe_id": sent.probe_id,
        "platform": sent.platform,
        "leg": 0,
        "observed_min": sent.sent_at + SECOND,
        "observed_max": sent.sent_at + 2 * SECOND,
        "clock": ClockSource.HANDSET,
    }
