"""SMS, by an account of the catalogue and its adapter: the short form, and the link.

In:  a page, a number. Out: the provider's word. What does not fit into one SMS with its link goes
as LMS (장문). Providers know no repeat: after an unclear answer a phone may show a page twice.
"""

from hashlib import sha256
from uuid import UUID

from services.adapters import discover
from services.adapters._korea import LONGEST
from services.adapters.base import Message as Text
from services.alerting.paging.message import Answer, Message, Target
from services.alerting.paging.notifiers.base import Notifier, Outside, answer_of, surroundings
from services.contracts.vocabulary import Channel

CHARSET = "euc-kr"  # of carriers
SUBJECT = "[봉수] 호출"  # of LMS; 40 bytes at most


class Sms:
    """See the module."""

    def __init__(self, outside: Outside) -> None:
        self._outside, self._adapters = outside, discover()

    async def send(self, message: Message, target: Target) -> Answer:
        """Raises Retry, Stop as the adapter does."""
        channel, text = fitted(message)
        async with surroundings(self._outside, target) as (contract, around):
            adapter = self._adapters[contract.adapter](around)
            result = await adapter.send(
                Text(
                    probe_id=message.probe_id or own_id(message.page_id),
                    channel=channel,
                    to=target.to,
                    text=text,
                    sender_number=contract.number,
                    subject=SUBJECT,
                )
            )
        return answer_of(result)


def fitted(message: Message) -> tuple[Channel, str]:
    """The text and what it goes as. What carriers have no sign for becomes a question mark: better
    than no page."""
    link = message.links.acknowledge
    told = f"{message.forms.short}\n{link}" if link else message.forms.short
    sent = told.encode(CHARSET, "replace")
    return Channel.SMS if len(sent) <= LONGEST[Channel.SMS] else Channel.LMS, sent.decode(CHARSET)


def own_id(page_id: str) -> UUID:
    """A page's id where adapters want a probe's: of 1970, so that no report of it is evidence."""
    return UUID(bytes=bytes(6) + sha256(page_id.encode()).digest()[:10])


NOTIFIER: type[Notifier] = Sms
