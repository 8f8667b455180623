"""Sealed reports go to their bodies by mail, and what the relay said stays beside them.

In:  a connection, the catalogue's `reports` of each body. Out: a mail a revision, with the same
files as `bongsu report month` makes; a receipt in `report_mail`. A mail whose receipt was not
written goes again, under the same Message-ID. Before: `round.py` sealed. After: an official reads.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, get_args

import structlog

from services.adapters.base import NotNow, SendResult, Surroundings
from services.adapters.email import Email, Post
from services.contracts.catalogue import Body, Catalogue
from services.contracts.report import Report
from services.contracts.vocabulary import AnswerResult
from services.reporting import letter
from services.reporting.documents import fonts
from services.reporting.documents.making import Format, Order, files_of
from services.reporting.documents.orders import chain_until, earlier
from services.reporting.documents.words import LANGUAGES
from services.reporting.round import turn
from services.reporting.settings import ReportingSettings
from services.runtime.errors import Retry, Stop
from services.runtime.http import Destination, open_session, trust
from services.runtime.retry import Backoff
from services.runtime.secrets import SecretFolder
from services.storage import months, people
from services.storage.months import Revision
from services.storage.pool import Connection, part
from services.storage.status import latest_catalogue

# What was sealed before is not mailed to a body that asks for its reports only now.
LATELY = timedelta(days=7)
FIRST_S, MOST_S = 120.0, 86_400.0  # between repeats of a mail that a relay may have taken
_FORMATS: tuple[Format, ...] = get_args(Format)
_log = structlog.get_logger()


class _Way(NamedTuple):
    """By which account's relay a body's reports go, from which address to which secret's."""

    catalogue: Catalogue
    sender: str
    account: str
    to: str


class Mailing:
    """`go` mails what was sealed lately and is not mailed yet."""

    def __init__(self, holder: str, settings: ReportingSettings) -> None:
        self._holder, self._destinations = holder, settings.destinations
        self._secrets = SecretFolder(settings.secrets_dir) if settings.secrets_dir else None
        self._unclear: dict[str, tuple[Backoff, datetime]] = {}  # by entry: not again before

    async def go(self, conn: Connection, stopping: asyncio.Event) -> None:
        """Raises what a connection in doubt raises."""
        catalogue = await latest_catalogue(conn)
        ways = {b.id: _way(catalogue, b) for b in catalogue.bodies.values()} if catalogue else {}
        asked = {body: way for body, way in ways.items() if way}
        now = await months.now(conn)
        found = await months.unmailed(conn, list(asked), now - LATELY) if asked else []
        open_ = [each for each in found if self._is_time(each, now)]
        if not open_ or await turn(conn, self._holder) is None:
            return
        away: set[str] = set()  # accounts whose relay does not answer: next time
        try:
            for revision in open_:
                way = asked[revision.body]
                if stopping.is_set() or way.account in away:
                    continue
                if not await self._one(conn, revision, way, now):
                    away.add(way.account)
        finally:
            await months.give_turn(conn)

    async def _one(self, conn: Connection, revision: Revision, way: _Way, now: datetime) -> bool:
        """Does its relay answer?"""
        told = {"body": revision.body, "month": revision.month, "revision": revision.revision}
        order = await _order(conn, revision)
        try:
            report = Report.model_validate_json(order.text)
            result = await self._send(order, report, way)
        except (NotNow, Retry, Stop) as error:
            _log.warning("a report could not be mailed yet", reason=str(error), **told)
            return not isinstance(error, Retry)
        except Exception:  # one body keeps no other from its report
            _log.exception("a report was not mailed", **told)
            return True
        if result.result is AnswerResult.UNCLEAR:
            self._hold(revision, now)
            _log.warning("a report is mailed again", reason="the relay did not answer", **told)
            return True
        await _write(conn, revision, letter.message_id(report, way.sender), result)
        return True

    def _is_time(self, revision: Revision, now: datetime) -> bool:
        _, again = self._unclear.get(revision.entry, (None, now))
        return again <= now

    def _hold(self, revision: Revision, now: datetime) -> None:
        """It may have arrived: who has it already is not to get it every minute."""
        backoff, _ = self._unclear.get(revision.entry, (Backoff(FIRST_S, MOST_S), now))
        self._unclear[revision.entry] = backoff, now + timedelta(seconds=backoff.next_s())

    async def _send(self, order: Order, report: Report, way: _Way) -> SendResult:
        """Raises NotNow, Retry, Stop."""
        if self._secrets is None:
            raise Stop("secrets", "BONGSU_SECRETS_DIR is not set: nobody knows where it goes")
        to = self._secrets.one(way.to, "address")
        with TemporaryDirectory(prefix="bongsu-report-") as out:
            files = await asyncio.to_thread(_files, order, Path(out))
            mail = letter.written(report, files, way.sender, to.get_secret_value())
        account = way.catalogue.accounts[way.account]
        destination = self._destinations.get(account.id, Destination())
        async with open_session(destination, 1) as session:
            around = Surroundings(
                account, self._secrets.fields(account.secret), session,
                destination.url or account.base_url, destination.proxy, trust(destination),
            )  # fmt: skip
            returns_to = account.bounces.address if account.bounces else way.sender
            return await Email(around).submit(Post(way.sender, to, returns_to, mail.as_bytes()))


async def _write(conn: Connection, revision: Revision, name: str, result: SendResult) -> None:
    """The receipt."""
    accepted = result.result is AnswerResult.ACCEPTED
    async with part(conn):
        await people.may_write(conn)
        await months.mailed(conn, revision, name, accepted, result.code or str(result.result))
    level = _log.info if accepted else _log.error
    level(
        "a report was mailed" if accepted else "a relay refused a report",
        body=revision.body, month=revision.month, revision=revision.revision,
    )  # fmt: skip


def _way(catalogue: Catalogue, body: Body) -> _Way | None:
    sender = catalogue.senders.get(body.reports.sender) if body.reports else None
    if body.reports is None or sender is None or sender.identity is None:
        return None
    return _Way(catalogue, sender.identity, sender.account, body.reports.to)


async def _order(conn: Connection, revision: Revision) -> Order:
    own = await months.revisions(conn, revision.body)
    which = [revision, *earlier(revision, own)]
    texts = [await months.content(conn, each.body, each.month, each.revision) for each in which]
    text, *before = (each for each in texts if each is not None)
    return Order(text, tuple(before), chain_until(revision, own))


def _files(order: Order, out: Path) -> list[Path]:
    fonts.check()
    return files_of(order, out, LANGUAGES, _FORMATS)
