"""Brand messages (브랜드 메시지) of Naver Cloud SENS v2, free form: send and look-ups by message.

Documents: `sens-brandmessage-send`, `sens-brandmessage-get` (api.ncloud-docs.com, 2026-04; the
government zone's twin 2026-10), guides `sens-bmmessage`, `sens-bmoverview`; the rest and the
oddities: `_sens_kakao.py`. Free form has no approved template: the sender's text goes as it is.
Oddities: only friends of the channel get it (`targeting` I); from 20:50 to 08:00 Kakao sends none
(3022, our own schedule's fault); 3050 asks for the 080 number that only other targetings need.
One message a day and recipient is a limit that one dealer names and SENS does not.
Secret: `access_key`, `secret_key`. Service id: the account's `services.brandmessage`.
"""

from services.adapters import _judge, _sens_kakao
from services.adapters.base import Adapter, Message, SendResult
from services.contracts.vocabulary import Channel, FaultDomain

STATES = _sens_kakao.STATES
MOST_CHARS = 1_300
FREE_FORM = {"messageType": "TEXT", "targeting": "I"}


class SensBrandMessage(_sens_kakao.KakaoMessages):
    """One account's brand message service."""

    api = Channel.BRANDMESSAGE
    channels = frozenset({api})

    async def send(self, message: Message) -> SendResult:
        """What has no channel id or too long a text is refused without asking."""
        if message.identity is None:
            return _judge.refused("no-sender", FaultDomain.SENDER)
        if len(message.text) > MOST_CHARS:
            return _judge.refused("text-too-long", FaultDomain.TEMPLATE)
        return await self._send(message, FREE_FORM)


ADAPTER: type[Adapter] = SensBrandMessage
