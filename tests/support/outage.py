"""Evidence of a dead platform over routes of the shipped catalogue, as workers and phones tell it.

The worker's clock stamps the acceptances a minute and a half early: whoever reads them has waited
for the phone so long already, and no test has to.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.contracts.evidence import Evidence
from services.contracts.vocabulary import Carrier, Channel
from tests.support import builders

DEAD = "platform:kakaotalk"
ALIMTALK = {
    "geoje.alimtalk.sens": "sens", "geoje.alimtalk.nhn": "nhn", "eumseong.alimtalk.sens": "sens",
    "suyeong.alimtalk.nhn": "nhn", "suyeong.alimtalk.sens": "sens", "eumseong.alimtalk.nhn": "nhn",
}  # fmt: skip
SMS = {"geoje.sms.sens": "sens", "moel.sms.nhn": "nhn", "lh.sms.sens": "sens"}
PHONES = {"skt-01": Carrier.SKT, "kt-01": Carrier.KT, "lgu-01": Carrier.LGU}


def kakaotalk_is_dead(before: datetime) -> Iterator[Evidence]:
    """Twelve Alimtalk messages, accepted and never seen; as many text messages to the same phones
    arrive."""
    for number in range(12):
        at = before - timedelta(seconds=3, milliseconds=-100 * number)
        yield from _probe(number, ALIMTALK, at, at - timedelta(seconds=90 - 3 * number))
        yield from _probe(number, SMS, at, at)


def _probe(
    number: int, routes: dict[str, str], at: datetime, accepted: datetime
) -> Iterator[Evidence]:
    route, provider = list(routes.items())[number % len(routes)]
    phone, carrier = list(PHONES.items())[(number + number // 6) % len(PHONES)]
    body, channel, _ = route.split(".")
    sent = builders.a_probe_sent(
        slot=at, route=route, body=body, channel=Channel(channel), account=provider,
        provider=provider, sender=f"{body}-{channel}-{provider}", receiver=phone, carrier=carrier,
        platform="kakaotalk" if channel == "alimtalk" else str(carrier), worker=f"w{number % 2}",
    )  # fmt: skip
    yield sent
    yield builders.an_answer(sent, provider_message_id=f"{route}-{number}", ended_at=accepted)
    if routes is SMS:
        yield builders.a_sighting(sent)
