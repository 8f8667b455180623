"""A provider's own word: proven, whole, in Kafka before it is answered, and never twice."""

import json
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import ids
from services.contracts.attempt import fold
from services.contracts.codec import encode
from services.contracts.evidence import DeadLetter, ReportReceived
from services.contracts.vocabulary import FaultDomain, ReportState
from services.ingest.pending import Pending
from services.ingest.reports import report_received
from services.runtime.errors import SetAside
from tests.support import telling
from tests.support.builders import MINUTE, SECOND, SLOT, a_probe_id, an_answer
from tests.support.mutants import mutants
from tests.support.telling import Telling, result, told
from tests.unit.ingest.handset import CANARY_NUMBER, KEEPER, NOW, PROBE, Answer, Ingest, left_behind

AT = SLOT + 3 * SECOND
MIDNIGHT = SLOT.replace(hour=0, minute=0)
MUTANTS = 1_500
NEXT_WORD = "the next word of this account"
WORDS = (telling.WORD, NEXT_WORD)


@pytest.fixture
def door(tmp_path: Path) -> Ingest:
    """An ingest with the provider's account in its catalogue."""
    return a_door(tmp_path)


def a_door(folder: Path) -> Ingest:
    for name in ("teller", "idle"):
        give_word(folder, telling.WORD, name)
    ingest = Ingest(folder, {telling.NAME: Telling})
    ingest.in_force = telling.a_telling_catalogue()
    return ingest


def give_word(folder: Path, word: str | list[str], name: str = "teller") -> None:
    (folder / f"{name}.json").write_text(json.dumps({"word": word}))


async def post(
    door: Ingest,
    body: bytes,
    account: str = "teller",
    word: str = telling.WORD,
    adapter: str = telling.NAME,
) -> Answer:
    return await door.send(f"/reports/{adapter}/{account}", body, telling.headers(word))


def became(door: Ingest, result: str) -> float:
    return door.results(telling.NAME, result)


async def test_each_result_of_a_webhook_is_evidence_before_it_is_answered(door: Ingest) -> None:
    other = a_probe_id(SLOT + MINUTE)
    results = (result("m1", probe=PROBE, at=AT), result("m2", "NO", probe=other, leg=1))
    answer = await post(door, told(*results))
    assert (answer.status, answer.body) == (202, b'{"bongsu":"queued"}')
    one, two = door.records
    assert isinstance(one, ReportReceived)
    assert isinstance(two, ReportReceived)
    assert (one.probe_id, one.account, one.provider_message_id) == (PROBE, "teller", "m1")
    assert (one.leg, one.state, one.code, one.reported_at) == (0, ReportState.DELIVERED, "OK", AT)
    assert (two.probe_id, two.leg, two.fault) == (other, 1, FaultDomain.HANDSET)
    assert two.reported_at == NOW
    assert became(door, "accepted") == 1


async def test_an_event_that_tells_of_no_result_is_taken_and_adds_nothing(door: Ingest) -> None:
    assert (await post(door, b'{"event":"TEMPLATE"}')).status == 202
    assert (door.records, became(door, "accepted")) == ([], 1)


async def test_a_repeated_webhook_and_a_look_up_make_the_same_event(door: Ingest) -> None:
    for code, at in (("OK", AT), ("NO", None), (None, None)):
        body = told(result("m1", code, probe=PROBE, at=at))
        await post(door, body)
        door.clock.at += timedelta(hours=3)
        await post(door, body)
        (asked,) = Telling.read_reports(body)
        looked_up = report_received(PROBE, "teller", asked, KEEPER, door.clock.now())
        assert {event.event_id for event in door.records} == {looked_up.event_id}
        door.published.records.clear()


async def test_a_result_told_by_its_day_and_looked_up_by_its_time_is_one_report(
    door: Ingest,
) -> None:
    await post(door, told(result("m1", probe=PROBE)))
    (by_day,) = door.records
    (asked,) = Telling.read_reports(told(result("m1", at=AT)))
    by_time = report_received(PROBE, "teller", asked, KEEPER, NOW)
    assert by_day.event_id != by_time.event_id
    for events in permutations((by_day, by_time)):
        assert fold(events).report == by_time


async def test_a_final_word_by_webhook_ends_the_look_ups_of_its_message(door: Ingest) -> None:
    pending, here = Pending(), ("t.evidence", 3)
    pending.own([here])
    answer = an_answer(account="teller", adapter=telling.NAME, provider_message_id="m1")
    pending.answered(here, answer, NOW)
    for code, left in (("WAIT", 1), ("??", 1), ("OK", 0)):
        await post(door, told(result("m1", code, probe=PROBE)))
        assert encode(door.records[-1]).key == encode(answer).key, "on another partition"
        pending.reported(here, door.records[-1])
        assert len(pending) == left


