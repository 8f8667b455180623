"""From the link of an alert to the cause in three clicks, on boards as they are shipped: only links
that their JSON holds are followed, each with the values of a panel's first row."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards import build
from dashboards.lint import Boards
from services.contracts.evidence import Evidence, ProbeSent
from services.contracts.vocabulary import Channel, FaultDomain, Outcome
from services.storage import incidents, sink
from services.storage.incidents import Candidate
from services.storage.pool import Connection, open_pool
from tests.integration.storage.storing import store
from tests.support import builders
from tests.support.clicking import Clicker
from tests.support.commands import ROOT
from tests.support.incidents import an_incident

LASTS, BEFORE = timedelta(minutes=30), timedelta(minutes=30)
PATHS = [(b, p, c) for b in ("geoje", "miryang") for p in ("nhn", "sens") for c in ("kt", "skt")]
_SETTLE = """
UPDATE attempts SET settled_at = $3, counted = true, settle_at = NULL, reason = 'x', outcome = $2
WHERE probe_id = $1
"""
Life = Callable[[ProbeSent], list[Evidence]]


def _arrives(sent: ProbeSent) -> list[Evidence]:
    return [builders.an_answer(sent), builders.a_report(sent), builders.a_sighting(sent)]


def _late(sent: ProbeSent) -> list[Evidence]:
    late = sent.sent_at + timedelta(minutes=5)
    return [builders.an_answer(sent), builders.a_report(sent), builders.a_sighting(
        sent, observed_min=late, observed_max=late)]  # fmt: skip


def _claimed(sent: ProbeSent) -> list[Evidence]:
    return [builders.an_answer(sent), builders.a_report(sent)]


def _failed_by_carrier(sent: ProbeSent) -> list[Evidence]:
    return [builders.an_answer(sent), builders.a_failure(FaultDomain.CARRIER, sent)]


def _refused(fault: FaultDomain) -> Life:
    return lambda sent: [builders.a_refusal(fault, sent, code="no")]


@dataclass(frozen=True)
class Case:
    """A cause, what it does to messages on its path, and how somebody finds it. `way`: panel, cell
    to click (or none), what its first row says; at last what the stages of a probe say."""

    component: str
    hypothesis: str
    hits: dict[str, str]  # which messages
    life: Life
    outcome: Outcome | None
    way: list[tuple[int, str, dict[str, Any]]]
    stopped: str | None
    because: str | None = None
    incident: dict[str, Any] = field(default_factory=dict)
    channel: Channel = Channel.SMS


COMPONENT, BODY, PROBE, LOOK = "구성요소", "기관", "시험", ""
CANDIDATES, SAMPLES, TRACE = 3, 11, 12  # of the incident
PAIRS, CLAIMED, CHANNELS_LATEST = 9, 11, 12  # of the channel
TEMPLATES, BODYS_LATEST = 4, 7  # of the body
CASES = {
    "a provider is down": Case(
        "provider:sens", "accept-dead", {"provider": "sens"},
        _refused(FaultDomain.PROVIDER), Outcome.REJECTED,
        [(CANDIDATES, COMPONENT, {"구성요소": "provider:sens", "가설": "accept-dead"}),
         (PAIRS, LOOK, {"중계사": "sens"}),
         (CHANNELS_LATEST, PROBE, {"중계사": "sens", "결과": "rejected", "설명": "중계사"})],
        "중계사 수락", "중계사",
    ),
    "a carrier is down for all providers": Case(
        "carrier:skt", "dead", {"carrier": "skt"}, _failed_by_carrier, Outcome.REJECTED,
        [(CANDIDATES, COMPONENT, {"구성요소": "carrier:skt", "중계사": "All"}),
         (PAIRS, LOOK, {"통신사": "skt"}),
         (CHANNELS_LATEST, PROBE, {"통신사": "skt", "설명": "통신사"})],
        "중계사 전달 통보", "통신사",
    ),
    "a body's template is refused": Case(
        "sender:geoje-kakao", "accept-dead", {"body": "geoje"},
        _refused(FaultDomain.TEMPLATE), Outcome.EXEMPT,
        [(CANDIDATES, BODY, {"구성요소": "sender:geoje-kakao", "기관": "geoje"}),
         (TEMPLATES, LOOK, {"템플릿": "geoje-1", "설정 오류": 20}),
         (BODYS_LATEST, PROBE, {"템플릿": "geoje-1", "결과": "exempt"})],
        "중계사 수락", "템플릿·문구", channel=Channel.ALIMTALK,
    ),
    "a provider claims what no handset sees": Case(
        "provider:nhn", "dead", {"provider": "nhn"}, _claimed, Outcome.UNDELIVERED,
        [(CANDIDATES, COMPONENT, {"구성요소": "provider:nhn", "가설": "dead"}),
         (CLAIMED, LOOK, {"metric": "nhn"}),
         (CHANNELS_LATEST, PROBE, {"중계사": "nhn", "오류": None})],
        "단말 수신",
    ),
    "a handset is dead": Case(
        "receiver:skt-1", "dead", {"receiver": "skt-1"}, _claimed, Outcome.VOID,
        [(SAMPLES, PROBE, {"단말": "skt-1", "결과": "void"})],
        "단말 수신", incident={"kind": "monitor", "severity": None},
    ),
    "a handset has just died": Case(
        "receiver:skt-1", "dead", {"receiver": "skt-1"}, _claimed, None,
        [(SAMPLES, PROBE, {"단말": "skt-1", "결과": "pending"})],
        "단말 수신", incident={"kind": "monitor", "severity": None},
    ),
    "a provider is slow and loses nothing": Case(
        "provider:sens", "slow", {"provider": "sens"}, _late, Outcome.LATE,
        [(CANDIDATES, COMPONENT, {"구성요소": "provider:sens", "가설": "slow"}),
         (CHANNELS_LATEST, PROBE, {"중계사": "sens", "결과": "late"})],
        None,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def boards() -> Boards:
    """As Grafana reads them."""
    files = Path(ROOT / build.FOLDER).glob("*.json")
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def _probes(case: Case, now: datetime) -> Iterator[tuple[ProbeSent, Life, Outcome | None]]:
    """One a minute on each path; they are well before the outage and elsewhere."""
    for minutes in range(5, 55, 5):
        at = now - timedelta(minutes=minutes)
        for body, provider, carrier in PATHS:
            named = {
                "route": f"{body}.{case.channel}.{provider}", "body": body, "provider": provider,
                "account": f"{provider}-a", "carrier": carrier, "receiver": f"{carrier}-1",
                "channel": case.channel, "template": f"{body}-1",
            }  # fmt: skip
            hit = now - at < LASTS and case.hits.items() <= named.items()
            life = (case.life, case.outcome) if hit else (_arrives, Outcome.DELIVERED)
            yield builders.a_probe_sent(slot=at, **named), *life


async def _seed(conn: Connection, case: Case, now: datetime) -> str:
    """The address that an alert of the case holds."""
    await sink.maintain(conn, 14, 400)
    row = an_incident(
        id=f"{case.component}@1", component=case.component, hypothesis=case.hypothesis,
        started_at=now - LASTS, detected_at=now - LASTS, channel=str(case.channel),
        **{name: case.hits.get(name) for name in ("provider", "carrier", "body")}, **case.incident,
    )  # fmt: skip
    named = Candidate(case.component, case.hypothesis, 19.8, 14, 14, separated=True)
    rival = Candidate("platform:kakaotalk", "dead", 3.0, 14, 40, separated=True)
    async with conn.transaction():
        for sent, life, outcome in _probes(case, now):
            await store(conn, [sent, *life(sent)], known_at=now)
            if outcome is not None:
                await conn.execute(_SETTLE, sent.probe_id, outcome, now)
        await incidents.put(conn, row)
        opened = incidents.Event(row.detected_at, "opened", "bongsu", row.title_ko, row.title_en)
        await incidents.append(conn, row.id, [opened])
        await incidents.replace_candidates(conn, row.id, [named, rival])
    start = int((row.started_at - BEFORE).timestamp() * 1000)
    return f"/d/bongsu-incident?var-incident={row.id}&from={start}&to=now"


@pytest.mark.parametrize("name", CASES)
async def test_three_clicks_lead_from_an_alert_to_its_cause(
    name: str, boards: Boards, initialised: str, reader_of: Callable[[str], str], now: datetime
) -> None:
    case = CASES[name]
    async with open_pool(initialised, role_label="test") as pool, pool.acquire() as conn:
        address = await _seed(conn, case, now)
    async with (
        open_pool(reader_of(initialised), role_label="boards") as pool,
        pool.acquire() as conn,
    ):
        clicker = Clicker(conn, boards, now)
        page = await clicker.open(address)  # the first click: the alert's own link
        assert (await clicker.rows(page, CANDIDATES))[0]["구성요소"] == case.component
        for panel, column, says in case.way:
            first = (await clicker.rows(page, panel))[0]
            assert says.items() <= first.items()
            page = await clicker.click(page, panel, column) if column else page
        stages = await clicker.rows(page, TRACE)
    assert sum(column is not LOOK for _, column, _ in case.way) <= 2
    assert page.board["uid"] == "bongsu-incident"
    assert _stopped(stages) == case.stopped
    assert {row["결과"] for row in stages} == {case.outcome or "pending"}
    assert {row["설명"] for row in stages} == {case.because}


def _stopped(stages: list[dict[str, Any]]) -> str | None:
    """The first stage without which no later one was reached."""
    reached = [row["시각"] is not None for row in stages]
    last = max(n for n, was in enumerate(reached) if was)
    return None if last == len(stages) - 1 else str(stages[last + 1]["단계"])
