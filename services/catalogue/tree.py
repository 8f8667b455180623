"""One YAML file as plain values that know their lines.

In:  a path, or a file's text. Out: `Tree`: what stands there, and the line of each value.
Before: a person wrote the file. After: models check the values (`load.py`, a scenario's loader).
Nothing a file holds raises anything but `Unreadable`.

YAML is composed, not constructed: the tree of nodes keeps a line for each value, and no tag of a
file can make an object. Every value is the text that stands there, and the models say whether it is
a number: a code `0123` needs no quotes. Aliases are refused, because a file read by officials
should say everything where it stands.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.catalogue.sentences import Place

LARGEST_BYTES = 1_000_000


class Unreadable(Exception):
    """Nothing can be taken from a file; the message ends the sentence 'this file …'."""

    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True)
class Tree:
    """Text, lists and mappings of text; lines from 1; `oddities` are (line, what is wrong)."""

    plain: Any
    lines: dict[Place, int]
    oddities: list[tuple[int, str]]


def nearest(lines: dict[Place, int], base: Place, loc: Place) -> int:
    """The line of a field of the object at `base`, or of the nearest object around it."""
    path = base + loc
    while len(path) > len(base) and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def read_text(path: Path) -> str:
    """A file's text. Raises Unreadable."""
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST_BYTES:
            raise Unreadable(f"is larger than {LARGEST_BYTES} bytes")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8 text", raw.count(b"\n", 0, error.start) + 1) from None


def parse(text: str) -> Tree:
    """The values of a file's text. Raises Unreadable for what is no YAML."""
    reading = _Reading()
    plain = reading.plain(_compose(text), ())
    return Tree(plain, reading.lines, reading.oddities)


class _Reading:
    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self.oddities: list[tuple[int, str]] = []
        self._seen: set[int] = set()

    def plain(self, node: Node, path: Place) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._odd(self.lines[path], "uses an alias (*); write the value out here")
            return None
        self._seen.add(id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.plain(child, (*path, place)) for place, child in enumerate(node.value)]
        return None if str(node.tag).endswith(":null") else _text_of(node)

    def _mapping(self, node: MappingNode, path: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self._odd(line, "has a key that is not a plain word")
                continue
            word = _text_of(key)
            if word in found:
                self._odd(line, f"field '{word}' is given twice")
            self.lines[*path, word] = line
            found[word] = self.plain(value, (*path, word))
        return found

    def _odd(self, line: int, why: str) -> None:
        self.oddities.append((line, why))


def _compose(text: str) -> Node:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = f"is not YAML: {error.problem or error}"
        raise Unreadable(why, mark.line + 1 if mark else 1) from None
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except (YAMLError, ValueError, LookupError, ArithmeticError, AssertionError) as error:
        # Besides its own errors ruamel lets a few of Python's through for odd escapes.
        said = str(error).splitlines() or ["odd"]
        raise Unreadable(f"is not YAML: {said[0]}") from None
    if root is None:
        raise Unreadable("is empty")
    return root


def _text_of(node: Node) -> str:
    return str(node.value).encode(errors="replace").decode()
