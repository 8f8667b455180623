"""Hours of evidence over routes of the shipped catalogue, and the detector that reads them.

Each route sends once a minute; what breaks is KakaoTalk, for a while: slower, with losses. In
seconds from BEGIN on.
"""

import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.alerting.detection.detector import Detector, Ticked
from services.alerting.detection.items import Told, microseconds
from services.alerting.detection.law import SECOND
from services.contracts.vocabulary import Channel
from tests.support import builders
from tests.support.outage import ALIMTALK, PHONES, SMS

BEGIN = datetime(2026, 10, 15, 1, tzinfo=UTC)  # ten in the morning in Korea: no route rests
Known = tuple[Told, int]


def at(second: float) -> int:
    """A second as the detector's time."""
    return microseconds(BEGIN) + round(second * SECOND)


@dataclass(frozen=True)
class Sick:
    """What is accepted between these seconds and goes over KakaoTalk comes late or never."""

    begin: int
    end: int
    slower: float = 1.0
    lost: float = 1.0


def evidence(minutes: int, sick: Sick) -> Iterator[Known]:
    """All events with their known times, minute by minute."""
    dice = random.Random(1)
    for minute in range(minutes):
        for number, (route, provider) in enumerate((ALIMTALK | SMS).items()):
            second = 60 * minute + (0.618034 * number) % 1 * 60
            phone = list(PHONES)[(number + minute) % len(PHONES)]
            yield from _message(dice, route, provider, phone, second, sick)


def _message(
    dice: random.Random, route: str, provider: str, phone: str, second: float, sick: Sick
) -> Iterator[Known]:
    sent_at, took = BEGIN + timedelta(seconds=second), dice.lognormvariate(0.69, 0.7)
    body, channel, _ = route.split(".")
    talk = channel == "alimtalk"
    sent = builders.a_probe_sent(
        slot=sent_at, sent_at=sent_at, route=route, body=body, channel=Channel(channel),
        account=provider, provider=provider, sender=f"{body}-{channel}-{provider}",
        receiver=phone, carrier=PHONES[phone], worker=f"w{int(second) % 2}",
        platform="kakaotalk" if talk else str(PHONES[phone]),
    )  # fmt: skip
    accepted = sent_at + timedelta(seconds=0.3)
    yield sent, at(second)
    yield builders.an_answer(sent, ended_at=accepted, event_id=sent.probe_id), at(second + 0.3)
    lost = dice.random() < 0.003
    if talk and sick.begin <= second < sick.end:
        took, lost = took * sick.slower, dice.random() < sick.lost
    if not lost:
        seen = at(second + 0.3 + took)
        yield builders.a_sighting(sent, source_event_id=str(sent.probe_id)), seen


class Reader:
    """Feeds a detector what is known by each tick, in order."""

    def __init__(self, detector: Detector, events: Iterable[Known]) -> None:
        self.detector = detector
        self._coming = deque(sorted(events, key=lambda one: one[1]))

    def tick(self, second: int) -> Ticked | None:
        """The detector's tick at that second."""
        self._feed(second)
        return self.detector.tick(at(second))

    def skip(self, second: int) -> None:
        """The second without a verdict."""
        self._feed(second)
        self.detector.skip(at(second))

    def _feed(self, second: int) -> None:
        while self._coming and self._coming[0][1] <= at(second):
            self.detector.feed(*self._coming.popleft())
