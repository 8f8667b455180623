"""Secrets of the local stack: made once into the data folder, never shown, kept for later starts.

In: a catalogue, which says which secrets there must be. Out: one `<name>.json` a secret and the
shared keys, all readable by this user only. Numbers are of a block no carrier assigns.
"""

import base64
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from services.adapters.base import Adapter
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import PagingPath
from services.contracts.vocabulary import ObserverKind

POSTGRES_KEYS = ("postgres-owner", "postgres-sink", "postgres-report", "postgres-grafana")
SHARED_KEYS = ("id-key", "content-key", *POSTGRES_KEYS)


def make_secrets(folder: Path, catalogue: Catalogue, adapters: Mapping[str, type[Adapter]]) -> None:
    """Make what is missing; what is there stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SHARED_KEYS:
        _once(folder / name, secrets.token_urlsafe(32))
    for account in catalogue.accounts.values():
        _secret(folder, account.secret, _account(account.id, catalogue, adapters))
        if account.bounces is not None:
            _secret(folder, account.bounces.secret, _login())
    _receivers(folder, catalogue)
    _senders(folder, catalogue)
    for path in catalogue.paths.values():
        if path.secret:
            _secret(folder, path.secret, _end_of(path, folder, catalogue))


def shared_key(folder: Path, name: str) -> str:
    """The value of one of SHARED_KEYS."""
    return (folder / name).read_text(encoding="utf-8")


def _receivers(folder: Path, catalogue: Catalogue) -> None:
    numbers = _unused(folder, "0100000{:04d}")
    for receiver in catalogue.receivers.values():
        mailbox = {"address": f"{receiver.id}@{receiver.platform}.test"}
        _secret(folder, receiver.secret, mailbox if receiver.base_url else _person(next(numbers)))
        for observer in receiver.observers:
            _secret(folder, observer.secret, _observer(observer.kind))


def _senders(folder: Path, catalogue: Catalogue) -> None:
    numbers = _unused(folder, "0200000{:03d}")
    for sender in catalogue.senders.values():
        if sender.secret:
            keyed = {"sender_key": secrets.token_hex(20)}  # 40 signs, as NHN's
            _secret(folder, sender.secret, keyed if sender.identity else {"number": next(numbers)})


def _account(
    account: str, catalogue: Catalogue, adapters: Mapping[str, type[Adapter]]
) -> dict[str, str]:
    """What the adapters of the account's routes ask for."""
    used = {route.adapter for route in catalogue.routes.values() if route.account == account}
    names = {n for name in used & adapters.keys() for n in adapters[name].secret_fields}
    return {name: secrets.token_urlsafe(30) for name in sorted(names)}


def _end_of(path: PagingPath, folder: Path, catalogue: Catalogue) -> dict[str, str]:
    """Who is paged reads it on the path's test receiver: here, nobody has another phone."""
    word = {"returns": secrets.token_urlsafe(30)} if path.returns else {}
    if path.notifier == "webhook":
        return word | {"key": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"}
    phone = catalogue.receivers.get(path.receiver or "")
    held = json.loads((folder / f"{phone.secret}.json").read_text("utf-8")) if phone else {}
    return word | {name: held[name] for name in ("number", "address") if name in held}


def _login() -> dict[str, str]:
    # No id of the catalogue, which may stand anywhere: a user name is a secret.
    return {"username": f"user-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(24)}


def _unused(folder: Path, form: str) -> Iterator[str]:
    """Numbers that no secret holds yet: a catalogue that grows leaves its old ones as they are."""
    files = folder.glob("*.json")
    held = [json.loads(file.read_text(encoding="utf-8")).get("number") for file in files]
    return (number for number in map(form.format, count(1)) if number not in held)


def _person(number: str) -> dict[str, str]:
    """A test person whom nobody can take for a real one."""
    return {"number": number, "name": f"시험{number[-2:]}", "birthday": "19000101"}


def _observer(kind: ObserverKind) -> dict[str, str]:
    if kind is ObserverKind.IMAP:
        return _login()
    if kind is ObserverKind.SMSFORWARDER:
        return {"secret": secrets.token_urlsafe(24), "token": secrets.token_urlsafe(24)}
    return {"key": secrets.token_urlsafe(30)}


def _secret(folder: Path, name: str, fields: dict[str, str]) -> None:
    path = folder / f"{name}.json"
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    if held is None or fields.keys() - held.keys():  # a newer bongsu asks for more
        write(path, json.dumps(fields | (held or {})))


def _once(path: Path, content: str) -> None:
    if not path.exists():
        write(path, content)


def write(path: Path, content: str, mode: int = 0o600) -> None:
    """Write what only this user, or by another `mode` its group too, may read."""
    # Whole or not at all: a start that dies here must not leave half a secret behind.
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    unfinished.rename(path)
