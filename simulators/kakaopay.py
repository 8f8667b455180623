"""The front end of KakaoPay's e-documents: send, status, one-time tokens, readings.

In:  HTTP calls as a contract partner makes them, and persons who open a document on their phone.
Out: answers to the letter of `kakaopay_wire.py`; notices set out on the carriage.
Before: a partner. After: `carriage.py` carries the notice, `handsets.py` opens the document.
A user who is no member gets nothing: his document stays SENT until it expires. One simulated person
opens what arrived; the query that is appended to the link is what integrators read there.
"""

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from yarl import URL

from simulators import kakaopay_wire as wire
from simulators.calls import Model, Refusal, json, read_body, route
from simulators.carriage import Carriage, LiveWorld, utc_now
from simulators.config import AccountConfig, SimulatorConfig
from simulators.entry import Entry, Refusals
from simulators.front import FrontEnd
from simulators.journey import KAKAOTALK, Letter, Message, Reason, chance_of

KAKAOPAY = "kakaopay-doc"
KEPT = 50_000
TOKEN_LIVES = timedelta(minutes=10)
NOTICE_TITLE = "카카오페이 전자문서"
Handler = Callable[[Request, AccountConfig], Awaitable[Response]]


@dataclass(eq=False)
class Held:
    """A document taken. `tokens`: until when each may be used; a used one is gone."""

    account: str
    message: Message
    link: str = field(repr=False)
    payload: str
    sent_at: datetime
    expires_at: datetime
    tokens: dict[str, datetime] = field(default_factory=dict, repr=False)
    authenticated_at: datetime | None = None
    token_used_at: datetime | None = None
    read_at: datetime | None = None


