"""The front end of KakaoPay's e-documents: send, status, one-time tokens, readings.

In:  HTTP calls as a contract partner makes them, and persons who open a document on their phone.
Out: answers to the letter of `kakaopay_wire.py`; notices set out on the carriage.
Before: a partner. After: `carriage.py` carries the notice, `handsets.py` opens the document.
A user who is no member gets nothing: his document stays SENT until it expires. One simulated person
opens what arrived; the query that is appended to the link is what integrators read there.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from yarl import URL

from simulators import kakaopay_wire as wire
from simulators.carriage import Carriage, LiveWorld, Overloaded, utc_now
from simulators.config import KAKAOTALK, AccountConfig, SimulatorConfig
from simulators.faults import State
from simulators.front import FrontEnd
from simulators.silence import Silence
from simulators.world import Answer, Letter, Message, Reason

KAKAOPAY = "kakaopay-doc"
KEPT = 50_000
TOKEN_LIVES = timedelta(minutes=10)
NOTICE_TITLE = "카카오페이 전자문서"
Body = TypeVar("Body", bound=BaseModel)
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
        self._silence = Silence(config.unanswered_s)
        self._documents: OrderedDict[str, Held] = OrderedDict()

    def routes(self) -> list[Route]:
        one = "/v1/documents/{document}"
        return [
            Route("/v1/documents", self._endpoint(self._send), methods=["POST"]),
            Route(one, self._endpoint(self._read), methods=["POST"]),
            Route(f"{one}/status", self._endpoint(self._status), methods=["GET"]),
            Route(
                "/v1/{document}/tokens/{token}", self._endpoint(self._use_token), methods=["GET"]
            ),
        ]

    def stop(self) -> None:
        self._silence.stop()

    def open(self, document_id: str) -> str | None:
        """A person opens a document: the address to visit, with a new one-time token."""
        held, now = self._documents.get(document_id), utc_now()
        if held is None:
            return None
        journey = self._live.plan(held.message, held.sent_at)
        if now >= held.expires_at or not any(at <= now for at in journey.arrivals):
            return None
        token = f"CON-{secrets.token_hex(16)}"
        held.tokens[token] = now + TOKEN_LIVES
        held.authenticated_at = held.authenticated_at or now
        query = {"document_binder_uuid": document_id, "token": token}
        return str(URL(held.link).update_query(query))

    def _endpoint(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await handle(request, await self._enter(request))
            except wire.WireError as error:
                kind = "application/json"
                return Response(error.body, status_code=error.status, media_type=kind)

        return endpoint

    async def _enter(self, request: Request) -> AccountConfig:
        """Who calls; a look-up meets the faults of provider and account here."""
        account = self._accounts.get(request.headers.get("contract-uuid", ""))
        given = request.headers.get("authorization", "").encode()
        wanted = f"Bearer {account.secret['token'].get_secret_value()}" if account else ""
        if account is None or not secrets.compare_digest(given, wanted.encode()):
            raise wire.WireError(401, "token or contract")
        if request.url.path == "/v1/documents":
            return account
        met = self._live.meets(None, f"provider:{KAKAOPAY}", f"account:{account.id}")
        if met is not None and met.state is State.DOWN:
            await self._stay_silent(request)
        if met is not None and met.state is State.REFUSING:
            raise _refusal(met.component)
        return account

    async def _stay_silent(self, request: Request) -> None:
        await self._silence.keep(request)
        raise wire.WireError(504, "time-out")

    # Send.

    async def _send(self, request: Request, account: AccountConfig) -> Response:
        asked = (await _body(request, wire.SendBody)).document
        try:
            self._carriage.check_room(1)
        except Overloaded:
            raise wire.WireError(429, "too many documents") from None
        held = self._held(account, asked, utc_now())
        entry = self._live.plan(held.message, held.sent_at)
        if entry.answer is Answer.SILENT:
            await self._stay_silent(request)
        await asyncio.sleep(((entry.answered_at or held.sent_at) - held.sent_at).total_seconds())
        if entry.refused_by is not None:
            raise _refusal(entry.refused_by)
        self._documents[held.message.id] = held
        if len(self._documents) > KEPT:
            self._documents.popitem(last=False)
        self._carriage.dispatch(held.message, held.sent_at)
        return _json({"document_binder_uuid": held.message.id})

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
            recipient=self._people.get(person),
            platform=KAKAOTALK,
            letter=Letter(asked.title, NOTICE_TITLE, open=partial(self.open, document_id)),
        )
        until = asked.read_expired_at or int(now.timestamp()) + (asked.read_expired_sec or 0)
        expires_at = datetime.fromtimestamp(until, UTC)
        of = asked.property
        return Held(account.id, message, of.link, of.payload, now, expires_at)

    # Everything else is about one document.

    def _of(self, request: Request, account: AccountConfig) -> Held:
        held = self._documents.get(request.path_params["document"])
        if held is None or held.account != account.id:
            raise wire.WireError(404, "no such document")
        return held

    async def _status(self, request: Request, account: AccountConfig) -> Response:
        held, now = self._of(request, account), utc_now()
        journey = self._live.plan(held.message, held.sent_at)
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
        return _json(said | times)

    async def _use_token(self, request: Request, account: AccountConfig) -> Response:
        """A token is good once, for its own document, for TOKEN_LIVES."""
        held, now = self._of(request, account), utc_now()
        until = held.tokens.pop(request.path_params["token"], None)
        if until is None or now >= until:
            raise wire.WireError(400, "token is unknown, used or too old", 1)
        held.token_used_at = held.token_used_at or now
        times = wire.seconds(
            token_expires_at=until,
            token_used_at=now,
            doc_box_sent_at=held.sent_at,
            authenticated_at=held.authenticated_at,
        )
        return _json({"token_status": "USED", "payload": held.payload} | times)

    async def _read(self, request: Request, account: AccountConfig) -> Response:
        """The partner reports the reading of a document whose token it has checked."""
        held = self._of(request, account)
        asked = await _body(request, wire.ReadBody)
        if held.token_used_at is None or not asked.document.is_detail_read:
            raise wire.WireError(400, "no token of this document was checked", 2)
        held.read_at = held.read_at or utc_now()
        return Response(status_code=204)


def _refusal(component: str) -> wire.WireError:
    """How a component that refuses shows at the API."""
    status = {"provider": 503, "account": 403}.get(component.partition(":")[0], 400)
    return wire.WireError(status, f"{component} refuses")


async def _body(request: Request, model: type[Body]) -> Body:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise wire.WireError(400, f"{where}: {first['type']}") from None


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


FRONT_END: type[FrontEnd] = KakaoPay
