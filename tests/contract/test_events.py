"""What both ends agree on: examples that decode, and schemas that only a new version moves."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
from pydantic import BaseModel

import services.contracts
from services.contracts import codec, ids
from services.contracts.catalogue import Current
from services.contracts.evidence import (
    CanaryAnnounced,
    ChannelObserved,
    DeviceOpened,
    DeviceSeen,
    PathReturned,
    ProbeAnswered,
    ProbeSent,
    Record,
    ReportReceived,
)
from services.contracts.page import Page
from services.contracts.report import Report
from tests.contract import freeze_schemas

EXAMPLES = Path(services.contracts.__file__).parent / "examples"
FILES = sorted(EXAMPLES.glob("*/v*/*.json"))
# No records of the codec.
APART: dict[str, type[BaseModel]] = {"current": Current, "page": Page, "report": Report}
RECORDS = [file for file in FILES if file.parts[-3] not in APART]
NUMBER = re.compile(r"(?<![0-9a-f])(?:\+?82-?|0)1[0-9][-. ]?[0-9]{3,4}[-. ]?[0-9]{4}(?![0-9a-f])")


def _name(file: Path) -> str:
    return f"{file.parts[-3]}.{file.parts[-2]}"


def _case(file: Path) -> str:
    return f"{_name(file)}/{file.stem}"


def _decoded(file: Path) -> Record:
    return codec.decode(file.read_bytes(), [("ce_type", f"bongsu.{_name(file)}".encode())])


@pytest.mark.parametrize("file", RECORDS, ids=_case)
def test_each_example_decodes_and_comes_back_whole(file: Path) -> None:
    record = _decoded(file)
    encoded = codec.encode(record)
    assert codec.decode(encoded.value, encoded.headers) == record
    assert json.loads(encoded.value) == json.loads(file.read_bytes())


@pytest.mark.parametrize("kind", sorted(APART))
def test_the_example_of_what_is_no_record_decodes_and_comes_back_whole(kind: str) -> None:
    for file in EXAMPLES.glob(f"{kind}/v1/*.json"):
        told = APART[kind].model_validate_json(file.read_bytes())
        assert json.loads(told.model_dump_json()) == json.loads(file.read_bytes())


@pytest.mark.parametrize("file", FILES, ids=_case)
def test_each_example_satisfies_the_frozen_schema_of_its_version(file: Path) -> None:
    frozen = json.loads((freeze_schemas.FOLDER / f"{_name(file)}.json").read_bytes())
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(frozen, format_checker=checker)
    assert list(validator.iter_errors(json.loads(file.read_bytes()))) == []


@pytest.mark.parametrize("file", RECORDS, ids=_case)
def test_the_event_of_an_example_lies_in_the_slot_of_its_probe(file: Path) -> None:
    record = _decoded(file)
    if isinstance(record, ProbeSent):
        assert ids.time_of(record.probe_id) == record.slot
    match record:
        case ReportReceived(probe_id=None):
            assert record.reported_at - ids.time_of(record.event_id) < timedelta(milliseconds=1)
        case ChannelObserved():
            assert record.observed_min - ids.time_of(record.event_id) < timedelta(milliseconds=1)
        case CanaryAnnounced():
            assert record.at - ids.time_of(record.event_id) < timedelta(milliseconds=1)
        case PathReturned():
            assert ids.time_of(record.event_id) == ids.time_of(record.probe_id)
        case ProbeSent() | ProbeAnswered() | ReportReceived() | DeviceSeen() | DeviceOpened():
            assert record.probe_id is not None
            assert ids.time_of(record.event_id) == ids.time_of(record.probe_id)


@pytest.mark.parametrize("file", FILES, ids=_case)
def test_no_example_holds_a_telephone_number(file: Path) -> None:
    assert not NUMBER.search(file.read_text(encoding="utf-8"))


def test_the_search_for_numbers_finds_one() -> None:
    assert NUMBER.search('"01000000001"')
    assert NUMBER.search("+82-10-0000-0001")


def test_every_kind_and_version_has_an_example() -> None:
    assert set(freeze_schemas.MODELS) <= {_name(file) for file in FILES}


def test_every_version_ever_frozen_still_has_an_example_that_is_read() -> None:
    assert {file.stem for file in freeze_schemas.FOLDER.glob("*.json")} == set(map(_name, FILES))


def test_no_schema_changed_without_its_version() -> None:
    complaints = freeze_schemas.complaints(freeze_schemas.MODELS, freeze_schemas.FOLDER)
    assert not complaints, "\n".join(complaints)


def test_a_changed_record_is_told_how_to_mend_it(tmp_path: Path) -> None:
    freeze_schemas.freeze({"thing.v1": _Thing}, tmp_path, unreleased=False)
    left = freeze_schemas.freeze({"thing.v1": _WiderThing}, tmp_path, unreleased=False)
    assert len(left) == 1
    assert "set `version` of _WiderThing to 2" in left[0]
    assert not freeze_schemas.freeze({"thing.v1": _WiderThing}, tmp_path, unreleased=True)


def test_a_record_never_frozen_is_named(tmp_path: Path) -> None:
    assert "thing.v1 has no frozen schema" in freeze_schemas.complaints(
        {"thing.v1": _Thing}, tmp_path
    )[0]  # fmt: skip


def test_other_words_about_a_field_are_no_change_but_a_field_named_like_one_is() -> None:
    plain = freeze_schemas.schema_text(_Thing)
    assert plain == freeze_schemas.schema_text(_SaidOtherwise)
    assert '"title"' in freeze_schemas.schema_text(_WiderThing)


class _Thing(BaseModel):
    """A thing."""

    version: Literal[1] = 1
    name: str


class _SaidOtherwise(BaseModel):
    """The same thing in other words."""

    version: Literal[1] = 1
    name: str


class _WiderThing(BaseModel):
    version: Literal[1] = 1
    name: str
    title: str = ""
