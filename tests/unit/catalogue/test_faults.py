"""Each fault a person can write into a catalogue, and exactly what is said about it."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ruamel.yaml import YAML

from services.catalogue.check import RULES, check
from services.catalogue.load import load
from services.catalogue.plan import Limits
from services.catalogue.subject import Subject
from tests.unit.catalogue.small import ADAPTERS, FILES, changed, write

FAULTS: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("faults.yaml"))


@pytest.mark.parametrize("case", FAULTS, ids=[case["fault"] for case in FAULTS])
def test_a_fault_is_named_at_its_line(case: dict[str, Any], tmp_path: Path) -> None:
    files = write(tmp_path, changed(case["file"], case["old"], case["new"]))

    found = check(load(files), ADAPTERS)

    assert [str(problem) for problem in found] == case["says"]


def test_the_small_catalogue_has_no_fault(tmp_path: Path) -> None:
    assert check(load(write(tmp_path)), ADAPTERS) == []


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    files = changed("providers.yaml", "late_s: 180", "lates: 180")
    files |= changed("receivers.yaml", "carrier: skt", "carrier: skd")
    files |= changed("bodies/geoje.yaml", "interval_s: 60", "interval_s: soon")
    files |= changed("oncall.yaml", "after_min: 10", "after_min: soon")
    files |= changed("contracts/geoje.yaml", "weight: 2", "weight: heavy")

    found = check(load(write(tmp_path, files)), ADAPTERS)

    assert {problem.file for problem in found} == set(FILES)


def test_each_rule_has_a_fault_that_shows_it(tmp_path: Path) -> None:
    silent = {rule.__name__ for rule in RULES}
    for number, case in enumerate(FAULTS):
        files = changed(case["file"], case["old"], case["new"])
        loaded = load(write(tmp_path / str(number), files))
        silent -= {rule.__name__ for rule in RULES if _speaks(rule, loaded)}

    assert silent == set()


def _speaks(rule: Any, loaded: Any) -> bool:
    subject = Subject(loaded, loaded.catalogue(UUID(int=0)), frozenset(ADAPTERS), Limits())
    return any(True for _ in rule(subject))


def test_a_life_safety_notice_may_be_late_for_five_minutes_only(tmp_path: Path) -> None:
    files = changed("bodies/geoje.yaml", "notice_class: C3", "notice_class: C0")
    files |= changed("providers.yaml", "late_s: 180", "late_s: 301")

    found = check(load(write(tmp_path, files)), ADAPTERS)

    assert [str(problem) for problem in found] == [
        "bodies/geoje.yaml:52: route 'geoje.sms.sens': late after 301 s; a C0 notice allows 300 s"
    ]


def test_a_body_nobody_watches_is_a_warning(tmp_path: Path) -> None:
    text = FILES["bodies/geoje.yaml"].replace(
        "    receivers:", "    enabled: false\n    receivers:"
    )

    found = check(load(write(tmp_path, {"bodies/geoje.yaml": text})), ADAPTERS)

    of_body = [problem for problem in found if problem.file == "bodies/geoje.yaml"]
    assert [(str(problem), problem.warning) for problem in of_body] == [
        ("bodies/geoje.yaml:1: warning: body 'geoje': no route of this body is enabled", True)
    ]


def test_a_disabled_route_may_wait_for_its_adapter_and_its_receivers(tmp_path: Path) -> None:
    files = changed(
        "bodies/geoje.yaml",
        "adapter: sens_sms\n",
        "adapter: other_sms\n    enabled: false\n",
    )
    text = files["bodies/geoje.yaml"]
    head, _, tail = text.rpartition("receivers: [skt-01]")
    files["bodies/geoje.yaml"] = head + "receivers: [skt-09]" + tail

    assert [str(problem) for problem in check(load(write(tmp_path, files)), ADAPTERS)] == [
        "contracts/geoje.yaml:40: warning: contract 'geoje.sms.v1': route 'geoje.sms.sens' is not"
        " enabled: what it weighs is never measured"
    ]


def test_what_refers_to_a_wrong_object_is_not_called_wrong(tmp_path: Path) -> None:
    files = changed("receivers.yaml", "carrier: skt", "carrier: skd")

    found = check(load(write(tmp_path, files)), ADAPTERS)

    assert [(problem.file, problem.line) for problem in found] == [("receivers.yaml", 3)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("bodies/geoje.yaml", b"", "bodies/geoje.yaml:1: is empty"),
        ("bodies/geoje.yaml", b"# only a comment\n", "bodies/geoje.yaml:1: is empty"),
        ("bodies/geoje.yaml", b"body:\n  id: \xff\n", "bodies/geoje.yaml:2: is not UTF-8 text"),
        ("bodies/geoje.yaml", b"[" * 9_000, "bodies/geoje.yaml:1: is nested too deeply"),
        (
            "bodies/geoje.yaml",
            b"#" * 1_000_001,
            "bodies/geoje.yaml:1: is larger than 1000000 bytes",
        ),
        (
            "bodies/geoje.yaml",
            b"- a\n",
            "bodies/geoje.yaml:1: must be a mapping with the sections body, senders, routes",
        ),
        (
            "recievers.yaml",
            b"receivers: []\n",
            "recievers.yaml:1: unknown file; did you mean 'receivers.yaml'?",
        ),
        (
            "bodies/suyeong.yml",
            b"body: {}\n",
            "bodies/suyeong.yml:1: unknown file; did you mean 'bodies/*.yaml'?",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    write(tmp_path)
    (tmp_path / name).write_bytes(content)

    assert says in [str(problem) for problem in load(tmp_path).problems]


def test_missing_files_are_named(tmp_path: Path) -> None:
    assert [str(problem) for problem in load(tmp_path / "nowhere").problems] == [
        "bodies:1: there is no file bodies/<body>.yaml",
        "providers.yaml:1: this file is missing",
        "receivers.yaml:1: this file is missing",
    ]


def test_a_folder_with_a_file_s_name_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "receivers.yaml").unlink()
    (tmp_path / "receivers.yaml").mkdir()

    found = [str(problem) for problem in load(tmp_path).problems]

    assert found == ["receivers.yaml:1: cannot be read: Is a directory"]


def test_a_sentence_never_repeats_a_secret(tmp_path: Path) -> None:
    files = changed("providers.yaml", "secret: sens\n", "secret: Aq3xT9vLmZ0pR7\n")

    said = " ".join(str(problem) for problem in check(load(write(tmp_path, files)), ADAPTERS))

    assert "secret" in said
    assert "Aq3xT9vLmZ0pR7" not in said


def test_a_catalogue_without_an_on_call_file_pages_nobody_which_is_a_warning(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    (tmp_path / "oncall.yaml").unlink()

    found = check(load(tmp_path), ADAPTERS)

    assert [(str(problem), problem.warning) for problem in found] == [
        ("oncall.yaml:1: warning: this file is missing: nobody is paged", True)
    ]
