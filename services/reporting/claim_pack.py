"""The claim pack 배상 청구 자료 of one outage: facts for whoever asks for a credit, and no demand.

In:  the outage, the reports of the months it lies in, the contract, the evidence. Out: files: a
statement of two pages in each language, the same facts as data, every probe around it as canonical
lines, the sealed reports. Pure. Before: sealed months. After: `folder.py` adds the hashes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.contracts.report import Outage, Report
from services.contracts.report_item import Item
from services.contracts.sla import Contract, version_on
from services.reporting import laid, outages
from services.reporting.calendar import moment_of
from services.reporting.canonical import canonical
from services.reporting.context import Context, ItemContext, month_of, window_of
from services.reporting.credit import deadline
from services.reporting.lines import Line, in_order
from services.reporting.slots import MINUTE_MS

AROUND_MIN: Final = 60  # probes before and after it that are shown
TENFOLD: Final = 10  # what carriers' terms give of the fee for the time lost


@dataclass(frozen=True, slots=True)
class Claim:
    """`parts`: of each month that it lies in, oldest first, the report and what it says of the
    outage; the first month's is the one that it belongs to. `lines`: the probes around it."""

    contract: Contract
    parts: tuple[tuple[Report, Outage], ...]
    began: datetime
    restored: datetime | None
    deadline: datetime | None
    lines: tuple[Line, ...]

    @property
    def outage(self) -> Outage:
        """As the last of the months tells it: an earlier one may not know its end."""
        return self.parts[-1][1]

    @property
    def item(self) -> Item:
        """The channel's figures in the month that the outage belongs to."""
        report, outage = self.parts[0]
        return next(each for each in report.items if each.channel == outage.channel)


def claim(
    context: Context, parts: Sequence[tuple[Report, Outage]], lines: Sequence[Line]
) -> Claim | None:
    """`context` and `lines`: of the newest of the months. None where its evidence is gone."""
    channel, first = parts[0][1].channel, _minute(parts[0][1].id)
    own = next(each for each in context.items if each.channel == channel)
    month = month_of(context, own, lines)
    lay = laid.lay(month)
    found = outages.outages(lay.minutes, lay.routes, lay.judged, window_of(context))
    outage = next((each for each in found if each.first == first), None)
    if outage is None:
        return None
    contract = _contract(own, moment_of(first))
    until = outage.until + AROUND_MIN
    near = [
        line for line in in_order(lines)
        if outage.began - AROUND_MIN <= line.slot // MINUTE_MS < until
    ]  # fmt: skip
    restored = None if outage.restored is None else moment_of(outage.restored)
    return Claim(
        contract, tuple(parts), moment_of(outage.began), restored, deadline(outage, contract),
        tuple(near),
    )  # fmt: skip


def lost_fee(claim: Claim) -> list[int | None]:
    """KRW of the monthly price that each month's lost minutes are worth, rounded down."""
    price = claim.contract.monthly_price_krw
    return [
        None if price is None
        else int(price * Fraction(outage.minutes_here) / report.window.minutes)
        for report, outage in claim.parts
    ]  # fmt: skip


def tenfold(claim: Claim) -> int | None:
    """KRW, rounded once."""
    price = claim.contract.monthly_price_krw
    if price is None:
        return None
    shares = (Fraction(o.minutes_here) / r.window.minutes for r, o in claim.parts)
    return int(TENFOLD * price * sum(shares))


def data(claim: Claim) -> Iterator[tuple[str, bytes]]:
    """The files that no language is needed for."""
    yield "claim.json", canonical(_told(claim))
    yield "contract.json", canonical(claim.contract.model_dump(mode="json"))
    yield "probes.txt", probes(claim)


def probes(claim: Claim) -> bytes:
    """A canonical line each."""
    return "".join(f"{line.write()}\n" for line in claim.lines).encode()


def _told(claim: Claim) -> dict[str, Any]:
    credit = claim.item.credit.model_dump(mode="json")
    return {
        "schema": "bongsu.claim/1",
        "body": claim.parts[0][0].body.model_dump(mode="json"),
        "outage": claim.outage.model_dump(mode="json"),
        "began": _written(claim, claim.began),
        "restored": _written(claim, claim.restored),
        "deadline": _written(claim, claim.deadline),
        "credit": {"row": credit["row"], "krw": credit["krw"]},
        "lost_fee_krw_tenfold": tenfold(claim),
        "monthly_price_krw": claim.contract.monthly_price_krw,
        "months": [
            {
                "month": report.month, "revision": report.revision, "state": report.state,
                "minutes": outage.minutes_here, "window_minutes": report.window.minutes,
                "lost_fee_krw": fee, "content": report.seal.content, "entry": report.seal.entry,
            }
            for (report, outage), fee in zip(claim.parts, lost_fee(claim), strict=True)
        ],
        "probes": len(claim.lines),
    }  # fmt: skip


def _written(claim: Claim, at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(ZoneInfo(claim.contract.tz)).isoformat()


def _minute(name: str) -> int:
    return int(name.rpartition("@")[2]) // 60


def _contract(own: ItemContext, at: datetime) -> Contract:
    """In force when it began to count."""
    day = at.astimezone(ZoneInfo(own.contracts[-1].tz)).date()
    return version_on(own.contracts, day) or own.contracts[-1]