@pytest.mark.parametrize(("at", "time"), [(AT, AT), (None, MIDNIGHT)])
async def test_a_report_of_an_unknown_probe_is_dated_by_the_provider_or_by_the_day(
    door: Ingest, at: datetime | None, time: datetime
) -> None:
    await post(door, told(result("m1", at=at)))
    (event,) = door.records
    assert event.probe_id is None
    assert ids.time_of(event.event_id) == time


BROKEN = ("0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "1969-12-31T00:00:00Z")
LATE, AHEAD = timedelta(days=7, seconds=1), timedelta(minutes=10, seconds=1)


@pytest.mark.parametrize(
    "over",
    [
        {"probe": a_probe_id(NOW - LATE), "at": AT},
        {"probe": a_probe_id(NOW + AHEAD), "at": AT},
        {"probe": UUID(int=0)},
        {"probe": UUID(int=2**128 - 1)},
        {"at": NOW - LATE},
        {"at": NOW + AHEAD},
        *({"at": at} for at in BROKEN),
    ],
)
async def test_a_report_of_no_time_we_keep_is_dropped_and_counted(
    door: Ingest, lines: list[Any], over: dict[str, Any]
) -> None:
    assert (await post(door, told(result("m1", **over), result("m2", probe=PROBE)))).status == 202
    assert [event.provider_message_id for event in door.records] == ["m2"]
    assert became(door, "unmatched") == 1
    assert lines == []


async def test_a_report_said_within_retention_is_taken(door: Ingest) -> None:
    for at in (NOW - LATE + 2 * SECOND, NOW + AHEAD - 2 * SECOND):
        await post(door, told(result("m1", probe=a_probe_id(at))))
        await post(door, told(result("m1", at=at)))
    assert len(door.records) == 4


async def test_a_code_no_table_holds_is_counted(door: Ingest) -> None:
    await post(door, told(result("m1", "??", probe=PROBE), result("m2", probe=PROBE)))
    assert door.records[0].state is ReportState.UNKNOWN
    assert door.count("bongsu_unmapped_codes_total", adapter=telling.NAME) == 1


@pytest.mark.parametrize(
    ("account", "word"),
    [
        ("teller", "a guess"), ("teller", ""), ("teller", "비밀"), ("idle", telling.WORD),
        ("nobody", telling.WORD), (CANARY_NUMBER, telling.WORD),
    ],
)  # fmt: skip
async def test_who_proves_nothing_or_is_nobody_learns_nothing(
    door: Ingest, lines: list[Any], account: str, word: str
) -> None:
    for _ in range(20):
        answer = await post(door, told(result("m1", probe=PROBE)), account, word)
        assert (answer.status, answer.body) == (401, b"")
    assert (door.records, became(door, "bad_signature")) == ([], 20)
    assert [line["event"] for line in lines] == ["report refused"]
    assert CANARY_NUMBER not in left_behind(door, lines)


async def test_only_adapters_that_read_reports_have_a_door(door: Ingest) -> None:
    for adapter in ("sens_sms", "nobody", "email"):
        assert (await post(door, told(), adapter=adapter)).status == 404
    assert (await door.send(f"/reports/{telling.NAME}", told(), telling.headers())).status == 404


async def test_a_body_is_not_looked_at_before_it_is_proven(door: Ingest) -> None:
    assert (await post(door, b"no json", word="a guess")).status == 401
    assert (await post(door, b"no json")).status == 202


async def test_the_secret_and_the_account_are_those_of_now(door: Ingest, tmp_path: Path) -> None:
    give_word(tmp_path, [NEXT_WORD, telling.WORD])
    assert [(await post(door, told(), word=w)).status for w in WORDS] == [202, 202]
    give_word(tmp_path, NEXT_WORD)
    assert [(await post(door, told(), word=w)).status for w in WORDS] == [401, 202]
    door.in_force = telling.a_telling_catalogue().model_copy(update={"accounts": {}})
    assert (await post(door, told(), word=NEXT_WORD)).status == 401


@pytest.mark.parametrize("secret", [None, {"other": "field"}])
async def test_without_a_usable_secret_the_provider_is_to_come_again(
    door: Ingest, tmp_path: Path, lines: list[Any], secret: dict[str, str] | None
) -> None:
    (tmp_path / "teller.json").unlink()
    if secret is not None:
        (tmp_path / "teller.json").write_text(json.dumps(secret))
    for _ in range(20):
        answer = await post(door, told(result("m1", probe=PROBE)))
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert became(door, "unavailable") == 20
    assert [(line["event"], line["who"]) for line in lines] == [
        ("report cannot be verified", "teller")
    ]


async def test_refusals_of_strangers_do_not_hide_a_fault_of_ours(
    door: Ingest, tmp_path: Path, lines: list[Any]
) -> None:
    (tmp_path / "teller.json").unlink()
    for account in ("idle", "teller"):
        await post(door, told(), account)
    events = [line["event"] for line in lines]
    assert events == ["report refused", "report cannot be verified"]


async def test_the_results_of_a_thousand_citizens_may_come_in_one_webhook(door: Ingest) -> None:
    body = told(result("m1", probe=PROBE, others="x" * 900_000))
    assert (await post(door, body)).status == 202
    assert (await post(door, body + b" " * 200_000)).status == 413


async def test_before_a_catalogue_the_provider_is_to_come_again(door: Ingest) -> None:
    door.in_force = None
    assert (await post(door, told())).status == 503


async def test_a_webhook_half_in_kafka_is_repeated_whole_as_the_same_events(door: Ingest) -> None:
    body = told(*(result(f"m{n}", probe=a_probe_id(SLOT - n * MINUTE)) for n in range(5)))
    door.published.room = 2
    answer = await post(door, body)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert (len(door.records), became(door, "unavailable")) == (2, 1)
    door.published.room = 100
    assert (await post(door, body)).status == 202
    assert len(door.records) == 2 + 5
    assert len({event.event_id for event in door.records}) == 5


async def test_what_is_proven_and_not_understood_is_set_aside_without_its_words(
    door: Ingest, lines: list[Any]
) -> None:
    body = json.dumps(
        {"results": [{"id": 7, "number": CANARY_NUMBER, CANARY_NUMBER: "x"}], "number": "x"}
    ).encode()
    assert (await post(door, body)).status == 202
    (letter,) = door.records
    assert isinstance(letter, DeadLetter)
    assert letter.origin.startswith("reports/telling/teller/")
    assert (letter.reason, letter.size, letter.raw) == ("fields", len(body), None)
    assert letter.fields == {
        "results": "list", "number": "str", "results.id": "int", "results.number": "str",
        "results.(others)": "1",
    }  # fmt: skip
    assert became(door, "invalid") == 1
    assert door.count("bongsu_dead_letters_total", topic="reports", reason="fields") == 1
    assert CANARY_NUMBER not in left_behind(door, lines)


async def test_while_kafka_is_away_nothing_is_set_aside_either(door: Ingest) -> None:
    door.published.away = True
    assert (await post(door, b"no json")).status == 503
    assert door.count("bongsu_dead_letters_total", topic="reports", reason="fields") == 0


@pytest.mark.parametrize(
    "over",
    [{"id": ""}, {"id": "x" * 121}, {"id": "\0"}, {"leg": 8}, {"code": "9" * 41}]
    + [{"probe": PROBE, "at": at} for at in BROKEN],
)
async def test_what_no_event_can_hold_is_set_aside(door: Ingest, over: dict[str, Any]) -> None:
    assert (await post(door, told(result("m1") | over))).status == 202
    assert [letter.reason for letter in door.records] == ["malformed"]


async def test_a_broken_webhook_is_its_own_event_or_set_aside_and_leaks_nothing(
    door: Ingest, lines: list[Any]
) -> None:
    body = told(result("m1", probe=PROBE, at=AT), result("m2", "NO", at=AT))
    for mutant in mutants(body, 11, MUTANTS):
        assert (await post(door, mutant)).status == 202, mutant
    kinds = [type(record) for record in door.records]
    assert kinds.count(DeadLetter) > MUTANTS / 3
    assert kinds.count(ReportReceived) > MUTANTS / 10
    reports = [record for record in door.records if isinstance(record, ReportReceived)]
    assert {report.probe_id for report in reports} <= {PROBE, None}
    assert CANARY_NUMBER not in left_behind(door, lines)


@given(st.binary(max_size=200), st.text(max_size=20))
async def test_no_body_and_no_word_of_a_stranger_makes_a_fault(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, word: str
) -> None:
    door = a_door(tmp_path_factory.mktemp("door"))
    assert (await post(door, body, word=word)).status == 401
    assert (await post(door, body)).status == 202
    assert all(isinstance(record, DeadLetter) for record in door.records)


def test_a_report_that_no_event_can_hold_says_nothing_of_itself() -> None:
    (asked,) = Telling.read_reports(told(result(CANARY_NUMBER * 20, probe=PROBE)))
    with pytest.raises(SetAside) as aside:
        report_received(PROBE, "teller", asked, KEEPER, NOW)
    assert CANARY_NUMBER not in str(aside.value)
