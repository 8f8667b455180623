"""A probe mail from the adapter to evidence and outcome, over a relay and a real IMAP server."""

import functools
import json
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope

from services.adapters.email import written
from services.contracts.vocabulary import (
    AnswerResult,
    ClockSource,
    FaultDomain,
    Outcome,
    Placement,
    ReportState,
)
from services.runtime.errors import Stop
from simulators import mail_reports
from simulators.faults import Fault, State
from tests.support.greenmail import EmbeddedGreenMail
from tests.support.mail import Post, posting
from tests.support.proxy import without_idle
from tests.support.waiting import eventually

SOON_S = 15.0
BOUNCES = "bounces@mail-relay.invalid"


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with posting(tmp_path) as post:
        yield post


async def arrived_and_reported(post: Post) -> None:
    message = post.message()
    result = await post.send(message)
    assert result.result is AnswerResult.ACCEPTED
    (seen,) = await eventually(lambda: post.seen(message.probe_id), SOON_S)
    (report,) = await eventually(lambda: post.reports(message.probe_id), SOON_S)
    assert (seen.placement, seen.clock) == (Placement.INBOX, ClockSource.MAIL_SERVER)
    assert (seen.receiver, seen.platform) == ("naver-01", "naver-mail")
    assert report.state is ReportState.DELIVERED
    assert report.provider_message_id == result.provider_message_id
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert verdict.outcome is Outcome.DELIVERED


async def test_a_mail_is_accepted_seen_in_the_inbox_and_reported_delivered(post: Post) -> None:
    async with post.watching():
        await arrived_and_reported(post)
    assert {beat.source for beat in post.beats()} == {
        "observer/naver-01/imap", "observer/daum-01/imap",
    }  # fmt: skip


async def test_mail_after_mail_is_pushed_over_one_connection(post: Post) -> None:
    async with post.watching():
        for _ in range(6):
            message = post.message()
            await post.send(message)
            await eventually(functools.partial(post.seen, message.probe_id), SOON_S)
        assert post.failures() == 0


async def test_a_mailbox_of_another_instance_is_read_once_its_partition_comes(post: Post) -> None:
    post.owned.clear()
    async with post.watching():
        message = post.message()
        await post.send(message)
        with closing(post.mailbox()) as box:
            await eventually(lambda: box.select_folder("INBOX")[b"EXISTS"], SOON_S)
        assert post.publisher.records == []
        post.owned.add(0)
        await eventually(lambda: post.seen(message.probe_id), SOON_S)


async def test_a_second_imap_server_agrees(tmp_path: Path) -> None:
    async with posting(tmp_path, EmbeddedGreenMail) as post, post.watching():
        await arrived_and_reported(post)


async def test_temporary_files_may_be_on_a_file_system_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/dev/shm")  # in memory, on Linux
    async with posting(tmp_path) as post, post.watching():
        await arrived_and_reported(post)


async def test_a_server_that_cannot_push_is_looked_at(post: Post) -> None:
    async with without_idle(post.imap.port) as port:
        address = f"imap://127.0.0.1:{port}"
        async with post.watching(naver_01=address):
            await eventually(post.beats, SOON_S)
            await arrived_and_reported(post)


async def test_a_no_for_now_is_asked_again_within_the_slot_and_then_rejected(post: Post) -> None:
    post.mode(reply="450 4.2.0")
    message = post.message()
    result = await post.send(message, within_s=3.0)
    assert (result.result, result.code) == (AnswerResult.REFUSED, "450")
    assert result.fault is FaultDomain.PLATFORM
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert verdict.outcome is Outcome.REJECTED


async def test_every_answer_of_the_relay_proves_that_it_was_reached(post: Post) -> None:
    await post.send(post.message())
    post.mode(reply="550 5.1.1")
    await post.send(post.message())
    assert post.told == [250, 550]


