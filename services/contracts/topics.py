"""The topics: name, key, partitions, retention, who writes, who reads. The only place that does.

A prefix (setting, default `bongsu`) comes first in every name.
"""

from dataclasses import dataclass, field

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; `config` holds the broker settings that its meaning depends on."""

    name: str
    key: str
    partitions: int
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    config: dict[str, str] = field(default_factory=dict)

    def named(self, prefix: str) -> str:
        """The full name on the broker."""
        return f"{prefix}.{self.name}"


def _kept(days: float, append_time: bool) -> dict[str, str]:
    kept = {"cleanup.policy": "delete", "retention.ms": str(int(days * DAY_MS))}
    return kept | ({"message.timestamp.type": "LogAppendTime"} if append_time else {})


CATALOGUE = Topic(
    "catalogue", "<revision>/<kind>/<id>, or current", 1, ("cli",),
    ("probe", "ingest", "alerting", "cli"), {"cleanup.policy": "compact"},
)  # fmt: skip
COMMANDS = Topic(
    "commands", "route id", 24, ("cli", "alerting"), ("probe",), _kept(1 / 24, append_time=True)
)
EVIDENCE = Topic(
    "evidence",
    "probe id; provider message id while the probe is unknown; route id of an observed channel;"
    " event id of a canary", 12,
    ("probe", "ingest"), ("alerting", "ingest"), _kept(7, append_time=True),
)  # fmt: skip
HEARTBEATS = Topic(
    "heartbeats", "source id", 1, ("probe", "ingest"), ("alerting",), _kept(1, append_time=True)
)
DEADLETTERS = Topic(
    "deadletters", "source topic/partition/offset", 1, ("ingest", "alerting"), ("cli",),
    _kept(30, append_time=True),
)  # fmt: skip

ALL = (CATALOGUE, COMMANDS, EVIDENCE, HEARTBEATS, DEADLETTERS)
