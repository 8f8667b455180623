"""Numbers, texts and secrets stay where they belong, whatever happens: searched for everywhere.

All that bongsu writes is read back: every record of every topic, every row of every table, every
log, /metrics of every process, what commands print, the summary. None may hold the number of a
receiver or sender, the text of a message, or a secret, neither plain nor escaped nor encoded.
Nonces and probe ids may stand anywhere. The catalogue holds the templates, which are its content:
they are taken out of it, and out of it alone, before it is searched.
"""

import asyncio
import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg
import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import example, given
from hypothesis import strategies as st

from services.catalogue.load import load
from services.catalogue.publish import new_revision
from services.contracts.catalogue import Catalogue
from services.local import keys
from services.local.child import HOST
from services.runtime import logs
from simulators import handset_wire
from tests.support.canary import Canary, canaries, forms, holds, without_templates
from tests.support.chain import let_through
from tests.support.commands import ROOT, Up, bongsu, local_ports

pytestmark = pytest.mark.timeout(240)

RECEIVER = "skt-01"
APP = f"/v1/receipts/android-sms-gateway/{RECEIVER}"
TEXT = "[봉수] 전달 점검, 회신하지 마십시오."
DOCUMENT = "lh.edocument.kpdoc.rent"
LONG = "온전히 도착하는지"  # of an LMS
CATALOGUES = ("topic bongsu.catalogue", "table catalogue_object")
OPS = ("alerting_ops_port", "ingest_ops_port", "probe_ops_port", "probe_2_ops_port")


@dataclass(frozen=True)
class Written:
    """What a run has left, by place, and what is searched for in it."""

    places: dict[str, str]
    wanted: list[Canary]
    secrets: Path
    catalogue: Catalogue


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """One run of `bongsu up` in which messages arrive, and a good deal goes wrong."""
    folder = tmp_path_factory.mktemp("leaks")
    let_through(folder)
    catalogue = load(ROOT / "catalogue").catalogue(new_revision(datetime.now(UTC)))
    up = Up(folder / "data", folder / "summary.json", ports=local_ports())
    try:
        up.wait_ready()
        places = commands_and_errors(up)
        receipts_of_all_kinds(up)
        places |= asyncio.run(topics(up)) | asyncio.run(tables(up)) | metrics(up)
        places["summary"] = json.dumps(up.finish(), ensure_ascii=False)
    finally:
        up.end()
    places |= {"bongsu up": up.text} | log_files(up.data)
    secrets = up.data / "secrets"
    return Written(places, canaries(secrets, catalogue), secrets, catalogue)


def test_no_number_text_or_secret_stands_anywhere(written: Written) -> None:
    leaks = {}
    for place, text in written.places.items():
        if place in CATALOGUES:
            text = without_templates(text, written.catalogue)
        if found := holds(text, written.wanted):
            leaks[place] = found
    assert leaks == {}


def test_all_that_should_have_happened_is_written_down(written: Written) -> None:
    """Else nothing is found because nothing was there."""
    evidence, letters = (written.places[f"topic bongsu.{n}"] for n in ("evidence", "deadletters"))
    for channel in ("alimtalk", "sms", "email", "edocument"):
        assert f'"channel":"{channel}"' in evidence
    assert '"observer":"smsforwarder"' in evidence
    assert '"observer":"android-sms-gateway"' in evidence
    assert '"observer":"imap"' in evidence
    assert '"kind":"device.opened"' in evidence
    assert '"result":"refused"' in evidence
    assert f"receipts/android-sms-gateway/{RECEIVER}" in letters
    refused = 'bongsu_ingest_requests_total{kind="android-sms-gateway",result="bad_signature"} 2.0'
    assert refused in written.places["metrics ingest_ops_port"]
    assert "reports/nhn_sms/nhn" in letters
    for line in ("receipt refused", "report refused"):
        assert line in written.places["log ingest-i1.log"]
    for table in ("evidence", "attempts", "liveness", "catalogue_object"):
        assert any(
            text for place, text in written.places.items() if place.startswith(f"table {table}")
        )


