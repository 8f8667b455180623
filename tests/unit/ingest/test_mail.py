"""What mails say of a probe, and that ten thousand broken ones never say more."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from aiosmtpd.smtp import Envelope
from pydantic import SecretStr

from services.adapters.base import Message, Report
from services.adapters.email import written
from services.contracts import ids, text
from services.contracts.vocabulary import (
    Channel,
    ClockSource,
    FaultDomain,
    Placement,
    ReportState,
)
from services.ingest import mail
from services.ingest.receivers.base import Observation
from services.runtime.errors import SetAside
from simulators import mail_reports
from tests.support.builders import SECOND, SLOT, a_probe_id
from tests.support.mutants import mutants

COUNT = 10_000
PROBE = a_probe_id()
BOUNCES = "bounces@bongsu.test"
WORDS = text.probe_text(PROBE, 0, Channel.EMAIL)
STORED, NOW = SLOT + 3 * SECOND, SLOT + 10 * SECOND


def a_mail() -> bytes:
    """As it stands in a mailbox: sent by the adapter, with a trace line on top."""
    message = Message(
        PROBE, Channel.EMAIL, SecretStr("box@naver.test"), WORDS, identity="probe@bongsu.test"
    )
    return mail_reports.received_line("a1b2", STORED) + written(message, BOUNCES).as_bytes()


def a_bounce(action: str, status: str, at: datetime = STORED) -> bytes:
    envelope = Envelope()
    envelope.mail_from = f"bounces+{PROBE}@bongsu.test"
    envelope.mail_options = [f"ENVID={PROBE}"]
    envelope.rcpt_tos, envelope.content = ["box@naver.test"], a_mail()
    return mail_reports.dsn(envelope, action, status, at)


def observed(raw: bytes, stored_at: datetime = STORED) -> tuple[ids.Nonce, Observation]:
    return mail.observation(raw, stored_at, "naver-01", Placement.INBOX, NOW)


def reported(raw: bytes) -> Report:
    probe_id, report = mail.report(raw, STORED, BOUNCES)
    assert probe_id == PROBE
    return report


def test_a_mail_is_read_by_header_subject_and_text() -> None:
    nonce, seen = observed(a_mail())
    assert nonce == ids.Nonce(PROBE, 0)
    assert seen.text == WORDS
    assert (seen.observed_min, seen.observed_max) == (STORED, STORED + SECOND)
    assert seen.clock is ClockSource.MAIL_SERVER


def test_a_relay_that_strips_our_header_leaves_the_subject() -> None:
    stripped = a_mail().replace(b"X-Bongsu-Probe", b"X-Other")
    assert mail.nonce_of(stripped) == observed(stripped)[0] == ids.Nonce(PROBE, 0)


def test_mails_of_others_name_no_probe() -> None:
    assert mail.nonce_of(b"Subject: =?utf-8?b?7JWI64WV?=\r\n\r\n") is None
    assert mail.probe_of(b"To: bounces@bongsu.test, somebody@else.test\r\n\r\n", BOUNCES) is None


def test_a_mail_that_names_two_probes_is_of_none() -> None:
    other = ids.write_nonce(a_probe_id(SLOT + SECOND), 0).encode()
    with pytest.raises(SetAside, match="contradicts"):
        observed(a_mail().replace(ids.write_nonce(PROBE, 0).encode(), other, 1))


def test_the_same_mail_has_the_same_name_on_every_server_and_a_copy_another() -> None:
    unix = a_mail().replace(b"\r\n", b"\n")
    assert observed(a_mail())[1].own_id == observed(unix)[1].own_id
    copy = a_mail().replace(b"a1b2", b"a1b3")
    assert observed(copy)[1].own_id != observed(a_mail())[1].own_id


@pytest.mark.parametrize("wrong", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_mail_server_with_a_wrong_clock_counts_by_ours(wrong: timedelta) -> None:
    _, seen = observed(a_mail(), STORED + wrong)
    assert (seen.observed_min, seen.observed_max) == (SLOT, NOW)
    assert seen.clock is ClockSource.INGEST


STATES = [
    ("delivered", "2.0.0", ReportState.DELIVERED, None),
    ("relayed", "2.0.0", ReportState.PENDING, None),
    ("delayed", "4.4.1", ReportState.PENDING, None),
    ("failed", "5.1.1", ReportState.FAILED, FaultDomain.HANDSET),
    ("failed", "4.4.7", ReportState.FAILED, FaultDomain.PLATFORM),
    ("failed", "5.7.1", ReportState.FAILED, FaultDomain.BODY),
    ("failed", "5.9.9", ReportState.FAILED, FaultDomain.HANDSET),  # the 550 of the reply decides
    ("delivered", "5.1.1", ReportState.UNKNOWN, None),
    ("failed", "2.0.0", ReportState.UNKNOWN, None),
    ("perhaps", "2.0.0", ReportState.UNKNOWN, None),
]


@pytest.mark.parametrize(("action", "status", "state", "fault"), STATES)
def test_a_report_says_what_its_action_and_status_say_together(
    action: str, status: str, state: ReportState, fault: FaultDomain | None
) -> None:
    raw = a_bounce("failed", status).replace(b"Action: failed", f"Action: {action}".encode())
    report = reported(raw)
    assert (report.state, report.code, report.fault) == (state, status, fault)
    assert report.provider_message_id == f"<{PROBE}@bongsu.test>"
    assert report.reported_at == STORED


def test_no_address_and_no_free_text_stays_in_a_report() -> None:
    assert reported(a_bounce("failed", "5.2.2")).fields == {
        "action": "failed", "reply": "550", "reportingServer": "mx.bongsu.test",
        "remoteServer": "mail.bongsu.test",
    }  # fmt: skip
    sly = a_bounce("failed", "5.2.2").replace(b"dns; mx.bongsu.test", b"dns; box@naver.test")
    assert "box@naver.test" not in str(reported(sly))


def test_a_bounce_in_plain_words_is_unknown() -> None:
    words = f"To: bounces+{PROBE}@bongsu.test\r\n\r\nNo box here.\r\n> Message-ID: <{PROBE}@x>\r\n"
    report = reported(words.encode())
    assert (report.state, report.code) == (ReportState.UNKNOWN, mail.UNPARSED)


def test_an_address_alone_proves_nothing() -> None:
    with pytest.raises(SetAside, match="unproven"):
        reported(f"To: bounces+{PROBE}@bongsu.test\r\n\r\nWho are you?\r\n".encode())


def test_a_report_about_another_envelope_is_refused() -> None:
    other = str(a_probe_id(SLOT + SECOND)).encode()
    raw = a_bounce("failed", "5.1.1")
    line = b"Original-Envelope-Id: "
    with pytest.raises(SetAside, match="contradicts"):
        reported(raw.replace(line + str(PROBE).encode(), line + other))


def test_a_time_that_cannot_be_is_replaced_by_the_mailbox_s() -> None:
    late = format_datetime(SLOT + timedelta(days=400)).encode()
    right = b"Last-Attempt-Date: " + format_datetime(STORED).encode()
    raw = a_bounce("failed", "5.1.1").replace(right, b"Last-Attempt-Date: " + late)
    assert reported(raw).reported_at == STORED


def shuffled(body: bytes, dice: random.Random) -> bytes:
    """Lines lost, doubled or changed with each other, as a middle box might."""
    lines = body.split(b"\r\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(3):
        case 0:
            del lines[one]
        case 1:
            lines.insert(one, lines[other])
        case _:
            lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def broken(body: bytes, seed: int) -> list[bytes]:
    dice = random.Random(seed)
    bytewise = [*mutants(body, seed, COUNT // 2)]
    return bytewise + [shuffled(body, dice) for _ in range(COUNT - len(bytewise))]


def answer_of(read: Callable[[bytes], object], raw: bytes) -> object:
    """What is read, or the reason why nothing is."""
    try:
        return read(raw)
    except SetAside as error:
        return error.reason


REASONS = {"malformed", "contradicts", "unproven"}


def test_a_broken_mail_is_never_of_another_probe() -> None:
    read = 0
    for mutant in broken(a_mail(), 31):
        answer = answer_of(observed, mutant)
        if isinstance(answer, str):
            assert answer in REASONS, mutant
            continue
        nonce, seen = answer  # type: ignore[misc]
        assert nonce == ids.Nonce(PROBE, 0), mutant
        assert seen.placement is Placement.INBOX
        read += 1
    assert read > COUNT // 4


@pytest.mark.parametrize(("action", "status"), [("failed", "5.1.1"), ("delayed", "4.4.1")])
def test_a_broken_bounce_is_never_of_another_probe_and_never_better(
    action: str, status: str
) -> None:
    whole, read = reported(a_bounce(action, status)), 0
    for mutant in broken(a_bounce(action, status), 32):
        answer = answer_of(lambda raw: mail.report(raw, STORED, BOUNCES), mutant)
        if isinstance(answer, str):
            assert answer in REASONS, mutant
            continue
        probe_id, report = answer  # type: ignore[misc]
        assert probe_id == PROBE, mutant
        assert report.state in (whole.state, ReportState.UNKNOWN), mutant
        assert report.provider_message_id == whole.provider_message_id
        read += 1
    assert read > COUNT // 4
