"""What every adapter must do, whoever wrote it: the suite finds each by discovery.

An adapter without a table of codes typed from the documents (`codes/<adapter>.tsv`) or without
cases (`payloads/<adapter>/`) fails. Its code table and the documents must agree both ways.
"""

import json
import logging
import socket
import traceback
from collections.abc import Sequence
from itertools import cycle

import pytest
from aiohttp import web

from services.adapters import discover
from services.adapters.base import Adapter, LooksUp, Report, SendResult, meaning
from services.contracts.vocabulary import AnswerResult
from services.runtime.errors import Consequence, Retry, Stop
from tests.contract import checks
from tests.support import adapters as support
from tests.support.smtp import Relay
from tests.support.smtp import written as smtp_written

NAMES = sorted(discover())
OVER_HTTP = [name for name in NAMES if support.speaks_http(name)]
# Every adapter's `send_accepted`, and the other cases that show a whole request.
WRITTEN = [
    (name, title)
    for name in NAMES
    for title, case in support.cases(name).items()
    if title == "send_accepted" or "json" in case.get("request", {})
]
# Statuses, what they say of a send and of a look-up where nothing more is said.
_LATER = {"raises": "Retry", "reason": "unavailable"}
_THROTTLED = {"raises": "Retry", "reason": "throttled"}
HTTP_STATUSES: list[tuple[tuple[int, ...], support.Case, support.Case]] = [
    ((302, 307), {"result": "refused", "fault": "unknown"}, _LATER),
    ((400, 409, 413, 422), {"result": "refused", "fault": "body"}, _LATER),
    ((401,), *[{"raises": "Stop", "reason": "credentials"}] * 2),
    ((403,), *[{"raises": "Stop", "reason": "permission"}] * 2),
    ((404,), {"result": "refused", "fault": "body"}, {"reports": []}),
    ((429,), _THROTTLED, _THROTTLED),
    ((500, 503), {"result": "refused", "fault": "provider"}, _LATER),
    ((502, 504), {"result": "unclear"}, _LATER),
]
# A number and keys as unlike anything else as can be; the bodies of cases repeat them.
NUMBER, ACCESS, SECRET = "01000007777", "CANARYACCESSKEY00077", "canary-secret-key-not-real-0077"
CANARIES = (NUMBER, ACCESS, SECRET)


async def outcome_of(adapter: Adapter, name: str, case: support.Case) -> support.Case:
    return support.told(await call(adapter, name, case.get("ask"), case.get("message")))


async def call(
    adapter: Adapter, name: str, ask: Sequence[str] | None, over: support.Case | None = None
) -> SendResult | list[Report] | Consequence:
    try:
        if ask is None:
            return await adapter.send(
                support.message_of(name, to=support.to_of(name, NUMBER), **over or {})
            )
        assert isinstance(adapter, LooksUp)
        return await adapter.look_up(ask)
    except (Retry, Stop) as error:
        return error