def test_people_their_birthdays_mailboxes_and_logins_are_searched_for(written: Written) -> None:
    fields = {canary.name.split()[-1] for canary in written.wanted}
    assert {"number", "name", "birthday", "address", "username", "password"} <= fields
    (birthday,) = {canary.forms for canary in written.wanted if canary.name.endswith("birthday")}
    assert {"19000101", "1900-01-01"} <= birthday


def test_the_search_finds_every_canary_where_it_belongs(written: Written) -> None:
    at_home = "".join(path.read_text(encoding="utf-8") for path in written.secrets.iterdir())
    handset = json.dumps(
        handset_wire.gateway_sms("[Web발신]\n" + TEXT + LONG, None, "", "", _now())
    )
    assert holds(at_home + handset, written.wanted) == [canary.name for canary in written.wanted]


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=60))
@example("whsec_a+b/c=d")
def test_the_search_finds_what_is_escaped_or_encoded(value: str) -> None:
    said = f"x{value}y"
    for hidden in (
        said,
        json.dumps(said),
        quote(said),
        quote_plus(said),
        base64.b64encode(said.encode()).decode(),
        said.encode().hex(),
    ):
        assert holds(hidden, [Canary("any", value, frozenset(forms(value)))]), hidden


def test_a_text_of_nobody_holds_no_number(written: Written) -> None:
    number = Canary("number", "", frozenset(written.wanted[0].forms))
    assert not holds("a text of nobody", [number])


def test_without_redaction_the_same_search_finds_number_and_secret_in_a_log(
    written: Written,
) -> None:
    by_name = {canary.name: canary for canary in written.wanted}
    number, key = by_name[f"receiver-{RECEIVER} number"], by_name["sens secret_key"]
    assert holds(logged(number, key, redacted=False), [number, key]) == [number.name, key.name]
    assert holds(logged(number, key, redacted=True), [number, key]) == []


def logged(number: Canary, key: Canary, redacted: bool) -> str:
    """A careless line as the product's chain writes it, with or without its redaction."""
    out = StringIO()
    chain = [s for s in (*logs.processors(), logs.render) if redacted or s is not logs.redact]
    logger = structlog.wrap_logger(structlog.PrintLogger(out), processors=chain)
    logger.warning("careless", to=number.value, secret_key=key.value)
    return out.getvalue()


def commands_and_errors(up: Up) -> dict[str, str]:
    """Probes that arrive, probes that are refused, and what the commands say of it."""
    said = {
        "alimtalk": told(up, 0, "probe", "geoje.alimtalk.sens", "--wait", "60s"),
        "sms": told(up, 0, "probe", "geoje.sms.sens", "--receiver", RECEIVER, "--json"),
        "mail": told(up, 0, "probe", "moel.email.mail", "--wait", "60s"),
        "document": told(up, 0, "probe", DOCUMENT, "--wait", "60s"),
        "break": told(up, 0, "break", "sender:geoje-sms", "--state", "refusing"),
        "refused": told(up, 1, "probe", "geoje.sms.sens", "--wait", "20s"),
        "repair": told(up, 0, "repair", "sender:geoje-sms"),
        "status": told(up, 0, "status"),
        "status json": told(up, 0, "status", "--json"),
    }
    return {f"command {name}": text for name, text in said.items()}


def told(up: Up, code: int, *words: str) -> str:
    """All that a command prints."""
    done = bongsu(*words, data=up.data)
    assert done.code == code, done.err
    return done.out + done.err


