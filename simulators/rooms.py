"""Open chat rooms in which a body posts: every member's phone is to show the post.

In:  the rooms of the configuration. Out: one message a member, by KakaoTalk's open chat.
Before: `app.py` starts it; a replay asks for the posts themselves. After: `carriage.py`. The room
tells its poster nothing of what arrived, so no report is made; what stops the post is the body
itself, KakaoTalk, or the phone. A room's posts are at fixed times, so that each has one fate.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from services.contracts import ids, slots
from simulators.carriage import Carriage, Overloaded, utc_now
from simulators.config import RoomConfig
from simulators.journey import KAKAOTALK, Letter, Message

log = structlog.get_logger()
CHANNEL = "openchat"  # also the function of KakaoTalk that can break alone
WORDS = "[사고 사례] 작업 전 안전 조치를 확인하십시오."


async def post(room: RoomConfig, carriage: Carriage) -> None:
    """Every post of the room when it is due, until cancelled."""
    at = utc_now()
    while True:
        at = next_post(room, max(at, utc_now()))  # a clock may wake it just before its time
        await asyncio.sleep((at - utc_now()).total_seconds())
        try:
            carriage.check_room(len(room.members))
        except Overloaded:
            log.warning("a post is left out, the world is full", sender=room.sender)
            continue
        for message in messages(room, at):
            carriage.dispatch(message, at)


def next_post(room: RoomConfig, after: datetime) -> datetime:
    """When the first post later than `after` comes. Pure."""
    return slots.next_slot(room.sender, timedelta(seconds=room.every_s), after)


def messages(room: RoomConfig, at: datetime) -> list[Message]:
    """The post of that moment, to each member. Pure."""
    return [
        Message(
            id=f"{room.sender}/{ids.milliseconds(at)}/{member}", channel=CHANNEL, provider="",
            account="", sender=room.sender, body=f"body:{room.body}",
            recipient=f"receiver:{member}", platform=KAKAOTALK, reported=False,
            letter=Letter(WORDS, room.title),
        )
        for member in room.members
    ]  # fmt: skip
