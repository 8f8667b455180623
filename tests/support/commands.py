"""The `bongsu` command as a user runs it: its own process, judged by what it prints and returns."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.local.kafka import free_ports
from services.local.settings import LocalSettings

ROOT = Path(__file__).resolve().parents[2]
BONGSU = (sys.executable, "-c", "from services.cli.app import main; main()")


def local_ports() -> dict[str, str]:
    """Environment that moves every port of the local stack to a free one."""
    names = [name for name in LocalSettings.model_fields if name.endswith("_port")]
    ports = free_ports(len(names))
    return {
        f"BONGSU_LOCAL_{name.upper()}": str(port) for name, port in zip(names, ports, strict=True)
    }


def clean_environment() -> dict[str, str]:
    """Ours without BONGSU_ settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BONGSU_")}


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


def bongsu(
    *words: str, data: Path | None = None, within: float = 90, settings: Mapping[str, str] = {}
) -> Done:
    """Run one command to its end."""
    env = clean_environment() | ({"BONGSU_DATA": str(data)} if data else {}) | dict(settings)
    done = subprocess.run(
        [*BONGSU, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=within
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Up:
    """A running `bongsu up` on free ports; `finish` presses Ctrl-C and reads the summary."""

    def __init__(
        self, data: Path, summary: Path, *words: str, ports: dict[str, str], folder: Path = ROOT
    ) -> None:
        self.data, self._summary, self.ports = data, summary, ports
        self.lines: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [*BONGSU, "up", "--data", str(data), "--summary", str(summary), *words],
            cwd=folder,
            env=clean_environment() | ports,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, said: Callable[[list[str]], object], within: float) -> None:
        """Until the lines printed so far satisfy `said`."""
        with self._news:
            happened = self._news.wait_for(
                lambda: said(self.lines) or self.process.poll() is not None, within
            )
        assert happened, f"not within {within} s: {self.text}"
        assert said(self.lines), f"it ended instead: {self.text}"

    def wait_ready(self, within: float = 150) -> None:
        """Until every process is ready; the first start of all teaches the detector."""
        self.wait_for(lambda lines: any("ready after" in line for line in lines), within)

    @property
    def text(self) -> str:
        """All it has printed."""
        return "".join(self.lines)

    def port(self, name: str) -> int:
        """The port of one part, such as `ingest_ops_port`."""
        return int(self.ports[f"BONGSU_LOCAL_{name.upper()}"])

    def finish(self, within: float = 20) -> dict[str, Any]:
        """Ctrl-C, and the summary it leaves."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert self.process.wait(within) == 0, self.text
        self._reader.join(5)
        loaded: dict[str, Any] = json.loads(self._summary.read_text(encoding="utf-8"))
        return loaded

    def end(self) -> None:
        """Whatever happened: nothing is left running."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self._reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()
