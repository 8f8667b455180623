"""The prelude is taught once for a catalogue and a seed."""

import os
import time
from pathlib import Path
from uuid import UUID

import pytest

from services.catalogue.load import load
from services.cli.prelude import learnt
from services.contracts.catalogue import Catalogue
from services.replay.prelude import dumped


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The shipped one with two routes."""
    shipped = load(Path("catalogue")).catalogue(UUID(int=1))
    routes = {name: shipped.routes[name] for name in ("geoje.sms.sens", "geoje.alimtalk.sens")}
    return shipped.model_copy(update={"routes": routes})


async def of(catalogue: Catalogue, cache: Path, seed: int = 1) -> tuple[bytes, list[str]]:
    """What was learnt from few messages, and what was told meanwhile."""
    told: list[str] = []
    return dumped(await learnt(catalogue, seed, cache, told.append, messages=20)), told


async def test_it_is_taught_once_and_again_when_its_file_is_damaged(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    first, told = await of(catalogue, cache)
    assert told[-1] == "the detector learns 20 messages a route, once: 2 of 2 parts"
    assert await of(catalogue, cache) == (first, [])
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes().replace(b"geoje", b"geoja"))
    again, told = await of(catalogue, cache)
    assert again == first
    assert told[0] == f"{file} is damaged: it is made again"
    assert await of(catalogue, cache) == (first, [])
    assert list(cache.iterdir()) == [file]


async def test_another_seed_and_another_catalogue_are_taught_on_their_own(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    route = catalogue.routes["geoje.sms.sens"]
    alone = catalogue.model_copy(update={"routes": {route.id: route}})
    slower = catalogue.model_copy(
        update={"routes": {route.id: route.model_copy(update={"late_s": 99})}}
    )
    found = [await of(alone, tmp_path), await of(alone, tmp_path, 2), await of(slower, tmp_path)]
    assert all(told for _, told in found)
    assert found[0][0] != found[1][0]


async def test_other_people_on_call_teach_nothing_anew(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    taught = await of(catalogue, tmp_path)
    swapped = catalogue.model_copy(update={"people": {}, "rotas": {}, "paths": {}})

    assert taught[1]
    assert await of(swapped, tmp_path) == (taught[0], [])


async def test_what_was_of_no_use_for_a_month_is_deleted(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    old, recent = tmp_path / "prelude-0000.json", tmp_path / "prelude-1111.json"
    for file, days in ((old, 31), (recent, 29)):
        file.touch()
        os.utime(file, (then := time.time() - days * 86_400, then))
    await of(catalogue, tmp_path)
    assert recent.exists()
    assert not old.exists()
