"""Who is told what: a queue played through, by hand and by chance."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.paging.decide import GATHERED, Duty, Known, Step, decide
from services.alerting.paging.message import Kind
from services.contracts.oncall import MOST_PAGES, PAGES_WITHIN
from services.storage.incidents import Incident
from services.storage.pages import Page
from tests.support.incidents import NOW, an_incident

KIM, LEE, BOARD = "person:kim", "person:lee", "path:alertmanager"
DUTY = Duty((KIM,), (Step(timedelta(minutes=10), (LEE,)),), (BOARD,))
MINUTE = timedelta(minutes=1)


class Play:
    """The queue as Postgres keeps it, and a dispatcher that sends what is due if `works`."""

    def __init__(self, duty: Duty = DUTY) -> None:
        self.duty, self.now = duty, NOW
        self.rows: dict[str, Incident] = {}
        self.pages: dict[str, Page] = {}
        self.acknowledged: dict[str, datetime] = {}
        self.muted: set[str] = set()
        self.works = True

    def opens(self, name: str, **over: Any) -> None:
        """It opens, or opens again."""
        before = self.rows.get(name)
        reopened = before.reopened + (before.status == "closed") if before else 0
        fields = {"id": name, "component": name, "detected_at": self.now, "reopened": reopened}
        self.rows[name] = an_incident(**fields | over)

    def closes(self, name: str) -> None:
        """It is over."""
        if name in self.rows:
            over = {"status": "closed", "ended_at": self.now, "closed_at": self.now}
            self.rows[name] = self.rows[name]._replace(**over)
            self.acknowledged.pop(name, None)

    def has_it(self, name: str, minutes: int = 30) -> None:
        """Somebody acknowledges."""
        self.acknowledged[name] = self.now + timedelta(minutes=minutes)

    def look(self) -> list[Page]:
        """The leader decides; the pages that came of it."""
        pages = list(self.pages.values())
        growing = {page.id for page in pages if page.kind == "digest" and not page.accepted_at}
        known = Known(pages, growing, self.acknowledged)
        made = decide(self.rows.values(), known, self.duty, self.muted, self.now)
        for page in made:
            there = self.pages.get(page.id, page)
            named = {**there.incidents, **page.incidents, **there.incidents}  # none is replaced
            self.pages[page.id] = there._replace(incidents=named)
        return made

    def passes(self, span: timedelta) -> list[Page]:
        """The span passes second by second for what is due in it; what is made at its end."""
        self.now += span
        if self.works:
            for name, page in self.pages.items():
                if page.accepted_at is None and page.due_at <= self.now:
                    self.pages[name] = page._replace(accepted_at=max(page.due_at, page.made_at))
        return self.look()

    def told(self, recipient: str) -> list[tuple[str, tuple[str, ...]]]:
        """Kind and incidents of each of its pages."""
        theirs = [page for page in self.pages.values() if page.recipient == recipient]
        return [(page.kind, tuple(page.incidents)) for page in theirs]


@pytest.fixture
def play() -> Play:
    """Nothing has happened."""
    return Play()


def test_who_is_on_duty_and_every_system_hear_of_what_opened(play: Play) -> None:
    play.opens("a")
    assert [(page.id, page.kind, page.recipient, page.due_at) for page in play.look()] == [
        (f"a/opened/{KIM}/0", "opened", KIM, NOW), (f"a/opened/{BOARD}/0", "opened", BOARD, NOW)
    ]  # fmt: skip


def test_of_bongsu_s_own_fault_only_systems_hear_and_nobody_is_called_later(play: Play) -> None:
    play.opens("worker:w", kind="monitor", severity=None)
    assert [page.recipient for page in play.look()] == [BOARD]
    assert play.passes(60 * MINUTE) == []


def test_everybody_who_was_told_hears_that_it_is_over_and_again_when_it_is_back(
    play: Play,
) -> None:
    play.opens("a")
    play.look()
    assert [page.recipient for page in play.passes(10 * MINUTE)] == [LEE]
    play.closes("a")
    cleared = play.passes(MINUTE)
    assert [(page.kind, page.recipient) for page in cleared] == [
        ("cleared", BOARD), ("cleared", KIM), ("cleared", LEE),
    ]  # fmt: skip
    assert play.passes(MINUTE) == []
    play.opens("a")
    assert [page.id for page in play.look()] == [f"a/opened/{KIM}/1", f"a/opened/{BOARD}/1"]


def test_who_was_spared_a_call_is_spared_the_all_clear(play: Play) -> None:
    play.opens("a")
    play.look()
    (lee,) = play.passes(10 * MINUTE)
    play.pages[lee.id] = lee._replace(given_up_at=play.now)
    play.closes("a")
    assert {page.recipient for page in play.look()} == {KIM, BOARD}


def test_an_acknowledgement_keeps_others_asleep_until_it_runs_out(play: Play) -> None:
    play.opens("a")
    play.look()
    play.now += MINUTE
    play.has_it("a", minutes=30)
    assert play.passes(29 * MINUTE) == []
    assert [(page.kind, page.recipient) for page in play.passes(MINUTE)] == [("again", KIM)]
    assert [(page.kind, page.recipient) for page in play.passes(10 * MINUTE)] == [
        ("escalated", LEE)
    ]
    assert play.passes(60 * MINUTE) == []
    play.has_it("a")
    assert [page.kind for page in play.passes(30 * MINUTE)] == ["again", "again"]
    assert [page.kind for page in play.passes(10 * MINUTE)] == ["escalated"]


def test_who_comes_on_duty_later_is_not_told_anew(play: Play) -> None:
    play.opens("a")
    play.look()
    play.duty = DUTY._replace(first=("person:park",))
    assert play.passes(MINUTE) == []


def test_nobody_is_called_for_planned_work_until_it_ends(play: Play) -> None:
    play.opens("a")
    play.muted = {"a"}
    assert play.look() == []
    play.muted = set()
    assert [page.kind for page in play.passes(60 * MINUTE)] == ["opened", "opened"]


def test_planned_work_keeps_no_all_clear_back_but_a_second_call(play: Play) -> None:
    play.opens("a")
    play.look()
    play.muted = {"a"}
    assert play.passes(20 * MINUTE) == []
    play.closes("a")
    assert {page.kind for page in play.look()} == {"cleared"}


def test_a_storm_is_three_pages_and_the_worst_come_first(play: Play) -> None:
    for number in range(10_000):
        play.opens(f"i{number:05}", severity=1 if number == 7777 else 3)
    play.look()
    told = play.told(KIM)
    assert [(kind, len(names)) for kind, names in told] == [
        ("opened", 1), ("opened", 1), ("digest", 9_998),
    ]  # fmt: skip
    assert told[0][1] == ("i07777",)
    for number in range(10_000):
        play.closes(f"i{number:05}")
    play.passes(MINUTE)
    assert [(kind, len(names)) for kind, names in play.told(KIM)[3:]] == [
        ("cleared", 1), ("cleared", 1), ("cleared", 9_998),
    ]  # fmt: skip


def test_a_digest_takes_more_until_it_is_sent_and_the_next_waits_for_its_turn(play: Play) -> None:
    for name in "abc":
        play.opens(name)
    play.look()
    digest = next(page for page in play.pages.values() if page.kind == "digest")
    assert digest.due_at == NOW + GATHERED
    play.opens("d")
    play.passes(timedelta(seconds=5))
    play.opens("e")
    play.passes(timedelta(seconds=10))
    assert play.told(KIM)[2:] == [("digest", ("c", "d")), ("digest", ("e",))]
    assert play.pages[f"e/digest/{KIM}/0"].due_at == NOW + PAGES_WITHIN


def test_what_is_over_before_its_digest_was_sent_and_back_is_told_in_the_next(play: Play) -> None:
    for name in "abc":
        play.opens(name)
    play.look()
    play.closes("c")
    play.passes(timedelta(seconds=1))
    play.opens("c")
    play.passes(timedelta(seconds=1))
    assert play.told(KIM)[2:] == [("digest", ("c",)), ("cleared", ("c",)), ("digest", ("c",))]


def test_an_all_clear_is_not_due_before_the_digest_that_it_waits_for(play: Play) -> None:
    """Or it would seem to reach nobody."""
    for name in "abc":
        play.opens(name)
    play.look()
    play.passes(MINUTE)
    play.opens("d")
    play.passes(MINUTE)
    play.closes("d")
    play.passes(MINUTE)
    kim = (p for p in play.pages.values() if p.recipient == KIM and "d" in p.incidents)
    assert {page.kind: page.due_at for page in kim} == {
        "digest": NOW + PAGES_WITHIN, "cleared": NOW + PAGES_WITHIN
    }  # fmt: skip


def test_what_could_not_be_sent_yet_counts_as_if_it_were_sent_now(play: Play) -> None:
    play.works = False
    for name in "ab":
        play.opens(name)
    play.look()
    play.now += 2 * PAGES_WITHIN
    play.opens("c")
    play.look()
    assert play.told(KIM)[2:] == [("digest", ("c",))]


NAMES = st.sampled_from([f"i{number}" for number in range(12)])
ACTS: st.SearchStrategy[Callable[[Play], object]] = st.one_of(
    NAMES.map(lambda name: lambda play: play.opens(name)),
    NAMES.map(lambda name: lambda play: play.closes(name)),
    NAMES.map(lambda name: lambda play: play.has_it(name)),
    NAMES.map(lambda name: lambda play: play.muted.__ixor__({name})),
    st.integers(1, 400).map(lambda s: lambda play: play.passes(timedelta(seconds=s))),
    st.booleans().map(lambda works: lambda play: setattr(play, "works", works)),
)


def _played(acts: list[Callable[[Play], object]]) -> Play:
    play = Play()
    for act in acts:
        act(play)
        play.look()
    return play


@given(st.lists(ACTS, max_size=60))
def test_a_second_look_makes_nothing_new(acts: list[Callable[[Play], object]]) -> None:
    assert _played(acts).look() == []


@given(st.lists(ACTS, max_size=60))
def test_whoever_was_told_is_told_once_that_it_is_over(
    acts: list[Callable[[Play], object]],
) -> None:
    """Each time it was open."""
    play = _played(acts)
    for name in list(play.rows):
        play.closes(name)
    play.look()
    opened, cleared = set(), []
    for page in play.pages.values():
        for about in page.incidents.items():
            if page.kind == Kind.CLEARED:
                cleared.append((page.recipient, *about))
            else:
                opened.add((page.recipient, *about))
    assert sorted(cleared) == sorted(opened)


@given(st.lists(ACTS, max_size=60))
def test_what_is_open_and_not_muted_was_told(acts: list[Callable[[Play], object]]) -> None:
    """A digest leaves none out."""
    play = _played(acts)
    play.muted = set()
    play.look()
    open_ = {(name, row.reopened) for name, row in play.rows.items() if row.status == "open"}
    for recipient in (KIM, BOARD):
        pages = [page for page in play.pages.values() if page.recipient == recipient]
        assert open_ <= {about for page in pages for about in page.incidents.items()}


@given(st.lists(ACTS, max_size=80))
def test_never_more_than_three_in_any_five_minutes(acts: list[Callable[[Play], object]]) -> None:
    """As long as the notifier works: what was kept back meanwhile comes when it is back."""
    play = _played([act for act in acts if not _breaks(act)])
    for recipient in (KIM, BOARD):
        times = sorted(
            page.accepted_at or page.due_at
            for page in play.pages.values()
            if page.recipient == recipient and page.kind in (Kind.OPENED, Kind.DIGEST)
        )
        for first, fourth in zip(times, times[MOST_PAGES:], strict=False):
            assert fourth - first >= PAGES_WITHIN


def _breaks(act: Callable[[Play], object]) -> bool:
    probe = Play()
    act(probe)
    return not probe.works
