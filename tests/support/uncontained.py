"""The containers of `docker-compose.yml` as processes of this machine, told what the file tells.

In:  `Compose`, a folder, real servers. Out: commands that run with the variables of the file, where
     container addresses, ports and paths have become those of this machine, and nothing else.
Before: `compose.py`. After: the test of the whole system.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.local.child import Child
from services.local.kafka import free_ports
from services.local.settings import LocalSettings
from tests.support.commands import BONGSU, ROOT, Done, clean_environment
from tests.support.compose import Compose, Service
from tests.support.compose_checks import listening

GIVEN, LOOPBACK = "/run/bongsu", "127.0.0.1"
LOCAL = LocalSettings()
_PORTS = ("BONGSU_OPS_PORT", "BONGSU_PORT", "BONGSU_ANSWERS_PORT", "BONGSU_SIM_PORT")
_ADDRESS = re.compile(r"(?<![\w.-])([a-z][a-z0-9-]*|127\.0\.0\.1):(\d{2,5})(?![\w-])")


class Uncontained:
    """Every container's commands on this machine; `folder` stands for `/run/bongsu`."""

    def __init__(self, compose: Compose, folder: Path) -> None:
        self._compose, self.folder = compose, folder
        self.children: dict[str, Child] = {}
        wanted = [(s.name, port) for s in compose.services.values() for port in listening(s)]
        wanted.append(("simulators", LOCAL.smtp_port))
        self._ports = dict(zip(wanted, free_ports(len(wanted)), strict=True))

    def port(self, service: str, port: int) -> int:
        """Where this machine has the port of a container."""
        return self._ports[service, port]

    def once(self, name: str, *words: str, within: float = 60) -> Done:
        """Run a container that ends by itself; `words` in place of its command."""
        service = self._compose.services[name]
        command = self._command(
            service, [*service.told.get("entrypoint", []), *words] if words else []
        )
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment(service), capture_output=True, text=True,
            timeout=within,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *names: str) -> None:
        """Start containers that last."""
        for name in names:
            service = self._compose.services[name]
            child = Child(name, self.folder.parent / f"{name}.log", signal.SIGTERM)
            child.start(self._command(service), cwd=ROOT, env=self._environment(service))
            self.children[name] = child

    def healthy(self, name: str) -> bool:
        """Ask its own health check."""
        self.children[name].raise_if_ended()
        service = self._compose.services[name]
        command, env = self._command(service, service.asked), self._environment(service)
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True).returncode == 0

    def translate_files(self) -> None:
        """Do to the files that `secrets` made what is done to variables."""
        for file in (*self.folder.glob("secrets/d*"), *self.folder.glob("*/*.yml")):
            file.write_text(self._translated(file.read_text("utf-8")), "utf-8")
        world = self.folder / "world" / "world.json"
        told: dict[str, Any] = json.loads(self._translated(world.read_text("utf-8")))
        for worker in told["workers"]:
            worker["port"] = self.port("simulators", worker["port"])
        told["mail"] |= {
            "imap_host": LOOPBACK,
            "imap_port": self.port("mail", told["mail"]["imap_port"]),
            "smtp_port": self.port("simulators", told["mail"]["smtp_port"]),
        }
        world.write_text(json.dumps(told), "utf-8")

    def _command(self, service: Service, words: list[str] | None = None) -> list[str]:
        words = [self._translated(word, service) for word in words or service.command]
        programs: Mapping[str, tuple[str, ...]] = {
            "python": (sys.executable,),
            "bongsu": BONGSU,
            "pymap": (str(Path(sys.executable).with_name("pymap")),),
        }
        if "--port" in words:
            at = words.index("--port") + 1
            words[at] = str(self.port(service.name, int(words[at])))
        return [*programs[words[0]], *words[1:]]

    def _environment(self, service: Service) -> dict[str, str]:
        told = {n: self._translated(v, service) for n, v in service.environment.items()}
        told.pop("BONGSU_LOCAL_CACHE", None)  # what another run was taught is as good
        for name in _PORTS:
            if name in told and (service.name, int(told[name])) in self._ports:
                told[name] = str(self.port(service.name, int(told[name])))
        # As in a container, temporary files are on a file system of their own.
        return clean_environment() | {"TMPDIR": "/dev/shm"} | told

    def _translated(self, text: str, service: Service | None = None) -> str:
        """Addresses and paths of containers as this machine has them."""

        def here(match: re.Match[str]) -> str:
            host, port = match[1], int(match[2])
            # What a container calls its own; else what the simulated world does, or is published.
            owners = [service.name] if service else []
            owners = [*owners, "simulators", "alerting", "grafana"] if host == LOOPBACK else [host]
            known = [self._ports[o, port] for o in owners if (o, port) in self._ports]
            return f"{LOOPBACK}:{known[0]}" if known else match[0]

        text = text.replace(f"{GIVEN}/", f"{self.folder}/").replace("0.0.0.0", LOOPBACK)
        return str(self.folder) if text == GIVEN else _ADDRESS.sub(here, text)
