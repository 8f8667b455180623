"""The front end of SENS (Naver Cloud): send, list and get for SMS, Alimtalk and brand messages.

In:  HTTP calls as a client of SENS makes them. Out: answers to the letter of `sens_wire.py`;
     accepted messages set out on the carriage.
Before: `sens_gate.py` checks the call, `sens_send.py` makes its records. After: `carriage.py`
     carries them; `sens_records.py` shows them.
A call with several recipients shares the fate of its first at the API.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import sens_wire as wire
from simulators.carriage import Carriage, LiveWorld, Overloaded, utc_now
from simulators.config import SimulatorConfig
from simulators.front import FrontEnd
from simulators.sens_control import SensControl
from simulators.sens_gate import ENDPOINT_TIMEOUT, REFUSING_ANSWERS, SENS, Call, Gate, refusal
from simulators.sens_records import Kind, Record, Store, exists, item
from simulators.sens_send import alimtalk_records, brandmessage_records, sms_records
from simulators.world import Answer, Journey

BODY_LIMIT = 1_000_000
Body = TypeVar("Body", bound=BaseModel)
Handler = Callable[[Request, Call], Awaitable[Response]]


class Sens:
    """The front end: what was accepted, what is held."""

    provider: ClassVar[str] = SENS

    def __init__(self, config: SimulatorConfig, live: LiveWorld, carriage: Carriage) -> None:
        self._phones = {phone.number: f"receiver:{phone.id}" for phone in config.handsets}
        self.gate = Gate(config, live)
        self._live, self._carriage = live, carriage
        self._unanswered_s, self._night = config.unanswered_s, config.night
        self._store = Store()
        self._held: list[Record] = []
        self._released = asyncio.Event()
        self._released.set()

    def routes(self) -> list[Route]:
        sends: dict[Kind, Handler] = {
            "sms": self._send_sms,
            "alimtalk": self._send_alimtalk,
            "brandmessage": self._send_brandmessage,
        }
        found = SensControl(self).routes()
        for kind, send in sends.items():
            path = f"/{kind}/v2/services/{{service}}/messages"
            found += [
                Route(path, self._endpoint(kind, send), methods=["POST"]),
                Route(path, self._endpoint(kind, self._list), methods=["GET"]),
                Route(path + "/{message}", self._endpoint(kind, self._get), methods=["GET"]),
            ]
        return found

    def stop(self) -> None:
        """Answer what is held and end all silence."""
        self.release()
        self.gate.stop()

    def _endpoint(self, kind: Kind, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await handle(request, await self.gate.enter(request, kind))
            except wire.WireError as error:
                media = "application/json" if error.body else None
                return Response(error.body, status_code=error.status, media_type=media)

        return endpoint

    # The hold switch of tests.

    @property
    def held(self) -> int:
        """Messages received and held."""
        return len(self._held)

    def hold(self) -> None:
        """From now on send calls are processed, but neither answered nor carried."""
        self._released.clear()

    def deliver(self, count: int) -> tuple[int, int]:
        """Carry the first `count` held messages and drop the rest; how many of each."""
        carried, dropped = self._held[:count], self._held[count:]
        self._held = []
        self._set_out(carried, utc_now())
        return len(carried), len(dropped)

    def release(self) -> int:
        """Answer the held calls and carry what is still held; how many."""
        carried, _ = self.deliver(len(self._held))
        self._released.set()
        return carried

    # Send.

    async def _send_sms(self, request: Request, call: Call) -> Response:
        body = await _read(request, wire.SmsBody)
        records = sms_records(self._phones, call, body)
        await self._accept(request, call, records)
        return _json(_taken(records[0].request_id, call, "success"), 202)

    async def _send_alimtalk(self, request: Request, call: Call) -> Response:
        body = await _read(request, wire.AlimtalkBody)
        sent = alimtalk_records(self._phones, call, body)
        return await self._processing(request, call, *sent)

    async def _send_brandmessage(self, request: Request, call: Call) -> Response:
        body = await _read(request, wire.BrandBody)
        sent = brandmessage_records(self._phones, call, body, self._night)
        return await self._processing(request, call, *sent)

    async def _processing(
        self,
        request: Request,
        call: Call,
        request_id: str,
        records: list[Record],
        shown: list[dict[str, Any]],
    ) -> Response:
        if records:
            await self._accept(request, call, records)
        return _json(_taken(request_id, call, "processing") | {"messages": shown}, 202)

    async def _accept(self, request: Request, call: Call, records: list[Record]) -> None:
        """Take the messages, as late as the API answers; raises if it does not say yes."""
        try:
            self._carriage.check_room(len(self._held) + len(records))
        except Overloaded:
            raise REFUSING_ANSWERS["throttled"] from None
        entry = self._live.plan(records[0].message, call.now)
        if entry.answer is Answer.SILENT:
            await self.gate.stay_silent(request)
        await asyncio.sleep(((entry.answered_at or call.now) - call.now).total_seconds())
        if entry.refused_by is not None:
            raise refusal(entry.refused_by)
        self._store.keep(records)
        if self._released.is_set():
            self._set_out(records, call.now)
        else:
            self._held += records
            await self._wait_for_release()
        if call.mode.answer == "timeout-after-send":
            raise ENDPOINT_TIMEOUT

    async def _wait_for_release(self) -> None:
        try:
            async with asyncio.timeout(self._unanswered_s):
                await self._released.wait()
        except TimeoutError:
            raise ENDPOINT_TIMEOUT from None

    def _set_out(self, records: list[Record], at: datetime) -> None:
        for record in records:
            record.sent_at = at
            self._carriage.dispatch(record.message, at)

    # Look-ups.

    async def _get(self, request: Request, call: Call) -> Response:
        record = self._store.message(request.path_params["message"])
        ours = (call.kind, call.service_id)
        if record is None or (record.kind, record.service_id) != ours:
            raise wire.not_found()
        journey = self._journey(record)
        if not exists(record, journey, call.now):
            raise wire.not_found()
        shown = item(record, journey, call.now, self._live.world)
        if record.kind != "sms":
            return _json(shown, 200)
        letter = record.message.letter
        full = shown | {"subject": letter.title, "content": letter.text, "files": []}
        return _json({"statusCode": "200", "statusName": "success", "messages": [full]}, 200)

    async def _list(self, request: Request, call: Call) -> Response:
        """The messages of one request, all on one page; searching by time is not simulated."""
        if (request_id := request.query_params.get("requestId")) is None:
            raise wire.bad_request("requestId", "is needed")
        settled = call.now - timedelta(seconds=call.mode.fresh_s)
        found = []
        for record in self._store.of_request(request_id):
            journey = self._journey(record)
            ours = (record.kind, record.service_id) == (call.kind, call.service_id)
            if ours and exists(record, journey, settled):
                found.append(item(record, journey, call.now, self._live.world))
        if not found and call.mode.fresh_answer == "not-found":
            raise wire.WireError(404, None)
        page = {"pageSize": 100, "itemCount": len(found), "hasMore": False, "nextToken": None}
        return _json({"statusCode": "202", "statusName": "success", "messages": found} | page, 200)

    def _journey(self, record: Record) -> Journey | None:
        if record.parent is not None:
            ahead = self._journey(record.parent)
            return ahead.substitute if ahead else None
        if record.sent_at is None:
            return None
        return self._live.plan(record.message, record.sent_at)


def _taken(request_id: str, call: Call, name: str) -> dict[str, Any]:
    return {
        "requestId": request_id,
        "requestTime": wire.iso_ms(call.now),
        "statusCode": "202",
        "statusName": name,
    }


async def _read(request: Request, model: type[Body]) -> Body:
    """The body, bounded and valid, or the 413 or 400 that says which field is not."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_LIMIT:
            raise wire.gateway_error(413, "430", "Request Entity Too Large", "Body is too large")
    try:
        return model.model_validate_json(bytes(raw))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise wire.bad_request(".".join(map(str, first["loc"])), "is missing or wrong") from None


def _json(body: Mapping[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


FRONT_END: type[FrontEnd] = Sens
