"""Kafka is away from everybody, and then the leader dies: who follows it sees nothing.

Real Kafka, Postgres and processes of alerting. Invariant: what is stored stands until a person or
evidence says otherwise; people are called for it on time, and what they say of it is done.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.calling import NOTICED_S, Scene, calling
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(400)
ESCALATED_WITHIN_S = 120


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Two instances, and one incident of which Kim was told."""
    async with calling(tmp_path, "one", "two", PAGE_LEASE_S="5") as made:
        await made.breaks()
        await eventually(lambda: made.told("kim-a", "opened"), within=NOTICED_S)
        yield made


@pytest.mark.parametrize("anew", [False, True], ids=["stood by", "begun anew"])
async def test_who_follows_without_kafka_calls_people_and_does_what_they_say(
    scene: Scene, anew: bool
) -> None:
    """`anew`: the one that follows has not even seen the catalogue."""
    before, leader = await scene.row(), await scene.leader()
    (other,) = set(scene.instances) - {leader}
    scene.kafka.kill()
    await scene.instances[leader].kill()
    if anew:
        await scene.instances[other].kill()
        await scene.instances[other].start()

    await eventually(lambda: scene.told("lee-a", "escalated"), within=ESCALATED_WITHIN_S)
    assert await scene.leader() == other
    assert await scene.row() == before

    await scene.say("note", "somebody is on it")
    await eventually(lambda: scene.timeline("note"), within=10)
    await scene.say("close", "it was a drill")
    for path in ("kim-a", "lee-a", "room"):
        await eventually(lambda path=path: scene.told(path, "cleared"), within=30)  # type: ignore[misc]
    assert await scene.timeline("closed") == ["park"]

    await scene.kafka.start()
    await scene.kafka.ready()
    await eventually(scene.instances[other].ready, within=90)
    closed = await scene.row()
    assert (closed.status, closed.reopened) == ("closed", 0)
    assert not await scene.timeline("reopened")
    assert len([page for page in scene.taker.pages("kim-a") if page.type == "page.opened"]) == 1
