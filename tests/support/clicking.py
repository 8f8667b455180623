"""Somebody who clicks through boards, as Grafana would take them: only on links that their JSON
holds, with the values of the first row of a panel."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dashboards import queries
from dashboards.house import Json
from dashboards.lint import Boards
from services.storage.pool import Connection

_FIELD = re.compile(r'\$\{__data\.fields\["(.+?)"\]\}')
_NAME = re.compile(r"\$\{(\w+)\}")
_LABEL = re.compile(r"label_values\(.*?(\w+)\)")
_KNOWN = "SELECT array_agg(DISTINCT {name}) FROM dash.probe"


@dataclass(frozen=True)
class Page:
    """An open board: what its variables hold, and its time."""

    board: Json
    values: dict[str, list[str]]
    start: datetime
    end: datetime


class Clicker:
    """With one connection as the role that boards have."""

    def __init__(self, conn: Connection, boards: Boards, now: datetime) -> None:
        self._conn, self._boards, self._now = conn, boards, now

    async def open(self, url: str) -> Page:
        """The page behind an address. Raises KeyError where no board is."""
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        board = self._boards[parts.path.removeprefix("/d/")]
        start, end = (self._time(asked[name][0]) for name in ("from", "to"))
        page = Page(board, {}, start, end)
        for variable in board["templating"]["list"]:
            name = variable["name"]
            page.values[name] = await self._value(page, variable, asked.get(f"var-{name}"))
        return page

    async def rows(self, page: Page, of: int | str) -> list[dict[str, Any]]:
        """What a panel, by its number, or an annotation, by its name, shows."""
        asked = queries.queries(page.board)
        query = next(q for q in asked if q.key == f"{page.board['uid']}/{of}")
        during = replace(query, span=page.end - page.start)
        text = queries.sql(during, page.values, page.end)
        return [dict(row.items()) for row in await self._conn.fetch(text)]

    async def click(self, page: Page, number: int, column: str) -> Page:
        """The page behind a cell of the first row."""
        row = (await self.rows(page, number))[0]
        panel = next(panel for panel in page.board["panels"] if panel["id"] == number)
        (link,) = _links(panel, column)
        url = _FIELD.sub(lambda match: str(row[match[1]]), link["url"])
        url = url.replace("${__value.text}", str(row[column]))
        span = f"from={_millis(page.start)}&to={_millis(page.end)}"
        url = url.replace("${__url_time_range}", span)
        return await self.open(_NAME.sub(lambda match: page.values[match[1]][0], url))

    async def _value(self, page: Page, variable: Json, asked: list[str] | None) -> list[str]:
        if asked not in (None, ["All"]):
            return asked or []
        if label := _LABEL.fullmatch(str(variable["query"])):
            known: list[str] = await self._conn.fetchval(_KNOWN.format(name=label[1]))
            return known if variable["includeAll"] else known[:1]
        if variable["type"] == "query":
            found = await self.rows(page, f"${variable['name']}")
            return [str(next(iter(row.values()))) for row in found][:1]
        return [str(variable.get("current", {}).get("value", ""))]

    def _time(self, text: str) -> datetime:
        return self._now if text == "now" else datetime.fromtimestamp(int(text) / 1000, UTC)


def _links(panel: Json, column: str) -> list[Json]:
    overrides = panel["fieldConfig"]["overrides"]
    of = [o["properties"] for o in overrides if o["matcher"]["options"] == column]
    return [link for listed in of for p in listed if p["id"] == "links" for link in p["value"]]


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
