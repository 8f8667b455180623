"""Open chat rooms in which a body posts: every member's phone is to show the post.

In:  the rooms of the configuration. Out: one message a member, by KakaoTalk's open chat.
Before: `app.py` starts it. After: `carriage.py`. The room tells its poster nothing of what arrived,
so no report is made; what stops the post is the body itself, KakaoTalk, or the phone.
"""

import asyncio
from uuid import uuid4

import structlog

from simulators.carriage import Carriage, Overloaded, utc_now
from simulators.config import KAKAOTALK, RoomConfig
from simulators.world import Letter, Message

log = structlog.get_logger()
CHANNEL = "openchat"  # also the function of KakaoTalk that can break alone
WORDS = "[사고 사례] 작업 전 안전 조치를 확인하십시오."


async def post(room: RoomConfig, carriage: Carriage) -> None:
    """A post in the room every `every_s`, the first one at once, until cancelled."""
    while True:
        try:
            carriage.check_room(len(room.members))
        except Overloaded:
            log.warning("a post is left out, the world is full", sender=room.sender)
        else:
            for member in room.members:
                carriage.dispatch(_message(room, member), utc_now())
        await asyncio.sleep(room.every_s)


def _message(room: RoomConfig, member: str) -> Message:
    return Message(
        id=str(uuid4()), channel=CHANNEL, provider="", account="", sender=room.sender,
        recipient=f"receiver:{member}", platform=KAKAOTALK, reported=False,
        letter=Letter(WORDS, room.title),
    )  # fmt: skip
