"""The boards' files, and the preview as files: a page a board, an index.

In: `deploy/grafana/dashboards`, servers. Out: `<uid>.html`, `index.html`. Before: `page.py`. After:
the command line. The same pages as served, without what needs somebody who answers.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from dashboards.preview.answers import Servers, shown
from dashboards.preview.frame import Frame, Language
from dashboards.preview.look import look
from dashboards.preview.page import Pages
from dashboards.sources import Json

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dashboards"


def boards(folder: Path = FOLDER) -> dict[str, Json]:
    """By uid, as Grafana reads them."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")))
    return {board["uid"]: board for board in found}


async def written(
    found: Mapping[str, Json], servers: Servers, language: Language, query: str, now: datetime
) -> dict[str, str]:
    """One look at every board: pages by the name of their file. Raises ValueError for a query that
    is none."""
    pages = Pages(found, live=False)

    def place(address: str) -> str | None:
        uid = urlsplit(address).path.removeprefix("/d/")
        return f"{uid}.html" if uid in found else None

    texts = {"index.html": pages.index(Frame(language, place))}
    for uid, board in found.items():
        seen = await shown(board, look(board, query, now), servers)
        texts[f"{uid}.html"] = pages.board(uid, Frame(language, place, seen))
    return texts
