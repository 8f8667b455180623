"""What people read: the table's newest probe, the fetching of Kafka, a plan's quotas."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from services.catalogue.load import load
from services.catalogue.plan import Load, Plan, Use
from services.cli import table
from services.cli.catalogue import lines
from services.cli.screen import Screen
from services.cli.table import last_probe
from services.contracts.catalogue import Quota
from services.contracts.vocabulary import AnswerResult, Outcome, Purpose, Stage
from services.storage.status import COUNTS, ProbeStatus, RouteStatus, Spread
from tests.support.commands import ROOT

AT = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)
PROBE = ProbeStatus(
    probe_id=UUID("019a1234-5678-7abc-8def-0123456789ab"), route="geoje.sms.sens",
    purpose=Purpose.SCHEDULED, receiver="skt-01", slot=AT, sent_at=AT, seen_due=AT,
    stages={Stage.ACCEPTED: AT}, answer=AnswerResult.ACCEPTED,
    answer_code="202", provider_says=None, outcome=None, reason=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("probe", "after_s", "words"),
    [
        (replace(PROBE, stages={}), 1, "[yellow] 1s sent"),
        (PROBE, 12, "[yellow]12s accepted"),
        (replace(PROBE, outcome=Outcome.UNDELIVERED), 240, "[red] 4m undelivered"),
        (
            replace(PROBE, stages={Stage.SEEN: AT + timedelta(seconds=4.1)}),
            12,
            "[green]12s seen 4.1s*",
        ),
        (
            replace(
                PROBE, stages={s: AT + timedelta(seconds=4.1) for s in set(Stage) - {Stage.OPENED}}
            ),
            7_200,
            "[green] 2h seen 4.1s",
        ),
        (
            replace(PROBE, stages={s: AT + timedelta(seconds=21.3) for s in Stage}),
            45,
            "[green]45s opened 21.3s",
        ),
    ],
)
def test_the_newest_probe_is_told_in_a_few_words(
    probe: ProbeStatus, after_s: float, words: str
) -> None:
    assert last_probe(probe, AT + timedelta(seconds=after_s)) == words


@pytest.mark.parametrize("hour", [6, 14])  # of UTC: by day, and in the hours of rest
def test_the_shipped_routes_fit_a_terminal_of_eighty_columns(hour: int) -> None:
    catalogue = load(ROOT / "catalogue").catalogue(UUID(int=0))
    probe = replace(PROBE, stages={Stage.SEEN: AT + timedelta(seconds=14.1)})
    opened = replace(PROBE, stages={Stage.OPENED: AT + timedelta(seconds=21.3)})
    found = [_figures(r, opened if ".edocument." in r else probe) for r in catalogue.routes]
    now = AT.replace(hour=hour, minute=59)
    console = Console(width=80, file=StringIO())

    console.print(table.render(table.lines(catalogue, found, [], now), now))

    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in written
    resting = [line for line in written.splitlines() if ".brandmessage." in line]
    assert len(resting) == 6
    assert all(("not measured" in line) is (hour == 14) for line in resting)


def _figures(route: str, newest: ProbeStatus) -> RouteStatus:
    counts = dict.fromkeys(COUNTS, 1440)
    return RouteStatus(
        route=route, **counts,
        last_seen_at=None, stages={Stage.SEEN: Spread(14.1, 32.2)}, newest=newest,
    )  # fmt: skip


def test_fetching_kafka_is_two_lines_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Path("data"))
    for done in range(47):
        screen.fetched(done, 46)

    told = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert told == [f"fetching Kafka, once: {n} of 46 files" for n in (0, 46)]


def test_a_plan_shows_cost_and_quota_before_and_after() -> None:
    quota = Quota(day=1_000)
    before = Load(10, {"a": 100, "gone": 5}, (Use("sender", "s", "sms", 100, 3_100, quota),), {})
    use = Use("sender", "s", "sms", 150, 4_650, quota)
    after = Load(20, {"a": 200}, (use,), {"a": 108})

    assert lines(Plan((), before, after)) == [
        "nothing changes",
        "probes a day: 10 → 20",
        "cost of account a: 100 → 200 KRW a month",
        "cost of account gone: 5 → 0 KRW a month",
        "quota of sender s: 10.0% → 15.0% of 1,000 sms a day",
        "pages over account a: at most 108 in an hour of outages, in no figure above",
    ]
