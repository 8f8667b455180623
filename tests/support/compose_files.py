"""Files and commands that `docker-compose.yml` names and that are not there.

In:  `Compose`, a service, a folder in which `bongsu containers` has made what containers are given.
Out: findings. Before: `compose.py`. After: `compose_checks.py`.
"""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import typer

from services.cli.app import app
from tests.support.compose import ROOT, At, Compose, Finding, Service

GIVEN = "/run/bongsu"
COMMANDS = typer.main.get_command(app)
_PATH = re.compile(r"(?:^|=)(/[\w./-]+)$")


def missing_files(compose: Compose, service: Service, made: Path) -> Iterator[Finding]:
    """Of what is mounted, built from, or named in variables and in the command."""
    yield from _mounted(compose, service)
    build = service.told.get("build")
    if build and not (ROOT / build["dockerfile"]).is_file():
        yield Finding((*service.at, "build"), f"{build['dockerfile']} is missing")
    for file in _named(compose, service):
        if not (ROOT / file).is_file():
            yield Finding(service.at, f"{file} is missing, which {service.name} names")
    for at, word in _words(service):
        path = _PATH.search(word)
        if path and not _there(compose, service, path[1], made):
            yield Finding(at, f"{path[1]} is missing in {service.name}")


def _mounted(compose: Compose, service: Service) -> Iterator[Finding]:
    for n, source in enumerate(service.mounts.values()):
        at = (*service.at, "volumes", n)
        if not source.startswith("."):
            if source not in compose.told["volumes"]:
                yield Finding(at, f"volume {source} is declared nowhere")
        elif not (ROOT / source).exists():
            yield Finding(at, f"{source} is missing, which {service.name} mounts")


def _words(service: Service) -> Iterator[tuple[At, str]]:
    """Where paths may stand."""
    for name, value in service.environment.items():
        yield (*service.at, "environment", name), value
    for word in service.command:
        yield (*service.at, "command"), word


def _named(compose: Compose, service: Service) -> list[str]:
    """Files of this machine that are neither mounted nor built from."""
    told = service.told.get("env_file", [])
    named = [told] if isinstance(told, str) else list(told)
    for kind in ("configs", "secrets"):
        for one in service.told.get(kind, []):
            name = one if isinstance(one, str) else one["source"]
            named.append(compose.told[kind][name]["file"])
    return named


def _there(compose: Compose, service: Service, path: str, made: Path) -> bool:
    """Will the container find it? What is in a volume of data, its owner makes."""
    for target, source in service.mounts.items():
        if path != target and not path.startswith(f"{target}/"):
            continue
        rest = path.removeprefix(target).lstrip("/")
        if source.startswith("."):
            return (ROOT / source / rest).exists()
        given = {volume: at for at, volume in compose.services["secrets"].mounts.items()}
        at = given.get(source)
        return at is None or (made / at.removeprefix(f"{GIVEN}/") / rest).exists()
    return not path.startswith(f"{GIVEN}/")


def missing_commands(compose: Compose, service: Service) -> Iterator[Finding]:
    """Of what our containers run, and of what all are asked."""
    at = (*service.at, "healthcheck", "test")
    if not service.ours:
        programs = compose.told["x-programs"].get(service.name, [])
        if service.asked[0] not in programs:
            yield Finding(at, _no_command(service, service.asked))
        return
    for where, words in ((at, service.asked), ((*service.at, "command"), service.command)):
        if words and not _runs(words):
            yield Finding(where, _no_command(service, words))


def _no_command(service: Service, words: list[str]) -> str:
    return f"{' '.join(words[:3])} does not exist in {service.name}"


def _runs(words: list[str]) -> bool:
    if words[:2] == ["python", "-m"]:
        return importlib.util.find_spec(words[2]) is not None
    if words[0] != "bongsu":
        return words[0] in ("python", "pymap")
    known = COMMANDS
    for word in words[1:]:
        if word.startswith("-") or not hasattr(known, "commands"):
            break
        if word not in known.commands:
            return False
        known = known.commands[word]
    return True
