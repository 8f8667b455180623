"""What people hold against a closed month stands in its next revision, which counts the same.

In:  objections, the newest revision of their month. Out: a revision with the same `seal.figures`.
Before: `round.py`, once nothing else is due. After: a correction carries them on (`sealing.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from pydantic import ValidationError

from services.contracts.report import Objection, Report
from services.contracts.report_words import State
from services.reporting import chain, evidence
from services.reporting.context import Context
from services.reporting.known_item import at
from services.storage import months, objections, people
from services.storage.months import Revision
from services.storage.pool import Connection, part


async def waiting(conn: Connection) -> list[Revision]:
    """Newest revisions of closed months that do not tell of all their objections yet."""
    newest = {(one.body, one.month): one for one in await months.revisions(conn)}
    found = []
    for place, own in groupby(sorted(await objections.objections(conn), key=_place), _place):
        revision = newest.get(place)
        if revision is not None and revision.revision > 0:
            text = await months.content(conn, *place, revision.revision)
            if not _tells(text or b"", written(list(own))):
                found.append(revision)
    return found


async def seal(conn: Connection, epoch: int, before: Revision, now: datetime) -> Report:
    """The next revision. Raises Deposed, StorageRefused as `months.seal`."""
    place = (before.body, before.month)
    report = await _report(conn, before)
    kept = await months.context(conn, *place, before.revision)
    context = Context.model_validate_json(kept or b"")
    changes = {
        "revision": before.revision + 1, "state": State.CORRECTED, "sealed_at": at(now),
        "approval": None, "diff": (),
    }  # fmt: skip
    own = await objections.objections(conn, *place)
    told, made_from = carried(
        report.model_copy(update=changes), context.model_copy(update=changes), own
    )
    async with part(conn):
        await people.may_write(conn)
        sealed = chain.sealed(told, await months.head(conn, before.body) or chain.ZEROS)
        await months.seal(conn, epoch, chain.text_of(sealed))
        await months.keep_context(conn, *place, before.revision + 1, evidence.text_of(made_from))
    return sealed


def carried(
    report: Report, context: Context, own: Sequence[objections.Objection]
) -> tuple[Report, Context]:
    """Both with these objections; a channel is disputed while one about it is not answered."""
    open_ = {one.channel for one in own if one.decision is None}
    told = written(own)
    items = tuple(
        one.model_copy(update={"disputed": bool(open_ & {one.channel, None})})
        for one in report.items
    )
    parts = tuple(
        one.model_copy(update={"disputed": bool(open_ & {one.channel, None})})
        for one in context.items
    )
    return (
        report.model_copy(update={"objections": told, "items": items}),
        context.model_copy(update={"objections": told, "items": parts}),
    )


def written(own: Sequence[objections.Objection]) -> tuple[Objection, ...]:
    """As a report tells of them."""
    return tuple(
        Objection(
            id=str(one.id), by=one.objector, at=at(one.at), about=one.about,
            attachment=one.attachment, decision=one.decision,
        )
        for one in own
    )  # fmt: skip


def _tells(text: bytes, own: Sequence[Objection]) -> bool:
    try:
        return Report.model_validate_json(text).objections == own
    except ValidationError:
        return False  # `seal` says what is wrong with it


async def _report(conn: Connection, one: Revision) -> Report:
    text = await months.content(conn, one.body, one.month, one.revision)
    return Report.model_validate_json(text or b"")


def _place(one: objections.Objection) -> tuple[str, str]:
    return one.body, one.month
