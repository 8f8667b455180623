"""Ten thousand broken answers of a provider, broken records of Kafka: never a better state."""

import json
from pathlib import Path

import pytest

import services.contracts
from services.adapters import discover
from services.adapters.base import LooksUp, Report, SendResult
from services.contracts import codec
from services.contracts.evidence import Event, ProbeAnswered, Record, ReportReceived
from services.contracts.vocabulary import AnswerResult, ReportState
from services.runtime.errors import Retry, Stop
from tests.support import adapters as support
from tests.support.mutants import mutants

COUNT = 10_000
Answer = tuple[int, bytes]
EXAMPLES = Path(services.contracts.__file__).parent / "examples"
APART = ("current", "page", "report")  # no records of the codec
RECORDS = sorted(f for f in EXAMPLES.glob("*/v*/*.json") if f.parts[-3] not in APART)
OVER_HTTP = [name for name in sorted(discover()) if support.speaks_http(name)]


def state_of(result: SendResult | list[Report] | Retry | Stop) -> str:
    """`accepted` and `delivered` are what nothing else may turn into."""
    if isinstance(result, SendResult):
        return str(result.result)
    if isinstance(result, list):
        return ",".join(sorted({f"{report.leg}:{report.state}" for report in result}))
    return type(result).__name__


GOOD = (str(AnswerResult.ACCEPTED), f"0:{ReportState.DELIVERED}", f"1:{ReportState.DELIVERED}")


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_broken_answer_is_never_better_than_the_whole_one(name: str) -> None:
    cases = [case for case in support.cases(name).values() if isinstance(case["body"], dict)]
    each = COUNT // sum(len(answers_of(case)) for case in cases) + 1
    provider = support.Provider()
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:

        async def ask(case: support.Case, answers: list[Answer]) -> str:
            provider.asked.clear()
            # A call that no answer is written for learns that nothing is there.
            (provider.status, provider.body), *provider.further = [*answers, (404, b"")]
            try:
                if case.get("ask") is None:
                    return state_of(await adapter.send(support.message_of(name)))
                assert isinstance(adapter, LooksUp)
                reports = await adapter.look_up(case["ask"])
            except (Retry, Stop) as error:
                return state_of(error)
            assert {report.provider_message_id for report in reports} <= set(case["ask"])
            return state_of(reports)

        for case in cases:
            answers = answers_of(case)
            whole = await ask(case, answers)
            for place, (status, body) in enumerate(answers):
                for mutant in mutants(body, 11, each):
                    told = [*answers[:place], (status, mutant), *answers[place + 1 :]]
                    broken = await ask(case, told)
                    better = [state for state in GOOD if state in broken and state not in whole]
                    assert not better, mutant


def answers_of(case: support.Case) -> list[Answer]:
    """What the provider says to the calls of a case, by turn."""
    told = [case, *case.get("then", ())]
    return [(t["status"], support.body_text(t["body"], "01000007777").encode()) for t in told]


def decoded(value: bytes, name: str) -> Record | None:
    try:
        return codec.decode(value, [("ce_type", f"bongsu.{name}".encode())])
    except codec.InvalidEvent:
        return None


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: f"{file.parts[-3]}/{file.stem}")
def test_a_broken_record_is_its_own_event_or_none(file: Path) -> None:
    name = ".".join(file.parts[-3:-1])
    body = json.dumps(json.loads(file.read_bytes()), ensure_ascii=False).encode()
    whole = decoded(body, name)
    assert whole is not None
    for mutant in mutants(body, 13, COUNT):
        broken = decoded(mutant, name)
        assert broken is None or type(broken) is type(whole)
        if isinstance(broken, Event):
            assert broken.event_id == whole.event_id, mutant  # type: ignore[attr-defined]
            check_probe_and_state(whole, broken, mutant)


def check_probe_and_state(whole: Record, broken: Record, mutant: bytes) -> None:
    # A report that lost its probe is joined by its message, or waits.
    probe_id = getattr(broken, "probe_id", None)
    assert probe_id in (None, getattr(whole, "probe_id", None)), mutant
    if isinstance(broken, ProbeAnswered) and isinstance(whole, ProbeAnswered):
        assert broken.result == whole.result
    if isinstance(broken, ReportReceived) and isinstance(whole, ReportReceived):
        assert (broken.state, broken.leg) == (whole.state, whole.leg), mutant