def receipts_of_all_kinds(up: Up) -> None:
    """Two forged ones, one with a number for its path; an authentic one that nobody understands.
    Of webhooks too."""
    receiver, sender = (_secret(up, name)["number"] for name in ("receiver-skt-01", "number-geoje"))
    payload = handset_wire.gateway_sms(TEXT, None, sender, receiver, _now())
    body = {"id": "forged", "event": "sms:received", "payload": payload}
    forged = handset_wire.gson(body)
    assert post(up, APP, forged, "no key of ours") == 401
    assert post(up, f"/v1/receipts/android-sms-gateway/{receiver}", forged, "no key") == 401
    del payload["receivedAt"]
    invalid = handset_wire.gson(body | {"id": "invalid", receiver: TEXT})
    assert post(up, APP, invalid, _secret(up, f"gateway-{RECEIVER}")["key"]) == 202
    unread = {
        "event": "MESSAGE_RESULT_UPDATE",
        "hooks": [{"recipientNo": receiver, receiver: TEXT}],
    }
    webhook, word = json.dumps(unread).encode(), _secret(up, "nhn")["webhook_signature"]
    assert post_webhook(up, "nhn", webhook, "no word of ours") == 401
    assert post_webhook(up, receiver, webhook, word) == 401
    assert post_webhook(up, "nhn", webhook, word) == 202


def post(up: Up, path: str, body: bytes, key: str) -> int:
    """The HTTP status of a receipt."""
    return send(up, path, body, handset_wire.gateway_headers(key, body, _now()))


def post_webhook(up: Up, account: str, body: bytes, word: str) -> int:
    """The HTTP status of a webhook."""
    headers = {"Content-Type": "application/json", "X-Toast-Webhook-Signature": word}
    return send(up, f"/reports/nhn_sms/{account}", body, headers)


def send(up: Up, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The HTTP status of a request to ingest."""
    url = f"http://{HOST}:{up.port('ingest_port')}{path}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as done:
            return int(done.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


async def topics(up: Up) -> dict[str, str]:
    """Every record of every topic: key, value and headers."""
    bootstrap = f"{HOST}:{up.port('kafka_port')}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await asyncio.gather(admin.start(), consumer.start())
    try:
        found = {}
        for described in await admin.describe_topics():
            name, count = described["topic"], len(described["partitions"])
            partitions = [TopicPartition(name, number) for number in range(count)]
            found[f"topic {name}"] = await read_topic(consumer, partitions)
        return found
    finally:
        await asyncio.gather(admin.close(), consumer.stop())


async def read_topic(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> str:
    """A topic as it stands now, as one text."""
    ends = await consumer.end_offsets(partitions)
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    parts: list[str] = []
    async with asyncio.timeout(30):
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    raw = (
                        record.key,
                        record.value,
                        *(v for header in record.headers for v in header),
                    )
                    parts += [_text(value) for value in raw if value is not None]
    return "\n".join(parts)


async def tables(up: Up) -> dict[str, str]:
    """Every row of every lasting table of the product's database, as JSON."""
    connection = await asyncpg.connect(
        host=HOST, port=up.port("postgres_port"), user="bongsu", database="bongsu",
        password=keys.shared_key(up.data / "secrets", "postgres-owner"), timeout=5,
    )  # fmt: skip
    try:
        names = await connection.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class AS c JOIN pg_namespace AS n"
            " ON n.oid = relnamespace WHERE relkind IN ('r', 'm') AND relpersistence <> 't'"
            " AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        found = {}
        for name in sorted(row["name"] for row in names):
            rows = await connection.fetch(f"SELECT row_to_json(t)::text AS row FROM {name} AS t")
            found[f"table {name}"] = "\n".join(row["row"] for row in rows)
        return found
    finally:
        await connection.close(timeout=2)


def metrics(up: Up) -> dict[str, str]:
    """/metrics of every process."""
    found = {}
    for name in OPS:
        with urllib.request.urlopen(f"http://{HOST}:{up.port(name)}/metrics", timeout=10) as answer:
            found[f"metrics {name}"] = answer.read().decode()
    return found


def log_files(data: Path) -> dict[str, str]:
    """The logs of all processes, of the outside world and of the servers."""
    files = [*data.glob("logs/*"), *data.glob("*/*.log")]
    return {f"log {path.name}": path.read_text(errors="replace") for path in files}


def _secret(up: Up, name: str) -> dict[str, str]:
    content: dict[str, str] = json.loads((up.data / "secrets" / f"{name}.json").read_text())
    return content


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")


def _now() -> datetime:
    return datetime.now(UTC)
