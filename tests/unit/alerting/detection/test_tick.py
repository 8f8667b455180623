"""Verdicts: the right name once, a third state for bongsu's own faults, notes, waits, restarts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.alerting.detection.likelihood import NAT, Hypothesis
from services.alerting.detection.state import Policy, State, Told, Verdict, threshold
from services.alerting.detection.tick import blind, not_observed
from services.alerting.detection.window import ACCEPTANCE, Ended, Ending, Item
from tests.unit.alerting.detection.small_world import Break, Run, messages, play, routes
from tests.unit.alerting.detection.worked import an_item, arrival, us, worked_tables

KAKAO = Break("platform:kakaotalk")
SENDER = Break("sender:b3-alimtalk", ACCEPTANCE, ending=Ending.REFUSED)
SELF = Break("self:ingest")
WORKER = (Break("worker:w1"), Break("worker:w1", ACCEPTANCE))


def _told(
    run: Run, until: int, policy: Policy | None = None, tables: bool = False
) -> list[tuple[int, Verdict]]:
    law = worked_tables() if tables else None
    ticks = play(run, until, policy, tables=law)
    return [(now, verdict) for now, _, verdicts in ticks for verdict in verdicts]


def _said(run: Run, until: int, *kinds: Told, policy: Policy | None = None) -> list[str]:
    told = _told(run, until, policy)
    return [f"{v.told} {v.entry.component}" for _, v in told if not kinds or v.told in kinds]


def _story(*silent: tuple[float, str], well: tuple[tuple[float, str], ...] = ()) -> Run:
    """Messages of the worked example: three arrive before, then as given."""
    arriving = [an_item(*each) for each in ((-50, "c1"), (-30, "c2"), (-10, "c3"), *well)]
    lost: Run = [(an_item(*each), None) for each in silent]
    return [*((item, arrival(item)) for item in arriving), *lost]


DEAD_PLATFORM = _story((10, "c1"), (30, "c2"), (50, "c3"), (70, "c1"))


@pytest.mark.parametrize(
    ("breaks", "named"),
    [
        ((KAKAO,), "platform:kakaotalk"),
        ((Break("account:a1", ACCEPTANCE),), "account:a1"),
        ((Break("account:a1"),), "account:a1"),
        ((Break("carrier:c1"),), "carrier:c1"),
        ((SENDER,), "sender:b3-alimtalk"),
        ((Break("line:a1-alimtalk"),), "line:a1-alimtalk"),
        ((Break("route:b5.alimtalk.a2"),), "route:b5.alimtalk.a2"),
        ((Break("receiver:r2"),), "receiver:r2"),
        (WORKER, "worker:w1"),
        ((SELF,), "self:ingest"),
    ],
)
def test_what_broke_is_named_and_nothing_else(breaks: tuple[Break, ...], named: str) -> None:
    assert _said(messages(1, 260, breaks), 260) == [f"opened {named}"]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_said_while_nothing_is_broken(seed: int) -> None:
    assert _said(messages(seed, 300), 300) == []


def test_the_page_tells_onset_evidence_and_margin() -> None:
    ((now, page),) = _told(DEAD_PLATFORM, 100, tables=True)
    assert (now, page.told, page.entry.component) == (79, Told.OPENED, "platform:P")
    assert page.entry.hypothesis is Hypothesis.DEAD
    assert page.entry.onset == us(10)
    assert page.apart
    assert page.apart.margin / NAT == pytest.approx(9.7529, abs=0.0005)
    assert page.apart.rival is None


def test_a_kind_may_be_asked_to_persist() -> None:
    policy = Policy(persist={"platform": us(12)})
    ((now, _),) = _told(DEAD_PLATFORM, 100, policy, tables=True)
    assert now == 79 + 12


def test_what_cannot_be_told_apart_is_told_after_a_wait_with_its_rival() -> None:
    """Two channels differ by one message only: no evidence separates them."""
    both = ("line:b", "route:c1")
    silent: Run = [(an_item(at, path=both), None) for at in (10, 30, 50, 70)]
    other = an_item(-30, path=("line:b", "route:c2"))
    ((now, page),) = _told([(other, arrival(other)), *silent], 120, tables=True)
    assert page.apart
    assert (now, page.entry.component, page.apart.rival) == (99, "line:b", "route:c1")


def test_what_cannot_be_told_from_an_open_incidents_cause_is_a_note_on_it() -> None:
    silent: Run = [(an_item(at, path=("line:b", "route:c1")), None) for at in (10, 30, 50, 70)]
    other = an_item(-30, path=("line:b", "route:c2"))
    run: Run = [(other, arrival(other)), *silent]
    ((_, page),) = _told(run, 120, tables=True)
    assert page.incident
    own = replace(page.entry, component="route:c1", routes=frozenset({"c0"}))
    open_ = replace(page.incident, entry=own, routes=own.routes, base=-us(200))
    ticks = play(run, 120, state=State(open=(open_,)), tables=worked_tables())
    told = [(now, v.told, v.entry.component) for now, _, verdicts in ticks for v in verdicts]
    assert told == [(99, Told.NOTED, "line:b")]


def test_slowness_is_told_only_after_a_minute() -> None:
    late: Run = []
    for at in range(0, 100, 4):
        item = an_item(at, f"c{at % 12}")
        late.append((item, arrival(item, 16)))
    (first, *_) = _told(late, 100, tables=True)
    assert first[1].entry.hypothesis is Hypothesis.SLOW
    assert us(first[0]) - first[1].entry.onset >= us(60)


def test_what_is_found_when_it_is_over_is_no_page() -> None:
    """The bad news comes late and the good news with it."""
    lost: Run = [(an_item(at, visible=us(60)), None) for at in range(1, 13)]
    well = [an_item(at, visible=us(60)) for at in range(20, 24)]
    run = [*lost, *((item, Ended(item, Ending.ARRIVED, us(60))) for item in well)]
    assert [v.told for _, v in _told(run, 70, tables=True)] == [Told.RECOVERED]


@pytest.mark.parametrize("broken", [KAKAO, SENDER])
def test_what_recovers_is_called_what_it_was(broken: Break) -> None:
    told = _told(messages(1, 400, (replace(broken, end=150),)), 400)
    assert [verdict.told for _, verdict in told] == [Told.OPENED, Told.CLOSED]
    (first, last) = (verdict.incident for _, verdict in told)
    assert first is not None
    assert last is not None
    assert first.told is last.told


def test_a_second_fault_inside_an_outage_pages_too() -> None:
    later = replace(SENDER, start=70)
    run = messages(1, 260, (later, KAKAO))
    assert _said(run, 260, Told.OPENED) == [
        "opened platform:kakaotalk",
        "opened sender:b3-alimtalk",
    ]


def test_a_part_that_goes_down_with_the_whole_is_a_note_on_it() -> None:
    """A dealer takes nothing: its accepted messages in flight are lost as well."""
    breaks = (Break("account:a1", ACCEPTANCE, 0), Break("account:a1", start=-30, end=0))
    assert _said(messages(1, 200, breaks), 200, Told.OPENED) == ["opened account:a1"]


@pytest.mark.parametrize("breaks", [WORKER, (Break("receiver:r2"),), (SELF,)])
def test_bongsus_own_fault_pages_no_outage_and_its_routes_are_not_observed(
    breaks: tuple[Break, ...],
) -> None:
    run = messages(1, 300, breaks)
    passing = {i.route for i, _ in run if i.route and breaks[0].component in i.path}
    told: list[Verdict] = []
    for _, state, verdicts in play(run, 300):
        told += verdicts
        assert all(verdict.incident and verdict.incident.monitor for verdict in verdicts)
        assert not_observed(state) == (passing if told else set())
    assert told


def test_a_deaf_bongsu_pages_no_outage_but_says_that_it_is_blind() -> None:
    run = messages(1, 200, (SELF, Break("account:a1", ACCEPTANCE)))
    steps = list(play(run, 200))
    opened = [v for _, _, verdicts in steps for v in verdicts if v.told is Told.OPENED]
    assert [v.entry.monitor for v in opened] == [True]
    assert blind(steps[-1][1])


def test_an_outage_closes_when_everything_arrives_again_and_is_told_once() -> None:
    run = messages(1, 600, (Break("platform:kakaotalk", end=100),))
    told = [(now, v.told) for now, v in _told(run, 600) if v.told is not Told.UPDATED]
    assert [what for _, what in told] == [Told.OPENED, Told.CLOSED]
    assert 100 + 120 <= told[1][0] <= 100 + 240


@pytest.mark.parametrize("phase", [0, 5])
def test_what_was_dead_for_a_minute_only_closes_as_soon(phase: int) -> None:
    """After the first arrivals it looks lossy, while what was lost before them becomes overdue."""
    run: Run = []
    for at in range(phase - 200, 500, 10):
        item = an_item(at)
        run.append((item, None if 0 <= at < 60 else arrival(item)))
    told = [(now, v.told) for now, v in _told(run, 500, tables=True) if v.told is not Told.UPDATED]
    assert [what for _, what in told] == [Told.OPENED, Told.CLOSED]
    assert told[1][0] <= 60 + 200


def test_an_outage_that_comes_back_is_the_same_one() -> None:
    run = messages(
        1, 560, (Break("platform:kakaotalk", end=100), Break("platform:kakaotalk", start=400))
    )
    told = [v for _, v in _told(run, 560) if v.told is not Told.UPDATED]
    assert [v.told for v in told] == [Told.OPENED, Told.CLOSED, Told.REOPENED]
    assert len({v.incident.id for v in told if v.incident}) == 1


def test_two_messages_of_one_route_lost_at_once_do_not_bring_its_platforms_outage_back() -> None:
    """All others arrive: what was well stays closed."""
    run: Run = []
    for number, at in enumerate(range(-200, 600, 10)):
        item = an_item(at, f"c{number % 3}")
        run.append((item, None if 0 <= at < 100 else arrival(item)))
    run += [(an_item(at, "c1"), None) for at in (404, 405)]
    assert [v.told for _, v in _told(run, 600, tables=True) if v.told is not Told.UPDATED] == [
        Told.OPENED,
        Told.CLOSED,
    ]


def test_two_refusals_that_one_route_explains_as_well_do_not_bring_its_dealers_outage_back() -> (
    None
):
    run: Run = []
    for number, at in enumerate(range(-200, 600, 10)):
        name = f"c{number % 3}"
        item = an_item(at, name, plane=ACCEPTANCE, path=("account:a", f"route:{name}"))
        run.append((item, None if 0 <= at < 100 else arrival(item, 0.3)))
    refused = [
        an_item(at, "c1", plane=ACCEPTANCE, path=("account:a", "route:c1")) for at in (401.5, 403.5)
    ]
    run += [(item, arrival(item, 0.3, Ending.REFUSED)) for item in refused]
    told = [v.told for _, v in _told(run, 600, tables=True) if v.told is not Told.UPDATED]
    assert told == [Told.OPENED, Told.CLOSED]


def test_a_function_that_breaks_after_its_platform_closes_when_it_alone_is_well() -> None:
    """The same incident again, of fewer routes: those of other functions recovered before."""
    run = _of_two_functions(800, range(60), range(300, 380))
    told = [v for _, v in _told(run, 800, tables=True) if v.told is not Told.UPDATED]
    names = ["platform:P", "platform:P", "platform:P/f", "platform:P/f"]
    assert [v.entry.component for v in told] == names
    assert [v.told for v in told] == [Told.OPENED, Told.CLOSED, Told.REOPENED, Told.CLOSED]
    assert "platform:P/f" not in _weighed(told[2])


def test_an_outage_that_takes_its_functions_name_is_weighed_anew() -> None:
    """Else it could not be told from itself: that was the next explanation when it opened."""
    run = _of_two_functions(160, range(24), range(24, 160))
    told = [v for _, v in _told(run, 160, tables=True)]
    names = {v.entry.component: v for v in told if v.told in (Told.OPENED, Told.UPDATED)}
    assert [*names] == ["platform:P", "platform:P/f"]
    assert "platform:P/f" not in _weighed(names["platform:P/f"])


def _of_two_functions(until: int, dead: range, in_part: range) -> Run:
    """A platform is dead for a while, and its function f alone later."""
    run: Run = []
    for number, at in enumerate(range(-60, until, 4)):
        name, function = f"c{number % 10}", "fg"[number % 2]
        path = ("platform:P", f"platform:P/{function}", f"route:{name}")
        item = an_item(at, name, path=tuple(sorted(path)))
        lost = at in dead or (at in in_part and function == "f")
        run.append((item, None if lost else arrival(item)))
    return run


def _weighed(verdict: Verdict) -> list[str]:
    """What else would explain it."""
    assert verdict.apart is not None
    return [entry.component for entry in verdict.apart.others]


def test_an_outage_of_what_left_the_catalogue_is_over() -> None:
    name = "b5.alimtalk.a2"
    run = messages(1, 260, (Break(f"route:{name}"),))
    last = [state for _, state, _ in play(run, 260)][-1]
    assert [incident.component for incident in last.open] == [f"route:{name}"]
    left = Policy(catalogue=frozenset(r.id for r in routes() if r.id != name))
    _, last, (closed,) = next(play(run, 261, left, last, since=260))
    assert (closed.told, last.open) == (Told.CLOSED, ())


def test_nothing_opens_on_a_route_nobody_knows_yet() -> None:
    run = messages(1, 260, (Break("route:b5.alimtalk.a2"),))
    others = frozenset(r.id for r in routes() if r.id != "b5.alimtalk.a2")
    assert _said(run, 260, policy=Policy(learnt=others)) == []


@settings(max_examples=6, deadline=None)
@given(st.integers(20, 180), st.sampled_from([(KAKAO,), (SENDER, KAKAO), WORKER]))
def test_a_restart_at_any_tick_changes_no_verdict(at: int, breaks: tuple[Break, ...]) -> None:
    run = messages(1, 200, breaks)
    whole = list(play(run, 200))
    before = next(state for now, state, _ in whole if now == at)
    stored = TypeAdapter(State).dump_json(before)
    loaded = TypeAdapter(State).validate_json(stored)
    again = play(run, 200, state=loaded, since=at + 1)
    assert [step[2] for step in again] == [step[2] for step in whole if step[0] > at]


def test_the_threshold_follows_the_false_pages_that_are_borne() -> None:
    assert threshold(7, 1) == 18_400_000
    assert threshold(5000, 1) == pytest.approx(20.12e6, abs=1e3)
    assert threshold(20_000, 1) > threshold(5000, 1) > threshold(5000, 4)


def test_no_evidence_says_nothing() -> None:
    nothing: list[tuple[Item, Ended | None]] = []
    assert _told(nothing, 5) == []


def test_a_worker_that_was_put_away_is_no_fault_for_ever() -> None:
    run = messages(1, 700, (replace(WORKER[0], end=60), replace(WORKER[1], end=60)))
    gone = [pair for pair in run if "worker:w1" not in pair[0].path or pair[0].start < us(60)]
    assert _said(gone, 700, Told.OPENED, Told.CLOSED) == ["opened worker:w1", "closed worker:w1"]


@pytest.mark.parametrize(("refusals", "told"), [(2, []), (3, ["opened sender:s"])])
def test_three_refusals_are_told_and_two_are_not(refusals: int, told: list[str]) -> None:
    path = ("route:c1", "sender:s", "worker:w")
    taken = [an_item(at, path=path, plane=ACCEPTANCE) for at in range(-60, 0, 10)]
    refused = [an_item(at, path=path, plane=ACCEPTANCE) for at in range(0, 10 * refusals, 10)]
    others = [
        an_item(at, "c2", path=("route:c2", "worker:w"), plane=ACCEPTANCE) for at in range(50)
    ]
    run: Run = [(item, arrival(item, 0.3)) for item in (*taken, *others)]
    run += [(item, arrival(item, 0.3, Ending.REFUSED)) for item in refused]
    assert [f"{v.told} {v.entry.component}" for _, v in _told(run, 60, tables=True)] == told


def _accounts(*blocked: str) -> Run:
    """Twenty recipients of one platform, two routes each; the blocked get nothing from 0 on."""
    run: Run = []
    for at in range(-60, 150):
        number = at % 40
        phone, name = f"r{number // 2}", f"c{number}"
        item = an_item(at, name, path=("platform:P", f"reach:{phone}/P", f"route:{name}"))
        run.append((item, None if phone in blocked and at >= 0 else arrival(item)))
    return run


def test_one_recipients_account_is_a_note_and_no_page() -> None:
    assert [(v.told, v.entry.component) for _, v in _told(_accounts("r1"), 150, tables=True)] == [
        (Told.NOTED, "reach:r1/P")
    ]


def test_several_recipients_accounts_are_one_incident_of_their_platform() -> None:
    told = [v for _, v in _told(_accounts("r1", "r2"), 150, tables=True)]
    (page,) = [v for v in told if v.told is Told.OPENED]
    assert page.entry.component == "platform:P"
    assert page.entry.alike == ("reach:r1/P", "reach:r2/P")
