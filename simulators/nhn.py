"""The front end of NHN Cloud: Alimtalk of KakaoTalk Bizmessage, SMS and LMS.

In:  HTTP calls as a client makes them. Out: answers to the letter of `nhn_wire.py`; accepted
     messages set out on the carriage; webhooks, if the account's secret has their word.
Before: `nhn_gate.py` checks the call, `nhn_send.py` makes its records. After: `carriage.py`
     carries them; `records.py` keeps and `nhn_records.py` shows them; `webhooks.py` posts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import nhn_wire as wire
from simulators.calls import Model, json, read_body, route
from simulators.carriage import Carriage, LiveWorld, Watch, utc_now
from simulators.config import AccountConfig, SimulatorConfig
from simulators.entry import mode_switch
from simulators.faults import State
from simulators.front import FrontEnd
from simulators.journey import Message, Report
from simulators.nhn_gate import NHN, Gate, NhnCall, NhnMode
from simulators.nhn_records import alimtalk_detail, hook, sms_detail, taken
from simulators.nhn_send import alimtalk_record, sms_record
from simulators.records import Record, Store
from simulators.webhooks import Webhook, Webhooks

Handler = Callable[[Request, NhnCall], Awaitable[Response]]


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
            mode_switch(NHN, self._gate.modes, NhnMode),
            self._route("POST", f"{kakao}/raw-messages", "alimtalk", self._send_alimtalk),
            self._route("GET", f"{kakao}/messages/{{request}}/{{seq}}", "alimtalk", self._alimtalk),
        ]
        for kind in ("sms", "mms"):
            found += [
                self._route("POST", f"{sms}/{kind}", kind, self._send_sms),
                self._route("GET", f"{sms}/{kind}/{{request}}", kind, self._sms),
            ]
        return found

    def stop(self) -> None:
        """End all silence."""
        for entry in self._gate.entries.values():
            entry.stop()

    async def serve(self, stop: asyncio.Event) -> None:
        """Tell results until `stop`."""
        await self._webhooks.serve(stop)

    def _route(self, method: str, path: str, kind: str, handle: Handler) -> Route:
        async def call(request: Request) -> Response:
            return await handle(request, await self._gate.enter(request, kind))

        return route(method, path, call)

    # Send.

    async def _send_sms(self, request: Request, call: NhnCall) -> Response:
        record = sms_record(call, await _read(request, call, wire.SmsBody))
        await self._accept(request, call, record)
        told = {
            "requestId": record.request_id,
            "statusCode": "2",
            "sendResultList": [taken(record)],
        }
        return json(wire.header() | {"body": {"data": told}})

    async def _send_alimtalk(self, request: Request, call: NhnCall) -> Response:
        """A text that does not fit is refused, and sets out only for the sake of its substitute."""
        record, fits = alimtalk_record(call, await _read(request, call, wire.KakaoBody))
        if fits or record.substitute:
            await self._accept(request, call, record)
        head, code = (wire.header(), 0) if fits else (wire.ALL_FAILED, wire.MISMATCH)
        told = {"requestId": record.request_id, "sendResults": [taken(record, code)]}
        return json(head | {"message": told})

    async def _accept(self, request: Request, call: NhnCall, record: Record) -> None:
        """Take the message, as late as the API answers; raises if it does not say yes."""
        await self._gate.entries[call.kind].send(request, record.message, call.now)
        key = request.headers.get("x-nc-api-idempotency-key")
        if key and call.kind == "alimtalk":
            self._gate.use_key(call, key)
        self._store.keep([record])
        record.sent_at = call.now
        watch = Watch(reported=partial(self._tell, call.account))
        self._carriage.dispatch(record.message, call.now, watch)
        if call.mode.answer == "timeout-after-send":
            raise wire.down(504)

    # Webhooks.

    def _tell(self, account: AccountConfig, message: Message, report: Report) -> None:
        """What is down tells nothing, later neither."""
        record, mode = self._store.message(message.id), self._gate.modes[account.id].webhooks
        met = self._live.meets(f"provider:{NHN}", f"account:{account.id}")
        word = account.secret.get("webhook_signature")
        if record is None or not mode.on or word is None or (met and met.state is State.DOWN):
            return
        told = hook(record, record.journey(self._live), report)
        product = wire.PRODUCTS[record.kind]
        self._webhooks.tell(
            Webhook(
                path=f"/reports/{product.adapter}/{account.id}",
                headers={"X-Toast-Webhook-Signature": word.get_secret_value()},
                body=lambda: wire.post(product, record.service_id, told, utc_now()),
                due=report.at + timedelta(seconds=mode.delay_s),
                times=1 + mode.repeats,
            )
        )

    # Look-ups.

    async def _sms(self, request: Request, call: NhnCall) -> Response:
        record = self._find(request, call, request.query_params.get("recipientSeq"))
        if record is None:
            return json(wire.header() | {"body": None})
        shown = sms_detail(record, record.journey(self._live), call.now)
        return json(wire.header() | {"body": {"data": shown}})

    async def _alimtalk(self, request: Request, call: NhnCall) -> Response:
        record = self._find(request, call, request.path_params["seq"])
        if record is None:
            raise wire.no(-1016, "It is not found any messages responding.")
        shown = alimtalk_detail(record, record.journey(self._live), call.now)
        return json(wire.header() | {"message": shown})

    def _find(self, request: Request, call: NhnCall, seq: str | None) -> Record | None:
        for record in self._store.of_request(request.path_params["request"]):
            ours = (record.kind, record.service_id) == (call.kind, call.service_id)
            known = ours and record.exists(record.journey(self._live), call.now)
            if known and str(record.facts["recipientSeq"]) == seq:
                return record
        return None


async def _read(request: Request, call: NhnCall, model: type[Model]) -> Model:
    return await read_body(request, model, wire.PRODUCTS[call.kind].wrong, wire.down(413))


FRONT_END: type[FrontEnd] = Nhn