async def test_a_wrong_password_is_not_tried_again_until_the_secret_changes(post: Post) -> None:
    file = post.folder / "secrets" / "imap-naver-01.json"
    right = file.read_text(encoding="utf-8")
    file.write_text(json.dumps(json.loads(right) | {"password": "wrong-0001"}), encoding="utf-8")

    async with post.watching():
        await eventually(post.failures, SOON_S)
        await eventually(post.beats, SOON_S)  # of the other mailbox
        message = post.message()
        await post.send(message)
        await eventually(lambda: post.reports(message.probe_id), SOON_S)
        assert post.failures() == 1
        assert post.seen() == []
        file.write_text(right, encoding="utf-8")
        await eventually(lambda: post.seen(message.probe_id), SOON_S)


@pytest.mark.parametrize("share", [1.0, 0.99])  # of a share only the recipient decides, later
async def test_a_suspended_account_is_locked_out_and_stops(post: Post, share: float) -> None:
    fault = Fault(component="account:mail", state=State.REFUSING, share=share)
    post.faults.put(fault, datetime.now(UTC))
    with pytest.raises(Stop) as stopped:
        await post.send(post.message())
    assert stopped.value.reason == "credentials"


@pytest.mark.parametrize("component", ["sender:moel-email", "body:moel"])
async def test_a_sender_or_body_that_the_relay_does_not_want_is_exempt(
    post: Post, component: str
) -> None:
    post.faults.put(Fault(component=component, state=State.REFUSING), datetime.now(UTC))
    message = post.message()
    result = await post.send(message)
    assert (result.result, result.fault) == (AnswerResult.REFUSED, FaultDomain.BODY)
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert verdict.outcome is Outcome.EXEMPT


async def test_greylisting_at_the_relay_costs_a_try_and_no_more(post: Post) -> None:
    post.mode(greylist=True)
    async with post.watching():
        await arrived_and_reported(post)


async def test_greylisting_behind_the_relay_is_pending_and_then_what_arrives(post: Post) -> None:
    post.mode(defer_s=2.0)
    async with post.watching():
        message = post.message()
        result = await post.send(message)
        (delayed,) = await eventually(lambda: post.reports(message.probe_id), SOON_S)
        assert (delayed.state, delayed.code) == (ReportState.PENDING, "4.7.1")
        await eventually(lambda: post.seen(message.probe_id), SOON_S)
        states = await eventually(
            lambda: len(post.reports(message.probe_id)) == 2 and post.reports(message.probe_id),
            SOON_S,
        )
    assert [report.state for report in states] == [ReportState.PENDING, ReportState.DELIVERED]
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert verdict.outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("status", "fault", "outcome"),
    [
        ("5.3.2", FaultDomain.PLATFORM, Outcome.REJECTED),
        ("5.1.1", FaultDomain.HANDSET, Outcome.VOID),  # nobody reached that mailbox lately
        ("5.7.1", FaultDomain.BODY, Outcome.EXEMPT),
    ],
)
async def test_a_bounce_at_once_is_a_no_of_its_class(
    post: Post, status: str, fault: FaultDomain, outcome: Outcome
) -> None:
    post.mode(bounce=status)
    async with post.watching():
        message = post.message()
        result = await post.send(message)
        (bounce,) = await eventually(lambda: post.reports(message.probe_id), SOON_S)
    assert (bounce.state, bounce.code, bounce.fault) == (ReportState.FAILED, status, fault)
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert verdict.outcome is outcome
    reached = post.verdict(message, result, reached=True)
    assert reached is not None
    assert reached.outcome is (Outcome.REJECTED if outcome is Outcome.VOID else outcome)


async def test_a_bounce_in_plain_words_is_kept_as_unknown_and_counted(post: Post) -> None:
    async with post.watching():
        message = post.message()
        own_id = f"<{message.probe_id}@mail-relay.invalid>"
        words = f"To: bounces+{message.probe_id}@mail-relay.invalid\n\nLost: {own_id}\n"
        with closing(post.mailbox("mail-relay-bounces")) as box:
            box.append("INBOX", words.encode(), msg_time=datetime.now(UTC))
        (bounce,) = await eventually(lambda: post.reports(message.probe_id), SOON_S)
        counted = ("bongsu_unmapped_codes_total", {"adapter": "email"})
        await eventually(lambda: post.registry.get_sample_value(*counted) == 1, SOON_S)
    assert (bounce.state, bounce.code) == (ReportState.UNKNOWN, "unparsed")


