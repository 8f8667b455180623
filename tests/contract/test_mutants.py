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
EXAMPLES = Path(services.contracts.__file__).parent / "examples"
RECORDS = sorted(f for f in EXAMPLES.glob("*/v*/*.json") if f.parts[-3] != "current")
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
    each = COUNT // len(cases) + 1
    provider = support.Provider()
    async with support.serving(provider) as url, support.adapter_at(name, url) as adapter:

        async def ask(case: support.Case, status: int, body: bytes) -> str:
            provider.status, provider.body = status, body
            provider.asked.clear()
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
            provider.further = further(case)
            body = support.body_text(case["body"], "01000007777").encode()
            whole = await ask(case, case["status"], body)
            for mutant in mutants(body, 11, each):
                broken = await ask(case, case["status"], mutant)
                better = [state for state in GOOD if state in broken and state not in whole]
                assert not better, mutant


def further(case: support.Case) -> list[tuple[int, str]]:
    """The answers to the calls after the first; a case with none has nothing to tell there."""
    told = [(then["status"], support.body_text(then["body"], "")) for then in case.get("then", ())]
    return told or [(404, "")]


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
