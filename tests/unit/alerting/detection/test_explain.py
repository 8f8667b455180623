"""Naming: what may and may not change a sum, suspects with the same messages, empty evidence."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.detection.explain import PENALTY, Explainer
from services.alerting.detection.law import Row
from services.alerting.detection.likelihood import NAT, PLANES, Hypothesis
from services.alerting.detection.window import Ended, Ending, Item, Spent, View, Window
from tests.unit.alerting.detection.worked import (
    Sums,
    a_view,
    an_item,
    arrival,
    us,
    worked_tables,
)

DEAD = Hypothesis.DEAD
NOW = 200
starts = st.integers(0, NOW - 1)
names = st.sampled_from(["c1", "c2", "c3"])
fates = st.one_of(st.none(), st.floats(0.1, 100))
messages = st.lists(st.tuples(starts, names, fates), max_size=20, unique_by=lambda m: m[:2])

Messages = list[tuple[int, str, float | None]]


def _view(sent: Messages, *more: tuple[Item, Ended | None]) -> View:
    items = [an_item(start, name) for start, name, _ in sent]
    fates = [None if m[2] is None else arrival(i, m[2]) for i, m in zip(items, sent, strict=True)]
    ends = [end for end in (*fates, *(end for _, end in more)) if end is not None]
    return a_view(NOW, [*items, *(item for item, _ in more)], ends)


def _sums(view: View) -> dict[tuple[str, int, int], int]:
    sums = Explainer(view).sums
    return {
        (component, plane, place): int(sums[plane][place, number])
        for number, component in enumerate(view.components)
        for plane, kinds in enumerate(PLANES)
        for place in range(len(kinds))
    }


@given(messages)
def test_a_sum_is_the_largest_over_all_newest_runs(sent: Messages) -> None:
    view = _view(sent)
    for (component, plane, place), best in _sums(view).items():
        side = view.sides[plane]
        own = side.ratios[place, side.of(view.components.index(component))].tolist()
        assert best == max(sum(own[first:]) for first in range(len(own) + 1))


@given(messages, starts, names)
def test_a_message_that_turns_out_lost_never_clears_what_it_passed(
    sent: Messages, start: int, name: str
) -> None:
    late = an_item(start + 0.5, name)
    lost = _view(sent, (dataclasses.replace(late, deadline=1), None))
    open_ = _view(sent, (late, None))
    for component in late.path:
        assert Sums(lost)(component, DEAD) >= Sums(open_)(component, DEAD)


@given(messages, starts, names)
def test_an_arrival_never_raises_a_sum_of_loss(sent: Messages, start: int, name: str) -> None:
    late = an_item(start + 0.5, name)
    open_, arrived = _view(sent, (late, None)), _view(sent, (late, arrival(late, 0.4)))
    for component in late.path:
        for loss in (DEAD, Hypothesis.LOSSY):
            assert Sums(arrived)(component, loss) <= Sums(open_)(component, loss)


@given(messages, starts)
def test_a_message_over_other_parts_changes_no_sum(sent: Messages, start: int) -> None:
    elsewhere = an_item(start, "x", path=("platform:Q", "route:x"))
    before = _sums(_view(sent))
    after = _sums(_view(sent, (elsewhere, None)))
    assert {key: after[key] for key in before} == before


@given(messages, starts, names, st.sampled_from([None, *Ending]), st.sampled_from([0, 1]))
def test_one_more_message_adds_at_most_the_cap_and_a_refusal_little_more(
    sent: Messages, start: int, name: str, ending: Ending | None, plane: int
) -> None:
    one = an_item(start + 0.5, name, plane=plane)
    without = _sums(_view(sent))
    ended = None if ending is None else arrival(one, 0.4, ending)
    most = 7.6 if ending is Ending.REFUSED else 6
    for key, best in _sums(_view(sent, (one, ended))).items():
        assert best <= without.get(key, 0) + most * NAT


@given(messages.flatmap(lambda sent: st.tuples(st.just(sent), st.permutations(sent))))
def test_the_order_of_arrival_changes_no_sum(orders: tuple[Messages, Messages]) -> None:
    assert _sums(_view(orders[0])) == _sums(_view(orders[1]))


def test_two_components_with_the_same_messages_are_one_suspect_with_both_names() -> None:
    path = ("account:a", "platform:P", "provider:p", "route:c1")
    silent = [an_item(start, "c1", path=path) for start in (10, 30, 50, 70)]
    other = an_item(5, "c2", path=("platform:P", "route:c2"))
    explainer = Explainer(a_view(120, [*silent, other], [arrival(other)]))
    whole = explainer.greedy()
    (entry,) = whole.entries
    assert (entry.component, entry.alike) == ("platform:P", ())
    (entry,) = explainer.greedy(frozenset({"platform:P"})).entries
    assert (entry.component, entry.alike) == ("provider:p", ("account:a", "route:c1"))


def test_a_part_of_bongsu_never_stands_for_a_part_of_the_outside() -> None:
    path = ("account:a", "receiver:r", "worker:w")
    silent = [an_item(start, path=path) for start in (10, 30, 50, 70)]
    (entry,) = Explainer(a_view(120, silent)).greedy().entries
    assert (entry.component, entry.alike) == ("account:a", ())


def test_what_was_in_flight_when_it_broke_is_explained_too() -> None:
    """A message sent before the onset that never came leaves nothing to explain."""
    in_flight = an_item(9.5, "c9", path=("platform:P", "route:c9"))
    well = an_item(9.8, "c3", path=("platform:P", "route:c3"))
    silent = [an_item(start, name) for start, name in ((10, "c1"), (30, "c2"), (50, "c3"))]
    later = [an_item(start, "c9") for start in (20, 60)]
    view = a_view(190, [in_flight, well, *silent, *later], [arrival(well, 0.1)])
    entries = Explainer(view).greedy().entries
    assert [entry.component for entry in entries] == ["platform:P"]


def test_an_account_of_one_recipient_exists_only_over_two_routes() -> None:
    path = ("reach:r/kakaotalk", "route:c1")
    silent = [an_item(start, path=path) for start in (10, 30, 50, 70)]
    (entry,) = Explainer(a_view(120, silent)).greedy().entries
    assert entry.component == "route:c1"
    silent[0] = dataclasses.replace(silent[0], route="c2")
    (entry,) = Explainer(a_view(120, silent)).greedy().entries
    assert entry.component == "reach:r/kakaotalk"


def test_spent_evidence_says_nothing_of_any_component() -> None:
    window = Window()
    window.add(an_item(start, "c1") for start in (10, 30, 50, 70))
    view = window.at(us(200), worked_tables(), [Spent("platform:P", us(60))])
    assert Sums(view)("route:c1", DEAD) == pytest.approx(5.9403, abs=0.0005)


def test_no_evidence_names_nobody() -> None:
    for items in ([], [an_item(10)], [an_item(-1000)]):
        explainer = Explainer(a_view(30, items))
        assert explainer.largest() < PENALTY
        assert explainer.greedy().entries == ()


def test_a_component_whose_messages_have_all_left_the_window_is_suspected_of_nothing() -> None:
    old, new = [an_item(at, "c1") for at in (0, 10)], [an_item(at, "c2") for at in (440, 450)]
    window = Window()
    window.add(old)
    before = window.at(us(400), worked_tables())
    assert Sums(before)("route:c1", DEAD) > PENALTY / NAT
    window.add(new)
    of = Sums(window.at(us(460), worked_tables()))
    assert of("route:c1", DEAD) == 0
    assert of("platform:P", DEAD) == of("route:c2", DEAD) > 0


def test_an_item_of_an_unknown_class_has_the_law_of_its_medium() -> None:
    of = Sums(a_view(30, [an_item(0, row=Row("alimtalk", "new")), an_item(0, "c2")]))
    assert of("route:c1", DEAD) == of("route:c2", DEAD) > 0


def test_an_item_counts_from_when_it_was_known_until_its_window_is_over() -> None:
    item = an_item(10, visible=us(15))
    window = Window()
    window.add([item])
    tables = worked_tables()
    says = [window.at(us(now), tables).sides[1].ratios[0].tolist() for now in (14, 435, 436)]
    assert (says[0], says[2]) == ([0], [0])
    assert says[1][0] > 0
    assert window.at(us(450), tables).sides[1].ratios.size == 0
