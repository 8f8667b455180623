"""The simulated outside world's configuration, from the catalogue and the secrets.

The world is told what exists (handsets, accounts, numbers, templates); it never reads the product's
own files, so that a mistake there shows as a refused message and not as agreement.
"""

import json
from pathlib import Path
from typing import Any

from services.contracts.catalogue import Account, Catalogue, Receiver, Route, Sender
from services.contracts.oncall import PagingPath
from services.contracts.vocabulary import ObserverKind
from services.local import keys
from services.local.child import HOST
from services.local.settings import LocalSettings
from services.runtime.secrets import SecretFolder
from simulators import control_room, front


def write_world(
    path: Path,
    catalogue: Catalogue,
    secrets: SecretFolder,
    ingest_url: str,
    settings: LocalSettings,
) -> None:
    """Write the configuration file, readable by this user only: it holds numbers and keys."""
    found = world(catalogue, secrets, ingest_url, settings)
    keys.write(path, json.dumps(found, ensure_ascii=False))


def world(
    catalogue: Catalogue, secrets: SecretFolder, ingest_url: str, settings: LocalSettings
) -> dict[str, Any]:
    """The configuration. Without `settings.kakao_night` brand messages arrive at any hour."""
    return {
        "ingest_url": ingest_url,
        "handsets": [
            _handset(receiver, secrets)
            for receiver in catalogue.receivers.values()
            if _is_handset(receiver)
        ],
        "accounts": [_account(a, catalogue, secrets) for a in _used(catalogue)],
        "rooms": [_room(route, catalogue) for route in catalogue.routes.values() if route.observed],
        "mail": _mail(catalogue, secrets, settings),
        "proofs": proof_words(catalogue, secrets),
        "workers": [{"id": id_, "port": port} for id_, port in settings.proxies().items()],
        **({} if settings.kakao_night else {"night": None}),
    }


def destinations(
    catalogue: Catalogue, url: str, settings: LocalSettings
) -> dict[str, dict[str, str]]:
    """Where each account's provider is found: at the simulated world, if that speaks for it, else
    where it really is; mail and mailboxes at the mail servers; by path, where pages go that need
    no account."""
    simulated, relay = front.discover(), f"smtp://{HOST}:{settings.smtp_port}"
    accounts = catalogue.accounts.values()
    here = [a for a in accounts if a.provider in simulated]
    boxes = f"imap://{HOST}:{settings.imap_port}"
    return {
        **{a.id: {} for a in accounts},
        **{a.id: {"url": relay if a.bounces else url} for a in here},
        **{name: {"url": boxes} for name in mailboxes(catalogue)},
        **{path.id: {"url": _page_url(path, url, settings)} for path in _direct(catalogue)},
    }


def without_alertmanager(catalogue: Catalogue) -> Catalogue:
    """The same where none is installed: nobody is to ask a path that is known not to be there."""
    paths = {n: path for n, path in catalogue.paths.items() if path.notifier != "alertmanager"}
    rotas = {
        name: rota.model_copy(update={"systems": tuple(n for n in rota.systems if n in paths)})
        for name, rota in catalogue.rotas.items()
    }
    return catalogue.model_copy(update={"paths": paths, "rotas": rotas})


def proof_words(catalogue: Catalogue, secrets: SecretFolder) -> dict[str, str]:
    """What comes along with the proofs that come back, by path."""
    paths = [path for path in catalogue.paths.values() if path.returns]
    return {path.id: _value(secrets, path.secret, "returns") for path in paths if path.secret}


def _direct(catalogue: Catalogue) -> list[PagingPath]:
    return [path for path in catalogue.paths.values() if path.account is None]


def _page_url(path: PagingPath, world: str, settings: LocalSettings) -> str:
    if path.notifier == "alertmanager":
        return f"http://{HOST}:{settings.alertmanager_port}"
    return settings.control_room_url or f"{world}{control_room.PATH}"