class KakaoPay:
    """The front end: the documents taken, the last `KEPT` of them."""

    provider: ClassVar[str] = KAKAOPAY

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        self._accounts = {
            a.secret["contract_uuid"].get_secret_value(): a for a in config.accounts_of(KAKAOPAY)
        }
        self._people = {
            (phone.number, phone.name, phone.birthday): f"receiver:{phone.id}"
            for phone in config.handsets
        }
        self._live, self._carriage = live, carriage
        refusals = Refusals(
            wire.refusal(504, "time-out"), wire.refusal(429, "too many documents"), _refusal
        )
        self._entry = Entry(live, carriage, refusals, config.unanswered_s)
        self._documents: OrderedDict[str, Held] = OrderedDict()

    def routes(self) -> list[Route]:
        one = "/v1/documents/{document}"
        return [
            self._route("POST", "/v1/documents", self._send),
            self._route("POST", one, self._read),
            self._route("GET", f"{one}/status", self._status),
            self._route("GET", "/v1/{document}/tokens/{token}", self._use_token),
        ]

    def stop(self) -> None:
        self._entry.stop()

    def open(self, document_id: str) -> str | None:
        """A person opens a document: the address to visit, with a new one-time token."""
        held, now = self._documents.get(document_id), utc_now()
        if held is None:
            return None
        journey = self._live.send(held.message, held.sent_at)
        if now >= held.expires_at or not any(at <= now for at in journey.arrivals):
            return None
        token = f"CON-{secrets.token_hex(16)}"
        held.tokens[token] = now + TOKEN_LIVES
        held.authenticated_at = held.authenticated_at or now
        query = {"document_binder_uuid": document_id, "token": token}
        return str(URL(held.link).update_query(query))

    def _route(self, method: str, path: str, handle: Handler) -> Route:
        async def call(request: Request) -> Response:
            return await handle(request, self._who(request))

        return route(method, path, call)

    def _who(self, request: Request) -> AccountConfig:
        account = self._accounts.get(request.headers.get("contract-uuid", ""))
        given = request.headers.get("authorization", "").encode()
        wanted = f"Bearer {account.secret['token'].get_secret_value()}" if account else ""
        if account is None or not secrets.compare_digest(given, wanted.encode()):
            raise wire.refusal(401, "token or contract")
        return account

    # Send.

    async def _send(self, request: Request, account: AccountConfig) -> Response:
        asked = (await _body(request, wire.SendBody)).document
        held = self._held(account, asked, utc_now())
        await self._entry.send(request, held.message, held.sent_at)
        self._documents[held.message.id] = held
        if len(self._documents) > KEPT:
            self._documents.popitem(last=False)
        self._carriage.dispatch(held.message, held.sent_at)
        return json({"document_binder_uuid": held.message.id})

    def _held(self, account: AccountConfig, asked: wire.Document, now: datetime) -> Held:
        document_id = f"BIN-{secrets.token_hex(16)}"
        to = asked.receiver
        person = (to.phone_number or "", to.name or "", to.birthday or "")
        message = Message(
            id=document_id,
            channel="edocument",
            provider=f"provider:{KAKAOPAY}",
            account=f"account:{account.id}",
            sender=account.senders[0].sender,
            body=f"body:{account.senders[0].body}",
            recipient=self._people.get(person),
            platform=KAKAOTALK,
            document=True,
            chance=chance_of(asked.title),
            letter=Letter(asked.title, NOTICE_TITLE, open=partial(self.open, document_id)),
        )
        until = asked.read_expired_at or int(now.timestamp()) + (asked.read_expired_sec or 0)
        expires_at = datetime.fromtimestamp(until, UTC)
        of = asked.property
        return Held(account.id, message, of.link, of.payload, now, expires_at)

    # Everything else is about one document.

    async def _of(self, request: Request, account: AccountConfig) -> Held:
        components = f"provider:{KAKAOPAY}", f"account:{account.id}"
        await self._entry.look_up(request, *components)
        held = self._documents.get(request.path_params["document"])
        if held is None or held.account != account.id:
            raise wire.refusal(404, "no such document")
        return held

    async def _status(self, request: Request, account: AccountConfig) -> Response:
        held, now = await self._of(request, account), utc_now()
        journey = self._live.send(held.message, held.sent_at)
        report = journey.report
        boxed = report is not None and report.at <= now and report.reason == Reason.DELIVERED
        word = "RECEIVED" if boxed else "SENT"
        word = "EXPIRED" if now >= held.expires_at else word
        notified = next((at for at in journey.arrivals if at <= now), None)
        times = wire.seconds(
            doc_box_sent_at=held.sent_at,
            doc_box_received_at=report.at if boxed and report else None,
            user_notified_at=notified,
            authenticated_at=held.authenticated_at,
            token_used_at=held.token_used_at,
            doc_box_read_at=held.read_at,
        )
        said = {"doc_box_status": "READ" if held.read_at else word, "payload": held.payload}
        return json(said | times)

    async def _use_token(self, request: Request, account: AccountConfig) -> Response:
        """A token is good once, for its own document, for TOKEN_LIVES."""
        held, now = await self._of(request, account), utc_now()
        until = held.tokens.pop(request.path_params["token"], None)
        if until is None or now >= until:
            raise wire.refusal(400, "token is unknown, used or too old", 1)
        held.token_used_at = held.token_used_at or now
        times = wire.seconds(
            token_expires_at=until,
            token_used_at=now,
            doc_box_sent_at=held.sent_at,
            authenticated_at=held.authenticated_at,
        )
        return json({"token_status": "USED", "payload": held.payload} | times)

    async def _read(self, request: Request, account: AccountConfig) -> Response:
        """The partner reports the reading of a document whose token it has checked."""
        held = await self._of(request, account)
        asked = await _body(request, wire.ReadBody)
        if held.token_used_at is None or not asked.document.is_detail_read:
            raise wire.refusal(400, "no token of this document was checked", 2)
        held.read_at = held.read_at or utc_now()
        return Response(status_code=204)


def _refusal(component: str) -> Refusal:
    """How a component that refuses shows at the API."""
    status = {"provider": 503, "account": 403}.get(component.partition(":")[0], 400)
    return wire.refusal(status, f"{component} refuses")


async def _body(request: Request, model: type[Model]) -> Model:
    return await read_body(
        request,
        model,
        lambda where, words: wire.refusal(400, f"{where}: {words}"),
        wire.refusal(413, "too large"),
    )


FRONT_END: type[FrontEnd] = KakaoPay
