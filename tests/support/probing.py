"""What tests of the probe process need: catalogue, secrets, a moved clock, a scripted adapter."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from services.adapters.base import Adapter, Message, SendResult, Surroundings
from services.contracts.catalogue import (
    KIND_OF,
    Account,
    Audience,
    Body,
    Catalogue,
    ChannelRule,
    Failover,
    Notice,
    Observer,
    Platform,
    Provider,
    Quota,
    Receiver,
    Route,
    Rung,
    Sender,
    Source,
    Template,
    build,
)
from services.contracts.model import DailyWindow, Name
from services.contracts.vocabulary import (
    AnswerResult,
    Carrier,
    Channel,
    NoticeClass,
    ObserverKind,
)
from services.probe.message import Keys
from tests.support.builders import CONTENT_KEY, ID_KEY, REVISION, SLOT

KEYS = Keys("worker-a", ID_KEY, CONTENT_KEY)
ADAPTER = "scripted"
ROUTE = "geoje.sms.sens"
ACCEPTED = SendResult(AnswerResult.ACCEPTED, "202", None, "message-1")
_NAME = Name(ko="시험", en="test")


class MovedClock:
    """A clock that stands still until a test moves it; the wall clock can be set apart."""

    def __init__(self, at: datetime = SLOT) -> None:
        self.at = at
        self.wall_ahead = timedelta()
        self.asked = 0

    def now(self) -> datetime:
        return self.at + self.wall_ahead

    def steady(self) -> datetime:
        self.asked += 1
        return self.at


class Script:
    """What the adapter answers, in order; the last answer stays. `messages` = calls so far.

    An exception is raised; `asyncio.Event` is waited for, then the message is accepted.
    """

    def __init__(self, *answers: SendResult | Exception | asyncio.Event) -> None:
        self.answers = list(answers) or [ACCEPTED]
        self.messages: list[Message] = []
        self.built: list[Surroundings] = []

    def next(self) -> SendResult | Exception | asyncio.Event:
        """The answer to one call."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def scripted(script: Script) -> type[Adapter]:
    """An adapter class whose instances follow the script."""

    class Scripted:
        channels = frozenset({Channel.SMS, Channel.ALIMTALK})

        def __init__(self, surroundings: Surroundings) -> None:
            script.built.append(surroundings)

        async def send(self, message: Message) -> SendResult:
            script.messages.append(message)
            answer = script.next()
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, asyncio.Event):
                await answer.wait()
                return ACCEPTED
            return answer

    kind: type[Adapter] = Scripted
    return kind


def a_route(**over: Any) -> Route:
    """An SMS route of Geoje each minute, to two receivers in turn."""
    fields: dict[str, Any] = {
        "id": ROUTE, "body": "geoje", "notice": "tax", "channel": "sms", "adapter": ADAPTER,
        "account": "sens", "sender": "geoje-sms", "receivers": ("skt-01", "kt-01"),
    }  # fmt: skip
    return Route.model_validate(fields | over)


def an_account(**over: Any) -> Account:
    """A contract with SENS for SMS and Alimtalk, 1,000 SMS a day."""
    fields: dict[str, Any] = {
        "id": "sens", "provider": "sens", "name": _NAME, "base_url": "http://127.0.0.1:1",
        "secret": "sens", "services": {"sms": "s1", "alimtalk": "s2"},
        "quota": {"sms": Quota(day=1000, month=None)}, "price_krw": {"sms": 9},
        "probe_budget_krw_month": 100_000, "rate_per_s": 1000,
    }  # fmt: skip
    return Account.model_validate(fields | over)


def a_catalogue(
    *routes: Route,
    revision: UUID = REVISION,
    accounts: tuple[Account, ...] = (),
    night: bool = False,
) -> Catalogue:
    """One body with these routes (default: one), two handsets; `night`: SMS rests 21-08 KST."""
    rest = DailyWindow.model_validate({"start": "21:00", "end": "08:00"}) if night else None
    objects: list[Any] = [
        _channel("sms", rest), _channel("alimtalk", None),
        Platform(id="kakaotalk", name=_NAME),
        Provider(id="sens", name=_NAME, min_interval_s=1),
        *(accounts or (an_account(),)),
        _sender("geoje-sms", "sms", secret="geoje-number"),
        _sender(
            "geoje-talk", "alimtalk", identity="@geoje",
            templates=(Template(code="P1", text="점검 #{점검번호} 회신하지 마십시오."),),
        ),
        _receiver("skt-01", Carrier.SKT), _receiver("kt-01", Carrier.KT),
        _body(), *(routes or (a_route(),)),
    ]  # fmt: skip
    return build(revision, [(KIND_OF[type(item)], item) for item in objects])


def an_alimtalk_route(**over: Any) -> Route:
    """An Alimtalk route whose provider substitutes an SMS."""
    fields: dict[str, Any] = {
        "id": "geoje.alimtalk.sens", "channel": "alimtalk", "sender": "geoje-talk",
        "template": "P1", "platform": "kakaotalk",
        "failover": Failover(channel="sms", sender="geoje-sms"),
    }  # fmt: skip
    return a_route(**fields | over)


def write_secrets(folder: Path) -> Path:
    """The secrets the catalogue refers to; numbers no carrier assigns."""
    contents = {
        "sens": {"access_key": "access-key-of-tests", "secret_key": "secret-key-of-tests"},
        "geoje-number": {"number": "0200000001"},
        "skt-01": {"number": "01000000001"},
        "kt-01": {"number": "01000000002"},
    }
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def _channel(name: str, restricted: DailyWindow | None) -> ChannelRule:
    return ChannelRule(
        id=Channel(name), name=_NAME, late_s=120, restricted=restricted,
        observers=(ObserverKind.ANDROID_SMS_GATEWAY, ObserverKind.SMSFORWARDER),
    )  # fmt: skip


def _sender(name: str, channel: str, **over: Any) -> Sender:
    return Sender(
        id=name, body="geoje", account="sens", channel=Channel(channel), quota=Quota(), **over
    )


def _receiver(name: str, carrier: Carrier) -> Receiver:
    observer = Observer(kind=ObserverKind.ANDROID_SMS_GATEWAY, secret="observer")
    return Receiver(
        id=name, carrier=carrier, os="Android 15", site="seoul", secret=name, observers=(observer,)
    )


def _body() -> Body:
    notice = Notice(
        id="tax", name=_NAME, notice_class=NoticeClass.C2, audience=Audience(people=_NAME),
        deadline_rule="within a day", ladder=(Rung(channel=Channel.SMS),),
    )  # fmt: skip
    source = Source(key="1", title="made up for tests")
    return Body(id="geoje", name=_NAME, unit=_NAME, notices=(notice,), sources=(source,))
