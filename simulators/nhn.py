"""The front end of NHN Cloud: Alimtalk of KakaoTalk Bizmessage, SMS and LMS.

In:  HTTP calls as a client makes them. Out: answers to the letter of `nhn_wire.py`; accepted
     messages set out on the carriage.
Before: `nhn_gate.py` checks the call, `nhn_send.py` makes its records. After: `carriage.py`
     carries them; `records.py` keeps and `nhn_records.py` shows them; `nhn_hooks.py` tells of them.
A call with several recipients shares the fate of its first at the API.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import nhn_wire as wire
from simulators.calls import Model, json, read_body, route
from simulators.carriage import Carriage, LiveWorld, Watch
from simulators.config import AccountConfig, SimulatorConfig
from simulators.control import Refused, switch
from simulators.control import read_body as read_switch
from simulators.faults import State
from simulators.front import FrontEnd
from simulators.journey import Message, Report
from simulators.nhn_gate import NHN, PROVIDER, Call, Gate, NhnMode
from simulators.nhn_hooks import SIGNATURE, webhook
from simulators.nhn_records import alimtalk_detail, began, sms_detail
from simulators.nhn_send import Sent, alimtalk_sent, sms_sent
from simulators.records import Record, Store
from simulators.webhooks import Webhooks

Handler = Callable[[Request, Call], Awaitable[Response]]


class Nhn:
    """The front end: what was accepted."""

    provider: ClassVar[str] = NHN

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        self._gate = Gate(config, live, carriage)
        self._live, self._carriage = live, carriage
        self._store, self._webhooks = Store(), Webhooks(config.ingest_url)

    def routes(self) -> list[Route]:
        kakao, sms = "/alimtalk/v2.3/appkeys/{app_key}", "/sms/v3.0/appKeys/{app_key}/sender"
        found = [
            switch("PUT", "/world/nhn/{account}", self._set_mode),
            self._route("POST", f"{kakao}/messages", "alimtalk", self._send_filled),
            self._route("POST", f"{kakao}/raw-messages", "alimtalk", self._send_whole),
            self._route("GET", f"{kakao}/messages/{{request}}/{{seq}}", "alimtalk", self._alimtalk),
        ]
        for kind in ("sms", "mms"):
            found += [
                self._route("POST", f"{sms}/{kind}", kind, self._send_sms),
                self._route("GET", f"{sms}/{kind}/{{request}}", kind, self._sms),
            ]
        return found

    def stop(self) -> None:
        self._gate.stop()

    async def serve(self, stop: asyncio.Event) -> None:
        """Tell results until `stop`."""
        await self._webhooks.serve(stop)

    def _route(self, method: str, path: str, kind: str, handle: Handler) -> Route:
        async def call(request: Request) -> Response:
            return await handle(request, await self._gate.enter(request, kind))

        return route(method, path, call)

    async def _set_mode(self, request: Request) -> Response:
        account, modes = request.path_params["account"], self._gate.modes
        if account not in modes:
            raise Refused(404, f"NHN has no account {account}; it has: {', '.join(modes)}.")
        modes[account] = await read_switch(request, NhnMode)
        return JSONResponse(modes[account].model_dump(mode="json"))

    # Send.

    async def _send_sms(self, request: Request, call: Call) -> Response:
        body = await _read(request, call, wire.SmsBody)
        sent = sms_sent(call, body)
        await self._accept(request, call, sent)
        told = {"requestId": sent.request_id, "statusCode": "2", "senderGroupingKey": body.key}
        return json(wire.header() | {"body": {"data": told | {"sendResultList": sent.shown}}})

    async def _send_filled(self, request: Request, call: Call) -> Response:
        return await self._send_alimtalk(request, call, whole=False)

    async def _send_whole(self, request: Request, call: Call) -> Response:
        return await self._send_alimtalk(request, call, whole=True)

    async def _send_alimtalk(self, request: Request, call: Call, whole: bool) -> Response:
        body = await _read(request, call, wire.KakaoBody)
        sent = alimtalk_sent(call, body, whole)
        if sent.records:
            await self._accept(request, call, sent)
        failed = all(one["resultCode"] for one in sent.shown)
        told = {"requestId": sent.request_id, "senderGroupingKey": body.key}
        head = wire.header(*(wire.ALL_FAILED if failed else ()))
        return json(head | {"message": told | {"sendResults": sent.shown}})

    async def _accept(self, request: Request, call: Call, sent: Sent) -> None:
        """Take the messages, as late as the API answers; raises if it does not say yes."""
        entry = self._gate.entry_of(call)
        await entry.send(request, sent.records[0].message, call.now, len(sent.records))
        if call.kind == "alimtalk":
            self._gate.use_key(call, request.headers.get("x-nc-api-idempotency-key"))
        self._store.keep(sent.records)
        for record in sent.records:
            record.sent_at = call.now
            watch = Watch(reported=partial(self._tell, call.account))
            self._carriage.dispatch(record.message, call.now, watch)
        if call.mode.answer == "timeout-after-send":
            raise wire.down(504)

    def _tell(self, account: AccountConfig, message: Message, report: Report) -> None:
        """What is down tells nothing, later neither."""
        record, mode = self._store.message(message.id), self._gate.modes[account.id].webhooks
        met = self._live.meets(PROVIDER, f"account:{account.id}")
        silent = met is not None and met.state is State.DOWN
        if record is not None and mode.on and SIGNATURE in account.secret and not silent:
            since = began(record, record.journey(self._live))
            self._webhooks.tell(webhook(record, since, report, account, mode))

    # Look-ups.

    async def _sms(self, request: Request, call: Call) -> Response:
        record = self._find(request, call, request.query_params.get("recipientSeq"))
        if record is None:
            return json(wire.header() | {"body": None})
        shown = sms_detail(record, record.journey(self._live), call.now, self._live.world)
        return json(wire.header() | {"body": {"data": shown}})

    async def _alimtalk(self, request: Request, call: Call) -> Response:
        record = self._find(request, call, request.path_params["seq"])
        if record is None:
            raise wire.NOT_FOUND
        shown = alimtalk_detail(record, record.journey(self._live), call.now)
        return json(wire.header() | {"message": shown})

    def _find(self, request: Request, call: Call, seq: str | None) -> Record | None:
        for record in self._store.of_request(request.path_params["request"]):
            ours = (record.kind, record.service_id) == (call.kind, call.app_key)
            known = ours and record.exists(record.journey(self._live), call.now)
            if known and str(record.facts["recipientSeq"]) == seq:
                return record
        return None


async def _read(request: Request, call: Call, model: type[Model]) -> Model:
    return await read_body(request, model, wire.PRODUCTS[call.kind].wrong, wire.down(413))


FRONT_END: type[FrontEnd] = Nhn
