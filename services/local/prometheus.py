"""Prometheus and Alertmanager beside the stack, where the distribution's packages are installed.

In: which ops ports to scrape, `deploy/prometheus/*.yml`, `deploy/alertmanager/alertmanager.yml`.
Out: metrics of the last days, and alerts on bongsu's own faults, both on 127.0.0.1 only. Before:
`child.py`. After: the stack. No wheel holds these programs, so the stack also runs without them.
"""

import json
import shutil
import signal
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import aiohttp

from services.local import child

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ALERTMANAGER_CONFIG = DEPLOY / "alertmanager" / "alertmanager.yml"
INGEST, WORD = "https://ingest.invalid", "proofs-word"  # as the shipped configuration names them
PACKAGES = "prometheus prometheus-alertmanager"
# Production scrapes every 15 s. Here somebody breaks a thing and looks for it: one rate needs four
# scrapes, and at 15 s that is a minute of waiting.
SCRAPE_S = 5
KEPT, KEPT_SIZE = "15d", "500MB"
ASK_WITHIN = aiohttp.ClientTimeout(total=2)

Targets = Mapping[str, Mapping[str, int]]  # job → instance → ops port


class _Monitor(child.Server):
    """A Go server with `/-/ready` that ends by SIGTERM in 0.01 s."""

    name: ClassVar[str]

    def __init__(self, program: str, data: Path, port: int) -> None:
        self._program, self._data, self._port = program, data.absolute(), port
        # By force: its log of writes is made for that, and nothing must outlive the stack.
        self.child = child.Child(self.name, self._data / "server.log", signal.SIGKILL)

    @property
    def url(self) -> str:
        """Where it answers, for people and programs."""
        return f"http://{child.HOST}:{self._port}"

    async def start(self) -> None:
        """Raises `ServerStartError` for a port in use."""
        child.require_free_port(self._port)
        self._data.mkdir(parents=True, exist_ok=True)
        options = [f"--web.listen-address={child.HOST}:{self._port}", "--log.level=warn"]
        self.child.start([self._program, *options, *self._options()], cwd=self._data)

    @abstractmethod
    def _options(self) -> list[str]:
        """What this server is told beside its address."""

    async def ready(self) -> None:
        """Wait until it has loaded its configuration and read its data."""
        await child.until(self.child, self._says_ready, child.READY_S)

    async def _says_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession(timeout=ASK_WITHIN) as session,
                session.get(f"{self.url}/-/ready") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def stop(self, within: float = child.STOP_S) -> None:
        """Stop in order, by force after `within` seconds."""
        await self.child.stop(signal.SIGTERM, within)


class EmbeddedAlertmanager(_Monitor):
    """Takes alerts, groups them, and tells the receivers of its configuration: of those ingest
    listens, at `ingest_url`, and believes whoever knows `word`."""

    name = "Alertmanager"

    def __init__(
        self, program: str, data: Path, port: int, ingest_url: str = INGEST, word: str = ""
    ) -> None:
        super().__init__(program, data, port)
        self._ingest_url, self._word = ingest_url, word

    def _options(self) -> list[str]:
        config, word = self._data / "alertmanager.yml", self._data / WORD
        config.write_text(alertmanager_text(self._ingest_url), encoding="utf-8")
        word.touch(0o600)
        word.write_text(self._word, encoding="utf-8")
        return [
            f"--config.file={config}",
            f"--storage.path={self._data / 'store'}",
            "--cluster.listen-address=",  # one alone: no port for peers
        ]


class EmbeddedPrometheus(_Monitor):
    """Scrapes the processes of the stack and evaluates bongsu's rules."""

    name = "Prometheus"

    def __init__(
        self, program: str, data: Path, port: int, targets: Targets, alertmanager_port: int
    ) -> None:
        super().__init__(program, data, port)
        self._targets, self._alertmanager_port = targets, alertmanager_port

    def _options(self) -> list[str]:
        config = self._data / "prometheus.yml"
        rules = sorted((DEPLOY / "prometheus").glob("*.yml"))
        text = configuration(self._targets, rules, self._alertmanager_port)
        config.write_text(text, encoding="utf-8")
        return [
            f"--config.file={config}",
            f"--storage.tsdb.path={self._data / 'tsdb'}",
            f"--storage.tsdb.retention.time={KEPT}",
            f"--storage.tsdb.retention.size={KEPT_SIZE}",
            "--enable-feature=exemplar-storage",
            # 2.42 drops the first notification of an alert; it comes again after this.
            "--rules.alert.resend-delay=1s",
        ]


def configuration(targets: Targets, rules: Sequence[Path], alertmanager_port: int) -> str:
    """`prometheus.yml` (JSON is YAML): jobs and instances as in production. Pure."""
    jobs = [
        {
            "job_name": job,
            "static_configs": [
                {"targets": [f"{child.HOST}:{port}"], "labels": {"instance": instance}}
                for instance, port in instances.items()
            ],
        }
        for job, instances in targets.items()
    ]
    alertmanager = {"targets": [f"{child.HOST}:{alertmanager_port}"]}
    config = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": jobs,
        "alerting": {"alertmanagers": [{"static_configs": [alertmanager]}]},
    }
    return json.dumps(config, indent=2)


def alertmanager_text(ingest_url: str) -> str:
    """The shipped `alertmanager.yml` where ingest listens at this address."""
    return ALERTMANAGER_CONFIG.read_text(encoding="utf-8").replace(INGEST, ingest_url)


def programs() -> tuple[str, str] | None:
    """Paths of Prometheus and Alertmanager; None unless both are installed."""
    prometheus = shutil.which("prometheus")
    alertmanager = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    return (prometheus, alertmanager) if prometheus and alertmanager else None
