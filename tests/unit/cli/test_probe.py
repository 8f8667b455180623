"""What `bongsu probe --json` tells programs."""

import json
from datetime import UTC, datetime
from uuid import UUID

from services.cli.context import as_json
from services.contracts.vocabulary import AnswerResult, Purpose, Stage
from services.storage.status import ProbeStatus

AT = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)


def test_a_probe_as_json_has_its_stages_by_name() -> None:
    found = ProbeStatus(
        probe_id=UUID("019a1234-5678-7abc-8def-0123456789ab"), route="geoje.sms.sens",
        purpose=Purpose.MANUAL, receiver="skt-01", slot=AT, sent_at=AT, seen_due=AT,
        stages={Stage.ACCEPTED: AT, Stage.SEEN: AT}, answer=AnswerResult.ACCEPTED,
        answer_code="202", provider_says=None, outcome=None, reason=None,
    )  # fmt: skip
    told = json.loads(as_json(found))
    assert set(told["stages"]) == {"accepted", "seen"}
    assert told["answer"] == "accepted"


def test_a_probe_that_nobody_took_is_null() -> None:
    assert json.loads(as_json(None)) is None
