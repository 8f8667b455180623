"""`bongsu report month --preview` and `--evidence`: what is not sealed yet, what a report was made
from.

In:  the database, what there is. Out: a preview's text; files of evidence beside a report's own.
Before: `report_month.py`. After: `bongsu report verify --raw` on the exported folder.
"""

from functools import partial
from pathlib import Path

from services.cli.context import USAGE
from services.cli.report_asked import NO_SUCH_REPORT, Known, NotThere, known_body
from services.cli.report_database import Database
from services.contracts.report import Report
from services.contracts.report_words import State
from services.reporting import chain, evidence, folder, sealing
from services.reporting.context import Context
from services.reporting.due import month_of
from services.storage.months import Revision


class Sources:
    """Previews are kept until their evidence was put down, if anybody wants it."""

    def __init__(self, database: Database, known: Known, wanted: bool) -> None:
        self._database, self._known, self._wanted = database, known, wanted
        self._previews: dict[str, sealing.Made] = {}

    def preview(self, body: str, month: str) -> bytes:
        """The report of a month as of now. Raises NotThere."""
        known_body(body, self._known.bodies)
        own = self._known.promised.get(body)
        if own and month > month_of(self._known.now, own.tz):
            raise NotThere(USAGE, "not_begun", month=month)
        now = self._known.now
        made = self._database.alone(partial(sealing.preview, body=body, month=month, now=now))
        if made is None:
            raise NotThere(NO_SUCH_REPORT, "no_contract", body=body, month=month)
        if self._wanted:
            self._previews[body] = made
        return chain.text_of(made.report)

    def put(self, text: bytes, out: Path) -> list[Path]:
        """The folder of a report's evidence, beside it, where it is wanted. Raises NotThere."""
        if not self._wanted:
            return []
        report = Report.model_validate_json(text)
        context, lines = self._of(report)
        place, stem = folder.place(out, report), folder.stem(report)
        folder.write(place, evidence.files(stem, context, lines))
        return [place / evidence.folder_of(stem)]

    def _of(self, report: Report) -> tuple[Context, sealing.Lines]:
        if report.state is State.OPEN:
            made = self._previews.pop(report.body.id)
            return made.context, made.lines
        found = self._database.alone(partial(sealing.evidence_of, row=self._row(report)))
        if found is None:
            body, month = report.body.id, report.month
            raise NotThere(NO_SUCH_REPORT, "not_kept", body=body, month=month)
        return found

    def _row(self, report: Report) -> Revision:
        place = (report.body.id, report.month, report.revision)
        return next(r for r in self._known.revisions if (r.body, r.month, r.revision) == place)
