"""`docker-compose.yml` agrees with the settings, the local stack and the files it names."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from services.cli import catalogue as catalogues
from services.contracts.catalogue import Catalogue
from services.local import containers
from services.local.kafka import PROPERTIES
from services.local.settings import LocalSettings
from services.local.stack import Stack
from tests.support.compose import FILE, ROOT, Compose, Service, read
from tests.support.compose_checks import findings, listening

COMPOSE = read()
ONCE = ("secrets", "init", "prelude", "catalogue", "bongsu")
BUILDS = {s.name: s.told["build"] for s in COMPOSE.services.values() if "build" in s.told}
PROCESSES = ("alerting", "reporting", "ingest", "probe-1", "probe-2")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogues.read(ROOT / "catalogue")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    """What `secrets` makes."""
    folder = tmp_path_factory.mktemp("made")
    containers.make(folder, catalogue)
    return folder


def _with(tmp_path: Path, old: str, new: str) -> Compose:
    """The shipped file with one thing changed, once."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / FILE.name
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")
    return read(changed)


def test_nothing_is_wrong_with_the_shipped_file(made: Path) -> None:
    assert findings(COMPOSE, made) == []


REFUSED = {
    "a value of another kind": (
        "pids_limit: 256", "pids_limit: [256]",
        "services.alertmanager.pids_limit: [256] is not of type 'number', 'string'",
    ),
    "an unknown key inside a key": (
        "      start_period: 60s", "      start_time: 60s",
        "services.kafka.healthcheck.start_time: no compose file has such a key",
    ),
    "an unknown key": (
        "    shm_size: 128m", "    shmsize: 128m",
        "services.postgres.shmsize: no compose file has such a key",
    ),
    "a published port at which nobody listens": (
        '["127.0.0.1:8471:8471"]', '["127.0.0.1:8471:8470"]',
        "ingest is published at 8470, where it does not listen",
    ),
    "an address at which nobody listens": (
        "BONGSU_KAFKA: kafka:9092", "BONGSU_KAFKA: kafka:9094",
        "nobody listens at kafka:9094",
    ),
    "a health check where nobody listens": (
        '"http://127.0.0.1:8479/healthz"', '"http://127.0.0.1:8478/healthz"',
        "nobody listens at 127.0.0.1:8478",
    ),
    "a port that only its own container reaches": (
        "      BONGSU_HOST: 0.0.0.0\n", "",
        "ingest is published at 8471, where it does not listen",
    ),
    "a variable that no setting is called": (
        "BONGSU_ANSWERS_PORT:", "BONGSU_ANSWER_PORT:",
        "alerting is told BONGSU_ANSWER_PORT, which no setting of it is called",
    ),
    "a variable of another process": (
        "      BONGSU_PORT:", "      BONGSU_ANSWERS_PORT:",
        "ingest is told BONGSU_ANSWERS_PORT, which no setting of it is called",
    ),
    "a variable that a process needs": (
        "  BONGSU_ID_KEY_FILE: /run/bongsu/secrets/id-key\n", "",
        "alerting is not told BONGSU_ID_KEY, which it needs",
    ),
    "a variable that an image does not know": (
        "POSTGRES_DB:", "POSTGRES_DATABASE:",
        "postgres is told POSTGRES_DATABASE, which its image does not know",
    ),
    "a folder that is missing": (
        "./deploy/grafana/dashboards:", "./deploy/grafana/boards:",
        "./deploy/grafana/boards is missing, which grafana mounts",
    ),
    "a file that is missing in a mounted folder": (
        "--config.file=/etc/prometheus/containers.yaml", "--config.file=/etc/prometheus/our.yaml",
        "/etc/prometheus/our.yaml is missing in prometheus",
    ),
    "a secret that nobody makes": (
        "/run/bongsu/secrets/dsn-owner", "/run/bongsu/secrets/dsn-admin",
        "/run/bongsu/secrets/dsn-admin is missing in init",
    ),
    "a secret whose volume is not mounted": (
        "    volumes: [secrets:/run/bongsu/secrets:ro]\n", "",
        "/run/bongsu/secrets/dsn-owner is missing in init",
    ),
    "an environment file that is missing": (
        "  ingest:\n", "  ingest:\n    env_file: ingest.env\n",
        "ingest.env is missing, which ingest names",
    ),
    "a Dockerfile that is missing": (
        "dockerfile: deploy/Dockerfile", "dockerfile: Dockerfile", "Dockerfile is missing",
    ),
    "a health command of ours that does not exist": (
        "test: [CMD, python, -m, services.cli.health]", "test: [CMD, bongsu, healthy]",
        "bongsu healthy does not exist in alerting",
    ),
    "a health module of ours that does not exist": (
        "-m, services.cli.health]", "-m, services.cli.healthy]",
        "python -m services.cli.healthy does not exist in alerting",
    ),
    "a health command that another's image does not have": (
        "test: [CMD, pg_isready,", "test: [CMD, curl,",
        "curl --host=127.0.0.1 --username=bongsu does not exist in postgres",
    ),
    "a command that does not exist": (
        "[bongsu, catalogue, apply]", "[bongsu, catalogue, put]",
        "bongsu catalogue put does not exist in catalogue",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, made: Path, old: str, new: str, says: str
) -> None:
    told = findings(_with(tmp_path, old, new), made)
    assert any(re.fullmatch(rf"docker-compose\.yml:\d+: {re.escape(says)}", one) for one in told)


def test_the_line_is_that_of_the_mistake(tmp_path: Path, made: Path) -> None:
    compose = _with(tmp_path, "POSTGRES_DB:", "POSTGRES_DATABASE:")
    number = int(findings(compose, made)[0].split(":")[1])
    lines = compose.file.read_text(encoding="utf-8").splitlines()
    assert lines[number - 1].strip() == "POSTGRES_DATABASE: postgres"


def test_every_image_is_pinned_in_one_list_and_nowhere_else() -> None:
    images = COMPOSE.told["x-images"]
    pinned = r"[\w./-]+:v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?"
    assert all(re.fullmatch(pinned, image) for image in images.values())
    text = FILE.read_text(encoding="utf-8").partition("x-images:")[2]
    assert all(text.count(image) == 1 for image in images.values())
    used = {service.told["image"] for service in COMPOSE.services.values()}
    bases = {build["args"]["PYTHON"] for build in BUILDS.values()}
    assert used | bases == set(images.values())


def test_each_image_of_ours_is_built_by_one_service_and_never_pulled() -> None:
    ours = {s.told["image"] for s in COMPOSE.services.values() if s.ours}
    built = [COMPOSE.services[name].told["image"] for name in BUILDS]
    assert sorted(built) == sorted(ours)
    images = COMPOSE.told["x-images"]
    assert ours == {images["runtime"], images["outside"]}


def test_no_container_may_do_more_than_it_must() -> None:
    for service in COMPOSE.services.values():
        told = service.told
        assert told["cap_drop"] == ["ALL"], service.name
        assert told["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "pids_limit"} <= told.keys()
        assert float(told["cpus"]) <= 2  # an engine refuses more than its machine has
        assert (
            told.get("read_only") or service.name == "kafka"
        )  # which writes its own configuration
        assert "privileged" not in told
        assert all(str(port).startswith("127.0.0.1:") for port in told.get("ports", ()))


def test_who_needs_another_waits_for_it() -> None:
    for service in COMPOSE.services.values():
        for name, how in service.told.get("depends_on", {}).items():
            once = name in ONCE
            wanted = "service_completed_successfully" if once else "service_healthy"
            assert how == {"condition": wanted}, service.name
            assert once == (not COMPOSE.services[name].asked)
    lasting = [s for s in COMPOSE.services.values() if s.name not in ONCE]
    assert all(service.asked for service in lasting)


def test_a_process_is_told_what_the_local_stack_tells_it(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    stack = Stack(tmp_path, LocalSettings(), print, lambda *_: None)
    containers.keys.make_secrets(stack.secrets, catalogue, {})
    by_all = {"BONGSU_KAFKA", "BONGSU_DEVELOPMENT", "BONGSU_INSTANCE", "BONGSU_OPS_PORT"}
    # Beyond loopback; and Grafana, which is no part of the local stack.
    here = {"BONGSU_OPS_HOST", "BONGSU_HOST", "BONGSU_ANSWERS_HOST", "BONGSU_BOARDS_URL"}
    by_module = {s.command[2] + s.environment["BONGSU_INSTANCE"]: s for s in _processes()}
    for part in stack.parts():
        service = by_module.pop(part.module + part.instance)
        told = {name.removesuffix("_FILE") for name in service.environment}
        assert told - here == {n.removesuffix("_FILE") for n in part.env} | by_all, service.name
        port = "8472" if part.module == "services.probe" else str(part.ops_port)
        assert service.environment["BONGSU_OPS_PORT"] == port
    assert by_module == {}


def test_kafka_is_told_what_the_embedded_one_is_told() -> None:
    told = COMPOSE.services["kafka"].environment
    ours = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in told.items()
        if name not in ("CLUSTER_ID", "KAFKA_HEAP_OPTS")
    }
    local = dict(line.split("=", 1) for line in PROPERTIES.splitlines())
    places = ("listener", "quorum.voters", "node.id", "log.dirs")
    same = {n: v for n, v in local.items() if not any(p in n for p in places)}
    # One machine's threads, and how soon a killed broker is back.
    tuned = {n for n in same if "network" in n or ".io." in n or n.startswith(("broker", "log.c"))}
    assert {n: v for n, v in ours.items() if n in same} == {
        n: same[n] for n in same if n not in tuned
    }
    assert ours.keys() <= local.keys()


def test_prometheus_asks_every_process_under_its_instance() -> None:
    config = YAML(typ="safe").load(ROOT / "deploy/prometheus/containers.yaml")
    asked = {
        (job["job_name"], target, one["labels"]["instance"])
        for job in config["scrape_configs"]
        for one in job["static_configs"]
        for target in one["targets"]
    }
    assert asked == {
        (
            s.command[2].removeprefix("services."),
            f"{s.name}:{s.environment['BONGSU_OPS_PORT']}",
            s.environment["BONGSU_INSTANCE"],
        )
        for s in _processes()
    }
    (manager,) = config["alerting"]["alertmanagers"]
    assert manager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert listening(COMPOSE.services["alertmanager"]) == {9093}


def test_grafana_finds_its_data_sources_and_its_password(made: Path) -> None:
    sources = YAML(typ="safe").load(ROOT / "deploy/grafana/provisioning/datasources/bongsu.yaml")
    for source in sources["datasources"]:
        host, port = source["url"].removeprefix("http://").split(":")
        assert int(port) in listening(COMPOSE.services[host])
    (password,) = [s["secureJsonData"]["password"] for s in sources["datasources"] if "user" in s]
    path = Path(password.removeprefix("$__file{").removesuffix("}"))
    assert COMPOSE.services["grafana"].mounts[str(path.parent)] == "for-grafana"
    assert (made / "grafana" / path.name).read_text() == (
        made / "secrets" / "postgres-grafana"
    ).read_text()


def test_what_is_made_once_stays_and_is_closed_to_others(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    containers.make(tmp_path, catalogue)
    before = {p: p.read_text("utf-8") for p in tmp_path.rglob("*") if p.is_file()}
    containers.make(tmp_path, catalogue)
    changed = {p.name for p, text in before.items() if p.read_text("utf-8") != text}
    assert changed <= {"pymap-etc-shadow"}  # salted anew
    assert all(p.stat().st_mode & 0o007 == 0 for p in tmp_path.rglob("*") if p.is_dir())
    assert all(p.stat().st_mode & 0o007 == 0 for p in before)
    assert all(p.stat().st_mode & 0o077 == 0 for p in (tmp_path / "secrets").rglob("*"))


def test_the_image_is_given_what_the_processes_read() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    built = {"services", "simulators", "dashboards", "requirements", "pyproject.toml", "README.md"}
    assert built | {"LICENSE", "NOTICE", "catalogue", "deploy/alertmanager"} <= kept
    assert all((ROOT / path).exists() for path in kept)


def _processes() -> list[Service]:
    return [COMPOSE.services[name] for name in PROCESSES]
