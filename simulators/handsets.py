"""Android handsets: their two apps tell bongsu's ingest over HTTP what the World lets them notice.

In:  sights and openings from the carriage. Out: webhooks to
     <ingest_url>/v1/receipts/android-sms-gateway/<receiver> (SMS, LMS, system:ping) and
     <ingest_url>/v1/receipts/smsforwarder/<receiver> (KakaoTalk notifications, posts in the open
     chat rooms it was told of, cron heartbeat), and a visit to the address of each document that
     the phone's person opens.
Before: `carriage.py`. After: ingest.

What faults do to a phone is the World's (`sights.py`); here is what the apps do when ingest itself
does not answer: the gateway tries again, later and later, SmsForwarder at its next resend.
"""

import asyncio
import secrets
import string
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import structlog

from simulators import handset_wire as wire
from simulators.carriage import Arrival, LiveWorld, utc_now
from simulators.config import HandsetConfig, SimulatorConfig, recipient_of
from simulators.inbox import Inbox
from simulators.journey import Message, Sight
from simulators.sights import FORWARDER, GATEWAY, next_beat, observer

log = structlog.get_logger()

RETRIES = 15
QUEUE_LIMIT = 2_000
UPLOADS_AT_ONCE = 32
MOST_READ = 10_000
LOOK_AGAIN_S = 0.5  # how soon an app that cannot work looks whether it can
TICK = timedelta(milliseconds=1)
TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)
NANO_ID = string.ascii_letters + string.digits + "_-"
SUCCESS_KEYWORD = '"bongsu":"queued"'


class Uplink:
    """The phones' way to ingest: one pooled session, bounded uploads, a deadline on each."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, live: LiveWorld) -> None:
        self._session, self._base = session, base_url.rstrip("/")
        self._slots = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._live, self.seed = live, live.world.seed

    def works(self, phone: HandsetConfig, kind: str) -> bool:
        """Whether the app runs, on a phone that lives and has a network."""
        return self._live.app_works(recipient_of(phone), kind)

    async def beats(self, phone: HandsetConfig, kind: str) -> AsyncIterator[None]:
        """The moments of an app's signs of life, from its start on, but for those at which it
        does not work."""
        every_s, app = phone.heartbeat_s, observer(recipient_of(phone), kind)
        beat = partial(next_beat, self.seed, "beat", app)
        at = beat(min(1.0, every_s), utc_now())
        while True:
            await asyncio.sleep((at - utc_now()).total_seconds())
            if self.works(phone, kind):
                yield
            at = beat(every_s, max(at + TICK, utc_now()))

    async def post(
        self, kind: str, receiver: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str]:
        """Status and body of the answer; status 0 if there was none."""
        url = f"{self._base}/v1/receipts/{kind}/{receiver}"
        async with self._slots:
            try:
                async with self._session.post(url, data=body, headers=headers) as response:
                    return response.status, await response.text(errors="replace")
            except (aiohttp.ClientError, TimeoutError, OSError):
                return 0, ""

    async def visit(self, address: str) -> int:
        """The status with which a page answers the phone's browser; 0 if it does not."""
        async with self._slots:
            try:
                async with self._session.get(address) as response:
                    return response.status
            except (aiohttp.ClientError, TimeoutError, OSError):
                return 0


class GatewayApp:
    """SMS Gateway for Android: durable queue, 15 retries at first_retry_s * 2^(n-1)."""

    kind = GATEWAY

    def __init__(self, phone: HandsetConfig, uplink: Uplink, tasks: asyncio.TaskGroup) -> None:
        self._phone, self._uplink, self._tasks = phone, uplink, tasks
        self._waiting = 0

    def show(self, arrival: Arrival) -> None:
        letter, is_sms = arrival.message.letter, arrival.message.channel == "sms"
        payload = wire.gateway_sms(
            f"[Web발신]\n{letter.text}",
            None if is_sms else letter.title,
            letter.sender_number,
            self._phone.number,
            arrival.handed_at,
        )
        self._put("sms:received" if is_sms else "mms:downloaded", payload)

    def _put(self, event: str, payload: Mapping[str, Any]) -> None:
        body = {
            "id": "".join(secrets.choice(NANO_ID) for _ in range(21)),
            "webhookId": f"bongsu-{event.replace(':', '-')}",
            "event": event,
            "deviceId": f"device-{self._phone.id}",
            "payload": payload,
        }
        if self._waiting >= QUEUE_LIMIT:
            log.warning("event dropped, the phone's queue is full", receiver=self._phone.id)
            return
        self._waiting += 1
        self._tasks.create_task(self._upload(wire.gson(body)), name=f"{self._phone.id} upload")

    async def beat(self) -> None:
        """Queue a system:ping every heartbeat; an app that cannot work does not."""
        async for _ in self._uplink.beats(self._phone, self.kind):
            self._put("system:ping", wire.gateway_health(self._waiting))

    async def _upload(self, body: bytes) -> None:
        """Until ingest takes it; body and event id stay the same over all attempts."""
        key = self._phone.gateway_key.get_secret_value()
        try:
            for failures in range(RETRIES + 1):
                if failures:
                    await asyncio.sleep(self._phone.first_retry_s * 2 ** (failures - 1))
                while not self._uplink.works(self._phone, self.kind):  # noqa: ASYNC110 - a fault may end by itself
                    await asyncio.sleep(LOOK_AGAIN_S)
                headers = wire.gateway_headers(key, body, utc_now())
                status, _ = await self._uplink.post(self.kind, self._phone.id, body, headers)
                if 200 <= status < 300:
                    return
            log.warning("event dropped after its last retry", receiver=self._phone.id)
        finally:
            self._waiting -= 1


