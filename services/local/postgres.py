"""A real PostgreSQL 18 on this machine, from a wheel's binaries, without a system package.

In: a data folder, a free port, the password of the one user `bongsu`. Out: a server at `dsn`, TCP
on 127.0.0.1 only, on the same data at every start. Before: `child.py`. After: the stack, the tests.

The wheel is never imported: its import and its class touch folders and users of the system.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

from services.local import child
from services.local.postgres_access import Access, choose_access, own

USER = "bongsu"
OPTIONS = (
    f"--listen-addresses={child.HOST}",
    "--unix-socket-directories=",  # a long path to the data breaks the socket, so there is none
    "--timezone=UTC",
    "--log-timezone=UTC",
)
INITDB_S = 60.0
IMMEDIATE_STOP_S = 1.0


class EmbeddedPostgres(child.Server):
    """One server."""

    def __init__(self, data: Path, port: int, password: str) -> None:
        self._data = data.absolute()
        self._cluster = self._data / "cluster"
        self._port, self._password = port, password
        # Immediate: it takes its own processes along and needs no disk; the next start recovers.
        self.child = child.Child("PostgreSQL", self._data / "postgres.log", signal.SIGQUIT)

    @property
    def dsn(self) -> str:
        """Address of the maintenance database `postgres`, with user and password."""
        login = f"{USER}:{quote(self._password, safe='')}"
        return f"postgresql://{login}@{child.HOST}:{self._port}/postgres"

    async def start(self) -> None:
        """Make the cluster if there is none (0.4-0.8 s) and start the server.

        Raises `ServerStartError` for a port in use, a full disk, data that another server uses, and
        for a user id under which PostgreSQL refuses to run.
        """
        child.require_free_port(self._port)
        self._data.mkdir(parents=True, exist_ok=True)
        access = await asyncio.to_thread(choose_access, self._data)
        if not self._cluster.exists():
            await self._initialise(access)
        forget_dead_postmaster(self._cluster)
        own(self._cluster, access)
        self.child.user = access.user
        command = [*_command(access, "postgres"), "-D", self._cluster, "-p", str(self._port)]
        self.child.start([*command, *OPTIONS], cwd=self._data)

    async def _initialise(self, access: Access) -> None:
        """A cluster appears whole or not at all: it is made beside its place and renamed."""
        unfinished, password = self._data / "cluster.new", self._data / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password.touch(mode=0o600)
        try:
            password.write_text(self._password)
            if access.user:
                os.chown(unfinished, access.user, access.user)
                os.chown(password, access.user, access.user)
            await self._initdb(access, unfinished, password)
        finally:
            password.unlink(missing_ok=True)
        unfinished.rename(self._cluster)

    async def _initdb(self, access: Access, folder: Path, password: Path) -> None:
        initdb = child.Child(
            "initdb of PostgreSQL", self._data / "initdb.log", signal.SIGKILL, user=access.user
        )
        words = "-U {} -A scram-sha-256 -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8"
        initdb.start(
            [
                *_command(access, "initdb"),
                *("-D", folder, f"--pwfile={password}", "--no-sync"),
                *words.format(USER).split(),
            ],
            cwd=self._data,
        )
        try:
            finished = await initdb.exited(INITDB_S)
        finally:
            initdb.kill()
        if not finished or initdb.exit_code != 0:
            initdb.raise_if_ended()

    async def ready(self) -> None:
        """Wait until the server takes connections.

        The server says so itself in its lock file; a TCP connect works too early, in recovery.
        """
        await child.until(self.child, self._says_ready, child.READY_S)

    async def _says_ready(self) -> bool:
        lines = _lines(self._cluster / "postmaster.pid")
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    async def stop(self, within: float = child.STOP_S) -> None:
        """Fast stop (0.01-0.1 s); after `within` seconds an immediate one; nothing is left running.

        Not SIGTERM: that waits for every client to leave.
        """
        if not self.child.signal(signal.SIGINT) or await self.child.exited(within):
            return
        await self.child.stop(signal.SIGQUIT, IMMEDIATE_STOP_S)


def forget_dead_postmaster(cluster: Path) -> None:
    """Remove the lock file of a killed server whose process id now belongs to somebody else.

    PostgreSQL takes any living process with that id for its server; in a container that starts
    anew the ids repeat, and a killed process nobody collected keeps its id.
    Raises `ServerStartError` when the server in the lock file really works on these data.
    """
    lines = _lines(cluster / "postmaster.pid")
    if not lines or not Path("/proc/self").exists():
        return
    with contextlib.suppress(OSError):  # the process is gone or not ours
        # A postmaster works in its data folder.
        if os.readlink(f"/proc/{lines[0]}/cwd") == str(cluster.resolve()):
            raise child.ServerStartError(
                f"the data in {cluster} are in use by another PostgreSQL server (process"
                f" {lines[0]}): stop it first"
            )
    (cluster / "postmaster.pid").unlink()


def _command(access: Access, program: str) -> list[str | Path]:
    return [*access.prefix, access.binaries / program]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except FileNotFoundError:
        return []
