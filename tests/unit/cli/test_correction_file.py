"""A file that corrects a month: what the API takes, or where it is wrong, with file and line."""

from pathlib import Path

import pytest

from services.cli.correction_file import Unfit, read
from services.contracts.correction import KINDS, data_of

ROOT = Path(__file__).resolve().parents[3]
REASON = "reason: 단말이 로그아웃되어 있었음을 확인했습니다.\n"
SPAN = "from: 2026-10-20T14:20:00+09:00\nto: 2026-10-20T14:50:00+09:00\n"
FAULT = f"kind: monitor_fault\n{REASON}component: receiver:skt-01\ncause: account\n{SPAN}"
PROOF = f"proof: {'a' * 64}\n"
CONTRACT = """\
contract:
  id: geoje.sms.v1
  valid_from: 2026-01-01
  body: geoje
  channel: sms
  counterparty: own
  grade: 1
  routes: [{route: geoje.sms.sens}]
"""
FILES = {
    "evidence_import": "",
    "monitor_fault": f"component: receiver:skt-01\ncause: account\n{SPAN}",
    "maintenance_proof": "maintenance: provider:sens@1\n"
    f"announced_at: 2026-10-01T10:00:00+09:00\n{PROOF}",
    "exclusion": f"component: provider:sens\ncause: force_majeure\n{SPAN}",
    "declared_outage": f"channel: sms\n{PROOF}{SPAN}",
    "contract_fix": CONTRACT,
}


def _file(folder: Path, text: str) -> Path:
    made = folder / "correction.yaml"
    made.write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_as_the_api_takes_it(tmp_path: Path, kind: str) -> None:
    found = read(_file(tmp_path, f"kind: {kind}\n{REASON}proposed_by: kim\n{FILES[kind]}"))
    assert found.proposed_by == "kim"
    assert found.data["kind"] == kind
    rest = {name: value for name, value in found.data.items() if name != "kind"}
    assert data_of(kind, rest).model_dump(mode="json", by_alias=True) == found.data


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FAULT.replace("monitor_fault", "monitor_falt"), "1: field 'kind' must be one of"),
        (FAULT.replace("monitor_fault", "monitor_falt"), "did you mean 'monitor_fault'?"),
        (FAULT.replace(REASON, "reason: 짧음\n"), "2: field 'reason' has 20 to 2000 characters"),
        (FAULT.replace(REASON, ""), "1: field 'reason' has 20 to 2000 characters, not 0"),
        (FAULT + "down: 20\n", "7: field 'down' is unknown"),
        (FAULT.replace("account", "acount"), "4: field 'cause' must be one of"),
        (FAULT.replace("T14:20:00+09:00", "T14:20:00"), "5: field 'from' must say its offset"),
        (FAULT.replace("14:50", "14:20"), "`from` lies before `to`"),
        (FAULT + "kind: exclusion\n", "7: field 'kind' is given twice"),
        ("- a\n", "1: a correction is a mapping"),
        ("kind: [", "1: this file is not YAML"),
        ("", "1: this file is empty"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    file = _file(tmp_path, text)
    with pytest.raises(Unfit) as error:
        read(file)
    assert str(error.value).startswith(f"{file}:")
    assert says in str(error.value)


def test_a_contract_is_checked_as_the_catalogue_is(tmp_path: Path) -> None:
    wrong = FILES["contract_fix"].replace("grade: 1", "grade: 9")
    file = _file(tmp_path, f"kind: contract_fix\n{REASON}{wrong}")
    with pytest.raises(Unfit, match=r"yaml:9: field 'contract.grade' must be at most 4"):
        read(file)
