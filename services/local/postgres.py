"""A real PostgreSQL 18 on this machine, from a wheel's binaries, without a system package.

In: a data folder, a free port, the password of the one user `bongsu`. Out: a server at `dsn`, TCP
on 127.0.0.1 only, on the same data at every start. Before: `child.py`. After: the stack, the tests.

The wheel is never imported: its import and its class touch folders and users of the system.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from services.local import child
from services.local.postgres_access import Access, choose_access, own

USER = "bongsu"
INITDB_S = 60.0
IMMEDIATE_STOP_S = 1.0


class EmbeddedPostgres(child.Server):
    """One server; `settings` are further server settings by their PostgreSQL names."""

    def __init__(
        self,
        data: Path,
        port: int,
        password: str,
        max_connections: int = 100,
        *,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._data = data.absolute()
        self._cluster = self._data / "cluster"
        self._port = port
        self._password = password
        self._settings = {
            "listen_addresses": child.HOST,
            # A long path to the data breaks the socket, so there is none.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": str(max_connections),
            **(settings or {}),
        }
        # Immediate: it takes its own processes along and needs no disk; the next start recovers.
        self.child = child.Child("PostgreSQL", self._data / "postgres.log", signal.SIGQUIT)

    @property
    def dsn(self) -> str:
        """Address of the maintenance database `postgres`, with user and password."""
        return self.dsn_of("postgres")

    def dsn_of(self, database: str) -> str:
        """Address of a database of this server, with user and password."""
        login = f"{USER}:{quote(self._password, safe='')}"
        return f"postgresql://{login}@{child.HOST}:{self._port}/{database}"

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
        self.child.start([*self._command(access, "postgres"), *self._options()], cwd=self._data)

    def _command(self, access: Access, program: str) -> list[str | Path]:
        return [*access.prefix, access.binaries / program]

    def _options(self) -> list[str | Path]:
        settings = (f"--{key.replace('_', '-')}={value}" for key, value in self._settings.items())
        return ["-D", self._cluster, "-p", str(self._port), *settings]

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
                *self._command(access, "initdb"),
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


def forget_dead_postmaster(
    cluster: Path, working_folder: Callable[[str], str | None] | None = None
) -> None:
    """Remove the lock file of a killed server whose process id now belongs to somebody else.

    PostgreSQL takes any living process with that id for its server; in a container that starts
    anew the ids repeat, and a killed process nobody collected keeps its id.
    Raises `ServerStartError` when the server in the lock file really works on these data.
    """
    lines = _lines(cluster / "postmaster.pid")
    if not lines or not Path("/proc/self").exists():
        return
    if (working_folder or _working_folder)(lines[0]) == str(cluster.resolve()):
        raise child.ServerStartError(
            f"the data in {cluster} are in use by another PostgreSQL server (process {lines[0]}):"
            " stop it first"
        )
    (cluster / "postmaster.pid").unlink()


def _working_folder(pid: str) -> str | None:
    """A postmaster works in its data folder; None for a process that is gone or not ours."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except FileNotFoundError:
        return []
