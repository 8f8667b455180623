"""A probe mail from the adapter to evidence, over a relay and a real IMAP server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.contracts.vocabulary import AnswerResult, ClockSource, Placement, ReportState
from tests.support.mail import Post, posting
from tests.support.waiting import eventually

SOON_S = 15.0


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with posting(tmp_path) as post:
        yield post


async def test_a_mail_is_accepted_seen_in_the_inbox_and_reported_delivered(post: Post) -> None:
    async with post.watching():
        message = post.message()
        result = await post.send(message)
        assert result.result is AnswerResult.ACCEPTED
        (seen,) = await eventually(lambda: post.seen(message.probe_id), SOON_S)
        (report,) = await eventually(lambda: post.reports(message.probe_id), SOON_S)
    assert (seen.placement, seen.clock) == (Placement.INBOX, ClockSource.MAIL_SERVER)
    assert (seen.receiver, seen.platform) == ("naver-01", "naver-mail")
    assert report.state is ReportState.DELIVERED
    assert report.provider_message_id == result.provider_message_id
    assert {beat.source for beat in post.beats()} == {
        "observer/naver-01/imap", "observer/daum-01/imap",
    }  # fmt: skip
