"""A day of probes for boards to show: as rows of Postgres, and as series of Prometheus.

Every twelfth probe of a route fails with a code, every twelfth is claimed delivered and not seen.
Series are written by the processes' own metric objects, so names and labels are the true ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from services.alerting.metrics import Metrics as AlertingMetrics
from services.contracts.evidence import Evidence, ProbeSent
from services.contracts.vocabulary import Channel, FaultDomain, Outcome
from services.ingest.metrics import Metrics as IngestMetrics
from services.probe.metrics import Metrics as ProbeMetrics
from services.reporting.chain import text_of
from services.storage import incidents, sink
from services.storage.pool import Connection
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.incidents import an_incident
from tests.support.reports import a_report

SPAN, EVERY, SCRAPE = timedelta(hours=26), timedelta(minutes=20), timedelta(minutes=1)
ROUTES = (
    {"route": "geoje.alimtalk.sens-a", "body": "geoje", "channel": Channel.ALIMTALK},
    {"route": "miryang.sms.sens-a", "body": "miryang", "channel": Channel.SMS, "template": None},
)
_SETTLE = """
UPDATE attempts SET settled_at = $1, counted = true, settle_at = NULL, reason = 'x',
    outcome = CASE WHEN seen_at IS NULL THEN 'undelivered' ELSE 'delivered' END
