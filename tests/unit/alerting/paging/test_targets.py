"""Where the shipped paths lead, by the secrets a local stack makes."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from services.adapters import discover
from services.alerting.paging.message import Target
from services.alerting.paging.targets import target_of
from services.local.keys import make_secrets
from services.runtime.errors import Stop
from services.runtime.secrets import SecretFolder
from tests.support.chain import shipped

CATALOGUE = shipped()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_secrets(tmp_path, CATALOGUE, discover())
    return tmp_path


def target(folder: Path, path: str, **over: Any) -> Target:
    changed = CATALOGUE.paths[path].model_copy(update=over)
    return target_of(CATALOGUE, changed, SecretFolder(folder))


def test_every_shipped_path_leads_somewhere(folder: Path) -> None:
    found = [target(folder, path) for path in CATALOGUE.paths]
    assert len({one.to.get_secret_value() for one in found}) == len(CATALOGUE.paths)


def test_an_sms_goes_by_the_adapter_of_its_account_s_routes(folder: Path) -> None:
    contracts = [target(folder, path).contract for path in ("oncall-1-nhn", "oncall-1-sens")]
    assert [one and (one.adapter, one.account.id) for one in contracts] == [
        ("nhn_sms", "nhn"),
        ("sens_sms", "sens"),
    ]
    assert all(one and one.number for one in contracts)


def test_mail_comes_from_an_address_and_no_number(folder: Path) -> None:
    contract = target(folder, "oncall-1-mail").contract
    assert contract is not None
    assert (contract.adapter, contract.number) == ("email", None)
    assert contract.sender.identity


def test_a_webhook_is_signed_with_every_key_its_secret_holds(folder: Path) -> None:
    file = folder / "path-control-room.json"
    file.write_text(json.dumps({"key": ["whsec_new", "whsec_old"], "url": "https://x.test/p"}))
    found = target(folder, "control-room")
    assert [key.get_secret_value() for key in found.keys] == ["whsec_new", "whsec_old"]
    assert found.to == SecretStr("https://x.test/p")
    file.write_text(json.dumps({"url": "https://x.test/p"}))
    with pytest.raises(Stop, match="no field 'key'"):
        target(folder, "control-room")


def test_an_alertmanager_needs_no_secret_and_may_want_a_login(folder: Path) -> None:
    assert target(folder, "alertmanager", secret=None, returns=False) == Target(
        "alertmanager", "alertmanager", SecretStr("https://alertmanager.invalid")
    )
    assert target(folder, "alertmanager").returns
    (folder / "am.json").write_text(json.dumps({"username": "u", "password": "p"}))
    assert target(folder, "alertmanager", secret="am").login == (SecretStr("u"), SecretStr("p"))


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"secret": None}, "address"),
        ({"secret": "nowhere"}, "secret"),
        ({"account": "nobody"}, "account"),
        ({"sender": "moel-sms"}, "account"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_a_sentence(
    folder: Path, over: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Stop) as stopped:
        target(folder, "oncall-1-nhn", **over)
    assert stopped.value.reason == reason


def test_an_account_no_route_sends_by_has_no_adapter(folder: Path) -> None:
    without = {name: one for name, one in CATALOGUE.routes.items() if one.account != "nhn"}
    catalogue = CATALOGUE.model_copy(update={"routes": without})
    with pytest.raises(Stop, match="oncall-1-nhn"):
        target_of(catalogue, CATALOGUE.paths["oncall-1-nhn"], SecretFolder(folder))
