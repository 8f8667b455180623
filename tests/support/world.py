"""Looking at what runs: processes of one data folder, and the control of the simulated world."""

from pathlib import Path


def is_down(data: Path) -> bool:
    """Is no process left whose command line or folder names this data folder?"""
    return not processes_of(data)


def processes_of(data: Path) -> list[int]:
    """Processes (Linux) that were started in or with this data folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            folder = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(data) in words or folder.startswith(str(data)):
            found.append(int(entry.name))
    return found
