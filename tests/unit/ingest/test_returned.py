"""What a path was told comes back: believed with the path's own word, of the path's own probe."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.contracts import ids, text
from services.contracts.catalogue import build
from services.contracts.model import Name
from services.contracts.oncall import PagingPath
from tests.support.builders import REVISION, SLOT, a_probe_id, a_return
from tests.unit.ingest.handset import NOW, Answer, Ingest, left_behind

OURS = a_return()
WORD, NEXT_WORD = "word of alertmanager", "next word of alertmanager"
JSON = {"Content-Type": "application/json"}
WEEK = timedelta(days=7)


def a_path(path: str, **over: Any) -> PagingPath:
    fields: dict[str, Any] = {"secret": path, "returns": True} | over
    return PagingPath(id=path, name=Name(ko=path, en=path), notifier="alertmanager", **fields)


@pytest.fixture
def door(tmp_path: Path) -> Ingest:
    """An ingest with two systems that send proofs back, and one that does not."""
    for name, words in (("alertmanager", [NEXT_WORD, WORD]), ("other", ["of other"])):
        (tmp_path / f"{name}.json").write_text(json.dumps({"returns": words}))
    paths = (
        a_path("alertmanager"),
        a_path("other"),
        a_path("quiet", secret="other", returns=False),
    )
    door = Ingest(tmp_path)
    door.in_force = build(REVISION, [("path", path) for path in paths])
    return door


def an_alert(nonce: str) -> bytes:
    """As an Alertmanager posts it."""
    labels = {"alertname": "BongsuProof", "path": "alertmanager", "probe": nonce}
    alerts = [{"status": "firing", "labels": labels, "annotations": {}}]
    return json.dumps({"version": "4", "commonLabels": labels, "alerts": alerts}).encode()


BODY = an_alert(ids.write_nonce(OURS.probe_id, 0))


async def send(
    door: Ingest, body: bytes = BODY, path: str = "alertmanager", given: str = f"Bearer {WORD}"
) -> Answer:
    return await door.send(f"/proofs/{path}", body, JSON | {"Authorization": given})


async def test_what_comes_back_is_evidence_before_it_is_answered(
    door: Ingest, lines: list[Any]
) -> None:
    answer = await send(door)
    assert (answer.status, answer.body) == (202, b'{"bongsu":"queued"}')
    assert door.records == [OURS.model_copy(update={"at": NOW})]
    assert door.results("proof", "accepted") == 1
    door.published.away = True
    assert (await send(door)).status == 503
    assert WORD not in left_behind(door, lines)


async def test_told_again_in_other_words_it_is_the_same_event(door: Ingest) -> None:
    said = json.dumps({"type": "page.proof", "data": {"text": text.probe_text(OURS.probe_id, 0)}})
    for body, given in ((BODY, f"bearer {NEXT_WORD}"), (said.encode(), f"Bearer {WORD}")):
        assert (await send(door, body, given=given)).status == 202
    assert {event.event_id for event in door.records} == {OURS.event_id}


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("alertmanager", ""),
        ("alertmanager", WORD),
        ("alertmanager", f"Basic {WORD}"),
        ("alertmanager", f"Bearer {WORD}x"),
        ("alertmanager", "Bearer of other"),
        ("quiet", "Bearer of other"),
        ("nobody", f"Bearer {WORD}"),
    ],
)
async def test_without_the_word_of_the_path_nothing_is_read(
    door: Ingest, path: str, given: str
) -> None:
    answer = await send(door, path=path, given=given)
    assert (answer.status, answer.body, door.records) == (401, b"", [])
    assert door.results("proof", "bad_signature") == 1


@pytest.mark.parametrize(
    "probe",
    [
        a_return(path="other").probe_id,
        a_return(slot=NOW - WEEK - timedelta(minutes=1)).probe_id,
        a_probe_id(receiver="alertmanager"),
        ids.first_id_at(SLOT),
    ],
    ids=["of another path", "too old", "of no proof", "made up"],
)
async def test_what_names_no_proof_of_the_path_proves_nothing(door: Ingest, probe: Any) -> None:
    assert (await send(door, an_alert(ids.write_nonce(probe, 0)))).status == 202
    assert (door.records, door.results("proof", "unmatched")) == ([], 1)


async def test_whatever_is_altered_in_the_nonce_proves_nothing(door: Ingest) -> None:
    nonce = ids.write_nonce(OURS.probe_id, 0)
    for place in range(4, len(nonce)):
        other = ids.ALPHABET[ids.ALPHABET.index(nonce[place]) - 1]
        await send(door, an_alert(nonce[:place] + other + nonce[place + 1 :]))
    await send(door, b"\xff" + BODY[:60])
    assert (door.records, door.results("proof", "unmatched")) == ([], 27)


async def test_what_is_larger_than_any_proof_is_turned_away(door: Ingest) -> None:
    assert (await send(door, BODY.ljust(64 * 1024))).status == 202
    assert (await send(door, BODY.ljust(64 * 1024 + 1))).status == 413


async def test_without_a_catalogue_or_the_secret_it_is_to_come_again(
    door: Ingest, tmp_path: Path
) -> None:
    (tmp_path / "other.json").unlink()
    assert (await send(door, path="other")).status == 503
    door.in_force = None
    assert (await send(door)).status == 503