"""
_REVISION = """
INSERT INTO catalogue_revision (revision, known_at, applied_by) VALUES ($1, $2, 'operator')
"""
_OBJECT = """
INSERT INTO catalogue_object (revision, kind, id, body) VALUES ($1, 'route', $2, $3)
"""
_OBSERVED = """{"body": "geoje", "channel": "openchat", "adapter": "none", "enabled": true,
 "receivers": ["skt-1"], "expected_within_s": 86400}"""


async def store_sample(conn: Connection, now: datetime) -> None:
    """A day of settled probes of two bodies; a catalogue that began to observe an open chat."""
    await sink.maintain(conn, 14, 400)
    async with conn.transaction():
        await store(conn, list(_events(now)), known_at=now)
        await conn.execute(_SETTLE, now)
        for hours in (2, 1):
            applied_at = now - timedelta(hours=hours)
            revision = builders.a_probe_id(applied_at)
            await conn.execute(_REVISION, revision, applied_at)
            for route in ("geoje.openchat.none", "miryang.openchat.none")[: 3 - hours]:
                await conn.execute(_OBJECT, revision, route, _OBSERVED)
        await _store_incidents(conn, now)
        await _store_months(conn, now)


async def _store_months(conn: Connection, now: datetime) -> None:
    """A month that is sealed, and this one so far."""
    seal = a_report().seal
    await conn.execute(
        "INSERT INTO report_revision (body, month, revision, state, cutoff, sealed_at, figures,"
        " evidence, content_hash, prev, entry, epoch, content)"
        " VALUES ('geoje', '2026-10', 1, 'closed', $1, $1, $2, $3, $4, $5, $6, 1, $7)",
        now, *(getattr(seal, n) for n in ("figures", "evidence", "content", "prev", "entry")),
        text_of(a_report()),
    )  # fmt: skip
    seoul, totals = now + timedelta(hours=9), '{"sums": {"service": 60, "up": 60}, "probes": {}}'
    for body in ("geoje", "miryang"):
        place = (body, "alimtalk")
        await conn.execute(
            "INSERT INTO rollup_month VALUES ($1, $2, $3, $4, 999000, $5)",
            *place, f"{seoul:%Y-%m}", now, totals,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO rollup_day VALUES ($1, $2, $3, $4, 'x', $5, 60, 'x')",
            *place, seoul.date(), now, totals,
        )  # fmt: skip


async def _store_incidents(conn: Connection, now: datetime) -> None:
    """An outage that lasts, one before it, and a phone that is dead."""
    hour = timedelta(hours=1)
    lasting = an_incident(id="new", started_at=now - 1.6 * hour, detected_at=now - 1.5 * hour)
    ended = now - 9 * hour
    over = an_incident(
        id="old", status="closed", started_at=ended - hour, ended_at=ended, closed_at=ended,
        detected_at=ended - hour,
    )  # fmt: skip
    phone = an_incident(
        id="own", kind="monitor", severity=None, component="receiver:skt-1",
        started_at=now - 3 * hour,
    )  # fmt: skip
    for row in (lasting, over, phone):
        await incidents.put(conn, row)
    opened = incidents.Event(lasting.detected_at, "opened", "bongsu", "열림", "opened")
    await incidents.append(conn, lasting.id, [opened])
    named = incidents.Candidate("platform:kakaotalk", "dead", 19.8, 14, 14, True)
    await incidents.replace_candidates(conn, lasting.id, [named])


def _events(now: datetime) -> Iterator[Evidence]:
    for route in ROUTES:
        for number in range(SPAN // EVERY):
            sent = builders.a_probe_sent(slot=now - EVERY * (number + 1) + EVERY / 2, **route)
            yield from _life(sent, number, f"{route['body']}-{number}")


def _life(sent: ProbeSent, number: int, message: str) -> Iterator[Evidence]:
    yield sent
    yield builders.an_answer(sent, provider_message_id=message)
    if number % 12 == 3:
        yield builders.a_failure(FaultDomain.HANDSET, sent, provider_message_id=message)
        return
    yield builders.a_report(sent, provider_message_id=message)
    if number % 12 != 5:
        yield builders.a_sighting(sent)


def scraped_sample(now: datetime) -> str:
    """What scrapes of the last day would have found, in OpenMetrics with times."""
    registries = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()
    alerting, probe = AlertingMetrics(registries[0]), ProbeMetrics(registries[1])
    ingest = IngestMetrics(registries[2])
    kinds: dict[str, str] = {}
    lines: dict[str, list[str]] = defaultdict(list)
    for number in range(SPAN // SCRAPE + 1):
        for route in ROUTES:
            _count(alerting, probe, str(route["channel"]), str(route["body"]), number)
        at = (now - SPAN + number * SCRAPE).timestamp()
        _show(alerting, ingest, now - SPAN + number * SCRAPE)
        _work(alerting, ingest, probe)
        for metric in (metric for registry in registries for metric in registry.collect()):
            lines[metric.name] += _lines(metric, at)
            kinds[metric.name] = metric.type
    for job in ("alerting", "ingest"):
        lines["up"].append(f'up{{job="{job}"}} 1 {now.timestamp():.3f}\n')
    kinds["up"] = "gauge"
    families = [f"# TYPE {name} {kinds[name]}\n" + "".join(found) for name, found in lines.items()]
    return "".join(families) + "# EOF\n"


def _count(
    alerting: AlertingMetrics, probe: ProbeMetrics, channel: str, body: str, number: int
) -> None:
    path = (channel, "sens", "skt")
    probe.sent.labels(*path, body).inc()
    happened = Outcome.UNDELIVERED if number % 12 == 3 else Outcome.DELIVERED
    for outcome in Outcome:
        alerting.outcomes.labels(*path, body, outcome).inc(outcome is happened)
    for stage, seconds in (("accepted", 0.08), ("reported", 3.0), ("seen", 2.0)):
        alerting.stages.labels(*path, stage).observe(seconds)
    alerting.pending.labels(channel, "sens").set(number % 3)


def _show(alerting: AlertingMetrics, ingest: IngestMetrics, at: datetime) -> None:
    for route in ROUTES:
        alerting.channel_state.labels(str(route["channel"]), "sens").set(2)
    alerting.incidents_open.labels("2", "alimtalk").set(1)
    alerting.selfcheck.labels("stored").set(at.timestamp())
    alerting.heartbeat.set(at.timestamp())
    alerting.path_proof.labels("oncall-1", "seen").set(at.timestamp())
    ingest.last_seen.labels("skt-1", "smsforwarder", "skt").set(at.timestamp())


def _work(alerting: AlertingMetrics, ingest: IngestMetrics, probe: ProbeMetrics) -> None:
    """What bongsu itself does in a minute, and what goes wrong of it."""
    probe.schedule_delay.labels("sms").observe(0.02)
    for result in ("accepted", "bad_signature", "unmatched"):
        ingest.requests.labels("smsforwarder", result).inc()
    ingest.seconds.labels("smsforwarder", "accepted").observe(0.01)
    alerting.duplicates.labels("device.seen").inc()
    alerting.dead_letters.labels("evidence", "codec").inc()
    alerting.store_seconds.labels("batch").observe(0.02)
    alerting.lag_seconds.labels("evidence", "store").set(1)
    alerting.lag_records.labels("evidence", "store").set(3)
    alerting.tick_seconds.observe(0.02)
    alerting.pages.labels("opened", "accepted").inc()
    alerting.page_tries.labels("oncall-1", "accepted").inc()
    alerting.page_tries.labels("oncall-1", "later").inc()
    alerting.page_seconds.labels("opened").observe(2)


def _lines(metric: Metric, at: float) -> Iterable[str]:
    for sample in metric.samples:
        if not sample.name.endswith("_created"):
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            yield f"{sample.name}{{{labels}}} {sample.value} {at:.3f}\n"
