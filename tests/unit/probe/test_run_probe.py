"""Step 2: announce, call, record; what is not certain is never made up."""

import asyncio
import json
import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from services.adapters.base import NotNow, SendResult
from services.contracts import ids, text
from services.contracts.catalogue import Catalogue, LadderProbe
from services.contracts.vocabulary import AnswerResult, FaultDomain, Purpose
from services.probe.schedule import NotSent
from services.probe.stops import midnight_after
from services.runtime.errors import Retry, Stop
from tests.support.builders import CONTENT_KEY, REVISION, SLOT
from tests.support.probing import (
    ROUTE,
    a_catalogue,
    a_route,
    an_account,
    an_alimtalk_route,
)
from tests.support.waiting import eventually

QUOTA = SendResult(AnswerResult.REFUSED, "B004", FaultDomain.QUOTA)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def test_the_announcement_precedes_the_call_and_the_answer_follows_it(bench_of: Any) -> None:
    gate = asyncio.Event()
    bench = await bench_of(gate)
    running = asyncio.create_task(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: bench.script.messages, within=5)
    assert len(bench.sent) == 1
    assert not bench.answers
    gate.set()
    await running
    sent, answer = bench.sent[0], bench.answers[0]
    assert answer.result is AnswerResult.ACCEPTED
    assert answer.provider_message_id == "message-1"
    assert answer.probe_id == sent.probe_id == bench.script.messages[0].probe_id
    assert bench.value(
        "bongsu_probe_sent_total", channel="sms", provider="sens", carrier="skt", body="geoje"
    ) == 1  # fmt: skip


async def test_the_announcement_says_everything_that_held_at_its_slot(bench_of: Any) -> None:
    bench = await bench_of()
    await bench.worker.run_probe(bench.planned())
    sent, message = bench.sent[0], bench.script.messages[0]
    assert (sent.route, sent.revision, sent.slot) == (ROUTE, REVISION, SLOT)
    assert (sent.platform, sent.carrier, sent.site) == ("skt", "skt", "seoul")
    assert (sent.worker, sent.source) == ("worker-a", "worker/worker-a")
    assert sent.seen_due - sent.sent_at == timedelta(seconds=120)
    assert ids.read_nonce(message.text) == (sent.probe_id, 0)
    assert sent.text_chars == len(message.text)
    assert message.to.get_secret_value() == "01000000001"
    assert message.sender_number is not None
    assert "01000000001" not in repr(message) + sent.model_dump_json()


async def test_the_same_slot_makes_the_same_probe_id_and_another_purpose_another(
    bench_of: Any,
) -> None:
    bench = await bench_of()
    for purpose in (Purpose.SCHEDULED, Purpose.SCHEDULED, Purpose.MANUAL):
        await bench.worker.run_probe(bench.planned(purpose=purpose))
    first, second, third = bench.sent
    assert first.probe_id == second.probe_id != third.probe_id


async def test_an_alimtalk_carries_its_template_and_the_text_of_its_substitute(
    bench_of: Any,
) -> None:
    bench = await bench_of(catalogue=a_catalogue(an_alimtalk_route()))
    await bench.worker.run_probe(bench.planned())
    message = bench.script.messages[0]
    assert (message.template, message.identity) == ("P1", "@geoje")
    assert ids.read_nonce(message.text) == (message.probe_id, 0)
    assert message.substitute is not None
    assert ids.read_nonce(message.substitute.text) == (message.probe_id, 1)
    assert message.substitute.sender_number.get_secret_value() == "0200000001"
    assert bench.sent[0].platform == "kakaotalk"


async def test_while_kafka_is_away_the_provider_is_never_called(bench_of: Any) -> None:
    bench = await bench_of()
    bench.publisher.away = True
    assert await bench.worker.announce(bench.planned()) is NotSent.KAFKA
    await bench.worker.run_probe(bench.planned())
    assert not bench.script.messages
    assert bench.value("bongsu_probe_not_sent_total", channel="sms", reason="kafka") == 2
    bench.publisher.away = False
    await bench.worker.run_probe(bench.planned())
    assert len(bench.answers) == 1


async def test_an_answer_outlives_a_short_absence_of_kafka(bench_of: Any) -> None:
    gate = asyncio.Event()
    bench = await bench_of(gate)
    running = asyncio.create_task(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: bench.script.messages, within=5)
    bench.publisher.away = True
    gate.set()
    await eventually(lambda: bench.publisher.refused > 1, within=5)
    assert not bench.answers
    bench.publisher.away = False
    await running
    assert len(bench.answers) == 1


