"""Where a path of the catalogue leads just now: its address, keys and contract from the secrets.

In:  a path, the catalogue in force, the secrets folder. Out: `Target`. Before: `dispatch.py` chose
the path. After: a notifier.
"""

from pydantic import SecretStr

from services.alerting.paging.message import Contract, Target
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import PagingPath
from services.contracts.vocabulary import Channel
from services.runtime.errors import Stop
from services.runtime.secrets import SecretFolder

_CHANNELS = {"sms": (Channel.SMS, Channel.LMS), "email": (Channel.EMAIL,)}
# The field of a secret that says where it leads: of a path, and of a test receiver.
RECIPIENT = {"sms": "number", "email": "address", "webhook": "url", "alertmanager": "url"}


def target_of(catalogue: Catalogue, path: PagingPath, secrets: SecretFolder) -> Target:
    """Raises Stop with a sentence for a path that cannot be used as it is configured."""
    held = secrets.fields(path.secret) if path.secret else {}
    to = held.get(RECIPIENT[path.notifier]) or (path.base_url and SecretStr(path.base_url))
    if not to:
        raise Stop("address", f"path {path.id}: neither an address nor a secret that holds one")
    return Target(
        path=path.id,
        notifier=path.notifier,
        to=to,
        keys=secrets.all(path.secret, "key") if path.secret and path.notifier == "webhook" else (),
        login=(held["username"], held["password"])
        if {"username", "password"} <= held.keys()
        else None,
        contract=_contract(catalogue, path, secrets) if path.notifier in _CHANNELS else None,
        returns=path.returns,
    )


def _contract(catalogue: Catalogue, path: PagingPath, secrets: SecretFolder) -> Contract:
    account, sender = (
        catalogue.accounts.get(path.account or ""),
        catalogue.senders.get(path.sender or ""),
    )
    if account is None or sender is None or sender.account != account.id:
        raise Stop("account", f"path {path.id}: no account and sender of the catalogue")
    number = secrets.one(sender.secret, "number") if sender.secret and not sender.identity else None
    adapter = _adapter(catalogue, path)
    return Contract(account, secrets.fields(account.secret), sender, number, adapter)


def _adapter(catalogue: Catalogue, path: PagingPath) -> str:
    """The one by which routes of the same account send on such a channel."""
    channels = _CHANNELS[path.notifier]
    for _, route in sorted(catalogue.routes.items()):
        if route.account == path.account and route.channel in channels and not route.observed:
            return route.adapter
    raise Stop("adapter", f"path {path.id}: no route of its account tells the adapter")