def through(proxy: str, destinations: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The same for a worker that has no way out but this proxy, not even to the control address."""
    ways = destinations | {"control": {}}
    return {name: way | {"proxy": proxy} for name, way in ways.items()}


def _used(catalogue: Catalogue) -> list[Account]:
    """Accounts that some route is on: of others there are no secrets."""
    used = {route.account for route in catalogue.routes.values()}
    return [account for account in catalogue.accounts.values() if account.id in used]


def _is_handset(receiver: Receiver) -> bool:
    return ObserverKind.ANDROID_SMS_GATEWAY in {observer.kind for observer in receiver.observers}


def _handset(receiver: Receiver, secrets: SecretFolder) -> dict[str, Any]:
    observers = {observer.kind: observer for observer in receiver.observers}
    gateway = observers[ObserverKind.ANDROID_SMS_GATEWAY]
    forwarder = observers.get(ObserverKind.SMSFORWARDER)
    reader = {
        f"forwarder_{field}": _value(secrets, forwarder.secret, field)
        for field in ("secret", "token")
        if forwarder
    }
    return {
        "id": receiver.id,
        **{n: _value(secrets, receiver.secret, n) for n in ("number", "name", "birthday")},
        "carrier": str(receiver.carrier),
        "site": receiver.site,
        "gateway_key": _value(secrets, gateway.secret, "key"),
        **reader,
        "kakaotalk": forwarder is not None,  # nothing else would see a KakaoTalk there
        "heartbeat_s": gateway.heartbeat_s,
    }


def _room(route: Route, catalogue: Catalogue) -> dict[str, Any]:
    """A body posts in its room as often as its route says."""
    return {
        "sender": f"sender:{route.sender}",
        "body": route.body,
        "title": catalogue.senders[route.sender].room,
        "members": route.receivers,
        "every_s": route.interval_s,
    }


def _account(account: Account, catalogue: Catalogue, secrets: SecretFolder) -> dict[str, Any]:
    secret = secrets.fields(account.secret)
    senders = [s for s in catalogue.senders.values() if s.account == account.id]
    return {
        "id": account.id,
        "provider": account.provider,
        "services": {str(channel): service for channel, service in account.services.items()},
        "secret": {name: value.get_secret_value() for name, value in secret.items()},
        "senders": [_sender(sender, catalogue, secrets) for sender in senders],
    }


def _sender(sender: Sender, catalogue: Catalogue, secrets: SecretFolder) -> dict[str, Any]:
    field = "sender_key" if sender.identity else "number"
    secret = {field: _value(secrets, sender.secret, field)} if sender.secret else {}
    return {
        "sender": f"sender:{sender.id}",
        "body": sender.body,
        "channel": str(sender.channel),
        "number": secret.get("number"),
        "identity": secret.get("sender_key", sender.identity),
        "name": catalogue.bodies[sender.body].name.ko,
        "templates": [{"code": t.code, "text": t.text, "image": t.image} for t in sender.templates],
    }


def mailboxes(catalogue: Catalogue) -> dict[str, str]:
    """The mailboxes a catalogue reads, and the secret of each: by receiver, or account."""
    found = {
        receiver.id: observer.secret
        for receiver in catalogue.receivers.values()
        for observer in receiver.observers
        if observer.kind is ObserverKind.IMAP
    }
    accounts = catalogue.accounts.values()
    return found | {f"{a.id}.bounces": a.bounces.secret for a in accounts if a.bounces}


def mail_users(catalogue: Catalogue, secrets: SecretFolder) -> dict[str, str]:
    """Passwords by user name of every mailbox."""
    logins = [_login(secrets, name) for name in mailboxes(catalogue).values()]
    return {login["username"]: login["password"] for login in logins}


def _mail(
    catalogue: Catalogue, secrets: SecretFolder, settings: LocalSettings
) -> dict[str, Any] | None:
    """The mailboxes behind the relay; those of the first mail account's bounces."""
    account = next((a for a in catalogue.accounts.values() if a.bounces is not None), None)
    if account is None or account.bounces is None:
        return None
    boxes = mailboxes(catalogue)
    bounces = {"id": f"{account.id}-bounces", "address": account.bounces.address}
    return {
        "smtp_port": settings.smtp_port,
        "imap_port": settings.imap_port,
        "mailboxes": [
            {
                "id": receiver.id,
                "address": _value(secrets, receiver.secret, "address"),
                "platform": receiver.platform,
                **_login(secrets, boxes[receiver.id]),
            }
            for receiver in catalogue.receivers.values()
            if receiver.id in boxes
        ],
        "bounce_box": bounces | {"platform": "relay"} | _login(secrets, account.bounces.secret),
    }


def _login(secrets: SecretFolder, name: str) -> dict[str, str]:
    return {field: _value(secrets, name, field) for field in ("username", "password")}


def _value(secrets: SecretFolder, name: str, field: str) -> str:
    return secrets.one(name, field).get_secret_value()
