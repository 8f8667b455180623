"""The page at which a document opens: whom it believes, what it publishes, in which order."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts import ids, links
from services.contracts.catalogue import build
from services.contracts.evidence import DeviceOpened
from services.contracts.vocabulary import ClockSource, ObserverKind
from services.runtime.http import Destination
from tests.support.adapters import serving, setup_of
from tests.support.builders import ID_KEY, REVISION, a_probe_id
from tests.support.probing import an_account
from tests.unit.ingest.handset import NOW, PROBE, Answer, Ingest, a_receiver, ask, write_secrets

DOCUMENT, TOKEN = "BIN-ff806328863311ebb61432ac599d6150", "CON-cc375944ae3d11ecb91e42193199ee3c"
OTHER = a_probe_id(NOW)
QUERY = f"document_binder_uuid={DOCUMENT}&token={TOKEN}"


def path_of(probe: Any = PROBE, account: str = "kpdoc", receiver: str = "skt-1") -> str:
    return links.document_link("", ID_KEY, account, receiver, probe)


@dataclass
class KakaoPay:
    """Checks tokens once each and takes readings; `payload` is that of its one document."""

    payload: str = ids.write_nonce(PROBE, 0)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    status: int = 200
    reading: int = 204
    asked: list[tuple[str, str]] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    ingest: Ingest | None = None

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        assert self.ingest is not None
        self.published.append(len(self.ingest.records))
        if request.method == "POST":
            assert await request.json() == {"document": {"is_detail_read": True}}
            return web.Response(status=self.reading)
        if self.status != 200:
            return web.Response(status=self.status)
        token = request.path.rpartition("/")[2]
        if not request.path.startswith(f"/v1/{DOCUMENT}/tokens/") or token not in self.tokens:
            return web.json_response({"error_code": "E400_01"}, status=400)
        self.tokens.discard(token)
        return web.json_response({"token_status": "USED", "payload": self.payload})


@dataclass
class Door:
    """The page, and the provider it asks."""

    ingest: Ingest
    provider: KakaoPay

    async def get(self, path: str, query: str = QUERY, method: str = "GET") -> Answer:
        return await ask(self.ingest.app, path, {}, method=method, query=query)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    (tmp_path / "kpdoc.json").write_text(json.dumps(setup_of("kakao_edocument")["secret"]))
    ingest, provider = Ingest(write_secrets(tmp_path)), KakaoPay()
    provider.ingest = ingest
    account = an_account(id="kpdoc", provider="kakaopay-doc", secret="kpdoc",
                         services={"edocument": "bongsu"})  # fmt: skip
    others = an_account(id="sens")
    ingest.in_force = build(
        REVISION, [("receiver", a_receiver()), ("account", account), ("account", others)]
    )
    async with serving(provider) as url:  # type: ignore[arg-type]
        ingest.destinations["kpdoc"] = Destination(url=url, answer_within_s=2)
        yield Door(ingest, provider)


async def test_an_opened_document_is_evidence_before_the_provider_and_the_person_hear_of_it(
    door: Door,
) -> None:
    answer = await door.get(path_of())
    assert answer.status == 200
    (event,) = door.ingest.records
    assert isinstance(event, DeviceOpened)
    assert (event.probe_id, event.receiver, event.leg) == (PROBE, "skt-1", 0)
    assert (event.observer, event.platform) == (ObserverKind.PAGE, "kakaotalk")
    assert (event.observed_min, event.observed_max, event.clock) == (NOW, NOW, ClockSource.INGEST)
    assert event.source_event_id == DOCUMENT
    assert door.provider.asked == [
        ("GET", f"/v1/{DOCUMENT}/tokens/{TOKEN}"),
        ("POST", f"/v1/documents/{DOCUMENT}"),
    ]
    assert door.provider.published == [0, 1]
    assert door.ingest.results("page", "accepted") == 1


async def test_the_page_is_korean_and_english_kept_nowhere_and_names_nobody(door: Door) -> None:
    answer = await door.get(path_of())
    page = answer.body.decode()
    assert "시험 문서" in page
    assert "test document" in page
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(rf"BSP|skt-1|kpdoc|{DOCUMENT}|{TOKEN}|http", page)


async def test_a_used_token_opens_nothing(door: Door) -> None:
    await door.get(path_of())
    answer = await door.get(path_of())
    assert answer.status == 403
    assert len(door.ingest.records) == 1
    assert door.ingest.results("page", "token") == 1


async def test_a_document_that_is_opened_again_is_the_same_event(door: Door) -> None:
    await door.get(path_of())
    door.provider.tokens.add("CON-2")
    assert (await door.get(path_of(), QUERY.replace(TOKEN, "CON-2"))).status == 200
    first, second = door.ingest.records
    assert first.event_id == second.event_id


@pytest.mark.parametrize(
    "path",
    [
        path_of()[:-1],
        path_of()[:-1] + ("A" if path_of()[-1] != "A" else "B"),
        path_of().replace("skt-1", "kt-1"),
        path_of().replace("kpdoc", "sens"),
        path_of().lower(),
        path_of(OTHER)[:-16] + path_of()[-16:],
        "/edoc/kpdoc/skt-1/" + "가" * 42,
    ],
)
async def test_a_forged_link_is_refused_and_nobody_is_asked(door: Door, path: str) -> None:
    answer = await door.get(path)
    assert answer.status == 403
    assert (door.provider.asked, door.ingest.records) == ([], [])
    assert door.ingest.results("page", "bad_signature") == 1


async def test_a_token_of_another_document_does_not_open_this_one(door: Door) -> None:
    assert (await door.get(path_of(OTHER))).status == 403
    assert door.ingest.records == []


async def test_an_account_that_left_or_has_no_documents_is_nobody_to_ask(door: Door) -> None:
    for account in ("gone", "sens"):
        assert (await door.get(path_of(account=account))).status == 403
    assert door.ingest.records == []


@pytest.mark.parametrize("status", [429, 500, 503, 302, 401, 403])
async def test_a_provider_that_cannot_be_asked_means_try_again(door: Door, status: int) -> None:
    door.provider.status = status
    answer = await door.get(path_of())
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    assert door.ingest.records == []
    door.provider.status = 200
    assert (await door.get(path_of())).status == 200


async def test_without_kafka_nothing_is_reported_and_a_reload_ends_it(door: Door) -> None:
    door.ingest.published.away = True
    assert (await door.get(path_of())).status == 503
    assert [method for method, _ in door.provider.asked] == ["GET"]
    door.ingest.published.away = False
    assert (await door.get(path_of())).status == 200
    assert [method for method, _ in door.provider.asked] == ["GET", "POST"]
    assert len(door.ingest.records) == 1


async def test_a_reading_that_was_not_taken_is_reported_on_reload_as_the_same_event(
    door: Door,
) -> None:
    door.provider.reading = 500
    assert (await door.get(path_of())).status == 503
    door.provider.reading = 204
    assert (await door.get(path_of())).status == 200
    assert len({record.event_id for record in door.ingest.records}) == 1


async def test_before_the_first_catalogue_and_without_a_secret_it_is_try_again(door: Door) -> None:
    held, door.ingest.in_force = door.ingest.in_force, None
    assert (await door.get(path_of())).status == 503
    assert held is not None
    bare = held.accounts["kpdoc"].model_copy(update={"secret": "missing"})
    door.ingest.in_force = held.model_copy(update={"accounts": {"kpdoc": bare}})
    assert (await door.get(path_of())).status == 503


async def test_a_ca_that_cannot_be_read_is_try_again_and_counted(door: Door) -> None:
    held = door.ingest.destinations["kpdoc"]
    door.ingest.destinations["kpdoc"] = held.model_copy(update={"ca": Path("no-such-ca.pem")})
    assert (await door.get(path_of())).status == 503
    assert door.ingest.results("page", "unavailable") == 1
    door.ingest.destinations["kpdoc"] = held
    assert (await door.get(path_of())).status == 200


async def test_dots_for_a_document_or_a_token_lead_nowhere_at_the_provider(door: Door) -> None:
    for query in (QUERY.replace(DOCUMENT, ".."), QUERY.replace(TOKEN, "."), QUERY + "%2F.."):
        assert (await door.get(path_of(), query)).status == 403
    assert (door.provider.asked, door.ingest.records) == ([], [])


@pytest.mark.parametrize(("method", "status"), [("HEAD", 405), ("POST", 405), ("PUT", 405)])
async def test_only_a_get_uses_up_a_token(door: Door, method: str, status: int) -> None:
    assert (await door.get(path_of(), method=method)).status == status
    assert door.provider.asked == []


async def test_an_endless_query_is_turned_away(door: Door) -> None:
    assert (await door.get(path_of(), QUERY + "&x=" + "y" * 1_100)).status == 414
    assert door.provider.asked == []


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
async def test_no_change_of_an_address_opens_another_probe(door: Door, data: st.DataObject) -> None:
    """Both probes have documents; the token is that of the first one."""
    door.provider.tokens.add(TOKEN)
    address = f"{path_of()}?{QUERY}"
    other = f"{path_of(OTHER)}?{QUERY}"
    place = data.draw(st.integers(6, len(address) - 1))
    length = data.draw(st.integers(1, 30))
    patch = data.draw(
        st.sampled_from([other[place : place + length], other[place:], ""])
        | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=4)
    )
    path, _, query = (address[:place] + patch + address[place + length :]).partition("?")
    await door.get(path, query)
    assert {record.probe_id for record in door.ingest.records} <= {PROBE}
