"""The worked example of the detector, to the digit: a platform dead, a channel dead, a recovery."""

import pytest

from services.alerting.detection.explain import Entry, Explainer
from services.alerting.detection.likelihood import NAT, Hypothesis
from services.alerting.detection.runs import newest_sum
from services.alerting.detection.window import Ended, Item
from tests.unit.alerting.detection.worked import Sums, a_view, an_item, arrival, us

DEAD, LOSSY, SLOW = Hypothesis.DEAD, Hypothesis.LOSSY, Hypothesis.SLOW
PAGE = 18.4

Story = tuple[list[Item], list[Ended]]


def _story(well: list[tuple[int, str]], silent: list[tuple[int, str]]) -> Story:
    arriving = [an_item(start, name) for start, name in well]
    return [*arriving, *(an_item(*each) for each in silent)], [arrival(item) for item in arriving]


BEFORE = [(-50, "c1"), (-30, "c2"), (-10, "c3")]
PLATFORM = _story(BEFORE, [(10, "c1"), (30, "c2"), (50, "c3"), (70, "c1")])
CHANNEL = _story(
    [*BEFORE, *((at, "c2") for at in (30, 90, 150, 210)), *((at, "c3") for at in (50, 110, 170))],
    [(at, "c1") for at in (10, 70, 130, 190)],
)
RECOVERY = _story(
    [*BEFORE, (70, "c1"), (90, "c2"), (110, "c3"), (130, "c1")],
    [(10, "c1"), (30, "c2"), (50, "c3")],
)
# tick: dead of P, c1, c2, c3; lossy and slow of P
TICKS = {
    40: (7.3611, 5.1797, 2.1814, 0, 5.2867, 4.7280),
    60: (13.2000, 5.8388, 5.1797, 2.1814, 9.9791, 7.0458),
    78: (18.3814, 7.5646, 5.8388, 4.9780, 14.1480, 8.0848),
    79: (18.7529, 7.7343, 5.8388, 5.1797, 14.4696, 8.2104),
}


def _digits(*values: float) -> object:
    return pytest.approx(values, abs=0.0005)


def _named(now: int, story: Story) -> tuple[Explainer, Entry]:
    explainer = Explainer(a_view(now, *story))
    (entry,) = explainer.greedy().entries
    return explainer, entry


@pytest.mark.parametrize("now", TICKS)
def test_a_dead_platform_gathers_what_its_channels_say(now: int) -> None:
    of = Sums(a_view(now, *PLATFORM))
    dead = [of(c, DEAD) for c in ("platform:P", "route:c1", "route:c2", "route:c3")]
    assert (*dead, of("platform:P", LOSSY), of("platform:P", SLOW)) == _digits(*TICKS[now])


def test_the_first_tick_over_the_threshold_is_79() -> None:
    sums = [Explainer(a_view(now, *PLATFORM)).largest() for now in range(10, 80)]
    assert [best >= PAGE * NAT for best in sums] == [False] * 69 + [True]


def test_a_dead_platform_is_named_with_its_onset_and_a_clear_margin() -> None:
    explainer, entry = _named(79, PLATFORM)
    assert (entry.component, entry.hypothesis) == ("platform:P", DEAD)
    assert (entry.onset, entry.counted, entry.against) == (us(10), 4, 4)
    whole = explainer.greedy()
    margin, rivals = explainer.margin(whole, entry)
    assert (entry.gain / NAT, whole.objective / NAT, margin / NAT) == _digits(
        18.7529, 9.7529, 9.7529
    )
    assert rivals == ()


def test_a_dead_channel_is_named_and_its_platform_is_the_next_explanation() -> None:
    of = Sums(a_view(195, *CHANNEL))
    assert (of("platform:P", DEAD), of("platform:P", LOSSY)) == _digits(0.8351, 12.5580)
    explainer, entry = _named(195, CHANNEL)
    assert (entry.component, entry.hypothesis) == ("route:c1", DEAD)
    assert entry.onset == us(10)
    whole = explainer.greedy()
    margin, rivals = explainer.margin(whole, entry)
    assert (entry.gain / NAT, whole.objective / NAT, margin / NAT) == _digits(
        18.6289, 9.6289, 6.0709
    )
    assert [rival.component for rival in rivals] == ["platform:P"]


def test_a_dead_channel_waits_for_its_fourth_message() -> None:
    assert Explainer(a_view(194, *CHANNEL)).largest() < PAGE * NAT
    assert Explainer(a_view(195, *CHANNEL)).largest() >= PAGE * NAT


def test_after_a_recovery_the_newest_messages_speak_for_health() -> None:
    view = a_view(132, *RECOVERY)
    of = Sums(view)
    assert (of("platform:P", DEAD), of("platform:P", LOSSY)) == _digits(5.8304, 12.9457)
    side = view.sides[1]
    own = side.ratios[:, side.of(view.components.index("platform:P"))] / NAT
    assert own[0, -7:] == _digits(5.9403, 5.9390, 5.9340, *[-2.9957] * 4)
    mirrored = [newest_sum(-side.ratios[k, side.of(0)]) / NAT for k in (0, 1)]
    assert mirrored == _digits(11.9829, 1.4267)
