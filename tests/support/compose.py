"""`docker-compose.yml` as a reader needs it: anchors resolved, every value with its line.

In:  the file. Out: `Compose`, whose services say what they are told, run, mount and are asked.
Before: nothing. After: `compose_checks.py`, and the test that runs it all without containers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML, MappingNode, Node, ScalarNode, SequenceNode

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
At = tuple[str | int, ...]
_SCALARS = {"int": int, "float": float, "bool": lambda text: text == "true", "null": lambda _: None}


class Finding(NamedTuple):
    """What is wrong, and where."""

    at: At
    says: str


@dataclass(frozen=True)
class Service:
    """One service; `at` is where it stands."""

    name: str
    told: Mapping[str, Any]

    @property
    def at(self) -> At:
        return ("services", self.name)

    @property
    def ours(self) -> bool:
        """Is its image built here? Such a one can be pulled from nowhere."""
        return self.told.get("pull_policy") == "never"

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.told.get("environment", {}).items()}

    @property
    def command(self) -> list[str]:
        return [*self.told.get("entrypoint", []), *map(str, self.told.get("command", []))]

    @property
    def runs(self) -> str:
        """The module that runs, or the command of `bongsu`."""
        words = self.command
        return words[2] if words[:2] == ["python", "-m"] else words[1]

    @property
    def asked(self) -> list[str]:
        """The command of its health check; none where it ends by itself."""
        return [str(word) for word in self.told.get("healthcheck", {}).get("test", ["CMD"])[1:]]

    @property
    def mounts(self) -> dict[str, str]:
        """Sources by the path at which the container sees them."""
        split = (volume.split(":") for volume in self.told.get("volumes", []))
        return {target: source for source, target, *_ in split}

    @property
    def published(self) -> dict[int, int]:
        """Ports of this machine by those of the container."""
        split = (str(port).rsplit(":", 2) for port in self.told.get("ports", []))
        return {int(target): int(port) for _, port, target in split}


@dataclass(frozen=True)
class Compose:
    """The whole file."""

    file: Path
    told: Mapping[str, Any]
    lines: Mapping[At, int]

    @cached_property
    def services(self) -> dict[str, Service]:
        return {name: Service(name, told) for name, told in self.told["services"].items()}

    def line(self, at: At) -> int:
        """The line of a place, or of what holds it."""
        while at not in self.lines:
            at = at[:-1]
        return self.lines[at]


def read(file: Path = FILE) -> Compose:
    """Read a compose file."""
    lines: dict[At, int] = {(): 1}
    return Compose(file, _value(YAML().compose(file), (), lines), lines)


def _value(node: Node, at: At, lines: dict[At, int]) -> Any:
    match node:
        case MappingNode():
            return _mapping(node, at, lines)
        case SequenceNode():
            return [_item(item, (*at, n), lines) for n, item in enumerate(node.value)]
        case ScalarNode():
            kind = _SCALARS.get(str(node.tag).rpartition(":")[2], str)
            return kind(node.value)
    raise TypeError(node)


def _item(node: Node, at: At, lines: dict[At, int]) -> Any:
    lines[at] = node.start_mark.line + 1
    return _value(node, at, lines)


def _mapping(node: MappingNode, at: At, lines: dict[At, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # What an anchor brings first, as what stands here itself comes before it.
    for key, value in sorted(node.value, key=lambda pair: pair[0].value != "<<"):
        if key.value == "<<":
            found |= _value(value, at, lines)
        else:
            for brought in list(lines) if key.value in found else ():
                if brought[: len(at) + 1] == (*at, key.value):
                    del lines[brought]
            lines[(*at, key.value)] = key.start_mark.line + 1
            found[key.value] = _value(value, (*at, key.value), lines)
    return found
