"""A webhook, signed by the scheme Standard Webhooks: a page as JSON, for a control room's systems.

Documents: Standard Webhooks 1.0.0 (github.com/standard-webhooks). The body is `contracts/page.py`.
`webhook-id` is the same whenever a page is sent again: who has seen it has the page.
Secret: `url`, `key` (`whsec_` and base64 of at least 24 random bytes; several: newest first).
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Sequence

from pydantic import SecretStr

from services.alerting.paging.message import Answer, Message, Target
from services.alerting.paging.notifiers.base import Notifier, Outside, name_of, post
from services.contracts.page import Page, PageData, PagedIncident
from services.runtime.errors import Stop
from services.storage.incidents import Incident

PREFIX, LEAST_BYTES = "whsec_", 24


class Webhook:
    """See the module."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, message: Message, target: Target) -> Answer:
        """One signed POST. Raises Stop without a key."""
        if not target.keys:
            raise Stop("secret", f"path {target.path}: its secret has no key")
        body = body_of(message).model_dump_json().encode()
        webhook_id, at = f"page_{name_of(message.page_id)}", int(time.time())
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signatures(target.keys, webhook_id, at, body),
        }
        return await post(self._outside, target, "", headers, body)


def signatures(keys: Sequence[SecretStr], webhook_id: str, at: int, body: bytes) -> str:
    """One for each key, so that a receiver changes over when it likes. Raises Stop for a key that
    is none."""
    signed = f"{webhook_id}.{at}.".encode() + body
    macs = (hmac.new(_bytes_of(key), signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)


def _bytes_of(key: SecretStr) -> bytes:
    try:
        told = base64.b64decode(key.get_secret_value().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        told = b""
    if len(told) < LEAST_BYTES:
        raise Stop("secret", f"a key of a webhook is {PREFIX} and base64 of {LEAST_BYTES} bytes")
    return told


def body_of(message: Message) -> Page:
    """The page as it goes out."""
    return Page(
        type=f"page.{message.kind if message.probe_id is None else 'proof'}",
        timestamp=message.at,
        data=PageData(
            page=message.page_id,
            dedup_key=message.dedup_key,
            language=message.language,
            title=message.forms.title,
            text=message.forms.text,
            short=message.forms.short,
            acknowledge_url=message.links.acknowledge,
            incident_url=message.links.incident,
            runbook_url=message.links.runbook,
            incidents=tuple(map(_incident, message.incidents)),
        ),
    )


def _incident(row: Incident) -> PagedIncident:
    told = row._asdict() | {"routes": len(row.routes)}
    return PagedIncident(**{name: told[name] for name in PagedIncident.model_fields})


NOTIFIER: type[Notifier] = Webhook
