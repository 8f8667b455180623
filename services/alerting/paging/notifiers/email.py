"""E-mail, by an account of the catalogue: text and HTML, one thread an incident.

In:  a page, an address. Out: the relay's word. Message-ID by page id, so that a repeat is the same
mail; References to the recipient's first page of the incident, so that a mail program shows them
together. Bounces go to the account's mailbox, and no reports are asked for.
"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.adapters.email import Email as Relay
from services.adapters.email import Post
from services.alerting.paging.message import Answer, Message, Target
from services.alerting.paging.notifiers.base import (
    Notifier,
    Outside,
    answer_of,
    name_of,
    surroundings,
)
from services.runtime.errors import Stop

_SEVEN_BITS = SMTP.clone(cte_type="7bit")  # whatever relays are on the way


class Email:
    """See the module."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, message: Message, target: Target) -> Answer:
        """Raises Retry, Stop as the adapter does."""
        async with surroundings(self._outside, target) as (contract, around):
            sender, bounces = contract.sender.identity, contract.account.bounces
            if sender is None or bounces is None:
                raise Stop("sender", f"path {target.path}: no address to send mail from")
            mail = written(message, sender, target.to.get_secret_value())
            post = Post(sender, target.to, bounces.address, mail.as_bytes(policy=_SEVEN_BITS))
            return answer_of(await Relay(around).submit(post))


def written(message: Message, sender: str, to: str) -> EmailMessage:
    """The mail."""
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=_SEVEN_BITS)
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = " ".join(message.forms.title.split())
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = _own_id(message.page_id, domain)
    if message.thread not in (None, message.page_id):
        mail["In-Reply-To"] = mail["References"] = _own_id(str(message.thread), domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.forms.text)
    mail.add_alternative(message.forms.html, subtype="html")
    return mail


def _own_id(page_id: str, domain: str) -> str:
    return f"<page-{name_of(page_id)}@{domain}>"


NOTIFIER: type[Notifier] = Email
