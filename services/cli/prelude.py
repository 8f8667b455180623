"""What a detector has learnt before it begins: made once, kept in the cache, given to a new stack.

In:  a catalogue, a seed, the cache folder; a database. Out: learnt counts; a memory in the database
as an instance would have saved it. Before: nothing. After: a replay begins; or the local stack's
catalogue is applied, and its detector begins. A memory that is there already stays.
A file of the cache is good for one catalogue, one seed and one state of the code that shapes it.
"""

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory

import typer

from services.alerting.detection import standing
from services.alerting.detection.detector import Memory
from services.alerting.detection.items import microseconds
from services.alerting.detection.law import SECOND, Learnt
from services.cli import catalogue as catalogues
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import DATA, Data, context
from services.contracts.catalogue import Catalogue
from services.local.child import Child, ServerStartError, last_word
from services.local.settings import LocalSettings
from services.replay import prelude
from services.replay.prelude import MESSAGES
from services.runtime.settings import load
from services.storage import detector as storage
from services.storage.pool import open_pool, transaction

SEED = 1  # of the local stack's, and of a simulated installation's
_SHAPING = ("simulators", "services/replay", "services/alerting/detection")
_SHAPE_NOTHING = ("path", "person", "rota")  # who is paged changes often
_CODE = Path(__file__).parents[2]
FORGOTTEN_S = 30 * 86_400.0  # since a file was last of use
TAUGHT_WITHIN_S = 600.0  # of seconds of work, on a machine that has other work
Tell = Callable[[str], None]


async def learnt(
    catalogue: Catalogue, seed: int, cache: Path, tell: Tell, messages: int = MESSAGES
) -> Learnt:
    """From the cache; else it is taught, by as many processes as there are cores, and kept.

    Raises ServerStartError when a process cannot do its part."""
    path = _path(catalogue, (seed, messages), cache)
    found = _kept(path, tell)
    if found is None:
        with TemporaryDirectory(prefix="prelude-", dir=path.parent) as folder:
            found = await _taught(catalogue, (seed, messages), Path(folder), tell)
            _keep(found, path, Path(folder))
    return found


def _path(catalogue: Catalogue, told: tuple[int, int], cache: Path) -> Path:
    total = hashlib.sha256(repr(told).encode())
    for kind, name, item in catalogue.objects():
        if kind in _SHAPE_NOTHING:
            continue
        total.update(f"{kind}/{name}={item.model_dump_json()}".encode())
    for folder in _SHAPING:
        for file in sorted((_CODE / folder).rglob("*.py")):
            total.update(file.read_bytes())
    cache = cache.expanduser().absolute()
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"prelude-{total.hexdigest()[:16]}.json"


def _kept(path: Path, tell: Tell) -> Learnt | None:
    try:
        digest, _, laws = path.read_bytes().partition(b"\n")
        path.touch()
    except FileNotFoundError:
        return None
    if digest != _digest(laws):
        tell(f"{path} is damaged: it is made again")
        return None
    return prelude.loaded(laws)


def _keep(learnt: Learnt, path: Path, folder: Path) -> None:
    laws, whole = prelude.dumped(learnt), folder / "whole"
    whole.write_bytes(_digest(laws) + b"\n" + laws)
    whole.replace(path)  # nobody ever reads half of it
    for other in path.parent.glob("prelude-*.json"):
        with suppress(FileNotFoundError):
            if time.time() - other.stat().st_mtime > FORGOTTEN_S:
                other.unlink()


def _digest(laws: bytes) -> bytes:
    return hashlib.sha256(laws).hexdigest().encode()


async def _taught(catalogue: Catalogue, told: tuple[int, int], folder: Path, tell: Tell) -> Learnt:
    parts, done = prelude.parts_of(catalogue), 0
    cores = asyncio.Semaphore(os.cpu_count() or 1)
    what = f"the detector learns {told[1]:,} messages a route, once"

    async def teach(number: int, part: Catalogue) -> Learnt:
        nonlocal done
        given = folder / f"{number}.json"
        given.write_text(part.model_dump_json(), encoding="utf-8")
        async with cores:
            await _process(given, told)
        done += 1
        tell(f"{what}: {done} of {len(parts)} parts")
        return prelude.loaded(given.with_suffix(".learnt").read_bytes())

    tell(f"{what}: 0 of {len(parts)} parts")
    return prelude.together(await asyncio.gather(*(teach(*one) for one in enumerate(parts))))


async def _process(given: Path, told: tuple[int, int]) -> None:
    """One part; nothing is left running when this is cancelled."""
    child = Child("the prelude", given.with_suffix(".log"), SIGKILL)
    try:
        child.start([sys.executable, "-m", prelude.__name__, given, *map(str, told)], Path.cwd())
        if not await child.exited(TAUGHT_WITHIN_S):
            raise ServerStartError(f"the detector has not learnt within {TAUGHT_WITHIN_S:g} s")
        if child.exit_code != 0:
            raise ServerStartError(f"the detector cannot learn: {last_word(child.tail())}")
    finally:
        child.kill()


def teach(directory: Directory = DIRECTORY, data: Data = DATA) -> None:
    """Teach the detector of a simulated installation what is usual, unless it knows something.

    Example: BONGSU_POSTGRES=postgresql://bongsu_sink:…@db/bongsu bongsu prelude
    """
    wanted, dsn = catalogues.read(directory), context(data).postgres
    asyncio.run(_teach(wanted, dsn, load(LocalSettings).cache))


async def _teach(catalogue: Catalogue, dsn: str, cache: Path) -> None:
    if await has_memory(dsn):
        typer.echo("the detector knows what is usual already")
        return
    found = await learnt(catalogue, SEED, cache, typer.echo)
    await save(dsn, found, microseconds(datetime.now(UTC)))


async def has_memory(dsn: str) -> bool:
    """Did a detector of this database save anything?"""
    async with open_pool(dsn, role_label="prelude", max_size=1) as pool, transaction(pool) as conn:
        return await storage.load(conn) is not None


async def save(dsn: str, learnt: Learnt, now: int) -> None:
    """As a leader does. Nobody else writes yet: no process was started."""
    now -= now % SECOND
    memory = Memory(now, now, learnt)
    async with open_pool(dsn, role_label="prelude", max_size=1) as pool, transaction(pool) as conn:
        await storage.save(conn, standing.dumped(memory))
        await storage.save_laws(conn, memory.learnt_at, standing.laws_of(memory.learnt))
