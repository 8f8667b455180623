"""What becomes of probes, in virtual time: records with chosen append times through the real
consumer and sweep."""

from datetime import datetime, timedelta

import pytest

from services.contracts.evidence import Heartbeat, ProbeSent, Record
from services.contracts.vocabulary import Channel, ObserverKind, Purpose
from tests.integration.alerting.scene import EVIDENCE, HEARTBEATS, Scene, fetched, partitions
from tests.support import builders
from tests.support.builders import MINUTE, SECOND, SLOT

FORWARDER = "observer/skt-1/smsforwarder"
GATEWAY = "observer/skt-1/android-sms-gateway"


class World:
    """Appends records to partitions, stores them, and says how far each partition is stored."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._next = dict.fromkeys(partitions(), 0)

    async def store(self, at: datetime, *records: Record) -> None:
        """Store records that the broker had at `at`."""
        for record in records:
            found = fetched(record, 0, at)
            place = (found.topic, found.partition)
            await self.scene.give(fetched(record, self._next[place], at))
            self._next[place] += 1

    async def caught_up(self, at: datetime, *topics: str) -> None:
        """Nothing more had been appended to these topics when their ends were fetched at `at`."""
        self.scene.consumer._marked_at = 0.0
        wanted = topics or (EVIDENCE, HEARTBEATS)
        await self.scene.consumer.idle({p: at for p in partitions() if p[0] in wanted})

    async def sweep(self, at: datetime) -> None:
        """One round, and another while more is due."""
        while await self.scene.sweep.once(at):
            pass

    async def beats(self, source: str, start: datetime, end: datetime) -> None:
        """A heartbeat every 20 s."""
        at = start
        while at <= end:
            await self.store(at, Heartbeat(source=source, at=at))
            at += 20 * SECOND


@pytest.fixture
async def world(scene: Scene) -> World:
    await scene.consumer.assigned(partitions())
    return World(scene)


def _sms(**over: object) -> ProbeSent:
    return builders.a_probe_sent(
        route="geoje.sms.sens-a", channel=Channel.SMS, platform="skt",
        observers=(ObserverKind.ANDROID_SMS_GATEWAY,), **over,
    )  # fmt: skip


async def _announced(world: World, sent: ProbeSent, message: str = "message-0001") -> None:
    await world.store(sent.sent_at, sent, builders.an_answer(sent, provider_message_id=message))


async def test_a_dead_notification_listener_voids_its_channel_and_leaves_sms_alone(
    world: World,
) -> None:
    alimtalk, sms = builders.a_probe_sent(), _sms()
    await world.beats(FORWARDER, SLOT - MINUTE, SLOT)  # and then never again
    await world.beats(GATEWAY, SLOT - MINUTE, SLOT + 18 * MINUTE)
    await _announced(world, alimtalk)
    await _announced(world, sms, "message-0002")
    await world.store(
        SLOT + 3 * SECOND,
        builders.a_sighting(sms, observer=ObserverKind.ANDROID_SMS_GATEWAY, placement="inbox"),
    )
    for minute in range(2, 18):
        await world.caught_up(SLOT + minute * MINUTE)
        await world.sweep(SLOT + minute * MINUTE)
        if SLOT + minute * MINUTE < alimtalk.seen_due + 15 * MINUTE:
            assert await world.scene.outcome(alimtalk.probe_id) is None, minute
    await world.caught_up(alimtalk.seen_due + 15 * MINUTE)
    await world.sweep(alimtalk.seen_due + 15 * MINUTE)
    assert await world.scene.outcome(alimtalk.probe_id) == "void"
    assert await world.scene.outcome(sms.probe_id) == "delivered"


async def test_a_platform_that_is_down_under_a_living_phone_is_undelivered(world: World) -> None:
    sent = builders.a_probe_sent()
    await world.beats(FORWARDER, SLOT - MINUTE, SLOT + 3 * MINUTE)
    await _announced(world, sent)
    await world.caught_up(sent.seen_due - SECOND)
    await world.sweep(sent.seen_due - SECOND)
    assert await world.scene.outcome(sent.probe_id) is None
    await world.caught_up(SLOT + 3 * MINUTE)
    await world.sweep(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) == "undelivered"


async def test_a_carrier_ten_minutes_slow_is_late_and_counted_once(world: World) -> None:
    sent = builders.a_probe_sent()
    await world.beats(FORWARDER, SLOT - MINUTE, SLOT + 11 * MINUTE)
    await _announced(world, sent)
    await world.caught_up(SLOT + 3 * MINUTE)
    await world.sweep(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) == "undelivered"
    seen_at = sent.sent_at + 10 * MINUTE
    await world.store(
        seen_at + SECOND,
        builders.a_sighting(sent, observed_min=seen_at - SECOND, observed_max=seen_at),
    )
    await world.caught_up(SLOT + 11 * MINUTE)
    await world.sweep(SLOT + 11 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) == "late"
    assert world.scene.total("bongsu_probe_outcome_total") == 1


@pytest.mark.parametrize("behind", [EVIDENCE, HEARTBEATS])
async def test_storing_that_was_stopped_never_looks_like_a_lost_message(
    world: World, behind: str
) -> None:
    """Messages were seen in time, the app lived; storing stood still for five minutes."""
    sent = builders.a_probe_sent()
    await world.beats(FORWARDER, SLOT - MINUTE, SLOT)
    await _announced(world, sent)
    ahead = HEARTBEATS if behind == EVIDENCE else EVIDENCE
    if ahead == HEARTBEATS:
        await world.beats(FORWARDER, SLOT + 20 * SECOND, SLOT + 6 * MINUTE)
    for minute in range(1, 6):
        await world.caught_up(SLOT + minute * MINUTE, ahead)
        await world.sweep(SLOT + minute * MINUTE)
        assert await world.scene.outcome(sent.probe_id) is None
    await world.store(sent.sent_at + 3 * SECOND, builders.a_sighting(sent))
    await world.sweep(SLOT + 5 * MINUTE)
    if ahead == EVIDENCE:
        await world.beats(FORWARDER, SLOT + 20 * SECOND, SLOT + 6 * MINUTE)
    await world.caught_up(SLOT + 6 * MINUTE)
    await world.sweep(SLOT + 6 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) == "delivered"
    assert world.scene.value(
        "bongsu_probe_outcome_total",
        channel="alimtalk", provider="sens", carrier="skt", body="geoje", outcome="undelivered",
    ) == 0  # fmt: skip


async def test_a_worker_that_crashed_after_announcing_is_unknown_until_the_device_speaks(
    world: World,
) -> None:
    sent = builders.a_probe_sent()
    await world.beats(FORWARDER, SLOT - MINUTE, SLOT + 3 * MINUTE)
    await world.store(sent.sent_at, sent)
    await world.caught_up(SLOT + 3 * MINUTE)
    await world.sweep(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) == "unknown"
    await world.store(SLOT + 4 * MINUTE, builders.a_sighting(sent))
    await world.caught_up(SLOT + 4 * MINUTE)
    await world.sweep(SLOT + 4 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) == "delivered"
    assert world.scene.total("bongsu_probe_outcome_total") == 1


async def test_only_scheduled_probes_are_counted_with_the_stages_they_reached(
    world: World,
) -> None:
    scheduled, manual = builders.a_probe_sent(), _sms(purpose=Purpose.MANUAL)
    for number, sent in enumerate((scheduled, manual)):
        await _announced(world, sent, f"message-{number}")
        await world.store(sent.sent_at, builders.a_sighting(sent))
    await world.caught_up(SLOT + 3 * MINUTE)
    await world.sweep(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(manual.probe_id) == "delivered"
    assert world.scene.total("bongsu_probe_outcome_total") == 1
    stage = {"channel": "alimtalk", "provider": "sens", "carrier": "skt"}
    assert world.scene.value("bongsu_probe_stage_seconds_sum", **stage, stage="seen") == 2.0
    assert world.scene.value("bongsu_probe_stage_seconds_count", **stage, stage="accepted") == 1


async def test_a_stage_before_its_sending_is_counted_as_a_suspect_clock(world: World) -> None:
    sent = builders.a_probe_sent()
    early = sent.sent_at - SECOND
    await _announced(world, sent)
    seen = builders.a_sighting(sent, observed_min=early, observed_max=early)
    await world.store(sent.sent_at, seen)
    await world.caught_up(SLOT + 3 * MINUTE)
    await world.sweep(SLOT + 3 * MINUTE)
    labels = {"provider": "sens", "stage": "seen"}
    assert world.scene.value("bongsu_probe_clock_suspect_total", **labels) == 1
    assert world.scene.total("bongsu_probe_stage_seconds_count") == 1


async def test_very_late_evidence_does_not_hold_up_what_is_due_now(world: World) -> None:
    old = builders.a_probe_sent(slot=SLOT - timedelta(days=40))
    new = builders.a_probe_sent()
    for number, sent in enumerate((old, new)):
        await _announced(world, sent, f"message-{number}")
        await world.store(SLOT, builders.a_sighting(sent))
    await world.caught_up(SLOT + 3 * MINUTE)
    assert await world.scene.sweep.once(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(new.probe_id) is None
    assert not await world.scene.sweep.once(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(new.probe_id) == "delivered"


async def test_probes_of_others_partitions_are_left_to_them(world: World) -> None:
    sent = builders.a_probe_sent()
    await _announced(world, sent)
    await world.store(SLOT, builders.a_sighting(sent))
    await world.caught_up(SLOT + 3 * MINUTE)
    await world.scene.consumer.revoked([p for p in partitions() if p[0] == EVIDENCE])
    await world.sweep(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) is None


async def test_nothing_is_settled_before_heartbeats_were_ever_stored(world: World) -> None:
    sent = builders.a_probe_sent()
    await _announced(world, sent)
    await world.caught_up(SLOT + 3 * MINUTE, EVIDENCE)
    await world.sweep(SLOT + 3 * MINUTE)
    assert await world.scene.outcome(sent.probe_id) is None


async def test_pending_probes_are_shown_for_own_partitions(world: World) -> None:
    sent = builders.a_probe_sent()
    await _announced(world, sent)
    await world.scene.sweep._show_pending()
    assert world.scene.value("bongsu_probe_pending", channel="alimtalk", provider="sens") == 1
