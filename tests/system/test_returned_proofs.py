"""A real Alertmanager of the shipped configuration sends the proof of its path back, as the control
room does; without that route nothing comes back, whatever it accepts, and the metric says so."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.test_proofs import Asking
from tests.support.chain import Chain, running, shipped, with_routes
from tests.support.waiting import eventually

ROUTED, ELSEWHERE = "matchers: [alertname = BongsuProof]", "matchers: [alertname = Nobody]"
SYSTEMS = ("alertmanager", "control-room")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    stack = Asking(tmp_path)
    async with running(stack, with_routes(shipped(), [])):
        yield stack


async def proof(chain: Chain, path: str) -> Any:
    query = "SELECT * FROM path_proof WHERE path = $1"
    (row,) = await eventually(lambda: chain.rows(query, path), within=30)
    return row


async def shown(chain: Chain, path: str) -> float:
    labels = frozenset({"path": path, "how": "returned"}.items())
    return (await chain.samples("alerting-a1"))["bongsu_path_proof_timestamp_seconds", labels]


async def asked_anew(chain: Chain, path: str, proven: bool) -> Any:
    """Its proof, once it was asked after now, and, with `proven`, what was asked came back."""
    before = await proof(chain, path)

    async def later() -> Any:
        row = await proof(chain, path)
        back = row["proven_at"] is not None and row["proven_at"] > before["asked_at"]
        return row["asked_at"] > before["asked_at"] and (back or not proven) and row

    return await eventually(later, within=60)


async def reload(chain: Chain, old: str, new: str) -> None:
    """Alertmanager reads its configuration anew, changed."""
    config = chain.data / "alertmanager" / "alertmanager.yml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")
    url = f"{chain.monitors['alertmanager'].url}/-/reload"
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        assert answer.status == 200


async def test_a_system_is_proven_by_what_comes_back_and_not_by_its_yes(chain: Chain) -> None:
    for path in SYSTEMS:
        assert (await asked_anew(chain, path, proven=True))["how"] == "returned"

    await reload(chain, ROUTED, ELSEWHERE)
    first, _, last = [await asked_anew(chain, "alertmanager", proven=False) for _ in range(3)]
    assert (last["proven_at"], last["detail"]) == (first["proven_at"], None)
    assert await shown(chain, "alertmanager") == last["proven_at"].timestamp()
    assert await shown(chain, "control-room") > last["proven_at"].timestamp()

    await reload(chain, ELSEWHERE, ROUTED)
    await asked_anew(chain, "alertmanager", proven=True)
