"""Where a demonstration looks: at the receivers themselves, as the people there would.

In:  the running stack, an incident. Out: what is there, or None while it is not.
Before and after: `demo.py`.
"""

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp

from services.alerting.answers.known import Known, known
from services.contracts.catalogue import Catalogue, Route
from services.local.stack import Stack
from services.storage.incidents import standing
from services.storage.pool import Pool, transaction
from services.storage.status import routes_since
from simulators import control_room

CAUSE = "platform:kakaotalk"
_FORM = re.compile(r'name="page" value="([^"]*)"')


class Text(NamedTuple):
    """A text message of a page: whose phone shows it, over which path it came and why, what it
    says."""

    recipient: str
    path: str
    why: str
    says: str


def over_kakaotalk(catalogue: Catalogue, at: datetime) -> list[Route]:
    """The routes that are probed over KakaoTalk and do not rest then."""
    return [
        route
        for route in catalogue.routes.values()
        if route.enabled and not route.observed and f"platform:{route.platform}" == CAUSE
        and not catalogue.rests(route, at)
    ]  # fmt: skip


@dataclass
class Looks:
    """One running stack, and what its people see since `since`."""

    pool: Pool
    session: aiohttp.ClientSession
    stack: Stack
    wanted: Catalogue
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def all_seen(self) -> bool | None:
        """A message was seen on every route over KakaoTalk, and it has no open incident."""
        async with transaction(self.pool) as conn:
            found, open_ = await routes_since(conn, self.since), (await standing(conn)).open
        seen = {status.route for status in found if status.seen}
        wanted = {route.id for route in over_kakaotalk(self.wanted, datetime.now(UTC))}
        return True if wanted <= seen and all(one.component != CAUSE for one in open_) else None

    async def opened(self) -> str | None:
        """The incident that names KakaoTalk."""
        async with transaction(self.pool) as conn:
            open_ = (await standing(conn)).open
        return next((one.id for one in open_ if CAUSE in (one.component, *one.alike)), None)

    async def known(self, incident: str) -> Known:
        """All that is stored of it."""
        async with transaction(self.pool) as conn:
            found = await known(conn, incident, datetime.now(UTC))
        assert found is not None
        return found

    async def over(self, incident: str) -> bool | None:
        """It is closed."""
        return True if (await self.known(incident)).row.status == "closed" else None

    async def acknowledged(self, incident: str) -> str | None:
        """Who has it."""
        acks = (await self.known(incident)).acks
        return acks[-1].person if acks else None

    async def in_control_room(self, incident: str, kind: str) -> bool | None:
        """The control room was told."""
        shown = await self._json(f"{self.stack.simulators_url}{control_room.PATH}")
        told = (page for page in shown["pages"] if page["type"] == f"page.{kind}")
        named = {one["id"] for page in told for one in page["data"]["incidents"]}
        return True if incident in named else None

    async def at_alertmanager(self, incident: str, kind: str) -> bool | None:
        """Alertmanager shows its alert; once all is clear, no longer."""
        url = f"{self.stack.monitors['alertmanager'].url}/api/v2/alerts"
        found: list[Any] = await self._json(url, filter=f'incident="{incident}"')
        return True if bool(found) is (kind == "opened") else None

    async def texted(self, incident: str, kind: str) -> Text | None:
        """The text message on the phone of who was told over one."""
        for page in (await self.known(incident)).pages:
            path = self.wanted.paths.get(page.path or "")
            if page.kind == kind and path is not None and path.notifier == "sms":
                url = f"{self.stack.simulators_url}/world/inbox/{path.receiver}"
                shown = (await self._json(url))["messages"]
                texts = [m["text"] for m in shown if datetime.fromisoformat(m["at"]) > page.made_at]
                if texts:
                    return Text(page.recipient, path.id, page.reason_en or "", texts[0])
        return None

    async def follow(self, link: str) -> str:
        """Open a link, as a phone does; what its page says."""
        async with self.session.get(link) as answer:
            return await answer.text()

    async def press(self, link: str, shown: str) -> None:
        """Press the button of that page."""
        field_ = _FORM.search(shown)
        form = {"page": html.unescape(field_.group(1))} if field_ else {}
        async with self.session.post(link, data=form):
            return

    async def _json(self, url: str, **query: str) -> Any:
        async with self.session.get(url, params=query) as answer:
            return await answer.json()
