"""Puts mails into mailboxes of a real IMAP server, for as long as it takes.

In:  a mailbox, a folder, a mail. Out: it is stored, once the server is there.
Before: `mail.py`. After: whoever reads the mailbox. One thread, one connection a mailbox; an APPEND
whose answer is lost is repeated, which makes no new mail: the bytes are the same.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from imaplib import IMAP4
from typing import Any

import structlog
from imapclient import IMAPClient

from simulators.config import MailConfig

ANSWER_WITHIN_S = 5.0
AGAIN_S = 0.5
MOST_WAITING = 20_000
log = structlog.get_logger()


class Boxes:
    """All mailboxes, by the id of their receiver, and that of the bounces."""

    def __init__(self, config: MailConfig) -> None:
        self._host, self._port = config.imap_host, config.imap_port
        self._logins = {
            box.id: (box.username, box.password) for box in (*config.mailboxes, config.bounce_box)
        }
        self._open: dict[str, IMAPClient] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="append")
        self._waiting: set[asyncio.Task[None]] = set()
        self._closed = False

    def put(self, box: str, folder: str, mail: bytes) -> None:
        """Store a mail, now or as soon as the server is there."""
        if len(self._waiting) >= MOST_WAITING:
            log.error("a mail is lost: too many wait for the mail server", mailbox=box)
            return
        self._start(self._until_stored(box, folder, mail))

    def after(self, wait: timedelta, work: Callable[[], None]) -> None:
        """Do something later, unless the world ends first."""
        self._start(_later(wait.total_seconds(), work))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if self._closed:  # the world ends: messages still arrive while its parts are stopped
            return work.close()
        task = asyncio.create_task(work)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        self._closed = True
        for task in tuple(self._waiting):
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        for client in self._open.values():
            client.shutdown()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _until_stored(self, box: str, folder: str, mail: bytes) -> None:
        loop, at = asyncio.get_running_loop(), datetime.now(UTC)
        while True:
            try:
                return await loop.run_in_executor(self._pool, self._store, box, folder, mail, at)
            except (IMAP4.error, OSError):
                await asyncio.sleep(AGAIN_S)

    def _store(self, box: str, folder: str, mail: bytes, at: datetime) -> None:
        client = self._open.pop(box, None) or self._connect(box)
        try:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, mail, msg_time=at)
        except BaseException:
            client.shutdown()
            raise
        self._open[box] = client

    def _connect(self, box: str) -> IMAPClient:
        username, password = self._logins[box]
        client = IMAPClient(self._host, self._port, ssl=False, timeout=ANSWER_WITHIN_S)
        try:
            client.login(username, password.get_secret_value())
        except BaseException:
            client.shutdown()
            raise
        return client


async def _later(seconds: float, work: Callable[[], None]) -> None:
    await asyncio.sleep(seconds)
    work()