def test_there_are_adapters() -> None:
    assert {"sens_sms", "sens_alimtalk", "sens_brandmessage", "email"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_codes_and_their_meanings_are_those_of_the_documents(name: str) -> None:
    checks.codes_agree(checks.states_of(name), checks.documented(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_documented_code_names_its_source_and_failures_their_fault(name: str) -> None:
    checks.rows_are_whole(checks.documented(name).values())


@pytest.mark.parametrize("name", NAMES)
def test_a_code_nobody_mapped_is_unknown(name: str) -> None:
    checks.unmapped_is_unknown(checks.states_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_family_covers_the_members_that_have_no_line(name: str) -> None:
    states = checks.states_of(name)
    for family in (code for code in states if code.endswith("*")):
        assert meaning(states, family[:-1] + "987") == states[family][:2]


@pytest.mark.parametrize("name", NAMES)
def test_cases_hold_acceptance_refusal_delivery_and_failure_with_a_source(name: str) -> None:
    checks.fixtures_are_there(name)
    checks.cases_are_enough(support.cases(name), hasattr(discover()[name], "look_up"))


@pytest.mark.parametrize(("name", "title"), list(support.every_case()))
async def test_each_answer_of_a_provider_gives_its_declared_result(name: str, title: str) -> None:
    case = support.cases(name)[title]
    provider = support.provider_of(name, case, NUMBER)
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        assert await outcome_of(adapter, name, case) == support.expected(case)
    assert case.get("ask") or len(provider.asked) == 1, "sent more than once"
    if isinstance(provider, support.Provider):
        checks.asked_as_told([(method, path) for method, path, *_ in provider.asked], case)


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_status_of_http_without_a_body_means_the_same_for_every_adapter(name: str) -> None:
    provider = support.Provider()
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        for statuses, sent, looked_up in HTTP_STATUSES:
            for provider.status in statuses:
                expected = [sent, looked_up]
                told = [support.told(await call(adapter, name, ask)) for ask in asks(name, adapter)]
                for found, wanted in zip(told, expected, strict=False):
                    assert wanted.items() <= found.items(), (provider.status, found)


@pytest.mark.parametrize(("name", "title"), WRITTEN)
async def test_a_send_is_written_as_documented_in_utf_8(name: str, title: str) -> None:
    case = support.cases(name)[title]
    provider = support.provider_of(name, case, NUMBER)
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        await adapter.send(support.message_of(name, **case.get("message", {})))
    if isinstance(provider, Relay):
        assert smtp_written(provider.asked[0]) == case["request"]
        return
    method, path, body, headers = provider.asked[0]
    assert {"method": method, "path": path, "json": json.loads(body)} == case["request"]
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("name", NAMES)
async def test_where_nobody_listens_nothing_left_and_it_may_be_tried_again(name: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = support.url_at(name, f"127.0.0.1:{free.getsockname()[1]}")
        async with support.adapter_at(name, url) as adapter:
            for ask in asks(name, adapter):
                error = await call(adapter, name, ask)
                assert support.told(error) == {"raises": "Retry", "reason": "unreachable"}


@pytest.mark.parametrize("address", ["nobody.invalid:1", "{address}"])
@pytest.mark.parametrize("name", NAMES)
async def test_no_address_or_no_encryption_means_that_nothing_left(name: str, address: str) -> None:
    provider = support.provider_of(name, support.cases(name)["send_accepted"], NUMBER)
    async with support.serving(provider) as plain:
        url = support.url_at(
            name, address.format(address=plain.partition("://")[2]), encrypted=True
        )
        async with support.adapter_at(name, url) as adapter:
            error = await call(adapter, name, None)
    assert support.told(error) == {"raises": "Retry", "reason": "unreachable"}


@pytest.mark.parametrize("name", NAMES)
async def test_a_time_out_while_connecting_means_that_nothing_left(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # The connection is taken by the kernel and the handshake of TLS never answered.
        url = support.url_at(name, f"127.0.0.1:{silent.getsockname()[1]}", encrypted=True)
        async with support.adapter_at(name, url, within_s=0.2) as adapter:
            error = await call(adapter, name, None)
    assert support.told(error) == {"raises": "Retry", "reason": "unreachable"}


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_silence_after_the_request_left_is_unclear(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with support.adapter_at(name, url, within_s=0.2) as adapter:
            result = await call(adapter, name, None)
            assert support.told(result) == {"result": "unclear"}
            for ask in asks(name, adapter)[1:]:  # a look-up can be asked again
                error = await call(adapter, name, ask)
                assert support.told(error) == {"raises": "Retry", "reason": "unreachable"}


class CutsOff(support.Provider):
    """Reads the request and cuts the connection."""

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


# A mail relay that falls silent or breaks off, once the mail has left it.
BROKEN_OFF = {
    "silence": None,
    "a cut": "\0",
    "half an answer": "25\0",
    "endless": "250-" * 1_000_000,
}


@pytest.mark.parametrize("answer", list(BROKEN_OFF))
@pytest.mark.parametrize("name", [name for name in NAMES if name not in OVER_HTTP])
async def test_no_answer_to_a_mail_that_left_is_unclear(name: str, answer: str) -> None:
    async with (
        support.serving(Relay("dot", BROKEN_OFF[answer])) as url,
        support.adapter_at(name, url, within_s=0.5) as adapter,
    ):
        assert support.told(await call(adapter, name, None)) == {"result": "unclear"}


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "auth", "mail", "rcpt"])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in OVER_HTTP])
async def test_a_relay_that_breaks_off_before_the_mail_left_may_be_asked_again(
    name: str, stage: str
) -> None:
    for answer in BROKEN_OFF.values():
        async with (
            support.serving(Relay(stage, answer)) as url,
            support.adapter_at(name, url, within_s=0.5) as adapter,
        ):
            error = await call(adapter, name, None)
        assert support.told(error) == {"raises": "Retry", "reason": "unreachable"}


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_cut_after_the_request_left_is_unclear(name: str) -> None:
    async with support.serving(CutsOff()) as url, support.adapter_at(name, url) as adapter:
        assert support.told(await call(adapter, name, None)) == {"result": "unclear"}


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_an_answer_cut_in_its_body_is_unclear(name: str) -> None:
    text = json.dumps(support.cases(name)["send_accepted"]["body"])
    half = support.Provider(202, text[: len(text) // 2], {"Content-Length": str(len(text))})
    async with (
        support.serving(half) as url,
        support.adapter_at(name, url, within_s=0.3) as adapter,
    ):
        result = await call(adapter, name, None)
    assert support.told(result)["result"] == AnswerResult.UNCLEAR


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_an_endless_answer_is_not_read_to_its_end(name: str) -> None:
    provider = support.Provider(202, " " * 3_000_000 + "{}")
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        assert support.told(await call(adapter, name, None))["result"] == AnswerResult.UNCLEAR


@pytest.mark.parametrize(("name", "title"), list(support.every_case()))
async def test_no_number_and_no_key_turns_up_in_results_errors_or_logs(
    name: str, title: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    case = support.cases(name)[title]
    caplog.set_level(logging.DEBUG)
    shown = []
    for canary in CANARIES:
        provider = support.provider_of(name, case, canary)
        secret = dict(zip(discover()[name].secret_fields, cycle((ACCESS, SECRET)), strict=False))
        async with (
            support.serving(provider) as url,
            support.adapter_at(name, url, **secret) as adapter,
        ):
            result = await call(adapter, name, case.get("ask"))
            shown += [repr(result), repr(adapter), repr(vars(adapter))]
            if isinstance(result, Consequence):
                shown += traceback.format_exception(result)
    message = support.message_of(name, to=NUMBER, sender_number=NUMBER)
    shown += [repr(message), str(message), caplog.text, *capfd.readouterr()]
    assert [canary for canary in CANARIES if any(canary in text for text in shown)] == []


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(discover()[name], "look_up")])
async def test_asking_for_nothing_asks_nobody(name: str) -> None:
    provider = support.Provider()
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:
        assert isinstance(adapter, LooksUp)
        assert adapter.look_up_batch >= 1
        assert await adapter.look_up([]) == []
    assert provider.asked == []


def asks(name: str, adapter: Adapter) -> list[list[str] | None]:
    """A send, and a look-up where the adapter has one."""
    return [None, support.setup_of(name)["ids"]] if isinstance(adapter, LooksUp) else [None]
