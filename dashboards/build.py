"""The files that Grafana reads, made from the boards, and whether the shipped ones are those.

In: boards. Out: `<uid>.json` files, byte for byte the same each time. Before: `boards/`. After:
Grafana's provisioning, `deploy/grafana/provisioning/dashboards/bongsu.yaml`.
"""

from collections.abc import Sequence
from pathlib import Path

from dashboards.boards import SHIPPED
from dashboards.house import Dash, Json, text_of

FOLDER = Path("deploy/grafana/dashboards")


def rendered(boards: Sequence[Dash] = SHIPPED) -> dict[str, Json]:
    """Boards by uid, as JSON. Raises ValueError when two have the same uid."""
    found = [board.to_json_data() for board in boards]
    by_uid: dict[str, Json] = {board["uid"]: board for board in found}
    if len(by_uid) < len(found):
        raise ValueError("two boards have the same uid")
    return by_uid


def write(boards: dict[str, Json], folder: Path) -> list[Path]:
    """Write every board, drop files of boards that are gone; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.json")) - {folder / f"{uid}.json" for uid in boards}:
        stale.unlink()
    paths = []
    for uid, board in boards.items():
        paths.append(folder / f"{uid}.json")
        paths[-1].write_text(text_of(board), encoding="utf-8")
    return paths


def differences(boards: dict[str, Json], folder: Path) -> list[str]:
    """A sentence for each file that is not what the boards say."""
    wanted = {folder / f"{uid}.json": text_of(board) for uid, board in boards.items()}
    found = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}
    return [
        f"{path} {_how(found.get(path), wanted.get(path))}: run `bongsu dashboards build`"
        for path in sorted(wanted.keys() | found.keys())
        if found.get(path) != wanted.get(path)
    ]


def _how(found: str | None, wanted: str | None) -> str:
    if found is None:
        return "is missing"
    return "belongs to no board" if wanted is None else "differs from its board"
