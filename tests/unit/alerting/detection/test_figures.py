"""Over what an incident was seen, what arrived beside it, and when that is counted again."""

from dataclasses import replace
from typing import Any

from services.alerting.detection import closing
from services.alerting.detection.explain import Entry, Explainer
from services.alerting.detection.figures import Counted, Figures, counted, figures
from services.alerting.detection.state import Incident, State
from services.alerting.detection.window import Item, View
from tests.unit.alerting.detection.worked import a_view, an_item, arrival, us

DEALERS, PHONES, WORKERS = ("sens", "nhn"), ("skt", "kt", "lgu"), ("w1", "w2")


def _kakao(turn: int, start: float, **over: Any) -> Item:
    """A message over the platform; dealers, phones and workers take turns."""
    parts = {
        f"provider:{DEALERS[turn % 2]}", f"sender:s{turn % 4}", f"receiver:{PHONES[turn % 3]}",
        f"worker:{WORKERS[turn % 2]}", "platform:P", f"route:c{turn % 3 + 1}",
    }  # fmt: skip
    return an_item(start, f"c{turn % 3 + 1}", id=f"k{start}", path=tuple(sorted(parts)), **over)


def _sms(start: float, dealer: str = "sens", phone: str = "skt", worker: str = "w1") -> Item:
    parts = (f"provider:{dealer}", f"receiver:{phone}", "route:sms", f"worker:{worker}")
    return an_item(start, "c1", id=f"s{start}", path=parts, route="sms")


def _seen(silent: list[Item], well: list[Item], now: float = 100) -> tuple[View, Entry]:
    before = [_kakao(turn, -60 + 5 * turn) for turn in range(6)]
    arrived = [*before, *well]
    view = a_view(now, [*silent, *arrived], [arrival(item) for item in arrived])
    (entry,) = Explainer(view).greedy().entries
    return view, entry


SILENT = [_kakao(turn, 10 * turn) for turn in range(1, 7)]


def test_the_parts_of_lost_messages_are_counted_each_once() -> None:
    view, entry = _seen(SILENT, [])
    assert entry.component == "platform:P"
    found = figures(view, entry)
    assert found[:6] == (us(10), 6, 2, 4, 3, 2)
    assert found.messages == entry.counted


def test_what_arrived_by_the_same_dealers_and_workers_to_the_same_phones_stands_beside() -> None:
    unlike = [_sms(31, dealer="other"), _sms(32, phone="other"), _sms(33, worker="other")]
    early, open_ = _sms(5), _sms(99.5)
    view, entry = _seen([*SILENT, open_], [_sms(30), _sms(40), early, *unlike])
    assert figures(view, entry).beside == 2


def test_what_a_dealer_loses_is_compared_with_other_dealers() -> None:
    """Nothing over the same dealer goes not over it; what is alike counts as itself."""
    view, entry = _seen(SILENT, [_sms(30, dealer="other")])
    alike = replace(entry, alike=("provider:all-of-it",))
    assert (figures(view, entry).beside, figures(view, alike).beside) == (0, 1)


def test_the_usual_time_is_that_of_what_arrives() -> None:
    """Log-normal, median 2 s, sigma 0.7: 99 % within 10.2 s, in a bin of 9 %."""
    view, entry = _seen(SILENT, [])
    usual = figures(view, entry).usual
    assert usual is not None
    assert us(10.1) < usual < us(11.1)


def test_confirm_probes_among_the_messages_are_counted() -> None:
    asked = [_kakao(7, 65, confirm=True), _kakao(8, 66, confirm=True)]
    view, entry = _seen([*SILENT, *asked], [])
    assert figures(view, entry).confirms == 2


def test_a_part_nobody_knows_any_more_has_no_messages() -> None:
    view, entry = _seen(SILENT, [])
    found = figures(view, replace(entry, component="worker:gone"))
    assert (found.messages, found.beside, found.usual) == (0, 0, None)


NONE = Figures(0, 0, 0, 0, 0, 0, 0, None, 0)


def _open(entry: Entry) -> Incident:
    sums = closing.opened(entry.hypothesis, 0)
    return Incident("p@1", entry, 0, 0, 0, entry.routes, sums, entry.hypothesis)


def _again(last: Counted, entry: Entry, view: View) -> bool:
    """Is the incident counted once more?"""
    return counted({"p@1": last}, view, State(open=(_open(entry),)))["p@1"] is not last


def test_an_incident_is_counted_when_it_opens_and_after_ten_seconds_of_new_evidence() -> None:
    view, entry = _seen(SILENT, [])
    first = counted({}, view, State(open=(_open(entry),)))["p@1"]
    assert first.figures == figures(view, entry)
    newer, renamed = replace(entry), replace(entry, component="platform:P/other")
    at = view.now
    assert not _again(Counted(at - us(9), entry, NONE), newer, view)
    assert _again(Counted(at - us(10), entry, NONE), newer, view)
    assert _again(Counted(at - us(1), entry, NONE), renamed, view)


def test_what_evidence_names_no_more_keeps_its_figures() -> None:
    view, entry = _seen(SILENT, [])
    assert not _again(Counted(0, entry, NONE), entry, view)


def test_what_is_closed_keeps_its_figures_and_what_is_forgotten_has_none() -> None:
    view, entry = _seen(SILENT, [])
    last = {"p@1": Counted(0, entry, NONE), "gone@0": Counted(0, entry, NONE)}
    assert counted(last, view, State(closed=(_open(entry),))) == {"p@1": last["p@1"]}
