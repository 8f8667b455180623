"""The secrets of the local stack: whom they make up, and what stays as it was."""

import json
from pathlib import Path
from uuid import UUID

from services.catalogue.load import load
from services.contracts.catalogue import Catalogue
from services.local.keys import make_secrets
from tests.support.commands import ROOT

WHOLE = load(ROOT / "catalogue").catalogue(UUID(int=0))
OLDER = WHOLE.model_copy(
    update={
        "receivers": {name: WHOLE.receivers[name] for name in ("lgu-07", "skt-02", "naver-01")},
        "senders": {name: WHOLE.senders[name] for name in ("lh-sms", "geoje-sms")},
        "paths": {},
    }
)


def numbers(folder: Path, catalogue: Catalogue) -> dict[str, str]:
    """The numbers that the catalogue's secrets hold after a start, by secret."""
    make_secrets(folder, catalogue, {})
    held = {name: fields.get("number") for name, fields in read(folder).items()}
    ends = {path.secret for path in catalogue.paths.values()}
    return {name: number for name, number in held.items() if number and name not in ends}


def read(folder: Path) -> dict[str, dict[str, str]]:
    """The secrets of a folder, by name."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in folder.glob("*.json")}


def test_no_two_have_the_same_number_and_none_is_one_that_a_carrier_assigns(tmp_path: Path) -> None:
    found = numbers(tmp_path, WHOLE)

    phones = {r.secret for r in WHOLE.receivers.values() if r.base_url is None}
    senders = {s.secret for s in WHOLE.senders.values() if s.secret and not s.identity}
    assert found.keys() == phones | senders
    assert len(set(found.values())) == len(found)
    assert {number[:7] for number in found.values()} == {"0100000", "0200000"}


def test_when_the_catalogue_grows_all_keep_their_numbers_and_the_new_ones_get_others(
    tmp_path: Path,
) -> None:
    before = numbers(tmp_path, OLDER)
    after = numbers(tmp_path, WHOLE)

    assert len(before) == 4
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after) > len(before)


def test_a_page_is_read_on_its_path_s_test_receiver_and_a_webhook_has_a_key(tmp_path: Path) -> None:
    make_secrets(tmp_path, WHOLE, {})

    held = read(tmp_path)
    for path in WHOLE.paths.values():
        if path.receiver:
            field = "number" if path.notifier == "sms" else "address"
            assert path.secret is not None
            there = held[WHOLE.receivers[path.receiver].secret]
            assert held[path.secret] == {field: there[field]}
    assert held["path-control-room"]["key"].startswith("whsec_")
