"""A real IMAP server (pymap) in a child process, with the mailboxes of a data folder.

In:  a folder, a port, mailboxes with their passwords. Out: a server on loopback; what it stores
     lies in Maildir folders, so that a restart loses nothing.
Before: `stack.py`. After: the simulated relay appends mails, ingest reads them.
Alpha software and Maildir without locks across processes: for one machine, never for production.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM

from services.local import keys
from services.local.child import HOST, READY_S, Child, Server, answers, require_free_port, until

RUN = "from pymap.main import main; main()"
ROUNDS = 10_000  # of the password hash: each login of a test costs them


class EmbeddedImap(Server):
    """The mail server of one data folder; `mailboxes` are passwords by user name."""

    def __init__(self, folder: Path, port: int, mailboxes: Mapping[str, str]) -> None:
        self._folder, self.port, self._mailboxes = folder, port, mailboxes
        self.child = Child("mail", folder / "mail.log", SIGTERM)

    async def start(self) -> None:
        """Start it with exactly these mailboxes; mails of earlier starts are there again."""
        require_free_port(self.port)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_users(self._folder, self._mailboxes)
        listen = ("--host", HOST, "--port", str(self.port), "--no-tls")
        services = ("--no-service", "managesieve", "--no-service", "admin")
        command = [sys.executable, "-c", RUN, *services, *listen, "maildir", str(self._folder)]
        # It renames temporary files into mailboxes, which works within one file system only.
        self.child.start(command, cwd=self._folder, env=os.environ | {"TMPDIR": str(self._folder)})

    async def ready(self) -> None:
        await until(self.child, lambda: answers(self.port), READY_S)

    async def stop(self, within: float) -> None:
        await self.child.stop(SIGTERM, within)


def write_users(folder: Path, mailboxes: Mapping[str, str]) -> None:
    """Who may log in, with what password, as the server reads it at each login."""
    # Here, not above: the command line must start where only the runtime set is installed.
    from pysasl.hashing import BuiltinHash

    hashing = BuiltinHash(rounds=ROUNDS)
    names = sorted(mailboxes)
    users = "".join(f"{name}:::::{name}:\n" for name in names)
    hashes = [f"{name}:{hashing.hash(mailboxes[name])}:::::::\n" for name in names]
    keys.write(folder / "pymap-etc-passwd", users)
    keys.write(folder / "pymap-etc-shadow", "".join(hashes))
