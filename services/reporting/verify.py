"""Is an exported report what was sealed? Told line by line, without any database.

In: a folder that `folder.py` wrote (or any above it), or one file. Out: findings in order: files
against SHA256SUMS, each report against its own seal (step 1), the chain of its body (step 2), and,
where asked for, the whole report computed again from its evidence (step 4).
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from services.contracts.report import Report
from services.reporting import chain, folder
from services.reporting.difference import differences
from services.reporting.finding import Finding, complaint, different, unreadable
from services.reporting.verify_chain import chains
from services.reporting.verify_raw import raw


class NothingHere(Exception):
    """There is no exported report at that place, whose path is the message."""


def verify(path: Path, again: bool = False) -> Iterator[Finding]:
    """All findings; `again`: figures too, from exported evidence (step 4). Raises NothingHere, or
    OSError for what cannot be read."""
    if path.is_dir():
        yield from _tree(path, again)
        return
    told = path.suffix == ".json"
    if not path.exists() or not (told or (path.parent / folder.SUMS).exists()):
        raise NothingHere(str(path))
    yield from _listed(path)
    yield from _reports([path] if told else [], again)


def _tree(root: Path, again: bool) -> Iterator[Finding]:
    places = sorted(sums.parent for sums in _visible(root) if sums.name == folder.SUMS)
    reports = [file for place in places for file in sorted(place.glob("*.json"))]
    if not places:
        raise NothingHere(str(root))
    for place in places:
        yield from _files(place)
    yield from _reports(reports, again)


def _files(place: Path) -> Iterator[Finding]:
    """Step 1: everything in the folder is as listed, and nothing else is there."""
    sums = _sums(place)
    if isinstance(sums, Finding):
        yield sums
        return
    here = {str(file.relative_to(place)) for file in _visible(place)} - {folder.SUMS}
    wrong = [
        *(_missing(name) for name in sorted(sums.keys() - here)),
        *(_unlisted(name) for name in sorted(here - sums.keys())),
        *(
            different(name, "SHA-256", sums[name], found)
            for name in sorted(here & sums.keys())
            if (found := _hash(place / name)) != sums[name]
        ),
    ]
    yield from wrong or [
        Finding(
            str(place), True,
            f"파일 {len(sums)}개가 {folder.SUMS}와 같습니다",
            f"{len(sums)} files are as {folder.SUMS} says",
        )
    ]  # fmt: skip


def _listed(file: Path) -> Iterator[Finding]:
    """Step 1 for one file; nothing to say without a list beside it."""
    if not (file.parent / folder.SUMS).exists():
        return
    sums = _sums(file.parent)
    if isinstance(sums, Finding):
        yield sums
    elif file.name not in sums:
        yield _unlisted(file.name)
    elif sums[file.name] != (found := _hash(file)):
        yield different(file.name, "SHA-256", sums[file.name], found)
    else:
        yield Finding(file.name, True, f"{folder.SUMS}와 같습니다", f"as {folder.SUMS} says")


def _reports(files: Iterable[Path], again: bool) -> Iterator[Finding]:
    """The reports by themselves, then step 2, then step 4."""
    read: list[tuple[Path, Report]] = []
    for file in files:
        report, finding = _report(file)
        yield finding
        if report is not None:
            read.append((file, report))
    yield from chains(read)
    yield from (raw(file, report) for file, report in read if again)


def _report(file: Path) -> tuple[Report | None, Finding]:
    """A report against its name and its own seal; None if it is none."""
    return sealed_text(file.name, file.stem, file.read_bytes())


def sealed_text(name: str, stem: str, text: bytes) -> tuple[Report | None, Finding]:
    """The same of a text, called `stem` by where it lies."""
    try:
        report = Report.model_validate_json(text)
    except ValidationError as error:
        return None, unreadable(name, complaint(error))
    if chain.text_of(report) != text:
        return report, unreadable(name, "not canonical")
    if stem != folder.stem(report):
        return report, different(name, "name", stem, folder.stem(report))
    return report, _sealed(name, report)


def _sealed(name: str, report: Report) -> Finding:
    again = chain.sealed(report, report.seal.prev)
    change = next(differences(report.seal.model_dump(), again.seal.model_dump(), "seal"), None)
    if change is not None:
        return different(name, change.path, str(change.old), str(change.new))
    content = report.seal.content[:12]
    return Finding(
        name, True,
        f"내용 해시 {content}…와 봉인을 다시 계산하니 같습니다",
        f"content hash {content}… and the rest of the seal recomputed, equal",
    )  # fmt: skip


def _sums(place: Path) -> dict[str, str] | Finding:
    try:
        return folder.read_sums(place)
    except folder.NotReadable as error:
        return unreadable(folder.SUMS, f"line {error.line}")


def _missing(name: str) -> Finding:
    return Finding(name, False, "파일이 없습니다", "the file is missing")


def _unlisted(name: str) -> Finding:
    return Finding(name, False, f"{folder.SUMS}에 없는 파일입니다", f"not in {folder.SUMS}")


def _visible(root: Path) -> Iterator[Path]:
    for file in root.rglob("*"):
        if file.is_file() and not any(
            part.startswith(".") for part in file.relative_to(root).parts
        ):
            yield file


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
