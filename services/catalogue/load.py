"""Read a catalogue's files: objects that know their file and line, and every error at once.

In:  a directory with `providers.yaml`, `receivers.yaml` and `bodies/<body>.yaml`.
Out: `Loaded`: the objects that could be read, and a `Problem` for everything that could not.
Before: a person wrote the files. After: `check.py` looks at the objects together.
Nothing a file holds raises: what cannot be understood is a problem with a line.

YAML is composed, not constructed: the tree of nodes keeps a line for each value, and no tag of a
file can make an object. Every value is the text that stands there, and the models say whether it is
a number: a code `0123` needs no quotes. Aliases are refused, because a file read by officials
should say everything where it stands.
"""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.catalogue.sentences import Place, sentences, suggestion
from services.contracts.catalogue import KINDS, Catalogue, Model, build

LARGEST_BYTES = 1_000_000

# Which sections a file may have, and of which kind their objects are.
SECTIONS: dict[str, dict[str, str]] = {
    "providers.yaml": {
        "channels": "channel", "platforms": "platform",
        "providers": "provider", "accounts": "account",
    },
    "receivers.yaml": {"receivers": "receiver"},
    "bodies/*.yaml": {"body": "body", "senders": "sender", "routes": "route"},
}  # fmt: skip
ANY = "*"
NEEDED = ("providers.yaml", "receivers.yaml")


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong, where: `file` relative to the directory, lines from 1."""

    file: str
    line: int
    sentence: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        return f"{self.file}:{self.line}: {kind}{self.sentence}"


@dataclass(frozen=True)
class Item:
    """One object of a file, with the lines of its fields."""

    kind: str
    model: Model
    file: str
    base: Place
    lines: dict[Place, int] = field(repr=False)

    @property
    def id(self) -> str:
        """The object's id, unique within its kind."""
        return str(self.model.id)  # type: ignore[attr-defined]

    def line(self, *loc: int | str) -> int:
        """The line of a field, or of the nearest object around it."""
        return _nearest(self.lines, self.base, loc)

    def problem(self, text: str, *loc: int | str, warning: bool = False) -> Problem:
        """A problem at a field of this object."""
        return Problem(self.file, self.line(*loc), f"{self.kind} '{self.id}': {text}", warning)


@dataclass
class Loaded:
    """All that was read. `broken` holds (kind, id) of objects that are there but wrong, with ANY
    as id where a whole file or section is: what refers to them is not wrong for that reason."""

    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)

    def catalogue(self, revision: UUID) -> Catalogue:
        """The objects as one catalogue; only meaningful without problems."""
        return build(revision, [(item.kind, item.model) for item in self.items])


def load(directory: Path) -> Loaded:
    """Read every file of a catalogue. Never raises for what the files hold."""
    loaded = Loaded()
    files = sorted(p for p in directory.rglob("*") if p.suffix in (".yaml", ".yml"))
    names = {path.relative_to(directory).as_posix(): path for path in files}
    for name in NEEDED:
        if name not in names:
            loaded.problems.append(Problem(name, 1, "this file is missing"))
    if not any(_sections_of(name) is SECTIONS["bodies/*.yaml"] for name in names):
        loaded.problems.append(Problem("bodies", 1, "there is no file bodies/<body>.yaml"))
    for name, path in names.items():
        _File(name, loaded).read(path)
    loaded.problems.sort()
    return loaded


def _sections_of(name: str) -> dict[str, str] | None:
    folder, _, rest = name.rpartition("/")
    if folder == "bodies" and rest.endswith(".yaml"):
        return SECTIONS["bodies/*.yaml"]
    return SECTIONS.get(name)


def _nearest(lines: dict[Place, int], base: Place, loc: Place) -> int:
    path = base + loc
    while len(path) > len(base) and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _File:
    """One file on its way from bytes to objects; what goes wrong lands in `loaded.problems`."""

    def __init__(self, name: str, loaded: Loaded) -> None:
        self._name, self._loaded = name, loaded
        self._lines: dict[Place, int] = {}
        self._seen: set[int] = set()

    def read(self, path: Path) -> None:
        sections = _sections_of(self._name)
        if sections is None:
            self._wrong(1, f"unknown file{suggestion(self._name, SECTIONS)}")
            return
        try:
            text = self._loaded.texts[self._name] = _text(path)
            tree = self._plain(_compose(text), ())
            if not isinstance(tree, dict):
                raise _Unreadable(f"must be a mapping with the sections {', '.join(sections)}")
        except _Unreadable as error:
            self._wrong(error.line, str(error))
            self._loaded.broken |= {(kind, ANY) for kind in sections.values()}
            return
        for section, content in tree.items():
            self._section(section, content, sections)

    def _plain(self, node: Node, path: Place) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._wrong(self._lines[path], "uses an alias (*); write the value out here")
            return None
        self._seen.add(id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._plain(child, (*path, place)) for place, child in enumerate(node.value)]
        return None if str(node.tag).endswith(":null") else _text_of(node)

    def _mapping(self, node: MappingNode, path: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self._wrong(line, "has a key that is not a plain word")
                continue
            word = _text_of(key)
            if word in found:
                self._wrong(line, f"field '{word}' is given twice")
            self._lines[*path, word] = line
            found[word] = self._plain(value, (*path, word))
        return found

    def _section(self, section: str, content: Any, sections: dict[str, str]) -> None:
        kind = sections.get(section)
        if kind is None:
            line = self._lines[section,]
            self._wrong(line, f"section '{section}' is unknown{suggestion(section, sections)}")
        elif section == "body":
            self._object(kind, content, (section,))
        elif not isinstance(content, list):
            self._wrong(self._lines[section,], f"section '{section}' must be a list")
            self._loaded.broken.add((kind, ANY))
        else:
            for place, entry in enumerate(content):
                self._object(kind, entry, (section, place))

    def _object(self, kind: str, content: Any, base: Place) -> None:
        model = KINDS[kind]
        try:
            item = model.model_validate(content)
        except ValidationError as error:
            name = content.get("id") if isinstance(content, dict) else None
            self._loaded.broken.add((kind, str(name)))
            who = f"{kind} '{name}'" if isinstance(name, str) and len(name) <= 100 else kind
            for place, text in sentences(model, error):
                self._wrong(_nearest(self._lines, base, place), f"{who}: {text}")
        else:
            self._loaded.items.append(Item(kind, item, self._name, base, self._lines))

    def _wrong(self, line: int, text: str) -> None:
        self._loaded.problems.append(Problem(self._name, line, text))


class _Unreadable(Exception):
    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(why)
        self.line = line


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > LARGEST_BYTES:
            raise _Unreadable(f"is larger than {LARGEST_BYTES} bytes")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _Unreadable("is not UTF-8 text", raw.count(b"\n", 0, error.start) + 1) from None


def _compose(text: str) -> Node:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = f"is not YAML: {error.problem or error}"
        raise _Unreadable(why, mark.line + 1 if mark else 1) from None
    except RecursionError:
        raise _Unreadable("is nested too deeply") from None
    except (YAMLError, ValueError, LookupError, ArithmeticError, AssertionError) as error:
        # Besides its own errors ruamel lets a few of Python's through for odd escapes.
        said = str(error).splitlines() or ["odd"]
        raise _Unreadable(f"is not YAML: {said[0]}") from None
    if root is None:
        raise _Unreadable("is empty")
    return root


def _text_of(node: Node) -> str:
    return str(node.value).encode(errors="replace").decode()
