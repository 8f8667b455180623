"""Each kind of component breaks in the running stack, one after the other, and is named as such.

The stack is one that a user starts, with the shipped catalogue: routes are probed once a minute.
A delay counts from the return of `bongsu break` to the line in which `bongsu up` names the cause.
Limits are the p95 of the bench world of seven bodies with confirm probes, which is about as large.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.chain import let_through
from tests.support.commands import Up, bongsu, local_ports
from tests.support.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

STAYS_S = 20  # broken after it was named: who else is suspected then?
SEEN_WITHIN_S, OVER_WITHIN_S = 180, 480
AT = r"^\d\d:\d\d:\d\d "
NAMED = re.compile(
    AT + r"(?P<own>fault of bongsu's own: )?(severity \d: )?(?P<name>\S+:\S+) .*since"
)
OVER = re.compile(AT + r"(?P<name>\S+:\S+) is over$")
SEEN = re.compile(AT + r"(?P<name>\S+): first probe seen$")


@dataclass(frozen=True)
class Broken:
    """What breaks, by which words, and how soon it must be named; `own`: as a part of bongsu."""

    component: str
    limit_s: int
    words: tuple[str, ...] = ()
    own: bool = False


REFUSED = ("--state", "refusing")
# At any hour there are routes over each of them that do not rest.
BROKEN = (
    Broken("platform:kakaotalk", 39),
    # One kind of message is accepted and arrives nowhere: as one dealer's line with false reports,
    # though over both dealers.
    Broken("platform:kakaotalk/alimtalk", 70, ("platform:kakaotalk", "--function", "alimtalk")),
    Broken("provider:nhn", 50),
    Broken("carrier:kt", 105),
    Broken("sender:geoje-alimtalk", 51, ("sender:geoje-alimtalk", *REFUSED)),
    Broken("receiver:kt-03", 55, own=True),
    # Almost by its signs of life alone, of which four must stay out: 80 s, a tick and a look.
    Broken("observer:skt-01/smsforwarder", 85, own=True),
    Broken("worker:w1", 22, own=True),
)
# What broke within seconds of each other once left a dealer behind that all of it passes.
TOGETHER = (
    Broken("sender:suyeong-alimtalk-nhn", 51, ("sender:suyeong-alimtalk-nhn", *REFUSED)),
    Broken("worker:w1", 22, own=True),
    Broken("receiver:kt-03", 55, own=True),
)
LASTS_S, LOOKED_AFTER_S = 90, 150


class News:
    """What the running stack tells from now on."""

    def __init__(self, up: Up) -> None:
        self._up, self._since, self._begun = up, len(up.lines), time.monotonic()

    @property
    def passed_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun

    def named(self) -> dict[str, bool]:
        """Each component that was named: as a part of bongsu?"""
        return {found["name"]: bool(found["own"]) for found in self._found(NAMED)}

    def over(self) -> set[str]:
        """What is over."""
        return {found["name"] for found in self._found(OVER)}

    def wait(self, said: Callable[[], object], within: float) -> float:
        """Until that is told; how many seconds that took."""
        self._up.wait_for(lambda _: said(), within)
        return self.passed_s

    def _found(self, what: re.Pattern[str]) -> Iterator[re.Match[str]]:
        lines = map(str.rstrip, self._up.lines[self._since :])
        return (found for line in lines if (found := what.match(line)))


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`bongsu up`, once a device has seen a probe of each route that may send now."""
    folder = tmp_path_factory.mktemp("up")
    let_through(folder)
    running = Up(folder / "data", folder / "summary.json", ports=local_ports())
    try:
        running.wait_ready()
        awake = {r["route"] for r in routes(running) if r["enabled"] and not r["restricted"]}
        awake -= {r["route"] for r in routes(running) if r["observed"]}
        running.wait_for(lambda lines: awake <= seen(lines), SEEN_WITHIN_S)
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def figures() -> Iterator[list[str]]:
    """Rows of the table for the document, where one is asked for."""
    rows = ["| Broken | Named after | Limit | Over after |", "| --- | --- | --- | --- |"]
    yield rows
    if path := os.environ.get("BONGSU_TEST_TABLE"):
        Path(path).write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.component)
async def test_it_is_named_within_its_limit_and_over_once_it_is_well(
    up: Up, broken: Broken, figures: list[str]
) -> None:
    component, words = broken.component, broken.words or (broken.component,)
    await eventually(lambda: all_well(up), within=OVER_WITHIN_S, every=5)
    run("break", *words, up=up)
    news = News(up)
    try:
        named_s = news.wait(lambda: component in news.named(), broken.limit_s)

        def still() -> bool:
            return news.passed_s > named_s + STAYS_S and f"{component} " in run("status", up=up)

        await eventually(still, within=STAYS_S + 30, every=5)
    finally:
        run("repair", words[0], up=up)
    well = News(up)
    over_s = well.wait(lambda: component in well.over(), OVER_WITHIN_S)
    assert news.named() == {component: broken.own}
    assert all_well(up)
    figures.append(f"| `{component}` | {named_s:.0f} s | {broken.limit_s} s | {over_s:.0f} s |")


async def test_what_breaks_together_is_named_and_nothing_else_then_or_afterwards(up: Up) -> None:
    await eventually(lambda: all_well(up), within=OVER_WITHIN_S, every=5)
    news, wanted = News(up), {broken.component: broken.own for broken in TOGETHER}
    try:
        for broken in TOGETHER:
            run("break", *(broken.words or (broken.component,)), up=up)
        news.wait(lambda: news.named().keys() >= wanted.keys(), LASTS_S)
        await eventually(lambda: news.passed_s > LASTS_S, within=LASTS_S, every=1)
    finally:
        for broken in TOGETHER:
            run("repair", broken.component, up=up)
    news.wait(lambda: news.over() >= wanted.keys(), OVER_WITHIN_S)
    well = News(up)
    await eventually(lambda: well.passed_s > LOOKED_AFTER_S, within=LOOKED_AFTER_S + 5, every=1)
    assert news.named() == wanted
    assert all_well(up)


def run(*words: str, up: Up) -> str:
    """A command as an operator types it; what it prints."""
    done = bongsu(*words, data=up.data)
    assert done.code == 0, done.err
    return done.out


def routes(up: Up) -> list[dict[str, Any]]:
    """The lines of `bongsu status`."""
    shown: list[dict[str, Any]] = json.loads(run("status", "--json", up=up))
    return shown


def all_well(up: Up) -> bool:
    """Does `bongsu status` say so of every route?"""
    return {line["state"] for line in routes(up)} == {"up"}


def seen(lines: list[str]) -> set[str]:
    """The routes of which a first probe was seen."""
    return {found["name"] for line in lines if (found := SEEN.match(line.rstrip()))}
