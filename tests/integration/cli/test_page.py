"""`bongsu page preview` of incidents that stand in Postgres."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from services.storage import incidents
from services.storage.incidents import Event
from services.storage.pool import Pool, transaction
from tests.support.commands import bongsu
from tests.support.incidents import FIGURES, NOW, an_incident

OVER = an_incident(
    status="closed", figures=FIGURES, rival=None, margin=10.8,
    ended_at=NOW + timedelta(minutes=8), closed_at=NOW + timedelta(minutes=9),
)  # fmt: skip


async def test_a_closed_incident_reads_as_it_was_paged_and_as_it_was_cleared(
    pool: Pool, database: str, tmp_path: Path
) -> None:
    async with transaction(pool) as conn:
        await incidents.put(conn, OVER)
    settings = {"BONGSU_POSTGRES": database, "BONGSU_DEVELOPMENT": "true"}
    words = ("page", "preview", OVER.id, "--language", "ko", "--json")
    done = await asyncio.to_thread(bongsu, *words, data=tmp_path, settings=settings)
    assert done.code == 0, done.err
    told = {one["kind"]: one for one in json.loads(done.out)}
    assert "확인한 범위: 중계사 2곳, 발신 주체 5개" in told["opened"]["text"]
    assert "(잠정: 1분 안에 바뀔 수 있음)" in told["opened"]["text"]
    assert "지속 11분" in told["cleared"]["text"]
    async with transaction(pool) as conn:
        for actor in ("bongsu", "kim"):
            line = Event(NOW, "closed", actor, f"{actor}의 말", f"of {actor}")
            await incidents.append(conn, OVER.id, [line])
    done = await asyncio.to_thread(bongsu, *words, data=tmp_path, settings=settings)
    told = {one["kind"]: one for one in json.loads(done.out)}
    assert "사유: kim의 말" in told["cleared"]["text"]
    unknown = await asyncio.to_thread(
        bongsu, "page", "preview", "gone@1", data=tmp_path, settings=settings
    )
    assert (unknown.code, unknown.out) == (3, "")
    assert unknown.err.startswith("bongsu: there is no incident gone@1;")
