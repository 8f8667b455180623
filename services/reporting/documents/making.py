"""Documents of many reports, made by a few processes, and put where exported revisions lie.

In:  reports as their canonical text, one after another. Out: what was made, as it is made. Before:
sealed reports or previews. After: `folder.py` puts each body's files in place, whole or not at all.
Every process reads the fonts once; no more reports are in memory than processes work on.
"""

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, NamedTuple

from services.contracts.report import Report
from services.reporting import folder
from services.reporting.documents import fonts
from services.reporting.documents.document import document
from services.reporting.documents.past import Past
from services.reporting.documents.pdf import forget, pdf
from services.reporting.documents.summary import summary
from services.reporting.documents.words import Language
from services.reporting.documents.xlsx import xlsx

Format = Literal["json", "pdf", "xlsx"]
_WRITERS = {"pdf": pdf, "xlsx": xlsx}


class Order(NamedTuple):
    """One report, the last revision of each earlier month (oldest first), and its body's chain;
    `channels`: documents of these only, where the report holds more."""

    text: bytes
    earlier: tuple[bytes, ...] = ()
    chain: bytes | None = None
    channels: tuple[str, ...] = ()


class Made(NamedTuple):
    """`failed`: why there are no files; the others are made all the same."""

    order: Order
    files: list[Path]
    failed: BaseException | None = None


def make(
    orders: Iterable[Order],
    out: Path,
    languages: Sequence[Language] = ("ko", "en"),
    formats: Sequence[Format] = ("json", "pdf", "xlsx"),
    jobs: int = 2,
) -> Iterator[Made]:
    """In the order in which they are done. Raises Stop (`font`) before the first.

    Whoever stops asking, or is interrupted, leaves whole files only.
    """
    fonts.check()
    # typst would start a thread a core in every process.
    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start)
    waiting: dict[Future[list[Path]], Order] = {}
    try:
        for order in orders:
            waiting[pool.submit(files_of, order, out, languages, formats)] = order
            if len(waiting) > jobs:
                yield from _done(waiting)
        while waiting:
            yield from _done(waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    """An interruption is the parent's to answer: what a process is at, it finishes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _done(waiting: dict[Future[list[Path]], Order]) -> Iterator[Made]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        order, failed = waiting.pop(future), future.exception()
        yield Made(order, [] if failed else future.result(), failed)


def files_of(
    order: Order, out: Path, languages: Sequence[Language], formats: Sequence[Format]
) -> list[Path]:
    """One report's files, in place."""
    report = Report.model_validate_json(order.text)
    earlier = [Past.model_validate_json(text) for text in order.earlier]
    files = _as_data(order, folder.stem(report)) if "json" in formats else {}
    stem = ".".join((folder.stem(report), *order.channels))
    for language in languages:
        told = document(report, language, earlier, order.channels)
        for kind in formats:
            if kind != "json":
                files[f"{stem}.{language}.{kind}"] = _WRITERS[kind](told)
    forget()
    return folder.write(folder.place(out, report), files.items())


def _as_data(order: Order, stem: str) -> dict[str, bytes]:
    """What `verify` reads."""
    chain = {f"{stem}.chain": order.chain} if order.chain else {}
    return {f"{stem}.json": order.text, **chain}


def summarise(
    texts: Iterable[bytes],
    without: Sequence[str],
    out: Path,
    languages: Sequence[Language],
    formats: Sequence[Format],
) -> list[Path]:
    """One document of many reports of a month, put beside theirs; there is none as JSON, which
    would add nothing to them. Raises Stop (`font`)."""
    fonts.check()
    reports = [Report.model_validate_json(text) for text in texts]
    stem = f"summary-{reports[0].month}"
    files = [
        (f"{stem}.{language}.{kind}", _WRITERS[kind](summary(reports, without, language)))
        for language in languages
        for kind in formats
        if kind != "json"
    ]
    # No body's id begins so.
    return folder.write(out / reports[0].month / "_summary", files)
