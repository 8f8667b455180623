"""Named queries from `sql/*.sql`: `-- name: xyz`, a comment that says why, then the statement.

Read once at import; a file that does not exist or a name given twice ends the start.
"""

import re
from importlib.resources import files

FOLDER = files("services.storage") / "sql"
_NAME = re.compile(r"^-- name: ([a-z_]+)\n", re.MULTILINE)


def load(file: str) -> dict[str, str]:
    """The statements of one file by name. Raises ValueError for a name given twice."""
    parts = _NAME.split((FOLDER / file).read_text(encoding="utf-8"))[1:]
    names, texts = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{file} gives a name twice")
    return dict(zip(names, (text.strip() for text in texts), strict=True))
