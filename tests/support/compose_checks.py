"""What is wrong with `docker-compose.yml`, a sentence each with file and line; no engine is needed.

In:  `Compose`, and a folder in which `bongsu containers` has made what containers are given.
Out: findings: a key that compose files do not have, a port where nobody listens, a variable that
     no settings object knows, a file that is missing, a command that does not exist.
Before: `compose.py`. After: the tests of the file.
"""

import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
from pydantic_settings import BaseSettings

from services.alerting.settings import AlertingSettings
from services.cli.context import CliSettings
from services.cli.doctor import DoctorSettings
from services.cli.operate import InitSettings
from services.ingest.settings import IngestSettings
from services.local.containers import OTHERS_PORT
from services.local.settings import LocalSettings
from services.probe.settings import ProbeSettings
from services.reporting.settings import ReportingSettings
from simulators.config import SimulatorSettings
from tests.support.compose import At, Compose, Finding, Service
from tests.support.compose_files import missing_commands, missing_files

# By module or command: what it reads.
SETTINGS: Mapping[str, tuple[type[BaseSettings], ...]] = {
    "services.probe": (ProbeSettings,),
    "services.ingest": (IngestSettings,),
    "services.alerting": (AlertingSettings,),
    "services.reporting": (ReportingSettings,),
    "simulators": (SimulatorSettings,),
    "init": (InitSettings,),
    "containers": (LocalSettings,),
    "catalogue": (CliSettings,),
    "prelude": (CliSettings, LocalSettings),
    "--help": (CliSettings, DoctorSettings),
}
# Of images made by others: where they listen unless they are told, and what they read.
LOCAL = LocalSettings()
LISTENS = {"postgres": {5432}, "prometheus": {9090}, "alertmanager": {9093}, "grafana": {3000}}
KNOWN = {
    "kafka": r"CLUSTER_ID|KAFKA_[A-Z_]+",  # each is compared with the local stack's
    "postgres": r"POSTGRES_(USER|DB|PASSWORD_FILE|INITDB_ARGS)",
    "grafana": r"BONGSU_GRAFANA_POSTGRES_SSLMODE|GF_(PLUGINS_PREINSTALL_DISABLED"
    r"|ANALYTICS_(CHECK_FOR_UPDATES|CHECK_FOR_PLUGIN_UPDATES|REPORTING_ENABLED)"
    r"|NEWS_NEWS_FEED_ENABLED|USERS_DEFAULT_LANGUAGE|DATE_FORMATS_DEFAULT_TIMEZONE"
    r"|AUTH_ANONYMOUS_(ENABLED|ORG_ROLE)|SECURITY_ADMIN_PASSWORD__FILE"
    r"|DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH)",
}
_ADDRESS = re.compile(r"(?<![\w.-])([a-z][a-z0-9-]*|127\.0\.0\.1):(\d{2,5})(?![\w-])")


def findings(compose: Compose, made: Path) -> list[str]:
    """All that is wrong, as file:line: sentence. Pure but for files that are looked for."""
    found = list(_unknown_keys(compose))
    for service in compose.services.values() if not found else ():
        found += _ports(compose, service, made)
        found += _variables(service)
        found += missing_files(compose, service, made)
        found += missing_commands(compose, service)
    return [f"{compose.file.name}:{compose.line(one.at)}: {one.says}" for one in found]


def _unknown_keys(compose: Compose) -> Iterator[Finding]:
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor"
    schema = json.loads((vendored / "compose-spec.json").read_text("utf-8"))
    for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(compose.told):
        at, says = tuple(error.absolute_path), error.message
        if error.validator in ("additionalProperties", "unevaluatedProperties"):
            at, says = (*at, says.split("'")[1]), "no compose file has such a key"
        yield Finding(at, f"{'.'.join(map(str, at))}: {says}")


def listening(service: Service) -> set[int]:
    """Ports on which the service can be reached from other containers."""
    if not service.ours:
        told = service.environment.get("KAFKA_LISTENERS", "")
        return LISTENS.get(service.name) or {int(n) for n in re.findall(r"0\.0\.0\.0:(\d+)", told)}
    if "--port" in service.command:
        return {int(service.command[service.command.index("--port") + 1])}
    ports = {OTHERS_PORT, *LOCAL.proxies().values()} if service.runs == "simulators" else set()
    for one in SETTINGS[service.runs]:
        for host in [name for name in one.model_fields if name.endswith("host")]:
            if _said(one, host, service) == "0.0.0.0":
                ports.add(int(_said(one, host.replace("host", "port"), service)))
    return ports


def _said(settings: type[BaseSettings], name: str, service: Service) -> str:
    """What a service is told, else the default."""
    variable = f"{settings.model_config['env_prefix']}{name.upper()}"
    field = settings.model_fields.get(name)
    return service.environment.get(variable, str(field.default if field else 0))


def _ports(compose: Compose, service: Service, made: Path) -> Iterator[Finding]:
    for target in service.published:
        if target not in listening(service):
            yield Finding(
                (*service.at, "ports"),
                f"{service.name} is published at {target}, where it does not listen",
            )
    for at, text in _texts(service, made):
        for host, port in _ADDRESS.findall(text):
            if not _answered(compose, service, at, host, int(port)):
                yield Finding(at, f"nobody listens at {host}:{port}")


def _texts(service: Service, made: Path) -> Iterator[tuple[At, str]]:
    """Where addresses may stand."""
    for name, value in service.environment.items():
        yield (*service.at, "environment", name), value
        if name.endswith("_FILE") and (file := made / value.removeprefix("/run/bongsu/")).is_file():
            yield (*service.at, "environment", name), file.read_text("utf-8")
    yield (*service.at, "command"), " ".join(service.command)
    yield (*service.at, "healthcheck", "test"), " ".join(service.asked)


def _answered(compose: Compose, service: Service, at: At, host: str, port: int) -> bool:
    if host in compose.services:
        return port in listening(compose.services[host])
    if host != "127.0.0.1":
        return True  # the world outside, or no address at all
    if "healthcheck" in at or service.name == "kafka":
        return port in listening(service) | set(service.published)
    # As this machine sees it, or as the simulated world sees itself.
    published = {p for other in compose.services.values() for p in other.published.values()}
    return port in published | {LOCAL.smtp_port, LOCAL.simulators_port}


def _variables(service: Service) -> Iterator[Finding]:
    if service.ours:
        classes = SETTINGS.get(service.runs, ())
        known = {
            f"{one.model_config['env_prefix']}{field.upper()}": field
            for one in classes
            for field in one.model_fields
        }
        plain = {name.removesuffix("_FILE") for name in service.environment}
        for name in sorted(plain - known.keys() - {"TMPDIR"}):
            at = (*service.at, "environment", name)
            yield Finding(at, f"{service.name} is told {name}, which no setting of it is called")
        for one in classes:
            for field, about in one.model_fields.items():
                name = f"{one.model_config['env_prefix']}{field.upper()}"
                if about.is_required() and name not in plain:
                    yield Finding(service.at, f"{service.name} is not told {name}, which it needs")
        return
    for name in service.environment:
        if not re.fullmatch(KNOWN.get(service.name, "(?!)"), name):
            at = (*service.at, "environment", name)
            yield Finding(at, f"{service.name} is told {name}, which its image does not know")
