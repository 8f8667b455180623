"""The door: what is no JSON of a decent size is turned away before anyone looks at it."""

from typing import Any

import pytest

from simulators import handset_wire as wire
from tests.unit.ingest.handset import FORWARDER, GATEWAY, KEY, NOW, Ingest, an_sms, ask

PATH = f"/v1/receipts/{GATEWAY}/skt-1"
JSON = {"Content-Type": "application/json"}
KIB = 1024


def _signed(body: bytes, **over: str) -> dict[str, str]:
    names = {name.replace("_", "-"): value for name, value in over.items()}
    return wire.gateway_headers(KEY, body, NOW) | names


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (JSON | {"Content-Encoding": "gzip"}, 415),
        (JSON | {"Content-Encoding": "br"}, 415),
        (JSON | {"Content-Length": "65537"}, 413),
        (JSON | {"Content-Length": "9" * 30}, 413),
        (JSON | {"Content-Length": "-1"}, 400),
        (JSON | {"Content-Length": "2", "Transfer-Encoding": "chunked"}, 400),
        (JSON, 401),
    ],
)
async def test_a_request_that_can_be_no_receipt_is_turned_away(
    ingest: Ingest, headers: dict[str, str], status: int
) -> None:
    answer = await ask(ingest.app, PATH, headers, b"{}")
    assert (answer.status, answer.body) == (status, b"")
    assert ingest.records == []
    if status != 401:
        assert answer.headers["connection"] == "close"
        assert ingest.results(GATEWAY, "invalid") == 1


async def test_a_body_that_grows_past_the_limit_is_counted_and_cut_off(ingest: Ingest) -> None:
    pieces = [b"x" * KIB] * 200
    answer = await ask(ingest.app, PATH, JSON, *pieces)
    assert answer.status == 413
    assert ingest.results(GATEWAY, "invalid") == 1


async def test_the_largest_body_is_still_read(ingest: Ingest) -> None:
    body = an_sms("가" * 20_000)
    body += b" " * (64 * KIB - len(body))
    assert (await ask(ingest.app, PATH, _signed(body), body)).status == 202


async def test_a_charset_after_the_content_type_is_welcome(ingest: Ingest) -> None:
    body = an_sms()
    headers = _signed(body) | {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await ask(ingest.app, PATH, headers, body)).status == 202


@pytest.mark.parametrize("method", ["GET", "TRACE", "PUT", "DELETE", "HEAD"])
async def test_only_post_is_answered(ingest: Ingest, method: str) -> None:
    assert (await ask(ingest.app, PATH, {}, method=method)).status == 405


@pytest.mark.parametrize("path", ["/", "/metrics", "/livez", "/v1/receipts", "/v1/receipts/x/y"])
async def test_nothing_else_is_on_the_public_port(ingest: Ingest, path: str) -> None:
    assert (await ask(ingest.app, path, {}, method="GET")).status == 404


async def test_a_flood_of_strangers_is_counted_but_fills_no_log(
    ingest: Ingest, lines: list[Any]
) -> None:
    for _ in range(50):
        assert (await ingest.post(FORWARDER, b"{}", JSON)).status == 401
    assert ingest.results(FORWARDER, "bad_signature") == 50
    assert [line["event"] for line in lines] == ["receipt refused"]
