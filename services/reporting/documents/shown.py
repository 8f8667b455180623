"""How figures, times and names are printed, and what a spreadsheet holds for them. Pure.

In:  values of the report. Out: cells. Ratios have six digits, so that their four decimals of a per
cent are exact; minutes that are bad are rounded up, those that are allowed down.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

from services.contracts.report_words import State, Verdict
from services.reporting.documents.blocks import Cell, Form
from services.reporting.documents.words import Words

_CENT, _MILLI = Decimal("0.01"), Decimal("0.001")
PPM = 1_000_000


class Shown:
    """Cells in one language and time zone."""

    def __init__(self, words: Words, tz: str) -> None:
        self.words, self._tz, self._zone = words, tz, ZoneInfo(tz)

    @property
    def none(self) -> Cell:
        """There is no such figure."""
        return Cell("–", None, Form.TEXT)

    @property
    def zone(self) -> str:
        """What clock times are of."""
        return "KST" if self._tz == "Asia/Seoul" else self._tz

    def text(self, said: str | None) -> Cell:
        return self.none if said is None else Cell(said, said, Form.TEXT)

    def word(self, key: str) -> Cell:
        return self.text(self.words(key))

    def hash(self, hash_: str | None) -> Cell:
        """In two lines, which a column among others has room for."""
        if hash_ is None:
            return self.none
        half = len(hash_) // 2
        return Cell(f"{hash_[:half]}\n{hash_[half:]}", hash_, Form.TEXT)

    def component(self, component: str | None) -> Cell:
        """A cause in words, with its id."""
        if component is None:
            return self.none
        kind, _, name = component.partition(":")
        kind = self.words.get(f"component.{kind}", kind)
        names = (self.words.get(f"{group}.{name}", name) for group in ("component", "provider"))
        told = next((each for each in names if each != name), name)
        return self.text(f"{kind} {told}".strip())

    def channel(self, channel: str) -> str:
        return self.words.get(f"channel.{channel}", channel)

    def verdict(self, verdict: Verdict, state: State) -> str:
        """One that may still change says so."""
        word = self.words(f"verdict.{verdict}")
        unsettled = state in (State.OPEN, State.PRELIMINARY)
        return self.words("verdict.preliminary", verdict=word) if unsettled else word

    def count(self, number: int | None) -> Cell:
        return self.none if number is None else Cell(f"{number:,}", number, Form.COUNT)

    def spent(self, minutes: str | None) -> Cell:
        """Minutes of what is bad: up to 0.01."""
        return self._minutes(minutes, _CENT, ROUND_CEILING)

    def allowed(self, minutes: str | None) -> Cell:
        """Minutes of what is allowed: down to 0.001."""
        return self._minutes(minutes, _MILLI, ROUND_FLOOR)

    def _minutes(self, minutes: str | None, step: Decimal, rounding: str) -> Cell:
        if minutes is None:
            return self.none
        rounded = f"{Decimal(minutes).quantize(step, rounding):,}"
        return Cell(rounded.rstrip("0").rstrip("."), float(minutes), Form.MINUTES)

    def percent(self, ratio: str | None) -> Cell:
        if ratio is None:
            return self.none
        return Cell(f"{Decimal(ratio) * 100:,.4f} %", float(ratio), Form.PERCENT)

    def used(self, ratio: str | None) -> Cell:
        """A share of the budget: up to 0.01 %."""
        if ratio is None:
            return self.none
        rounded = (Decimal(ratio) * 100).quantize(_CENT, ROUND_CEILING)
        return Cell(f"{rounded:,} %", float(ratio), Form.PERCENT)

    def share(self, ppm: int | None) -> Cell:
        """Millionths, as an objective is given: no more digits than it has."""
        if ppm is None:
            return self.none
        whole = f"{Decimal(ppm) / 10_000:f}"
        shown = whole.rstrip("0").rstrip(".") if "." in whole else whole
        return Cell(f"{shown} %", ppm / PPM, Form.PERCENT)

    def milliseconds(self, value: str | None) -> Cell:
        """None: that one never arrived."""
        if value is None:
            return self.word("latency.never")
        return Cell(f"{Decimal(value):,}", float(value), Form.MILLISECONDS)

    def local(self, time: str) -> datetime:
        """A time of the report on the clock of its zone."""
        return datetime.fromisoformat(time).astimezone(self._zone)

    def time(self, time: str | None) -> Cell:
        """To the second where it has seconds."""
        if time is None:
            return self.none
        at = self.local(time).replace(tzinfo=None)
        pattern = "%Y-%m-%d %H:%M:%S" if at.second else "%Y-%m-%d %H:%M"
        return Cell(at.strftime(pattern), at, Form.TIME)

    def day(self, day: str | None) -> Cell:
        if day is None:
            return self.none
        return Cell(day, date.fromisoformat(day), Form.DATE)

    def month(self, month: str) -> str:
        year, number = month.split("-")
        name = self.words(f"month.m{number}")
        return self.words("month.written", year=year, name=name)


def minutes_between(start: str, end: str) -> int:
    """Whole minutes from one time of a report to another, rounded down."""
    return int((_utc(end) - _utc(start)).total_seconds() // 60)


def _utc(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(UTC)
