"""What somebody wants to see of a board: which time, which values of its variables.

In: the query of an address, as links between boards write it. Out: `Look`. Before: `serve.py`, the
command line. After: `answers.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

from dashboards import queries
from dashboards.sources import Json

# Values go into questions: nothing that could end a word there, whoever wrote the link.
_VALUE = re.compile(r"[\w.:@/ *-]{0,100}")
_MILLISECONDS = re.compile(r"\d{12,14}", re.ASCII)
_LONGEST = timedelta(days=400)


@dataclass(frozen=True)
class Look:
    """One look: `span` back from `until`; `time` is how an address says it. `chosen` holds what the
    address says of variables."""

    span: timedelta
    until: datetime
    time: str
    chosen: Mapping[str, Sequence[str]]


def look(board: Json, query: str, now: datetime) -> Look:
    """From the part of an address behind `?`. Raises ValueError with a sentence."""
    given = parse_qs(query, keep_blank_values=True, max_num_fields=100)
    chosen = {key[4:]: values for key, values in given.items() if key.startswith("var-")}
    for name, values in chosen.items():
        if not all(map(_VALUE.fullmatch, values)):
            raise ValueError(f"var-{name}: not a value of a variable")
    said = {key: given.get(key, [board["time"][key]])[0] for key in ("from", "to")}
    if said["from"].startswith("now"):
        said["to"] = "now"
    start, until = (_moment(word, now) for word in said.values())
    if not timedelta() < until - start <= _LONGEST:
        raise ValueError(f"from and to: from 1 ms to {_LONGEST.days} days")
    return Look(until - start, until, urlencode(said), chosen)


def _moment(said: str, now: datetime) -> datetime:
    if said == "now":
        return now
    if _MILLISECONDS.fullmatch(said):
        return datetime.fromtimestamp(int(said) / 1000, UTC)
    if said.startswith("now-"):
        return now - queries.read_span(said[4:])
    raise ValueError(f"{said!r} is no time: now, now-6h or milliseconds since 1970")
