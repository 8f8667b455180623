"""What the KakaoPay contract cannot carry is refused before anything leaves the machine."""

import dataclasses

import aiohttp
import pytest
from pydantic import SecretStr

from services.adapters.base import Surroundings
from services.adapters.kakao_edocument import KakaoEdocument
from services.contracts.catalogue import Account
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.runtime.errors import Refuse, Stop
from tests.support import adapters as support

NAME = "kakao_edocument"
PERSON = {"number": "01000000001", "birthday": "19000101"}


@pytest.mark.parametrize(
    ("over", "code", "fault"),
    [
        ({"sender_number": None}, "no-sender", FaultDomain.SENDER),
        ({"recipient": PERSON}, "no-person", FaultDomain.BODY),
        ({"link": None}, "no-link", FaultDomain.BODY),
        ({"link": "https://" + "x" * 93}, "link-too-long", FaultDomain.BODY),
        ({"text": "가" * 41}, "title-too-long", FaultDomain.BODY),
    ],
)
async def test_a_document_that_cannot_go_out_is_refused_without_asking(
    over: dict[str, object], code: str, fault: FaultDomain
) -> None:
    # A unit test that connects fails: nobody is asked.
    async with support.adapter_at(NAME, "http://127.0.0.1:9") as adapter:
        result = await adapter.send(support.message_of(NAME, **over))
    assert (result.result, result.code, result.fault) == (AnswerResult.REFUSED, code, fault)


@pytest.mark.parametrize(
    "query",
    [{}, {"token": "CON-1"}, {"document_binder_uuid": "BIN-1"},
     {"document_binder_uuid": "BIN-1/../x", "token": "CON-1"},
     {"document_binder_uuid": "BIN-1", "token": "a/b"}],
)  # fmt: skip
async def test_a_visit_without_document_and_token_asks_nobody(query: dict[str, str]) -> None:
    async with support.adapter_at(NAME, "http://127.0.0.1:9") as adapter:
        assert isinstance(adapter, KakaoEdocument)
        with pytest.raises(Refuse, match="token"):
            await adapter.admit(query, support.PROBE)


async def test_a_secret_without_token_stops_the_account() -> None:
    account = Account.model_validate(support.setup_of(NAME)["account"])
    secret = {"contract_uuid": SecretStr("CON-1")}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Stop, match="account kpdoc: its secret has no field token"):
            KakaoEdocument(Surroundings(account, secret, session, account.base_url))


def test_no_field_of_the_person_is_shown_by_a_message() -> None:
    message = support.message_of(NAME)
    shown = repr(message) + str(dataclasses.replace(message, text=""))
    assert "시험일" not in shown
    assert "19000101" not in shown
