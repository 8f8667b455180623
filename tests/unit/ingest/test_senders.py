"""Whose registered number a phone showed: ids of the catalogue's senders, never the number."""

import json
from pathlib import Path

import pytest

from services.contracts.catalogue import Quota, Sender, build
from services.contracts.vocabulary import Channel
from tests.support.builders import REVISION
from tests.unit.ingest.handset import Ingest, a_notification, a_receiver, an_sms, write_secrets

NUMBER = "15880000"  # that of `an_sms`


@pytest.fixture
def told(ingest: Ingest, tmp_path: Path) -> Ingest:
    """Two senders with the number of `an_sms`, one with another, one whose secret is missing."""
    write_secrets(tmp_path)
    numbers = {"geoje-sms": "1588-0000", "geoje-lms": NUMBER, "moel-sms": "0200000001"}
    for name, number in numbers.items():
        (tmp_path / f"number-{name}.json").write_text(json.dumps({"number": number}))
    senders = [
        Sender(
            id=name, body="geoje", account="sens", channel=Channel.SMS, quota=Quota(),
            secret=f"number-{name}",
        )
        for name in (*numbers, "lost-sms")
    ]  # fmt: skip
    objects = [("receiver", a_receiver()), *(("sender", sender) for sender in senders)]
    ingest.in_force = build(REVISION, objects)
    return ingest


async def test_every_sender_with_that_number_is_named_and_the_number_is_not(told: Ingest) -> None:
    await told.gateway(an_sms())
    (seen,) = told.records
    assert seen.senders == ("geoje-sms", "geoje-lms")
    assert NUMBER not in seen.model_dump_json()


async def test_a_number_that_is_nobody_s_names_no_sender(told: Ingest) -> None:
    body = an_sms().replace(NUMBER.encode(), b"15889999")
    await told.gateway(body)
    assert told.records[0].senders == ()


async def test_a_notification_shows_no_number(told: Ingest) -> None:
    await told.forwarder(a_notification())
    assert told.records[0].senders is None