async def test_an_answer_with_a_code_that_no_table_holds_is_kept_raw_and_counted(
    bench_of: Any,
) -> None:
    bench = await bench_of(SendResult(AnswerResult.REFUSED, "Q1", FaultDomain.UNKNOWN))
    await bench.worker.run_probe(bench.planned())
    assert [(answer.result, answer.code) for answer in bench.answers] == [("refused", "Q1")]
    assert bench.value("bongsu_unmapped_codes_total", adapter=bench.sent[0].adapter) == 1


@pytest.mark.parametrize(
    ("answer", "result", "fault", "calls"),
    [
        (SendResult(AnswerResult.ACCEPTED, "202"), AnswerResult.ACCEPTED, None, 1),
        (
            SendResult(AnswerResult.REFUSED, "400", FaultDomain.SENDER),
            AnswerResult.REFUSED, FaultDomain.SENDER, 1,
        ),
        (SendResult(AnswerResult.UNCLEAR), AnswerResult.UNCLEAR, None, 1),
        (TimeoutError(), AnswerResult.UNCLEAR, None, 1),
        (Retry("unreachable"), AnswerResult.UNREACHABLE, None, 4),
        (Retry("throttled"), AnswerResult.REFUSED, FaultDomain.QUOTA, 4),
    ],
)  # fmt: skip
async def test_the_four_results_are_kept_apart(
    bench_of: Any,
    answer: SendResult | Exception,
    result: AnswerResult,
    fault: FaultDomain | None,
    calls: int,
) -> None:
    bench = await bench_of(answer)
    await bench.worker.run_probe(bench.planned())
    assert [(a.result, a.fault) for a in bench.answers] == [(result, fault)]
    assert len(bench.script.messages) == calls


async def test_a_throttled_call_is_tried_again_within_its_slot(bench_of: Any) -> None:
    bench = await bench_of(Retry("throttled"), SendResult(AnswerResult.ACCEPTED, "202"))
    await bench.worker.run_probe(bench.planned())
    assert [a.result for a in bench.answers] == [AnswerResult.ACCEPTED]
    assert len(bench.script.messages) == 2
    assert len(bench.sent) == 1


async def test_a_no_for_now_stands_when_no_try_is_left(bench_of: Any) -> None:
    refused = SendResult(AnswerResult.REFUSED, "4.2.0", FaultDomain.PLATFORM)
    bench = await bench_of(NotNow(refused))
    await bench.worker.run_probe(bench.planned())
    answers = [(answer.result, answer.code, answer.fault) for answer in bench.answers]
    assert answers == [(AnswerResult.REFUSED, "4.2.0", FaultDomain.PLATFORM)]
    assert len(bench.script.messages) == 4
    assert len(bench.sent) == 1


async def test_a_used_up_quota_stops_the_account_until_midnight_but_for_a_trial_an_hour(
    bench_of: Any,
) -> None:
    bench = await bench_of(QUOTA)
    with capture_logs() as lines:
        for _ in range(61):
            await bench.worker.run_probe(bench.planned())
            bench.clock.at += MINUTE
    assert len(bench.script.messages) == 2
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["account stopped"]
    assert bench.value("bongsu_probe_account_stopped", account="sens", reason="quota") == 1
    assert bench.value("bongsu_provider_quota_remaining_ratio", provider="sens") == 0
    assert bench.value("bongsu_probe_not_sent_total", channel="sms", reason="stopped") == 59
    bench.clock.at = midnight_after(bench.clock.at)
    await bench.worker.run_probe(bench.planned())
    assert len(bench.script.messages) == 3


async def test_a_trial_that_goes_well_opens_the_account_again(bench_of: Any) -> None:
    bench = await bench_of(QUOTA, SendResult(AnswerResult.ACCEPTED, "202"))
    await bench.worker.run_probe(bench.planned())
    bench.clock.at += HOUR
    for _ in range(3):
        await bench.worker.run_probe(bench.planned())
    assert len(bench.script.messages) == 4
    assert bench.value("bongsu_probe_account_stopped", account="sens", reason="quota") == 0
    assert bench.value("bongsu_provider_quota_remaining_ratio", provider="sens") == 0.996


def _two_accounts() -> Catalogue:
    return a_catalogue(
        a_route(), a_route(id="geoje.sms.sens-2", account="sens-2"),
        accounts=(an_account(), an_account(id="sens-2")),
    )  # fmt: skip


