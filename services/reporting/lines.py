"""Lines: one scheduled probe each, all that the figures of a month are made from.

In:  an attempt and what became of it, or the text of an exported day. Out: a `Line`, or its text.
Times are whole milliseconds since 1970 UTC, rounded down as probe ids do; None if it did not come.
Before: `contracts/outcome.py` decides. After: `slots.py` puts each line into its slot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from services.contracts.attempt import Attempt
from services.contracts.evidence import ReportReceived
from services.contracts.ids import milliseconds
from services.contracts.outcome import Verdict
from services.contracts.vocabulary import Outcome, ReportState
from services.reporting.latency import LONGEST_MS

NO_WORD: Final = "none"  # the provider never said what became of it
ALIVE: Final = "alive"  # the receiver was proven alive before and after
CLOCK_SUSPECT: Final = "clock_suspect"  # its times cannot be true: in no latency
LADDER: Final = "ladder"  # a substitute was to come if the own leg failed

_FINAL = frozenset({ReportState.DELIVERED, ReportState.FAILED})
_SAYS = {state: str(state) for state in (*_FINAL, ReportState.PENDING)}
_TIMES = frozenset({"sent", "answered", "reported", "seen_min", "seen_max", "opened", "substitute"})


@dataclass(frozen=True, slots=True)
class Line:
    """`answered`: the provider's answer; `reported`: its final word; `seen_min`, `seen_max`: bounds
    of the arrival; `substitute`: latest time at which a substitute was seen first. `copies`: of the
    message at the device. `flags`: words, sorted."""

    probe_id: str
    route: str
    receiver: str
    slot: int
    sent: int | None
    answered: int | None
    reported: int | None
    provider_says: str
    seen_min: int | None
    seen_max: int | None
    opened: int | None
    substitute: int | None
    outcome: Outcome
    reason: str
    copies: int
    flags: tuple[str, ...] = ()

    def write(self) -> str:
        """The canonical line, without its end."""
        values = [getattr(self, name) for name in _NAMES]
        return "|".join("" if v is None else str(v) for v in [*values[:-1], ",".join(self.flags)])

    @classmethod
    def read(cls, text: str) -> "Line":
        """The inverse of `write`. Raises ValueError for what nobody wrote so."""
        given = dict(zip(_NAMES, text.split("|"), strict=True))
        numbers = {n: int(given[n]) if given[n] else None for n in _TIMES}
        flags = tuple(given["flags"].split(",")) if given["flags"] else ()
        line = cls(
            given["probe_id"], given["route"], given["receiver"], int(given["slot"]),
            numbers["sent"], numbers["answered"], numbers["reported"], given["provider_says"],
            numbers["seen_min"], numbers["seen_max"], numbers["opened"], numbers["substitute"],
            Outcome(given["outcome"]), given["reason"], int(given["copies"]), flags,
        )  # fmt: skip
        if line.write() != text:
            raise ValueError(f"not a canonical line: {text}")
        return line


_NAMES = tuple(field.name for field in fields(Line))


def line(attempt: Attempt, verdict: Verdict, alive: bool) -> Line:
    """The line of an attempt; `alive`: its receiver was, before and after.

    Raises ValueError without `probe.sent`: nobody knows its slot.
    """
    sent, answer, seen = attempt.sent, attempt.answer, attempt.own_sighting
    if sent is None:
        raise ValueError(f"{attempt.probe_id} was never announced")
    substitute, report = attempt.substitute_sighting, attempt.report
    times = {
        "sent": _ms(sent.sent_at),
        "answered": _ms(answer.ended_at if answer else None),
        "reported": _ms(report.reported_at if report and report.state in _FINAL else None),
        "seen_min": _ms(seen.lower if seen else None),
        "seen_max": _ms(seen.upper if seen else None),
        "opened": _ms(attempt.opened_at),
        "substitute": _ms(substitute.upper if substitute else None),
    }
    flags = {
        ALIVE: alive,
        CLOCK_SUSPECT: _suspect(times),
        LADDER: sent.substitute_sender is not None,
        attempt.content or "": attempt.content not in (None, "intact"),
    }
    return Line(
        probe_id=str(attempt.probe_id), route=sent.route, receiver=sent.receiver,
        slot=milliseconds(sent.slot), provider_says=_said(report), outcome=verdict.outcome,
        reason=verdict.reason, copies=attempt.surplus() + (seen is not None),
        flags=tuple(sorted(word for word, holds in flags.items() if holds)), **times,
    )  # fmt: skip


def _ms(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def _said(report: ReportReceived | None) -> str:
    return _SAYS.get(report.state, NO_WORD) if report else NO_WORD


def _suspect(times: dict[str, int | None]) -> bool:
    """Did something come before it was sent, or later than anything can?"""
    sent = times["sent"] or 0
    later = (times[name] for name in ("answered", "reported", "seen_max"))
    return any(at is not None and not 0 <= at - sent <= LONGEST_MS for at in later)


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Each once, by slot and probe id."""
    return sorted(set(lines), key=lambda each: (each.slot, each.probe_id))
