"""What boards read: why a probe failed, in words; receivers; what an applied catalogue changed."""

from urllib.parse import urlsplit
from uuid import UUID

import pytest

from services.alerting.detection import paths
from services.alerting.detection.kinds import monitors
from services.alerting.paging.links import Addresses, links
from services.catalogue.load import load
from services.contracts import catalogue, sla
from services.contracts.vocabulary import AnswerResult, Carrier, FaultDomain
from services.storage import incidents, migrate, sink
from services.storage.pool import Connection, open_pool
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.builders import MINUTE, SLOT
from tests.support.commands import ROOT
from tests.support.incidents import an_incident

CODES = [
    ("sens-alimtalk", "3018", "failed", "handset", "number and SIM differ"),
    ("sens-alimtalk", "3005", "pending", None, None),
    ("sens-alimtalk", "A*", "failed", "body", None),
    ("sens-alimtalk", "A003", "failed", "template", "text does not match"),
    ("other", "9999", "failed", "carrier", "another adapter's"),
]


@pytest.mark.parametrize(
    ("code", "fault", "words"),
    [
        ("3018", FaultDomain.HANDSET, "수신 단말: number and SIM differ"),
        ("A003", FaultDomain.TEMPLATE, "템플릿·문구: text does not match"),
        ("A777", FaultDomain.BODY, "기관 설정"),
        ("9999", FaultDomain.PROVIDER, "중계사"),
    ],
)
async def test_an_error_says_whose_fault_it_is_and_what_the_code_means(
    conn: Connection, code: str, fault: FaultDomain, words: str
) -> None:
    await _know(conn)
    sent = builders.a_probe_sent()
    async with conn.transaction():
        await store(
            conn, [sent, builders.an_answer(sent), builders.a_failure(fault, sent, code=code)]
        )
    row = await conn.fetchrow("SELECT * FROM dash.probe")
    assert row is not None
    assert (row["error_code"], row["error_text"]) == (code, words)
    assert (row["provider_says"], row["outcome"]) == ("failed", None)


async def test_a_refusal_is_explained_by_its_own_code_and_a_delivery_needs_no_words(
    conn: Connection,
) -> None:
    await _know(conn)
    fine, refused = builders.a_probe_sent(), builders.a_probe_sent(slot=SLOT + MINUTE)
    answer = builders.an_answer(refused, code="A003", fault=FaultDomain.TEMPLATE,
                                result=AnswerResult.REFUSED, provider_message_id=None)  # fmt: skip
    async with conn.transaction():
        events = [fine, builders.an_answer(fine), builders.a_report(fine), refused, answer]
        await store(conn, events)
    rows = await conn.fetch("SELECT error_code, error_text FROM dash.probe ORDER BY slot_at")
    assert [tuple(row) for row in rows] == [
        (None, None),
        ("A003", "템플릿·문구: text does not match"),
    ]


async def test_init_learns_codes_and_the_newest_meaning_wins(empty_database: str) -> None:
    name = urlsplit(empty_database).path.removeprefix("/")
    for meaning in ("old", "new"):
        codes = [("sens_sms", "3018", "failed", "handset", meaning), *CODES]
        await migrate.init_database(empty_database, name, {}, codes)
    async with open_pool(empty_database, role_label="test") as pool:
        query = "SELECT meaning FROM provider_code WHERE adapter = 'sens_sms'"
        assert [row["meaning"] for row in await pool.fetch(query)] == ["new"]


async def test_receivers_of_the_catalogue_in_force_show_their_last_sign_of_life(
    conn: Connection,
) -> None:
    await sink.store_catalogue(conn, _revision(1, _handset("gone-01")), "kim", SLOT)
    both = _revision(2, _handset("skt-01"), _handset("kt-01"))
    await sink.store_catalogue(conn, both, "kim", SLOT + MINUTE)
    source = "observer/skt-01/smsforwarder"
    signs = [sink.Sign(source, at, at) for at in (SLOT + MINUTE, SLOT)]
    await sink.touch_liveness(conn, signs)
    rows = await conn.fetch("SELECT * FROM dash.receiver ORDER BY receiver")
    assert [(row["receiver"], row["kind"], row["last_seen_at"]) for row in rows] == [
        ("kt-01", "smsforwarder", None),
        ("skt-01", "smsforwarder", SLOT + MINUTE),
    ]
    assert {(row["os_version"], row["carrier"]) for row in rows} == {("Android 14", "skt")}


