"""`bongsu dashboards`: what it prints and how it ends."""

import subprocess
from pathlib import Path

from services.storage.pool import open_pool
from tests.support.commands import BONGSU, ROOT, bongsu


def test_without_servers_the_check_says_what_it_did_not_look_at(tmp_path: Path) -> None:
    done = bongsu("dashboards", "check", data=tmp_path)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        "SQL was not checked: no Postgres (start `bongsu up`, or give --postgres)",
        "PromQL was not checked: no Prometheus (install prometheus and start `bongsu up`,"
        " or give --prometheus)",
        "bongsu: the rest of the boards is in order",
    ]


def test_offline_the_check_says_that_nobody_was_asked(tmp_path: Path) -> None:
    done = bongsu("dashboards", "check", "--offline", data=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == "6 boards are in order (no server was asked)\n"


async def test_with_postgres_alone_only_promql_is_left(reader: str, tmp_path: Path) -> None:
    done = bongsu("dashboards", "check", "--postgres", reader, data=tmp_path)
    assert done.code == 3
    assert done.err.splitlines()[0].startswith("PromQL was not checked: no Prometheus")


async def test_the_login_may_be_told_where_no_list_of_processes_shows_it(
    reader: str, tmp_path: Path
) -> None:
    login = {"BONGSU_PREVIEW_POSTGRES": reader}
    done = bongsu("dashboards", "check", data=tmp_path, settings=login)
    assert done.err.splitlines()[0].startswith("PromQL was not checked: no Prometheus")
    words = ("preview", "--out", str(tmp_path / "out"), "--board", "bongsu-wall")
    assert bongsu("dashboards", *words, data=tmp_path, settings=login).code == 0
    assert "Postgres가 없어" not in (tmp_path / "out/bongsu-wall.html").read_text("utf-8")


async def test_a_question_without_an_answer_is_named_and_ends_with_4(
    filled: str, reader: str, tmp_path: Path
) -> None:
    async with open_pool(filled, role_label="test") as pool:
        await pool.execute("UPDATE attempts SET outcome = NULL")
    done = bongsu("dashboards", "check", "--postgres", reader, data=tmp_path)
    assert done.code == 4
    assert "bongsu-body/4 (템플릿별 도달률): no row" in done.err.splitlines()
    assert done.err.endswith("bongsu: 2 problems in the boards\n")


async def test_a_database_without_the_views_is_one_sentence(
    empty_database: str, tmp_path: Path
) -> None:
    done = bongsu("dashboards", "check", "--postgres", empty_database, data=tmp_path)
    assert (done.code, done.out) == (4, "")
    assert done.err == 'bongsu: Postgres refuses: relation "dash.probe" does not exist\n'


def test_without_the_packages_of_boards_one_sentence_says_how_to_get_them() -> None:
    program = "import sys; sys.modules['grafanalib'] = None; " + BONGSU[2]
    done = subprocess.run(
        [*BONGSU[:2], program, "dashboards", "build", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "bongsu: grafanalib is not installed: `make install` installs what boards need\n"
    )


def test_built_files_are_compared_to_the_byte(tmp_path: Path) -> None:
    assert bongsu("dashboards", "build", "--check").code == 0
    built = bongsu("dashboards", "build", "--out", str(tmp_path))
    assert built.code == 0
    file = tmp_path / "bongsu-body.json"
    assert f"wrote {file}" in built.out
    assert file.read_bytes() == (ROOT / "deploy/grafana/dashboards/bongsu-body.json").read_bytes()
    file.write_text(file.read_text() + " ")
    done = bongsu("dashboards", "build", "--check", "--out", str(tmp_path))
    assert (done.code, done.out) == (4, "")
    assert f"{file} differs from its board: run `bongsu dashboards build`" in done.err
