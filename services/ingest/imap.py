"""One IMAP connection: find new mails, fetch their first bytes, wait for more, delete old ones.

In:  where a mailbox is, and its login. Out: uids, header fields, mails; nothing is marked as read.
Before: `mailboxes.py`, which calls this in a thread. After: `mail.py` reads what was fetched.
Every call blocks, each answer at most ANSWER_WITHIN_S; `abort` from any thread ends it. Failures
are `FAILURES`; a wrong password is `LoginError`.
"""

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from imaplib import IMAP4
from selectors import EVENT_READ, DefaultSelector
from ssl import SSLContext
from threading import Event
from urllib.parse import urlsplit

from imapclient import DELETED, IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError
from pydantic import SecretStr

from services.adapters.email import LOOPBACK
from services.contracts.vocabulary import Placement
from services.runtime.errors import Stop

__all__ = ["FAILURES", "LoginError"]

# What the client raises, also on answers that are no IMAP: the connection is of no use then.
FAILURES = (
    IMAP4.error, OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError,
)  # fmt: skip
CONNECT_WITHIN_S, ANSWER_WITHIN_S = 5.0, 10.0
MOST_BYTES = 65_536  # of a mail
SLICE_S = 0.5
JUNK = b"\\Junk"
PORTS = {"imaps": 993, "imap": 143}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mailbox is and how to log in."""

    url: str
    username: SecretStr
    password: SecretStr
    trust: SSLContext | None = None
    plain: bool = False


@dataclass(slots=True)
class Folder:
    """One folder, and how far it was read: nothing yet, or up to a uid of this UIDVALIDITY."""

    name: str
    placement: Placement
    validity: int = 0
    last: int = 0
    exists: int = 0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, or the beginning of a large one, and when its server stored it (whole seconds)."""

    uid: int
    stored_at: datetime
    raw: bytes = field(repr=False)


class Box:
    """A logged-in connection. Raises Stop for an address in plain text that is not loopback, unless
    its settings allow it."""

    def __init__(self, place: Place) -> None:
        url = urlsplit(place.url)
        if url.scheme != "imaps" and url.hostname not in LOOPBACK and not place.plain:
            raise Stop("address", "imap:// is for loopback only")
        self._client = IMAPClient(
            url.hostname or "", url.port or PORTS[url.scheme], ssl=url.scheme == "imaps",
            ssl_context=place.trust, timeout=SocketTimeout(CONNECT_WITHIN_S, ANSWER_WITHIN_S),
        )  # fmt: skip
        self._folders = {"INBOX": Folder("INBOX", Placement.INBOX)}
        self._client.normalise_times = False  # aware times, in the server's own offset
        try:
            self._client.login(place.username.get_secret_value(), place.password.get_secret_value())
            self.idles = self._client.has_capability("IDLE")
        except BaseException:
            self.abort()
            raise

    def folders(self, spam: Iterable[str]) -> list[Folder]:
        """The inbox, and every folder that the server marks as spam or that is so called; some
        servers make it with the first spam."""
        known = {name.lower() for name in spam}
        for flags, delimiter, name in self._client.list_folders():
            called = name.rpartition((delimiter or b"/").decode())[2].lower()
            if JUNK in flags or called in known:
                self._folders.setdefault(name, Folder(name, Placement.SPAM))
        return list(self._folders.values())

    def look(self, folder: Folder, since: date) -> list[int]:
        """The uids that came since the last look; in a folder not read before (or whose uids are
        new), all that came on `since` or later."""
        opened = self._client.select_folder(folder.name, readonly=True)
        validity = int(opened[b"UIDVALIDITY"])
        if validity != folder.validity:
            folder.validity, folder.last = validity, 0
        folder.exists = int(opened[b"EXISTS"])
        if not folder.exists:
            return []
        wanted = ["UID", f"{folder.last + 1}:*"] if folder.last else ["SINCE", since]
        # `n:*` gives the last mail even where its uid is below n.
        return sorted(uid for uid in self._client.search(wanted) if uid > folder.last)

    def heads(self, uids: list[int], fields: Iterable[str]) -> Mapping[int, bytes]:
        """These header fields of mails of the folder looked at last."""
        item = f"BODY.PEEK[HEADER.FIELDS ({' '.join(fields)})]"
        fetched = self._client.fetch(uids, [item]) if uids else {}
        return {uid: _body(parts) for uid, parts in fetched.items()}

    def mails(self, uids: list[int]) -> list[Mail]:
        """The mails with these uids; of one larger than MOST_BYTES the header. (A partial fetch
        would do, but not every server writes its answer as one can read it.)"""
        about = self._client.fetch(uids, ["INTERNALDATE", "RFC822.SIZE"]) if uids else {}
        large = [uid for uid, parts in about.items() if parts[b"RFC822.SIZE"] > MOST_BYTES]
        small = [uid for uid in about if uid not in large]
        fetched = self._client.fetch(small, ["BODY.PEEK[]"]) if small else {}
        if large:
            fetched.update(self._client.fetch(large, ["BODY.PEEK[HEADER]"]))
        return [
            Mail(uid, about[uid][b"INTERNALDATE"], _body(parts)[:MOST_BYTES])
            for uid, parts in sorted(fetched.items())
        ]

    def idle(self, seconds: float, stop: Event) -> None:
        """Wait for a mail to come, at most so long, or until `stop`."""
        opened = self._client.select_folder("INBOX", readonly=True)
        if int(opened[b"EXISTS"]) > self._folders["INBOX"].exists:
            return  # it came since the look: nobody would tell of it
        self._client.idle()
        end = time.monotonic() + seconds
        # Only wait here: what came is read whole by `idle_done`. (`idle_check` reads without
        # waiting, and takes half a line for the end of the connection.)
        with DefaultSelector() as line:
            line.register(self._client.socket(), EVENT_READ)
            while not stop.is_set() and (left := end - time.monotonic()) > 0:
                if line.select(min(SLICE_S, left)):
                    break
        self._client.idle_done()

    def old(self, folder: Folder, before: datetime) -> list[int]:
        """Mails stored before that moment, to be looked at for what may go."""
        opened = self._client.select_folder(folder.name)
        day = before.date()
        span: list[object] = ["SINCE", day - timedelta(days=30), "BEFORE", day]
        return list(self._client.search(span)) if opened[b"EXISTS"] else []

    def delete(self, uids: list[int]) -> None:
        """Delete these and nothing else from the folder of `old`."""
        if not uids:
            return
        exact = self._client.has_capability("UIDPLUS")
        if not exact and self._client.search(["DELETED"]):
            return  # an EXPUNGE would take what somebody else has marked
        self._client.add_flags(uids, [DELETED], silent=True)
        if exact:
            self._client.uid_expunge(uids)
        else:
            self._client.expunge()

    def abort(self) -> None:
        """Cut the connection."""
        with contextlib.suppress(OSError, IMAP4.error):
            self._client.shutdown()


def _body(parts: Mapping[bytes, object]) -> bytes:
    """The one literal of a FETCH; servers name it back in their own way."""
    bodies = (value for key, value in parts.items() if key.startswith(b"BODY["))
    body = next(bodies, b"")
    return body if isinstance(body, bytes) else b""