async def test_changes_say_who_changed_what_when(conn: Connection) -> None:
    first = _revision(1, _handset("skt-01"), _sender("one", "two"))
    many = [_handset(f"kt-0{n}") for n in range(1, 8)]
    second = _revision(2, _handset("skt-01"), _sender("one", "2", "three"), *many)
    await sink.store_catalogue(conn, second, "lee", SLOT + MINUTE)
    await sink.store_catalogue(conn, first, "kim", SLOT)
    rows = await conn.fetch("SELECT * FROM dash.change ORDER BY at, title")
    assert [(row["at"], row["kind"], row["title"], row["who"]) for row in rows] == [
        (SLOT, "sender", "발신 주체 추가: geoje-alimtalk", "kim"),
        (SLOT, "receiver", "수신 단말 추가: skt-01", "kim"),
        (SLOT, "template", "템플릿 추가: geoje-alimtalk/t0, geoje-alimtalk/t1", "kim"),
        (SLOT + MINUTE, "receiver",
         "수신 단말 추가: kt-01, kt-02, kt-03, kt-04, kt-05 외 2건", "lee"),
        (SLOT + MINUTE, "template", "템플릿 변경: geoje-alimtalk/t1", "lee"),
        (SLOT + MINUTE, "template", "템플릿 추가: geoje-alimtalk/t2", "lee"),
    ]  # fmt: skip


async def test_an_objective_is_that_of_the_version_in_force_of_messages_if_it_says_so(
    conn: Connection,
) -> None:
    whole = load(ROOT / "catalogue").catalogue(UUID(int=1))
    item = {
        "body": "geoje", "channel": "sms", "counterparty": "own", "grade": 1,
        "routes": [{"route": "geoje.sms.sens"}], "valid_from": "2022-01-01",
    }  # fmt: skip
    versions = [
        item | {"id": "1", "valid_to": "2024-12-31"},
        item | {"id": "2", "valid_from": "2025-01-01"},
        item | {"id": "3", "channel": "alimtalk", "objectives": {"delivery_ppm": 990_000}},
        item | {"id": "4", "channel": "brandmessage", "valid_from": "2999-01-01"},
        item | {"id": "5", "body": "moel", "grade": None},
    ]
    contracts = {str(v["id"]): sla.Contract.model_validate(v) for v in versions}
    changed = whole.model_copy(update={"contracts": contracts})
    await sink.store_catalogue(conn, changed, "kim", SLOT)

    rows = await conn.fetch("SELECT slo, title, objective, channel FROM dash.slo ORDER BY 1")

    assert [tuple(row) for row in rows] == [
        ("geoje.alimtalk", "거제시 알림톡", 0.99, "alimtalk"),
        ("geoje.sms", "거제시 단문 문자", 0.9992, "sms"),
    ]


@pytest.mark.parametrize("kind", [*catalogue.KINDS, "template"])
async def test_a_change_of_any_kind_of_object_has_a_korean_word(
    conn: Connection, kind: str
) -> None:
    word = await conn.fetchval("SELECT dash.kind_ko($1)", kind)
    assert not word.isascii()


@pytest.mark.parametrize(
    "component",
    ["platform:kakaotalk", "worker:w1", paths.SELF, "receiver:skt-01", "site:seoul"],
)
async def test_an_incident_leads_to_the_runbook_that_its_page_names(
    conn: Connection, component: str
) -> None:
    kind = "monitor" if monitors(component) else "outage"
    row = an_incident(component=component, kind=kind)
    await incidents.put(conn, row)
    shown = await conn.fetchval("SELECT runbook_url FROM dash.incident")
    assert shown == links(Addresses(), row).runbook
    assert (ROOT / shown).is_file()


async def _know(conn: Connection) -> None:
    await conn.executemany(
        "INSERT INTO provider_code (adapter, code, state, fault, meaning)"
        " VALUES ($1, $2, $3, $4, $5)",
        CODES,
    )


def _handset(name: str) -> catalogue.Receiver:
    observer = catalogue.Observer(kind="smsforwarder", secret="observer-key")
    return catalogue.Receiver(
        id=name, carrier=Carrier.SKT, os="Android 14", site="seoul", secret="number",
        observers=(observer,),
    )  # fmt: skip


def _sender(*texts: str) -> catalogue.Sender:
    templates = (catalogue.Template(code=f"t{n}", text=text) for n, text in enumerate(texts))
    return catalogue.Sender(
        id="geoje-alimtalk", body="geoje", account="sens", channel="alimtalk",
        quota=catalogue.Quota(), templates=tuple(templates),
    )  # fmt: skip


def _revision(number: int, *objects: catalogue.Model) -> catalogue.Catalogue:
    kinds = [(catalogue.KIND_OF[type(item)], item) for item in objects]  # type: ignore[index]
    return catalogue.build(UUID(int=number), kinds)
