"""What stands beside the cause that was named: all it cannot be told from, each once."""

from dataclasses import replace

from services.alerting.detection import closing
from services.alerting.detection.detector import Detector, Limits, Memory
from services.alerting.detection.explain import Entry
from services.alerting.detection.likelihood import NAT, Hypothesis
from services.alerting.detection.state import Apart, Incident, State
from services.alerting.incidents.rows import candidates

DAUM = Entry(
    component="platform:daum-mail", hypothesis=Hypothesis.DEAD, gain=70 * NAT, onset=0, counted=18,
    against=18, recovered=0, alike=("platform:daum-mail/email",), routes=frozenset({"moel.email"}),
)  # fmt: skip
RELAY = replace(DAUM, component="provider:relay", alike=("account:relay", "sender:moel-email"))


def _listed(*others: Entry, margin: int = NAT) -> list[tuple[str, bool]]:
    """Mail to one mail service is not there; all of it went by one relay."""
    detector = Detector(Memory(0, 0, {}), 0, Limits(1.0, 0))
    sums = closing.opened(DAUM.hypothesis, 0)
    incident = Incident("daum@1", DAUM, 0, 0, 0, DAUM.routes, sums, DAUM.hypothesis)
    detector.state = State(open=(incident,))
    detector.apart = {incident.id: Apart(margin, others)}
    return [(one.component, one.separated) for one in candidates(detector, incident.id)]


def test_what_the_cause_cannot_be_told_from_is_listed_with_all_that_has_the_same_messages() -> None:
    named = ["platform:daum-mail", "platform:daum-mail/email"]
    rivals = ["provider:relay", "account:relay", "sender:moel-email"]
    assert _listed(RELAY) == [(name, False) for name in (*named, *rivals)]


def test_what_it_was_told_apart_from_says_so() -> None:
    found = dict(_listed(RELAY, margin=9 * NAT))
    assert found["platform:daum-mail"]
    assert not found["platform:daum-mail/email"]
    assert found["sender:moel-email"]


def test_nothing_is_listed_twice() -> None:
    found = _listed(RELAY, replace(RELAY, component="sender:moel-email", alike=()), DAUM)
    assert found == _listed(RELAY)