@dataclass(frozen=True)
class _Notification:
    title: str = field(repr=False)
    text: str = field(repr=False)
    uid: str
    posted: datetime
    of_room: bool


class ForwarderApp:
    """SmsForwarder: one attempt a message; a task resends the failed ones from time to time."""

    kind = FORWARDER

    def __init__(self, phone: HandsetConfig, uplink: Uplink, rooms: Collection[str] = ()) -> None:
        self._phone, self._uplink, self._rooms = phone, uplink, rooms
        self._secret, self._token = (
            secret.get_secret_value() if secret else ""
            for secret in (phone.forwarder_secret, phone.forwarder_token)
        )
        self._fresh: asyncio.Queue[_Notification] = asyncio.Queue(QUEUE_LIMIT)
        self._failed: deque[_Notification] = deque(maxlen=QUEUE_LIMIT)

    def show(self, arrival: Arrival) -> None:
        letter = arrival.message.letter
        # The rules of the app: only notifications that carry a probe's mark leave the phone, and of
        # observed rooms that there was a post.
        probed, of_room = "BSP:" in letter.title + letter.text, letter.title in self._rooms
        if not (probed or of_room):
            return
        uid = str(10_000 + int(self._phone.number[-4:]))
        notification = _Notification(
            letter.title, letter.text, uid, arrival.at, of_room=of_room and not probed
        )
        if self._fresh.full():
            self._failed.append(notification)
        else:
            self._fresh.put_nowait(notification)

    def _works(self) -> bool:
        return self._uplink.works(self._phone, self.kind)

    async def beat(self) -> None:
        async for _ in self._uplink.beats(self._phone, self.kind):
            await self._post(wire.forwarder_cron(self._phone.id, self._secret, utc_now()))

    async def work(self) -> None:
        while True:
            notification = await self._fresh.get()
            if not await self._upload(notification):
                self._failed.append(notification)

    async def resend(self) -> None:
        """The automatic task: the failed ones again, with a new time and signature."""
        while True:
            await asyncio.sleep(self._phone.resend_s)
            for _ in range(len(self._failed)):
                notification = self._failed.popleft()
                if not await self._upload(notification):
                    self._failed.append(notification)

    async def _upload(self, notification: _Notification) -> bool:
        title, uid, posted = notification.title, notification.uid, notification.posted
        device, secret, now = self._phone.id, self._secret, utc_now()
        if notification.of_room:
            return await self._post(wire.forwarder_room(title, uid, device, secret, posted, now))
        told = (title, notification.text, uid, posted, device, secret, now)
        return await self._post(wire.forwarder_notification(*told))

    async def _post(self, body: bytes) -> bool:
        if not self._works():
            return False
        headers = wire.forwarder_headers(self._token, self._phone.id)
        status, answer = await self._uplink.post(self.kind, self._phone.id, body, headers)
        return status == 200 and SUCCESS_KEYWORD in answer


class Person:
    """Who holds the phone: opens documents, and tries again when the page does not work."""

    def __init__(self, phone: HandsetConfig, uplink: Uplink, tasks: asyncio.TaskGroup) -> None:
        self._phone, self._uplink, self._tasks = phone, uplink, tasks
        self._read: OrderedDict[str, None] = OrderedDict()

    def tries(self, message: Message) -> None:
        """Open a document that was not opened yet."""
        if message.letter.open is not None and message.id not in self._read:
            work = self._open(message.id, message.letter.open)
            self._tasks.create_task(work, name=f"{self._phone.id} opens")

    async def _open(self, document: str, opening: Callable[[], str | None]) -> None:
        address = opening()
        if address is None or await self._uplink.visit(address) not in (0, 503):
            self._read[document] = None
        if len(self._read) > MOST_READ:
            self._read.popitem(last=False)


class Phones:
    """All phones of the configuration; see `carriage.Handsets`."""

    def __init__(self, config: SimulatorConfig, live: LiveWorld) -> None:
        self._config, self._live = config, live
        self._apps: dict[str, Mapping[str, GatewayApp | ForwarderApp]] = {}
        self._people: dict[str, Person] = {}
        self.inbox = Inbox()

    def noticed(self, arrival: Arrival, sight: Sight) -> None:
        """The app tells of it; a mailbox has none: bongsu itself looks."""
        self.inbox.keep(arrival)
        apps = self._apps.get(arrival.message.recipient or "", {})
        if sight.by in apps:
            apps[sight.by].show(arrival)

    def tries(self, message: Message, number: int) -> None:
        """The person opens a document."""
        self._people[message.recipient or ""].tries(message)

    async def run(self) -> None:
        """Run every app until cancelled; an error in one ends all."""
        connector = aiohttp.TCPConnector(limit=UPLOADS_AT_ONCE, keepalive_timeout=30)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session,
            asyncio.TaskGroup() as tasks,
        ):
            uplink = Uplink(session, self._config.ingest_url, self._live)
            rooms = {room.title for room in self._config.rooms}
            for phone in self._config.handsets:
                gateway = GatewayApp(phone, uplink, tasks)
                forwarder = ForwarderApp(phone, uplink, rooms)
                self._apps[f"receiver:{phone.id}"] = {GATEWAY: gateway, FORWARDER: forwarder}
                self._people[f"receiver:{phone.id}"] = Person(phone, uplink, tasks)
                loops = [gateway.beat]
                if phone.forwarder_token:
                    loops += [forwarder.work, forwarder.beat, forwarder.resend]
                for loop in loops:
                    tasks.create_task(loop(), name=f"{phone.id} {loop.__qualname__}")
