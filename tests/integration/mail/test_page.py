"""A page by mail, over a relay into a mailbox of a real IMAP server."""

from collections.abc import AsyncIterator
from contextlib import closing
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from pathlib import Path

import pytest

from services.alerting.paging.message import Contract, Message, Result, Target
from services.alerting.paging.notifiers import Notifiers
from services.alerting.paging.notifiers.base import Outside
from services.local.child import HOST
from services.runtime.http import Destination
from tests.support.mail import Post, posting
from tests.support.notifying import LINK, a_message, an_all_clear
from tests.support.waiting import eventually

SOON_S = 15.0


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with posting(tmp_path) as post:
        yield post


async def told(post: Post, message: Message) -> None:
    account = post.catalogue.accounts["mail"]
    contract = Contract(
        account, post.secrets.fields(account.secret), post.catalogue.senders["moel-email"],
        None, "email",
    )  # fmt: skip
    to = post.secrets.one("receiver-naver-01", "address")
    relay = Destination(url=f"smtp://{HOST}:{post.ports.smtp_port}")
    notifiers = Notifiers(Outside({"mail": relay}))
    answer = await notifiers.send(message, Target("m", "email", to, contract=contract), SOON_S)
    assert answer.result is Result.ACCEPTED, answer


def arrived(post: Post) -> list[Mail]:
    """What lies in the mailbox, oldest first."""
    with closing(post.mailbox()) as box:
        box.select_folder("INBOX", readonly=True)
        found = box.fetch(box.search(), ["RFC822"])
    return [message_from_bytes(found[uid][b"RFC822"]) for uid in sorted(found)]


async def test_page_and_all_clear_arrive_as_one_thread_and_are_no_evidence(post: Post) -> None:
    async with post.watching():
        await told(post, a_message())
        await eventually(lambda: len(arrived(post)) == 1, SOON_S)
        await told(post, an_all_clear())
        first, last = await eventually(
            lambda: mails if len(mails := arrived(post)) == 2 else None, SOON_S
        )
        probe = post.message()
        await post.send(probe)
        await eventually(lambda: post.seen(probe.probe_id), SOON_S)
    assert last["References"] == first["Message-ID"]
    assert str(make_header(decode_header(first["Subject"]))) == "카카오톡: 전달되지 않음"
    html = next(part for part in first.walk() if part.get_content_type() == "text/html")
    assert LINK.encode() in html.get_payload(decode=True)
    assert {seen.probe_id for seen in post.seen()} == {probe.probe_id}
