"""`bongsu demo`: one outage on the local stack, from the break to the last all-clear.

In:  the catalogue, a data folder. Out: who saw what when, and the incident's timeline; exit 0 only
     if all of it came.
Before: `up.py` starts the stack. After: it stops. `looking.py` looks at the receivers themselves.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import aiohttp
import typer

from services.alerting.answers.known import Known
from services.cli import catalogue as catalogues
from services.cli import incidents
from services.cli.catalogue import DIRECTORY, Directory
from services.cli.context import DATA, INTERRUPTED, INVALID, NOT_DONE, Data, fail
from services.cli.faults import ask_world
from services.cli.looking import CAUSE, Looks, over_kakaotalk
from services.cli.screen import Screen
from services.cli.up import Run, alone_on
from services.contracts.catalogue import Catalogue
from services.local.settings import LocalSettings
from services.local.stack import Stack
from services.runtime.settings import load
from services.storage.pool import Pool

T = TypeVar("T")
# The longest that each thing is waited for, in seconds.
WARM_S, OPEN_S, TOLD_S, OVER_S = 240.0, 120.0, 30.0, 900.0
LOOK_EVERY_S, CALL_S = 0.25, 5.0
# Since what seconds are counted; what receivers show, and Alertmanager of the alert.
_WORDS = {
    "opened": ("the break", "the page", "shows the alert"),
    "cleared": ("the repair", "the all-clear", "shows no alert any more"),
}
_LINK = re.compile(r"https?://\S+/a/[A-Za-z0-9_-]{22}")


def demo(directory: Directory = DIRECTORY, data: Data = DATA) -> None:
    """Start the local stack, break KakaoTalk, be paged, acknowledge, repair, and stop again.

    It takes some minutes. Exit 0 only if all came: the incident, the page in the control room, at
    Alertmanager (where it is installed) and on a phone, the acknowledgement by the link in the text
    message, and every all-clear.

    Example: bongsu demo
    """
    wanted, settings = catalogues.read(directory), load(LocalSettings)
    if not wanted.rotas:
        fail(f"{directory}/ pages nobody: it has no oncall.yaml", INVALID)
    if not over_kakaotalk(wanted, datetime.now(UTC)):
        fail(f"{directory}/ has no route over KakaoTalk that is probed now", INVALID)
    with alone_on(data):
        screen = Screen(data)
        stack = Stack(data, settings, screen.tell, screen.fetched)
        story = Story(stack, wanted, screen.tell)
        asyncio.run(Run(stack, wanted, screen, story.play).live())
    for line in story.ending():
        typer.echo(line)
    if story.missing is not None:
        fail(story.missing, NOT_DONE)
    if not story.complete:
        raise typer.Exit(INTERRUPTED)


class Missing(Exception):
    """Something did not come in its time."""


@dataclass
class Story:
    """What is done and waited for, in order. `came`: what was seen, how many seconds after the
    break or the repair."""

    stack: Stack
    wanted: Catalogue
    tell: Callable[[str], None]
    complete: bool = False
    missing: str | None = None
    known: Known | None = None
    switched: datetime = field(default_factory=lambda: datetime.now(UTC))
    came: list[tuple[float, str]] = field(default_factory=list)

    async def play(self, pool: Pool) -> None:
        """Ends when all has come, or the first thing has not."""
        timeout = aiohttp.ClientTimeout(total=CALL_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                await self._outage(Looks(pool, session, self.stack, self.wanted))
                self.complete = True
            except Missing as missing:
                self.missing = str(missing)

    def ending(self) -> Iterator[str]:
        """What came, and the incident as it stands in the end."""
        yield from (f"{after_s:7.1f} s after {what}" for after_s, what in self.came)
        if self.known is not None:
            yield from ("", *incidents.told(self.known))

    async def _outage(self, looks: Looks) -> None:
        self.tell("waiting until a message was seen on every route over KakaoTalk")
        await until(looks.all_seen, WARM_S, "a first message seen on every route")
        await self._switch("PUT", "broken: it accepts, and delivers nothing")
        incident = await self._seen(looks.opened, OPEN_S, "the break: the incident is open")
        try:
            await self._acknowledge(looks, incident, await self._told(looks, incident, "opened"))
            await self._switch("DELETE", "repaired; the incident ends once messages stay well")
            await self._seen(partial(looks.over, incident), OVER_S, "the repair: it is over")
            await self._told(looks, incident, "cleared")
        finally:
            self.known = await looks.known(incident)

    async def _switch(self, method: str, state: str) -> None:
        fault: dict[str, Any] = {"component": CAUSE}
        how = {"json": fault | {"state": "down"}} if method == "PUT" else {"params": fault}
        await ask_world(self.stack.simulators_url, method, "faults", **how)
        self.switched = datetime.now(UTC)
        self.tell(f"KakaoTalk is {state}")

    async def _told(self, looks: Looks, incident: str, kind: str) -> str:
        """Receivers of every sort have it; the text message."""
        when, what, at_alertmanager = _WORDS[kind]
        look = partial(looks.in_control_room, incident, kind)
        await self._seen(look, TOLD_S, f"{when}: the control room shows {what}")
        if "alertmanager" in self.stack.monitors:
            look = partial(looks.at_alertmanager, incident, kind)
            await self._seen(look, TOLD_S, f"{when}: Alertmanager {at_alertmanager}")
        phone = f"{when}: a phone shows {what}"
        text = await self._seen(partial(looks.texted, incident, kind), TOLD_S, phone)
        self.tell(f"{text.recipient}, over {text.path} ({text.why}):\n{text.says}")
        return text.says

    async def _acknowledge(self, looks: Looks, incident: str, says: str) -> None:
        link = _LINK.search(says)
        if link is None:
            raise Missing("the text message has no link to acknowledge it")
        page = await looks.follow(link.group())
        if await looks.acknowledged(incident):
            raise Missing("a mere look at the link has acknowledged the incident")
        await looks.press(link.group(), page)
        what = "the break: it is acknowledged by the link"
        await self._seen(partial(looks.acknowledged, incident), TOLD_S, what)

    async def _seen(self, look: Callable[[], Awaitable[T | None]], within_s: float, what: str) -> T:
        found = await until(look, within_s, what)
        after_s = (datetime.now(UTC) - self.switched).total_seconds()
        self.came.append((after_s, what))
        self.tell(f"{after_s:.1f} s after {what}")
        return found


async def until(look: Callable[[], Awaitable[T | None]], within_s: float, what: str) -> T:
    """Look until there is something. Raises `Missing` after so many seconds."""
    clock = asyncio.get_running_loop().time
    ends = clock() + within_s
    while (found := await look()) is None:
        if clock() > ends:
            raise Missing(f"this did not come within {within_s:g} s: {what}")
        await asyncio.sleep(LOOK_EVERY_S)
    return found
