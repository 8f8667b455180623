"""The front end of SENS (Naver Cloud): send, list and get for SMS, Alimtalk and brand messages.

In:  HTTP calls as a client of SENS makes them. Out: answers to the letter of `sens_wire.py`;
     accepted messages set out on the carriage.
Before: `sens_gate.py` checks the call, `sens_send.py` makes its records. After: `carriage.py`
     carries them; `records.py` keeps and `sens_records.py` shows them.
A call with several recipients shares the fate of its first at the API.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import sens_control
from simulators import sens_wire as wire
from simulators.calls import Model, Refusal, json, read_body, route
from simulators.carriage import Carriage, LiveWorld
from simulators.config import SimulatorConfig
from simulators.front import FrontEnd
from simulators.records import Record, Store
from simulators.sens_gate import ENDPOINT_TIMEOUT, SENS, Gate, SensCall
from simulators.sens_hold import Hold
from simulators.sens_records import Kind, item
from simulators.sens_send import Sent, alimtalk_records, brandmessage_records, sms_records

Handler = Callable[[Request, SensCall], Awaitable[Response]]


class Sens:
    """The front end: what was accepted."""

    provider: ClassVar[str] = SENS

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        self.gate = Gate(config, live, carriage)
        self._live, self._carriage = live, carriage
        self._night = config.night
        self._store = Store()
        self._hold = Hold(self._set_out, config.unanswered_s)

    def routes(self) -> list[Route]:
        sends: dict[Kind, Handler] = {
            "sms": self._send_sms,
            "alimtalk": self._send_alimtalk,
            "brandmessage": self._send_brandmessage,
        }
        found = sens_control.routes(self._hold, self.gate.modes)
        for kind, send in sends.items():
            path = f"/{kind}/v2/services/{{service}}/messages"
            found += [
                self._route("POST", path, kind, send),
                self._route("GET", path, kind, self._list),
                self._route("GET", path + "/{message}", kind, self._get),
            ]
        return found

    def stop(self) -> None:
        """Answer what is held and end all silence."""
        self._hold.release()
        self.gate.entry.stop()

    def _route(self, method: str, path: str, kind: Kind, handle: Handler) -> Route:
        async def call(request: Request) -> Response:
            return await handle(request, await self.gate.enter(request, kind))

        return route(method, path, call)

    # Send.

    async def _send_sms(self, request: Request, call: SensCall) -> Response:
        records = sms_records(call, await _read(request, wire.SmsBody))
        await self._accept(request, call, records)
        return json(_taken(records[0].request_id, call, "success"), 202)

    async def _send_alimtalk(self, request: Request, call: SensCall) -> Response:
        body = await _read(request, wire.AlimtalkBody)
        return await self._processing(request, call, alimtalk_records(call, body))

    async def _send_brandmessage(self, request: Request, call: SensCall) -> Response:
        body = await _read(request, wire.BrandBody)
        return await self._processing(request, call, brandmessage_records(call, body, self._night))

    async def _processing(self, request: Request, call: SensCall, sent: Sent) -> Response:
        if sent.records:
            await self._accept(request, call, sent.records)
        return json(_taken(sent.request_id, call, "processing") | {"messages": sent.shown}, 202)

    async def _accept(self, request: Request, call: SensCall, records: list[Record]) -> None:
        """Take the messages, as late as the API answers; raises if it does not say yes."""
        count = self._hold.count + len(records)
        await self.gate.entry.send(request, records[0].message, call.now, count)
        self._store.keep(records)
        await self._hold.pass_on(records, call.now)
        if call.mode.answer == "timeout-after-send":
            raise ENDPOINT_TIMEOUT

    def _set_out(self, records: list[Record], at: datetime) -> None:
        for record in records:
            record.sent_at = at
            self._carriage.dispatch(record.message, at)

    # Look-ups.

    async def _get(self, request: Request, call: SensCall) -> Response:
        record = self._store.message(request.path_params["message"])
        ours = (call.kind, call.service_id)
        if record is None or (record.kind, record.service_id) != ours:
            raise wire.not_found()
        journey = record.journey(self._live)
        if not record.exists(journey, call.now):
            raise wire.not_found()
        shown = item(record, journey, call.now, self._live.world)
        if record.kind != "sms":
            return json(shown)
        letter = record.message.letter
        full = shown | {"subject": letter.title, "content": letter.text, "files": []}
        return json({"statusCode": "200", "statusName": "success", "messages": [full]})

    async def _list(self, request: Request, call: SensCall) -> Response:
        """The messages of one request, all on one page; searching by time is not simulated."""
        if (request_id := request.query_params.get("requestId")) is None:
            raise wire.bad_request("requestId", "is needed")
        settled = call.now - timedelta(seconds=call.mode.fresh_s)
        found = []
        for record in self._store.of_request(request_id):
            journey = record.journey(self._live)
            ours = (record.kind, record.service_id) == (call.kind, call.service_id)
            if ours and record.exists(journey, settled):
                found.append(item(record, journey, call.now, self._live.world))
        if not found and call.mode.fresh_answer == "not-found":
            raise Refusal(404, None)
        page = {"pageSize": 100, "itemCount": len(found), "hasMore": False, "nextToken": None}
        return json({"statusCode": "202", "statusName": "success", "messages": found} | page)


def _taken(request_id: str, call: SensCall, name: str) -> dict[str, Any]:
    return {
        "requestId": request_id,
        "requestTime": wire.iso_ms(call.now),
        "statusCode": "202",
        "statusName": name,
    }


async def _read(request: Request, model: type[Model]) -> Model:
    too_large = wire.gateway_error(413, "430", "Request Entity Too Large", "Body is too large")
    return await read_body(
        request,
        model,
        lambda field, _: wire.bad_request(field, "is missing or wrong"),
        too_large,
    )


FRONT_END: type[FrontEnd] = Sens
