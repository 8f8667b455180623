"""The shipped files are what the boards say, and Grafana's provisioning leads to them."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dashboards import build, lint
from dashboards.shared import EXPLAINED

ROOT = Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "deploy" / "grafana"
SOURCES = GRAFANA / "provisioning" / "datasources" / "bongsu.yaml"
PROVIDERS = GRAFANA / "provisioning" / "dashboards" / "bongsu.yaml"
_MOUNT = re.compile(r"^\| `([\w/]+)` \| `(/[\w/]+)` \|", re.MULTILINE)


def _read(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


def _mounts() -> dict[str, str]:
    page = (ROOT / "docs" / "components" / "dashboards.md").read_text(encoding="utf-8")
    return {inside: outside for outside, inside in _MOUNT.findall(page)}


def test_the_shipped_files_are_what_the_boards_say() -> None:
    assert build.differences(build.rendered(), ROOT / build.FOLDER) == []


def test_a_board_made_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    one, other = (build.write(build.rendered(), tmp_path / name) for name in ("one", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_a_file_that_differs_or_is_missing_or_left_over_is_named(tmp_path: Path) -> None:
    removed, changed, *_ = sorted(build.write(build.rendered(), tmp_path))
    changed.write_text(changed.read_text().replace("Asia/Seoul", "utc"))
    removed.unlink()
    (tmp_path / "bongsu-old.json").write_text("{}")
    again = "run `bongsu dashboards build`"
    assert build.differences(build.rendered(), tmp_path) == [
        f"{removed} is missing: {again}",
        f"{changed} differs from its board: {again}",
        f"{tmp_path / 'bongsu-old.json'} belongs to no board: {again}",
    ]


def test_writing_removes_the_file_of_a_board_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "bongsu-old.json").write_text("{}")
    written = build.write(build.rendered(), tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_two_boards_with_one_uid_are_refused() -> None:
    with pytest.raises(ValueError, match="same uid"):
        build.rendered([build.SHIPPED[0], build.SHIPPED[0]])


def test_the_data_sources_are_those_the_boards_name() -> None:
    provisioned = {source["uid"]: source["type"] for source in _read(SOURCES)["datasources"]}
    for board in build.rendered().values():
        named = {
            variable["current"]["value"]: variable["query"]
            for variable in board["templating"]["list"]
            if variable["type"] == "datasource"
        }
        assert named == provisioned


def test_the_database_and_its_password_stand_where_grafana_12_reads_them() -> None:
    (postgres,) = (s for s in _read(SOURCES)["datasources"] if "postgres" in s["type"])
    assert postgres["jsonData"]["database"] == "bongsu"
    assert postgres["secureJsonData"]["password"].startswith("$__file{/run/bongsu/")
    assert not {"database", "password"} & postgres.keys()


def test_a_dollar_in_provisioning_is_a_setting_of_bongsu_or_doubled() -> None:
    for file in (SOURCES, PROVIDERS):
        text = file.read_text(encoding="utf-8").replace("$$", "").replace("$NAME", "")
        assert set(re.findall(r"\$(\w*)", text)) <= {
            "__file",
            "BONGSU_GRAFANA_POSTGRES_SSLMODE",
        }


def test_what_grafana_reads_is_mounted_from_folders_that_exist() -> None:
    (provider,) = _read(PROVIDERS)["providers"]
    mounts = _mounts()
    assert mounts[provider["options"]["path"]] == str(build.FOLDER)
    assert mounts["/etc/grafana/provisioning"] == "deploy/grafana/provisioning"
    assert ROOT / mounts["/usr/share/grafana" + EXPLAINED.rstrip("/")] == lint.PAGES
    assert all((ROOT / folder).is_dir() for folder in mounts.values())


def test_the_page_of_a_board_explains_every_panel_of_it() -> None:
    for uid, board in build.rendered().items():
        page = (lint.PAGES / f"{uid.removeprefix('bongsu-')}.md").read_text(encoding="utf-8")
        missing = [p["title"] for p in board["panels"] if f"## {p['title']}\n" not in page]
        assert missing == [], uid
