"""Read a catalogue's files: objects that know their file and line, and every error at once.

In:  a directory with `providers.yaml`, `receivers.yaml`, `bodies/<body>.yaml`, `oncall.yaml` and
     `contracts/<body>.yaml`.
Out: `Loaded`: the objects that could be read, and a `Problem` for everything that could not.
Before: a person wrote the files. After: `check.py` looks at the objects together.
Nothing a file holds raises: what cannot be understood is a problem with a line.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.catalogue.sentences import Place, sentences, suggestion
from services.catalogue.tree import Tree, Unreadable, nearest, parse, read_text
from services.contracts.catalogue import KINDS, Catalogue, build
from services.contracts.model import Model

# Which sections a file may have, and of which kind their objects are.
SECTIONS: dict[str, dict[str, str]] = {
    "providers.yaml": {
        "channels": "channel", "platforms": "platform",
        "providers": "provider", "accounts": "account",
    },
    "receivers.yaml": {"receivers": "receiver"},
    "oncall.yaml": {"paths": "path", "people": "person", "rota": "rota"},
    "bodies/*.yaml": {"body": "body", "senders": "sender", "routes": "route"},
    "contracts/*.yaml": {"contracts": "contract"},
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
        return nearest(self.lines, self.base, loc)

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
    return SECTIONS.get(f"{folder}/*.yaml" if folder and rest.endswith(".yaml") else name)


class _File:
    """One file on its way from bytes to objects; what goes wrong lands in `loaded.problems`."""

    def __init__(self, name: str, loaded: Loaded) -> None:
        self._name, self._loaded = name, loaded
        self._lines: dict[Place, int] = {}

    def read(self, path: Path) -> None:
        sections = _sections_of(self._name)
        if sections is None:
            self._wrong(1, f"unknown file{suggestion(self._name, SECTIONS)}")
            return
        try:
            text = self._loaded.texts[self._name] = read_text(path)
            content = self._content(parse(text), sections)
        except Unreadable as error:
            self._wrong(error.line, str(error))
            self._loaded.broken |= {(kind, ANY) for kind in sections.values()}
            return
        for section, objects in content.items():
            self._section(section, objects, sections)

    def _content(self, tree: Tree, sections: Iterable[str]) -> dict[str, Any]:
        self._lines = tree.lines
        for line, why in tree.oddities:
            self._wrong(line, why)
        if not isinstance(tree.plain, dict):
            raise Unreadable(f"must be a mapping with the sections {', '.join(sections)}")
        return tree.plain

    def _section(self, section: str, content: Any, sections: dict[str, str]) -> None:
        kind = sections.get(section)
        if kind is None:
            line = self._lines[section,]
            self._wrong(line, f"section '{section}' is unknown{suggestion(section, sections)}")
        elif section == kind:  # of which a file has one
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
                self._wrong(nearest(self._lines, base, place), f"{who}: {text}")
        else:
            self._loaded.items.append(Item(kind, item, self._name, base, self._lines))

    def _wrong(self, line: int, text: str) -> None:
        self._loaded.problems.append(Problem(self._name, line, text))