async def test_a_misconfigured_account_stops_alone_and_is_said_once(bench_of: Any) -> None:
    wrong_key = Stop("credentials", "account sens: key or secret is wrong")
    bench = await bench_of(
        wrong_key, SendResult(AnswerResult.ACCEPTED, "202"), catalogue=_two_accounts()
    )
    routes = bench.worker.catalogue.routes
    with capture_logs() as lines:
        for route in (ROUTE, ROUTE, "geoje.sms.sens-2", "geoje.sms.sens-2"):
            await bench.worker.run_probe(bench.planned(route=routes[route]))
    assert [a.account for a in bench.answers] == ["sens", "sens-2", "sens-2"]
    assert (bench.answers[0].result, bench.answers[0].code) == ("refused", "credentials")
    assert bench.answers[0].fault is FaultDomain.BODY
    assert [line["event"] for line in lines].count("account stopped") == 1
    assert bench.value("bongsu_probe_account_stopped", account="sens", reason="misconfigured") == 1


async def test_the_next_catalogue_gives_a_misconfigured_account_a_trial(bench_of: Any) -> None:
    bench = await bench_of(Stop("credentials"), SendResult(AnswerResult.ACCEPTED, "202"))
    for _ in range(2):
        await bench.worker.run_probe(bench.planned())
    bench.worker.change(a_catalogue())
    for _ in range(2):
        await bench.worker.run_probe(bench.planned())
    assert len(bench.script.messages) == 3


async def test_a_changed_secret_builds_the_adapter_anew_and_gives_a_trial(bench_of: Any) -> None:
    bench = await bench_of(Stop("credentials"), SendResult(AnswerResult.ACCEPTED, "202"))
    for _ in range(2):
        await bench.worker.run_probe(bench.planned())
    path = bench.secrets / "sens.json"
    path.write_text(json.dumps({"access_key": "another-key-of-tests"}), encoding="utf-8")
    os.utime(path, (1, 1))
    await bench.worker.run_probe(bench.planned())
    assert len(bench.script.messages) == 2
    assert bench.script.built[-1].secret["access_key"].get_secret_value() == "another-key-of-tests"


async def test_a_route_whose_receiver_has_no_number_is_not_sent_and_said_once(
    bench_of: Any,
) -> None:
    bench = await bench_of()
    (bench.secrets / "skt-01.json").unlink()
    with capture_logs() as lines:
        for _ in range(3):
            await bench.worker.run_probe(bench.planned())
    assert not bench.sent
    assert [line["event"] for line in lines].count("route cannot be probed") == 1
    await bench.worker.run_probe(bench.planned(receiver="kt-01"))
    assert len(bench.answers) == 1


async def test_a_probe_that_cannot_end_before_the_stop_stays_without_an_answer(
    bench_of: Any,
) -> None:
    bench = await bench_of(asyncio.Event())
    bench.worker.keep(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: bench.script.messages, within=5)
    await bench.worker.drain(0.05)
    assert len(bench.sent) == 1
    assert not bench.answers
    assert bench.value("bongsu_probe_unfinished_total", reason="stopped") == 1
    assert await bench.worker.announce(bench.planned()) is NotSent.STOPPING


async def test_a_call_under_way_ends_during_the_stop(bench_of: Any) -> None:
    gate = asyncio.Event()
    bench = await bench_of(gate)
    bench.worker.keep(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: bench.script.messages, within=5)
    asyncio.get_running_loop().call_later(0.05, gate.set)
    await bench.worker.drain(5)
    assert len(bench.answers) == 1


async def test_a_fault_in_an_adapter_leaves_no_answer_and_harms_no_other_probe(
    bench_of: Any,
) -> None:
    bench = await bench_of(KeyError("bug"), SendResult(AnswerResult.ACCEPTED, "202"))
    for _ in range(2):
        bench.worker.keep(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: bench.answers, within=5)
    assert (len(bench.sent), len(bench.answers)) == (2, 1)
    assert bench.value("bongsu_probe_unfinished_total", reason="crashed") == 1


async def test_an_account_has_at_most_its_concurrency_of_calls_under_way(bench_of: Any) -> None:
    gate = asyncio.Event()
    bench = await bench_of(gate, catalogue=a_catalogue(accounts=(an_account(concurrency=2),)))
    for _ in range(5):
        bench.worker.keep(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: len(bench.script.messages) == 2, within=5)
    assert len(bench.sent) == 2, "what waits for a permit is not announced yet"
    gate.set()
    await eventually(lambda: len(bench.answers) == 5, within=5)


