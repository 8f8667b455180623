"""The first judge: Grafana's own models. A field they lose is a field that Grafana does not read.

In: a board as JSON. Out: sentences about fields that got lost or changed when the Foundation SDK
read and wrote the board. Before: `house.py`. After: `check.py`.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

from dashboards.house import Json

with warnings.catch_warnings():
    # It advises the schema that Grafana refuses in provisioned files.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    from grafana_foundation_sdk.models import dashboard as models

register_default_plugins()
_EMPTY: tuple[object, ...] = (None, "", [], {})


def problems(board: Json) -> list[str]:
    """What Grafana would not understand as it is written, panel by panel, then of the whole."""
    whole = {key: value for key, value in board.items() if key != "panels"}
    found = _judge(models.Dashboard.from_json, whole, board.get("uid", "board without uid"))
    for panel in board["panels"]:
        name = f"{board.get('uid')} panel {panel.get('id')}"
        found += _judge(models.Panel.from_json, panel, name)
    return found


def _judge(read: Callable[[Json], object], data: Json, name: str) -> list[str]:
    try:
        again = json.loads(json.dumps(read(data), cls=JSONEncoder))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"{name}: Grafana's models cannot read it: {type(error).__name__} {error}"]
    return [f"{name}: {words}" for words in _differences(data, again, "")]


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    """Every value of `before` that `after` does not hold in the same place."""
    if before in _EMPTY:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from _differences(value, after.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for n, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, f"{path}[{n}]")
    elif after in _EMPTY:
        yield f"field {path} gets lost"
    elif before != after:
        yield f"field {path} changes from {before!r} to {after!r}"
