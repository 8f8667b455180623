"""What goes out on the routes of the shipped catalogue: whose words, how long, how announced."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.adapters import discover
from services.adapters.base import Message
from services.catalogue.load import load
from services.contracts import ids, text
from services.contracts.catalogue import Catalogue
from services.contracts.vocabulary import Channel
from services.local.keys import make_secrets
from services.probe.message import announcement, build_message
from services.probe.schedule import PlannedProbe
from services.runtime.secrets import SecretFolder
from tests.support.builders import CONTENT_KEY, SLOT
from tests.support.commands import ROOT
from tests.support.probing import KEYS

LATER = SLOT + timedelta(milliseconds=40)
CATALOGUE = load(ROOT / "catalogue").catalogue(UUID(int=0))


@pytest.fixture
def secrets(tmp_path: Path) -> SecretFolder:
    make_secrets(tmp_path, CATALOGUE, discover())
    return SecretFolder(tmp_path)


def planned(route: str, catalogue: Catalogue = CATALOGUE) -> PlannedProbe:
    return PlannedProbe(catalogue, catalogue.routes[route], "skt-01", SLOT)


def size(words: str) -> int:
    return len(words.encode("euc-kr"))


def assert_announced(probe: PlannedProbe, message: Message) -> None:
    """The event holds the digest of what is sent."""
    event = announcement(probe, message, KEYS, SLOT)
    assert event.text_digest == text.digest(CONTENT_KEY, message.text)
    assert event.text_chars == len(message.text)


def test_a_brand_message_says_what_its_senders_template_says(secrets: SecretFolder) -> None:
    probe = planned("geoje.brandmessage.sens")
    message = build_message(probe, KEYS, secrets)
    (template,) = CATALOGUE.senders["geoje-brandmessage"].templates
    nonce = ids.write_nonce(message.probe_id, 0)
    assert message.text == template.text.replace("#{점검번호}", nonce)
    assert message.text.startswith("[거제시] ")
    assert (message.identity, message.substitute) == ("@bongsugeoje", None)
    assert_announced(probe, message)


def test_a_dealer_that_calls_a_channel_by_a_key_is_told_the_key_which_nothing_shows(
    secrets: SecretFolder,
) -> None:
    message = build_message(planned("geoje.alimtalk.nhn"), KEYS, secrets)
    key = secrets.one("sender-key-geoje-nhn", "sender_key").get_secret_value()
    assert (len(key), message.identity, message.sender_number) == (40, key, None)
    assert key not in repr(message)


def test_due_times_count_from_the_announcement(secrets: SecretFolder) -> None:
    probe = planned("geoje.alimtalk.sens")
    sent = announcement(probe, build_message(probe, KEYS, secrets), KEYS, LATER)
    late = timedelta(seconds=CATALOGUE.late_s(probe.route))
    assert sent.accepted_due == LATER + timedelta(seconds=30)
    assert sent.reported_due == LATER + timedelta(hours=26)
    assert (sent.seen_due, sent.opened_due) == (LATER + late, None)


def test_an_lms_is_too_long_to_be_an_sms_and_an_sms_is_not(secrets: SecretFolder) -> None:
    long, short = planned("moel.lms.sens"), planned("moel.sms.sens")
    assert 90 < size(build_message(long, KEYS, secrets).text) <= 2_000
    assert size(build_message(short, KEYS, secrets).text) <= 90
    assert_announced(long, build_message(long, KEYS, secrets))


def test_a_substitute_is_as_long_as_its_channel_asks_for(secrets: SecretFolder) -> None:
    message = build_message(planned("eumseong.alimtalk.sens"), KEYS, secrets)
    substitute = message.substitute
    assert substitute is not None
    assert substitute.channel is Channel.LMS
    assert 90 < size(substitute.text) <= 2_000
    assert ids.read_nonce(substitute.text[:40]) == (message.probe_id, 1)
