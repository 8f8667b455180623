"""`bongsu doctor` where nothing answers, and where Kafka and Postgres do."""

import asyncio
import json
from pathlib import Path
from typing import Any

from services.runtime.kafka import Address, Producer
from tests.support.commands import bongsu


def _doctor(folder: Path, settings: dict[str, str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code; by part, whether it is well and what is said of it."""
    told = settings | {"BONGSU_DEVELOPMENT": "true"}
    done = bongsu("doctor", "--json", *words, data=folder, settings=told)
    assert done.err == ""
    return done.code, {one["part"]: (one["good"], one["says"]) for one in json.loads(done.out)}


def test_what_cannot_be_reached_is_wrong_and_what_nobody_named_is_not_called_good(
    tmp_path: Path,
) -> None:
    ops = "http://127.0.0.1:9"
    settings = {
        "BONGSU_KAFKA": "127.0.0.1:9", "BONGSU_PUBLIC_URL": "http://bongsu.example.go.kr",
        "BONGSU_POSTGRES": "postgresql://nobody@127.0.0.1:9/none",
    }  # fmt: skip
    code, found = _doctor(tmp_path, settings, "--ops", ops)
    assert code == 1
    for part in ("Kafka", "Postgres", ops, "public address"):
        assert found[part][0] is False, found[part]
    assert found["secrets"] == (None, "BONGSU_SECRETS_DIR is not set, so none was looked for")
    assert "is no https address" in found["public address"][1]


async def test_a_catalogue_whose_secrets_are_missing_is_found_before_a_process_is(
    address: Address, applied: Producer, database: str, tmp_path: Path
) -> None:
    settings = {
        "BONGSU_KAFKA": address.options["bootstrap_servers"],
        "BONGSU_TOPIC_PREFIX": address.prefix,
        "BONGSU_POSTGRES": database, "BONGSU_SECRETS_DIR": str(tmp_path),
    }  # fmt: skip
    code, found = await asyncio.to_thread(_doctor, tmp_path, settings)
    assert code == 1
    assert found["Kafka"][0] is True
    assert found["Postgres"] == (False, "answers, but nobody detects: no verdict yet")
    assert found["secrets"][1].startswith("0 of ")
    assert found["processes"][0] is None
    good, says = found["path oncall-1-nhn"]
    assert good is False
    assert says.startswith("cannot be used: secret path-oncall-1-nhn: ")
