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
    read = {file.stem: json.loads(file.read_text("utf-8")) for file in folder.glob("*.json")}
    return {name: fields["number"] for name, fields in read.items() if "number" in fields}


def test_no_two_have_the_same_number_and_none_is_one_that_a_carrier_assigns(tmp_path: Path) -> None:
    found = numbers(tmp_path, WHOLE)

    phones = {r.secret for r in WHOLE.receivers.values() if r.base_url is None}
    senders = {s.secret for s in WHOLE.senders.values() if s.secret and not s.identity}
    paged = {path.secret for path in WHOLE.paths.values() if path.notifier == "sms"}
    assert found.keys() == phones | senders | paged
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
