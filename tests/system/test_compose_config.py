"""`docker-compose config` of the distribution reads the file; it needs no engine."""

import subprocess

from ruamel.yaml import YAML

from tests.support.compose import FILE, ROOT, read


def _config(*words: str) -> "subprocess.CompletedProcess[str]":
    command = ["docker-compose", *words, "config"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_file_is_understood_as_it_is_read_here() -> None:
    done = _config("--profile", "tools")
    assert done.returncode == 0, done.stderr
    understood = YAML(typ="safe").load(done.stdout)["services"]
    services = read().services
    assert understood.keys() == services.keys()
    for name, service in services.items():
        told = understood[name]
        assert told["image"] == service.told["image"]
        assert told.get("environment", {}) == service.environment
        assert told.get("command", []) == service.told.get("command", [])


def test_a_mistake_is_refused() -> None:
    text = FILE.read_text(encoding="utf-8").replace("mem_limit: 384m", "memory_limit: 384m")
    command = ["docker-compose", "-f", "-", "config"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "memory_limit" in done.stderr
