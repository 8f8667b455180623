"""Kafka's jars: fetched once by coordinate, and never used without their committed SHA-256.

In: a lock file with lines `group:artifact:version sha256=<hex>` and a cache folder shared by all
stacks of this user. Out: the jars' paths in the order of the lock. Before: `kafka.py`. After: the
class path.

A jar is checked in a staging folder before it is moved to its place, so a broken download never
lies in the cache, and what differs there has been changed. The downloader itself only warns.
"""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from services.local.child import ServerStartError

LOCK_FILE = Path(__file__).with_name("kafka-4.3.1.jars")
SOCKET_TIMEOUT_S = 60
FETCH_LIMIT_S = 600.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Jar:
    """One line of the lock: Maven coordinate and the SHA-256 of the file, in hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def read_lock(lock: Path) -> list[Jar]:
    """The jars of a lock file, in its order."""
    return [_jar(*line.split()) for line in lock.read_text().splitlines() if line.strip()]


def _jar(coordinate: str, digest: str) -> Jar:
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, digest.removeprefix("sha256="))


async def jars(
    cache: Path,
    lock: Path = LOCK_FILE,
    *,
    progress: Progress | None = None,
    repositories: dict[str, str] | None = None,
) -> list[Path]:
    """Paths of all jars, fetched where missing and checked every time (0.04 s for 42 MB).

    `progress(done, total)` counts jars, called only when something is fetched. `repositories` (name
    to address) replaces the public Maven repository, for closed networks.
    Raises `ServerStartError` for a changed jar (which is removed) and for one that cannot be had.
    """
    wanted, folder = read_lock(lock), cache / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    async with asyncio.timeout(FETCH_LIMIT_S), _held(cache / "jars.lock"):
        missing = [jar for jar in wanted if not (folder / jar.file_name).exists()]
        for done, jar in enumerate(missing):
            if progress:
                progress(len(wanted) - len(missing) + done, len(wanted))
            # One after another: in parallel the downloads took four times as long.
            await asyncio.to_thread(_fetch, jar, folder, repositories)
        if missing and progress:
            progress(len(wanted), len(wanted))
        return await asyncio.to_thread(lambda: [_checked(jar, folder) for jar in wanted])


def _fetch(jar: Jar, folder: Path, repositories: dict[str, str] | None) -> None:
    # Imported here: it takes 0.2 s, and a start with a filled cache does not need it.
    from jgo.maven import MavenContext

    # One name for all: the lock is held, and what a killed start left is swept away.
    staging = folder / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    context = MavenContext(repo_cache=staging, remote_repos=repositories, timeout=SOCKET_TIMEOUT_S)
    try:
        project = context.project(jar.group, jar.artifact)
        fetched = Path(project.at_version(jar.version).artifact().resolve())
        _check(jar, fetched)
        fetched.replace(folder / jar.file_name)
    except (OSError, RuntimeError) as error:
        if isinstance(error, ServerStartError):
            raise
        raise ServerStartError(
            f"{jar.file_name} cannot be downloaded: connect this machine to the network for the"
            f" first start, or copy {folder} from one that has it ({type(error).__name__})"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _checked(jar: Jar, folder: Path) -> Path:
    path = folder / jar.file_name
    _check(jar, path)
    return path


def _check(jar: Jar, path: Path) -> None:
    if sha256(path.read_bytes()).hexdigest() != jar.sha256:
        path.unlink()
        raise ServerStartError(
            f"{jar.file_name} is not the file bongsu was released with and has been removed:"
            " start again to fetch it anew, and look for who changed it if that happens twice"
        )


@asynccontextmanager
async def _held(lock_file: Path) -> AsyncIterator[None]:
    """An exclusive lock among processes. The operating system frees it when the process dies."""
    with lock_file.open("w") as handle:
        while not _taken(handle.fileno()):  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.05)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
