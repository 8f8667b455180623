"""A scripted provider, and adapters built to talk to it: for the suite every adapter passes.

An adapter's data stands in `tests/contract/payloads/<adapter>/`: `_setup.json` (its account,
secret, message and message ids), `_http.json` (answers that any call may meet; or `http` in the
setup names the adapter whose ones are meant; `transport: smtp` in it: a mail relay answers), and
a file a case, perhaps with its own `message`. `then` are the calls after the first, with their
answers. `webhook_*.json` are what the provider tells by itself; `webhook.headers` of the setup come
with it unless the case has its own, and `{field}` in them stands for that field of the secret.
In bodies `{canary}` stands for a number and keys that must turn up nowhere.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from services.adapters import discover
from services.adapters.base import Adapter, Message, Report, SendResult, Substitute, Surroundings
from services.contracts.catalogue import Account
from services.contracts.vocabulary import Channel
from services.runtime.errors import Consequence
from tests.support.smtp import Relay, relaying

PAYLOADS = Path(__file__).parents[1] / "contract" / "payloads"
CODES = Path(__file__).parents[1] / "contract" / "codes"
PROBE = UUID("019a1234-5678-7abc-8def-0123456789ab")
Case = dict[str, Any]


@dataclass
class Provider:
    """Answers every call with `status` and `body`, or the later ones by turn with what is
    `further`; keeps what was asked."""

    status: int = 202
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    further: list[tuple[int, str | bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        told = (request.method, request.raw_path, await request.read(), dict(request.headers))
        answers = [(self.status, self.body), *self.further]
        status, body = answers[min(len(self.asked), len(answers) - 1)]
        self.asked.append(told)
        kind = "application/json"
        return web.Response(
            status=status,
            body=BytesIO(body if isinstance(body, bytes) else body.encode()),
            content_type=kind,
            headers=self.headers,
        )


@asynccontextmanager
async def serving(provider: Provider | Relay) -> AsyncIterator[str]:
    """The provider on a free port of the loopback; its address."""
    if isinstance(provider, Relay):
        async with relaying(provider) as url:
            yield url
        return
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


def setup_of(name: str) -> Case:
    return dict(json.loads((PAYLOADS / name / "_setup.json").read_text(encoding="utf-8")))


def provider_of(name: str, case: Case, canary: str) -> Provider | Relay:
    """What answers as a case says. Of a mail relay `status` is the stage, `body` its reply."""
    body = body_text(case["body"], canary)
    then = [(call["status"], body_text(call["body"], canary)) for call in case.get("then", ())]
    if speaks_http(name):
        return Provider(case["status"], body, further=[*then])
    return Relay(case["status"], body)


def url_at(name: str, address: str, encrypted: bool = False) -> str:
    """The adapter's kind of address for `host:port`."""
    scheme = "http" if speaks_http(name) else "smtp"
    return f"{scheme}{'s' if encrypted else ''}://{address}"


def to_of(name: str, number: str) -> str:
    """A recipient that holds this number."""
    return number if speaks_http(name) else f"{number}@box.test"


def speaks_http(name: str) -> bool:
    """Whether the adapter's provider is reached over HTTP."""
    return setup_of(name).get("transport", "http") == "http"


def cases(name: str) -> dict[str, Case]:
    """Every case of an adapter by file name, those of `_http.json` by their sentence."""
    found = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((PAYLOADS / name).glob("[!_]*.json"))
        if not file.stem.startswith("webhook_")
    }
    setup = setup_of(name)
    shared = PAYLOADS / setup.get("http", name) / "_http.json"
    table, ids = json.loads(shared.read_text(encoding="utf-8")), setup["ids"]
    for case in table["send"]:
        found[f"send: {case['what']}"] = case
    for case in table.get("look_up", ()):
        found[f"look-up: {case['what']}"] = case | {"ask": ids}
    return found


def every_case() -> Iterator[tuple[str, str]]:
    """Adapter and case, for every adapter there is."""
    for name in discover():
        for case in cases(name):
            yield name, case


def webhooks(name: str) -> dict[str, Case]:
    """What the provider of an adapter tells by itself, by file name."""
    files = sorted((PAYLOADS / name).glob("webhook_*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def headers_of(name: str, case: Case, **secret: str) -> dict[str, str]:
    """The headers that a webhook comes with, in lower case."""
    setup = setup_of(name)
    given = case.get("headers", setup["webhook"]["headers"])
    return {header: text.format(**setup["secret"] | secret) for header, text in given.items()}


def proofs_of(name: str, **secret: str) -> list[SecretStr]:
    """What a webhook is proven by: the word of the secret, and the one before it."""
    given = setup_of(name)["secret"] | secret
    word = given[discover()[name].proof]  # type: ignore[attr-defined]
    return [SecretStr(word), SecretStr("the word of the console before it")]


@asynccontextmanager
async def adapter_at(
    name: str, url: str, within_s: float = 5.0, proxy: str | None = None, **secret: str
) -> AsyncIterator[Adapter]:
    """The adapter with the account and secret of its setup, talking to `url`."""
    setup = setup_of(name)
    secrets = {key: SecretStr(value) for key, value in (setup["secret"] | secret).items()}
    timeout = aiohttp.ClientTimeout(total=within_s)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        account = Account.model_validate(setup["account"])
        yield discover()[name](Surroundings(account, secrets, session, url, proxy))


def message_of(name: str, **over: Any) -> Message:
    """The message of the adapter's setup."""
    fields: dict[str, Any] = dict(setup_of(name)["message"]) | over
    substitute = fields.get("substitute")
    if isinstance(substitute, dict):
        fields["substitute"] = Substitute(
            Channel(substitute["channel"]),
            substitute["text"],
            SecretStr(substitute["sender_number"]),
        )
    fields["recipient"] = {
        name: SecretStr(value) for name, value in fields.get("recipient", {}).items()
    }
    for secret in ("to", "sender_number"):
        if isinstance(fields.get(secret), str):
            fields[secret] = SecretStr(fields[secret])
    return Message(probe_id=PROBE, **fields | {"channel": Channel(fields["channel"])})


def body_text(body: object, canary: str) -> str:
    """The body of a case as it goes over the wire; None is an empty one."""
    if body is None:
        return ""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return text.replace("{canary}", canary)


def told(result: SendResult | list[Report] | Consequence) -> Case:
    """A result in the words of the cases."""
    if isinstance(result, Consequence):
        return {"raises": type(result).__name__, "reason": result.reason}
    if isinstance(result, SendResult):
        fields = ("result", "code", "fault", "provider_message_id")
        given = {name: getattr(result, name) for name in fields}
        return {name: str(value) for name, value in given.items() if value is not None}
    return {"reports": [_report(report) for report in result]}


def expected(case: Case) -> Case:
    """What a case expects, its times read and its absent values left out."""
    expect = case["expect"]
    if "reports" not in expect:
        return {name: value for name, value in expect.items() if value is not None}
    return {"reports": [report | {"reported_at": _time(report)} for report in expect["reports"]]}


def _time(report: Case) -> datetime | None:
    at = report["reported_at"]
    return None if at is None else datetime.fromisoformat(at)


def _report(report: Report) -> Case:
    names = ("provider_message_id", "leg", "state", "code", "fault", "reported_at", "final")
    probe = {} if report.probe_id is None else {"probe_id": str(report.probe_id)}
    fields = {"fields": dict(report.fields)}
    return {name: getattr(report, name) for name in names} | fields | probe
