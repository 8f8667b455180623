"""The link of an e-document: it says itself which probe it opens, and that bongsu made it.

`<public address>/edoc/<account>/<receiver>/<ticket>`. The ticket is the nonce without `BSP:`, then
96 bits of HMAC-SHA256 under BONGSU_ID_KEY over account, receiver and nonce (16 signs of base64url).
All of it stands in the path: the provider appends a query of its own, and takes 100 characters.
"""

import base64
import hmac
from uuid import UUID

from services.contracts import ids

PATH = "/edoc/{account}/{receiver}/{ticket}"
_MARK = "BSP:"


def document_link(address: str, key: bytes, account: str, receiver: str, probe_id: UUID) -> str:
    """The address at which the document of a probe opens; `key` is BONGSU_ID_KEY."""
    symbols = ids.write_nonce(probe_id, 0).removeprefix(_MARK)
    ticket = symbols + _seal(key, account, receiver, symbols)
    return address + PATH.format(account=account, receiver=receiver, ticket=ticket)


def read_ticket(key: bytes, account: str, receiver: str, ticket: str) -> ids.Nonce | None:
    """The nonce of a link; None unless it was sealed for this account and receiver."""
    symbols, seal = ticket[: ids.NONCE_SYMBOLS], ticket[ids.NONCE_SYMBOLS :]
    wanted = _seal(key, account, receiver, symbols)
    if not hmac.compare_digest(wanted.encode(), seal.encode("utf-8", "surrogatepass")):
        return None
    return ids.read_nonce(_MARK + symbols)


def _seal(key: bytes, account: str, receiver: str, symbols: str) -> str:
    parts = [account, receiver, symbols]
    return base64.urlsafe_b64encode(ids.keyed(key, "document link", parts)[:12]).decode()