async def test_a_probe_is_announced_under_the_catalogue_it_was_planned_under(
    bench_of: Any,
) -> None:
    gate = asyncio.Event()
    bench = await bench_of(gate, catalogue=a_catalogue(accounts=(an_account(concurrency=1),)))
    for _ in range(2):
        bench.worker.keep(bench.worker.run_probe(bench.planned()))
    await eventually(lambda: bench.script.messages, within=5)
    without_accounts = bench.worker.catalogue.model_copy(
        update={"revision": UUID(int=REVISION.int + 1), "accounts": {}, "receivers": {}}
    )
    bench.worker.change(without_accounts)
    gate.set()
    await eventually(lambda: len(bench.answers) == 2, within=5)
    assert [sent.revision for sent in bench.sent] == [REVISION, REVISION]


async def test_the_schedule_runs_what_is_owned_and_stops_at_once_what_is_lost(
    bench_of: Any,
) -> None:
    bench = await bench_of(catalogue=a_catalogue(*(a_route(id=f"r{n}") for n in range(300))))
    stopping = asyncio.Event()
    running = asyncio.create_task(bench.worker.run(stopping))
    bench.clock.at += timedelta(seconds=1.5)
    await eventually(lambda: bench.answers, within=5)
    bench.worker.disown({0})
    seen = len(bench.sent)
    bench.clock.at += timedelta(seconds=2)
    asked = bench.clock.asked
    await eventually(lambda: bench.clock.asked > asked + 4, within=5)
    assert len(bench.sent) == seen
    assert bench.value("bongsu_probe_routes") == 0
    stopping.set()
    await running


async def test_the_schedule_announces_a_canary_every_ten_seconds_while_it_owns_routes(
    bench_of: Any,
) -> None:
    bench = await bench_of()
    stopping = asyncio.Event()
    running = asyncio.create_task(bench.worker.run(stopping))
    await eventually(lambda: len(bench.canaries) == 1, within=5)
    for seconds, count in ((9.9, 1), (0.2, 2)):
        bench.clock.at += timedelta(seconds=seconds)
        asked = bench.clock.asked
        await eventually(lambda asked=asked: bench.clock.asked > asked + 6, within=5)
        assert len(bench.canaries) == count
    bench.worker.disown({0})
    bench.clock.at += timedelta(seconds=20)
    asked = bench.clock.asked
    await eventually(lambda: bench.clock.asked > asked + 6, within=5)
    stopping.set()
    await running
    first, second = bench.canaries
    assert (first.source, first.at) == ("worker/worker-a", SLOT)
    assert first.event_id != second.event_id
    assert bench.value("bongsu_selfcheck_timestamp_seconds", check="announced") > 0


async def test_a_canary_that_kafka_does_not_take_is_not_made_up_for(bench_of: Any) -> None:
    bench = await bench_of()
    bench.publisher.away = True
    stopping = asyncio.Event()
    running = asyncio.create_task(bench.worker.run(stopping))
    await eventually(lambda: bench.publisher.refused == 1, within=5)
    bench.publisher.away = False
    bench.clock.at += timedelta(seconds=9)
    asked = bench.clock.asked
    await eventually(lambda: bench.clock.asked > asked + 6, within=5)
    stopping.set()
    await running
    assert bench.canaries == []
    assert bench.value("bongsu_selfcheck_timestamp_seconds", check="announced") == 0


async def test_a_step_of_the_wall_clock_makes_no_burst_and_no_gap(bench_of: Any) -> None:
    bench = await bench_of(catalogue=a_catalogue(*(a_route(id=f"r{n}") for n in range(300))))
    stopping = asyncio.Event()
    running = asyncio.create_task(bench.worker.run(stopping))
    bench.clock.wall_ahead = timedelta(hours=1)
    bench.clock.at += timedelta(seconds=1.5)
    await eventually(lambda: bench.answers, within=5)
    await bench.worker.drain(5)
    stopping.set()
    await running
    assert 0 < len(bench.sent) < 20
    assert all(sent.sent_at - sent.slot >= HOUR for sent in bench.sent)


async def test_a_drill_waits_for_the_substitute_and_says_what_it_must_look_like(
    bench_of: Any,
) -> None:
    route = an_alimtalk_route(ladder_probe=LadderProbe(receiver="skt-01", every_s=300))
    bench = await bench_of(catalogue=a_catalogue(route))
    await bench.worker.run_probe(bench.planned(purpose=Purpose.DRILL))
    await bench.worker.run_probe(bench.planned())
    drill, scheduled = bench.sent
    words = bench.script.messages[0].substitute.text
    assert drill.seen_due - drill.sent_at == timedelta(seconds=2 * 120)  # own leg and substitute
    assert scheduled.seen_due - scheduled.sent_at == timedelta(seconds=120)
    assert (drill.interval_s, drill.observers) == (300, ("android-sms-gateway",))
    assert drill.substitute_sender == "geoje-sms"
    assert drill.substitute_digest == text.digest(CONTENT_KEY, words)