async def test_a_bounce_after_an_hour_rejects_as_one_at_once(post: Post) -> None:
    post.mode(bounce="5.3.2", bounce_after_s=3600)
    post.clock.ahead = timedelta(hours=1, minutes=1)
    async with post.watching():
        message = post.message()
        result = await post.send(message)
        at = datetime.now(UTC) + timedelta(hours=1)
        envelope = Envelope()
        envelope.mail_from = f"bounces+{message.probe_id}@mail-relay.invalid"
        envelope.rcpt_tos = [message.to.get_secret_value()]
        envelope.content = written(message, BOUNCES).as_bytes()
        late = mail_reports.dsn(envelope, "failed", "5.3.2", at)
        with closing(post.mailbox("mail-relay-bounces")) as box:
            box.append("INBOX", late, msg_time=at)
        (bounce,) = await eventually(lambda: post.reports(message.probe_id), SOON_S)
    assert bounce.reported_at == at.replace(microsecond=0)
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, "platform")


async def test_what_lies_in_the_spam_folder_is_undelivered(post: Post) -> None:
    post.mode(spam=True)
    async with post.watching():
        message = post.message()
        result = await post.send(message)
        (seen,) = await eventually(lambda: post.seen(message.probe_id), within=40)
    assert seen.placement is Placement.SPAM
    verdict = post.verdict(message, result)
    assert verdict is not None
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDELIVERED, "spam")


async def test_a_mail_whose_answer_is_lost_is_unclear_and_seen(post: Post) -> None:
    post.mode(silent=True)
    async with post.watching():
        message = post.message()
        result = await post.send(message)
        assert result.result is AnswerResult.UNCLEAR
        assert post.relay.taken == 1
        await eventually(lambda: post.seen(message.probe_id), SOON_S)


async def test_a_restart_of_the_mail_server_and_new_uids_lose_and_double_nothing(
    post: Post,
) -> None:
    async with post.watching():
        before = post.message()
        await post.send(before)
        await eventually(lambda: post.seen(before.probe_id), SOON_S)
        post.imap.kill()
        between = post.message()
        await post.send(between)  # the mail service keeps it until its mailboxes are back
        for uids in (post.folder / "mail").rglob("dovecot-uidlist"):
            uids.unlink()  # the server numbers its mails anew: another UIDVALIDITY
        await post.imap.start()
        await eventually(lambda: post.seen(between.probe_id), within=30)
        after = post.message()
        await post.send(after)
        await eventually(lambda: post.seen(after.probe_id), SOON_S)
    first = {seen.event_id for seen in post.seen()}
    assert len(post.seen()) == len(first) == 3
    async with post.watching():  # another process: it reads all again, and names it the same
        await eventually(lambda: len(post.seen()) == 6, SOON_S)
    assert {seen.event_id for seen in post.seen()} == first


async def test_while_kafka_is_away_nothing_is_passed_over(post: Post) -> None:
    async with post.watching():
        post.publisher.away = True
        message = post.message()
        await post.send(message)
        await eventually(lambda: post.publisher.refused >= 2, SOON_S)
        post.publisher.away = False
        await eventually(lambda: post.seen(message.probe_id), SOON_S)


async def test_our_mails_go_after_three_days_and_nothing_else_does(post: Post) -> None:
    old = datetime.now(UTC) - timedelta(days=5)
    own = written(post.message(slot=old), BOUNCES).as_bytes()
    with closing(post.mailbox()) as box:
        box.append("INBOX", own, msg_time=old)
        box.append("INBOX", b"Subject: a letter\r\n\r\nHello\r\n", msg_time=old)

        def left() -> int:
            box.select_folder("INBOX", readonly=True)
            return len(box.search())

        assert left() == 2
        async with post.watching():
            await eventually(lambda: left() == 1, SOON_S)
        assert box.search(["SUBJECT", "a letter"])
