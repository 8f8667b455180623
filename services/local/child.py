"""One server process of the local stack: start it, watch it, stop it, and explain its end.

In: a command line and a log file. Out: a running process that dies with this one, or one
`ServerStartError` sentence. Before: `kafka.py`, `postgres.py`. After: `launch.py`.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Self

HOST = "127.0.0.1"
LAUNCH = Path(__file__).with_name("launch.py")
POLL_S = 0.01
READY_S = 60.0
STOP_S = 8.0
KILL_WAIT_S = 5.0
TAIL_BYTES = 16_384
NOISE = ("at ", "... ", "HINT:", "DETAIL:", "CONTEXT:", "STATEMENT:")
LOUD = ("FATAL", "PANIC", "Caused by", "Exception", "error:")


class ServerStartError(RuntimeError):
    """A local server cannot run; the message is a sentence for the person at the terminal."""


@dataclass
class Child:
    """A process in a session of its own, so that Ctrl-C reaches only the one who stops it in order.

    `start` must be called from a thread that lives on: Linux counts the end of the *thread* that
    started a process as the death of its parent, and sends `death_signal` then.
    """

    name: str
    log: Path
    death_signal: Signals
    user: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(
        self, command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start the command with its output in `log`; the log of the start before is kept.

        `env` is its whole environment; None: ours.
        """
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".previous.log"))
        launch = [sys.executable, "-I", "-S", LAUNCH, os.getpid(), int(self.death_signal)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in (*launch, self.user, *command)],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        """The process id of the server itself while it runs, else None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """The exit code (minus the signal's number after a signal); None while it runs."""
        return self._process.poll() if self._process else None

    async def exited(self, within: float) -> bool:
        """Wait at most `within` seconds for the end; True when the process is gone."""
        deadline = time.monotonic() + within
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_S)
        return True

    def signal(self, number: Signals) -> bool:
        """Send a signal to the server itself; False when it is not running."""
        if (pid := self.pid) is None:
            return False
        os.kill(pid, number)
        return True

    async def stop(self, polite: Signals, within: float) -> None:
        """Send `polite`, wait at most `within` seconds, then kill; nothing is left afterwards."""
        self.signal(polite)
        if not await self.exited(within):
            self.kill()

    def kill(self) -> None:
        """SIGKILL for the server and all of its process group; returns when it is gone."""
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, SIGKILL)
        self._process.wait(KILL_WAIT_S)

    def tail(self) -> str:
        """The end of the log, at most 16 KiB."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            return log.read().decode(errors="replace")

    def raise_if_ended(self) -> None:
        """Raise `ServerStartError` with the reason from the log when the process has ended."""
        if self.exit_code is not None:
            raise ServerStartError(explain(self.name, self.exit_code, self.tail(), self.log))


class Server(ABC):
    """A server in a child process. `async with` starts it, waits until it is ready, and stops it
    at the end."""

    child: Child

    @abstractmethod
    async def start(self) -> None:
        """Start it. Raises `ServerStartError` when it cannot run here."""

    @abstractmethod
    async def ready(self) -> None:
        """Wait until it can be used. Raises `ServerStartError` with its last word."""

    @abstractmethod
    async def stop(self, within: float) -> None:
        """Stop it in order, by force after `within` seconds; nothing is left running."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.child.pid

    def kill(self) -> None:
        """SIGKILL, as a crash would end it."""
        self.child.kill()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
            await self.ready()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop(STOP_S)


def explain(name: str, exit_code: int, log_tail: str, log: Path) -> str:
    """The sentence for a server that ended although nobody stopped it. Pure."""
    if "No space left on device" in log_tail:
        return f"{name} cannot start: the disk of {log.parent} is full; free some space"
    if "could not look up effective user ID" in log_tail:
        return f"{name} cannot start: this user id has no entry in the passwd file; add one"
    return (
        f"{name} has stopped (exit code {exit_code}): {last_word(log_tail)} - all of it is in {log}"
    )


def last_word(log_tail: str) -> str:
    """The line that tells most: the last loud one, else the last one that is not a trace. Pure."""
    lines = [line.strip() for line in log_tail.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(NOISE)]
    loud = [line for line in said if any(word in line for word in LOUD)]
    return (loud or said or ["it wrote nothing"])[-1]


def require_free_port(port: int) -> None:
    """Raise `ServerStartError` when another program listens on the port of 127.0.0.1."""
    with closing(socket.socket()) as probe:
        # As servers do: a port whose old connections still fade away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServerStartError(
                f"port {port} is already in use: stop the program that listens there"
                f" or choose another port ({error.strerror})"
            ) from error


async def answers(port: int) -> bool:
    """Whether something accepts a TCP connection on the port of 127.0.0.1."""
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(HOST, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def until(child: Child, ready: Callable[[], Awaitable[bool]], within: float) -> None:
    """Poll `ready` for at most `within` seconds; raises as soon as the process has ended."""
    deadline = time.monotonic() + within
    while not await ready():
        child.raise_if_ended()
        if time.monotonic() > deadline:
            said = last_word(child.tail())
            raise ServerStartError(f"{child.name} does not answer after {within:g} s: {said}")
        await asyncio.sleep(POLL_S)
