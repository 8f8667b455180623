"""`bongsu report verify --body B --month M`: is what the database holds what was sealed?"""

import asyncio
from pathlib import Path

from services.cli.context import UNREACHABLE, context, fail
from services.cli.report_asked import a_month, revision_of, stand
from services.cli.report_sentences import sentence
from services.reporting.finding import Finding
from services.reporting.verify_stored import verify
from services.storage import errors
from services.storage.pool import ACQUIRE_S, open_pool

STATEMENT_S = 55.0


def stored(data: Path, body: str, month: str, revision: int | None, raw: bool) -> list[Finding]:
    """Of one revision, or of all of the month. Raises NotThere; ends the command when the database
    is away."""
    try:
        return asyncio.run(_stored(data, body, a_month(month), revision, raw))
    except Exception as error:
        if errors.curable(error):
            fail(sentence("database_away"), UNREACHABLE)
        raise


async def _stored(
    data: Path, body: str, month: str, revision: int | None, raw: bool
) -> list[Finding]:
    async with (
        open_pool(
            context(data).postgres, role_label="cli", max_size=1, command_timeout_s=STATEMENT_S
        ) as pool,
        pool.acquire(timeout=ACQUIRE_S) as conn,
    ):
        known = await stand(conn)
        newest = revision_of(known, body, month, revision)
        own = [each for each in known.revisions if each.body == body]
        wanted = [each for each in own if each.month == month and revision in (None, each.revision)]
        assert newest in wanted
        return [finding async for finding in verify(conn, own, wanted, raw)]
