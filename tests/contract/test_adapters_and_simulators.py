"""What every adapter must do with the simulated front end of its provider, whoever wrote either.

Simulator and adapter were written from the same documents and share no code. A mail relay is no
HTTP front end: its own scenarios stand in `tests/integration/mail`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter

import pytest
from pydantic import SecretStr

from services.adapters import discover
from services.adapters.base import Adapter, LooksUp, ReadsReports, Report
from services.contracts.ids import write_nonce
from services.contracts.vocabulary import AnswerResult, ReportState
from services.ingest.reports import report_received
from services.runtime.errors import Refuse, Stop
from simulators import front
from tests.contract import checks
from tests.support import adapters as support
from tests.support.simulated import ingesting, sent_to, simulating, world_of
from tests.support.waiting import eventually
from tests.unit.ingest.handset import KEEPER

NAMES = sorted(discover())
OVER_HTTP = [name for name in NAMES if support.speaks_http(name)]
SECRETS = [
    (name, field)
    for name in OVER_HTTP
    for field in discover()[name].secret_fields
    if field != getattr(discover()[name], "proof", None)  # no call is made with it
]
TELLING = [name for name in OVER_HTTP if hasattr(discover()[name], "read_reports")]
SUBSTITUTING = [name for name in OVER_HTTP if support.setup_of(name)["message"].get("substitute")]


@pytest.mark.parametrize("name", NAMES)
def test_its_provider_has_a_front_end(name: str) -> None:
    checks.front_end_is_there(name, front.discover())


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_delivery_is_reported_and_told_again_it_is_the_same_event(name: str) -> None:
    async with simulating(world_of(name)) as url, support.adapter_at(name, url) as adapter:
        accepted = await adapter.send(sent_to(name))
        assert accepted.result is AnswerResult.ACCEPTED, accepted
        asked = [accepted.provider_message_id or ""]

        async def delivered() -> list[Report]:
            reports = await told(adapter, asked)
            return reports if reports and reports[0].state is ReportState.DELIVERED else []

        first = await eventually(delivered, within=15)
        again = await told(adapter, asked)
        assert again == first
        assert await told(adapter, asked * 2) == first * 2
        assert len(first) == len({id_of(report) for report in (*first, *again)}) == 1


@pytest.mark.parametrize(("name", "field"), SECRETS)
async def test_who_signs_with_another_secret_is_refused_and_stops(name: str, field: str) -> None:
    foreign = {field: "another-secret-not-real-0002"}
    async with (
        simulating(world_of(name)) as url,
        support.adapter_at(name, url, **foreign) as adapter,
    ):
        with pytest.raises(Stop) as sent:
            await adapter.send(sent_to(name))
        with pytest.raises(Stop) as looked_up:
            await told(adapter, support.setup_of(name)["ids"])
    assert (sent.value.reason, looked_up.value.reason) == ("credentials", "credentials")


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_message_the_provider_does_not_know_is_absent(name: str) -> None:
    async with simulating(world_of(name)) as url, support.adapter_at(name, url) as adapter:
        assert await told(adapter, support.setup_of(name)["ids"]) == []


@pytest.mark.parametrize("name", TELLING)
async def test_its_webhook_tells_what_a_look_up_tells(name: str) -> None:
    async with (
        ingesting() as (ingest_url, posts),
        simulating(world_of(name, ingest_url)) as url,
        support.adapter_at(name, url) as adapter,
    ):
        accepted = await adapter.send(sent_to(name))
        own = f"/reports/{name}/{support.setup_of(name)['account']['id']}"
        (post,) = await eventually(lambda: [p for p in posts if p.path == own], within=15)
        assert isinstance(adapter, ReadsReports)
        with pytest.raises(Refuse):
            adapter.verify(post.headers, post.body, [SecretStr("another-word-0002")])
        adapter.verify(post.headers, post.body, support.proofs_of(name))
        (report,) = adapter.read_reports(post.body)
        (asked,) = await told(adapter, [accepted.provider_message_id or ""])
    same = attrgetter("provider_message_id", "leg", "state", "code", "fault", "final", "probe_id")
    assert same(report) == same(asked)
    assert (report.state, report.probe_id) == (ReportState.DELIVERED, support.PROBE)
    assert report.reported_at in (asked.reported_at, None)


@pytest.mark.parametrize("name", SUBSTITUTING)
async def test_a_failure_is_followed_to_the_end_of_its_substitute(name: str) -> None:
    second = f"[봉수] {write_nonce(support.PROBE, 1)} 대신 갑니다."
    wish = support.setup_of(name)["message"]["substitute"] | {"text": second}
    async with (
        ingesting() as (ingest_url, posts),
        simulating(world_of(name, ingest_url, kakaotalk=False)) as url,
        support.adapter_at(name, url) as adapter,
    ):
        accepted = await adapter.send(support.message_of(name, substitute=wish))
        assert accepted.result is AnswerResult.ACCEPTED, accepted
        asked = [accepted.provider_message_id or ""]

        async def ended() -> list[Report]:
            reports = await told(adapter, asked)
            return reports if len(reports) == 2 and all(r.final for r in reports) else []

        first, substitute = await eventually(ended, within=15)
        assert (first.leg, first.state, first.fault) == (*(0, ReportState.FAILED), "handset")
        assert (substitute.leg, substitute.state) == (1, ReportState.DELIVERED)
        await eventually(lambda: [p for p in posts if second.encode() in p.body], within=15)


async def told(adapter: Adapter, ids: Sequence[str]) -> list[Report]:
    assert isinstance(adapter, LooksUp)
    return await adapter.look_up(ids)


def id_of(report: Report) -> object:
    now = datetime(2026, 11, 25, 3, tzinfo=UTC)
    return report_received(support.PROBE, "account", report, KEEPER, now).event_id
