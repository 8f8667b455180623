"""The link of a document: it fits, it says its probe, and nobody else can make or change one."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.contracts import ids, links, text
from tests.support.builders import ID_KEY, a_probe_id

PROBE = a_probe_id()
ADDRESS = "https://bongsu.example.go.kr"
LONGEST_ACCOUNT, LONGEST_RECEIVER = "kpdoc", "receiver-01"


def _ticket(link: str) -> str:
    return link.rpartition("/")[2]


def test_a_link_fits_into_the_hundred_characters_of_a_document() -> None:
    link = links.document_link(ADDRESS, ID_KEY, LONGEST_ACCOUNT, LONGEST_RECEIVER, PROBE)
    assert link.startswith(f"{ADDRESS}/edoc/kpdoc/receiver-01/")
    assert len(link) <= 100


def test_a_title_carries_the_nonce_in_thirty_five_characters() -> None:
    title = text.document_title(PROBE)
    assert len(title) == 35
    assert ids.read_nonce(title) == (PROBE, 0)


@given(st.integers(0, 2**62 - 1))
def test_a_link_says_its_probe(random: int) -> None:
    probe = UUID(int=PROBE.int >> 62 << 62 | random)
    ticket = _ticket(links.document_link(ADDRESS, ID_KEY, "kpdoc", "skt-01", probe))
    assert links.read_ticket(ID_KEY, "kpdoc", "skt-01", ticket) == (probe, 0)


def test_a_link_is_good_for_its_account_receiver_and_key_only() -> None:
    ticket = _ticket(links.document_link(ADDRESS, ID_KEY, "kpdoc", "skt-01", PROBE))
    assert links.read_ticket(ID_KEY, "kpdoc", "kt-01", ticket) is None
    assert links.read_ticket(ID_KEY, "other", "skt-01", ticket) is None
    assert links.read_ticket(b"another key", "kpdoc", "skt-01", ticket) is None
    assert links.read_ticket(ID_KEY, "kpdocs", "kt-01", ticket) is None


@given(st.text(), st.integers(0, 41), st.integers(0, 42))
def test_a_changed_ticket_is_none(patch: str, start: int, length: int) -> None:
    ticket = _ticket(links.document_link(ADDRESS, ID_KEY, "kpdoc", "skt-01", PROBE))
    changed = ticket[:start] + patch + ticket[start + length :]
    read = links.read_ticket(ID_KEY, "kpdoc", "skt-01", changed)
    assert (read == (PROBE, 0)) if changed == ticket else (read is None)
