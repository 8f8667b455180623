"""What the containers of `docker-compose.yml` are given, each its own folder: made by one of them.

In:  a catalogue, a folder with a volume a container kind. Out: secrets, DSNs and ways out for the
     processes; the simulated world's file; logins of the mail server; what Postgres, Grafana and
     Alertmanager read. Made once and kept; what follows from the catalogue is made anew.
Before: nothing. After: everything else starts. Same as `stack.py` tells its own children.
"""

import json
import secrets as random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.adapters import discover
from services.contracts.catalogue import Catalogue
from services.local import keys, mail, outside
from services.local.child import HOST
from services.local.prometheus import WORD, alertmanager_text
from services.local.settings import LocalSettings
from services.runtime.secrets import SecretFolder

# By the names of the services in the file.
POSTGRES, MAIL, INGEST = "postgres:5432", "mail", "http://ingest:8471"
ALERTMANAGER, SIMULATORS = "http://alertmanager:9093", "simulators"
OTHERS, OTHERS_PORT = "others", 8483  # the way out of all that are no workers
OWN, GROUP = 0o600, 0o640  # a server with a user of its own is of our group


def make(folder: Path, catalogue: Catalogue) -> None:
    """Make everything below the folder, whose subfolders may be volumes."""
    own, settings = folder / "secrets", LocalSettings()
    keys.make_secrets(own, catalogue, discover())
    held = SecretFolder(own)
    for role, database in (("owner", "postgres"), ("sink", "bongsu"), ("report", "bongsu")):
        keys.write(own / f"dsn-{role}", _dsn(own, role, database))
    proxies = settings.proxies() | {OTHERS: OTHERS_PORT}
    for name, port in proxies.items():
        ways = _ways(f"http://{SIMULATORS}:{port}", catalogue, settings)
        keys.write(own / f"destinations-{name}", json.dumps(ways))
    world = outside.world(catalogue, held, INGEST, settings)
    world["workers"] = [{"id": name, "port": port} for name, port in proxies.items()]
    if world["mail"]:
        world["mail"]["imap_host"] = MAIL
    _put(folder / "world" / "world.json", json.dumps(world, ensure_ascii=False), OWN)
    (folder / "mail").mkdir(mode=0o700, exist_ok=True)
    mail.write_users(folder / "mail", outside.mail_users(catalogue, held))
    _servers(folder, own, outside.proof_words(catalogue, held))


def _servers(folder: Path, own: Path, words: Mapping[str, str]) -> None:
    """What servers read that are not bongsu's."""
    admin = folder / "grafana" / "admin-password"
    _put(folder / "postgres" / "password", keys.shared_key(own, "postgres-owner"), GROUP)
    _put(folder / "grafana" / "password", keys.shared_key(own, "postgres-grafana"), GROUP)
    if not admin.exists():
        _put(admin, random.token_urlsafe(24), GROUP)
    _put(folder / "alertmanager" / "alertmanager.yml", alertmanager_text(INGEST), GROUP)
    _put(folder / "alertmanager" / WORD, words.get("alertmanager", ""), GROUP)


def _ways(proxy: str, catalogue: Catalogue, settings: LocalSettings) -> dict[str, dict[str, Any]]:
    """Through the proxy as on one machine, seen from where the proxy runs; besides, what has a
    container of its own. Mailboxes are read in clear text."""
    world = outside.destinations(catalogue, f"http://{HOST}:{settings.simulators_port}", settings)
    boxes = {"url": f"imap://{MAIL}:{settings.imap_port}", "plain": True}
    alertmanagers = [p.id for p in catalogue.paths.values() if p.notifier == "alertmanager"]
    return {
        **outside.through(proxy, world),
        **dict.fromkeys(outside.mailboxes(catalogue), boxes),
        **{name: {"url": ALERTMANAGER} for name in alertmanagers},
    }


def _dsn(own: Path, role: str, database: str) -> str:
    user = "bongsu" if role == "owner" else f"bongsu_{role}"
    password = keys.shared_key(own, f"postgres-{role}")
    return f"postgresql://{user}:{password}@{POSTGRES}/{database}?sslmode=disable"


def _put(path: Path, content: str, mode: int) -> None:
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    keys.write(path, content, mode)
