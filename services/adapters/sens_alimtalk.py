"""Alimtalk (알림톡) of Naver Cloud SENS v2: send with its fail-over, and look-ups by message.

Documents and oddities: `_sens_kakao.py`. The text is final and must match the approved template.
Secret: `access_key`, `secret_key`. Service id: the account's `services.alimtalk`.
"""

from services.adapters import _judge, _sens_kakao
from services.adapters.base import Adapter, Message, SendResult
from services.contracts.vocabulary import Channel, FaultDomain

STATES = _sens_kakao.STATES


class SensAlimtalk(_sens_kakao.KakaoMessages):
    """One account's Alimtalk service."""

    api = Channel.ALIMTALK
    channels = frozenset({api})

    async def send(self, message: Message) -> SendResult:
        """What has no channel id or no template is refused without asking."""
        if message.identity is None:
            return _judge.refused("no-sender", FaultDomain.SENDER)
        if message.template is None:
            return _judge.refused("no-template", FaultDomain.TEMPLATE)
        return await self._send(message, {"templateCode": message.template})


ADAPTER: type[Adapter] = SensAlimtalk
