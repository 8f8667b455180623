"""All chance of one message: every draw depends only on the seed, the message's fate and a name."""

import math
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

from simulators.faults import Condition, Delay, State, uniform

_NORMAL = NormalDist()
_P95 = _NORMAL.inv_cdf(0.95)
_UPLOAD = Delay(median=0.05, p95=0.15)
_LOSS = {State.DOWN: 1.0, State.SILENT_SENDER: 1.0, State.DEGRADED: 0.5}


class Latencies(BaseModel):
    """Lognormal latencies of a world at rest, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    api: Delay = Delay(median=0.06, p95=0.11)
    relay: Delay = Delay(median=0.15, p95=0.4)
    platform: Delay = Delay(median=1.2, p95=3.75)  # p99 about 6 s
    carrier: Delay = Delay(median=2.5, p95=7.6)  # p99 about 12 s
    report: Delay = Delay(median=0.6, p95=1.8)
    substitute: Delay = Delay(median=0.8, p95=2.0)
    wake: Delay = Delay(median=2.0, p95=5.0)  # a receiver is back until it gets what waited
    second_copy: Delay = Delay(median=1.0, p95=3.0)


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one message by their names."""

    seed: int
    fate: str

    def chance(self, what: str) -> float:
        """In (0, 1)."""
        return uniform(self.seed, self.fate, what)

    def seconds(self, what: str, delay: Delay) -> timedelta:
        """A lognormal time."""
        sigma = math.log(delay.p95 / delay.median) / _P95
        return timedelta(
            seconds=delay.median * math.exp(sigma * _NORMAL.inv_cdf(self.chance(what)))
        )

    def upload(self, copy: int) -> timedelta:
        """How long an app takes to tell of a copy."""
        return self.seconds(f"upload-{copy}", _UPLOAD)

    def loses(self, what: str, met: Condition) -> bool:
        """Whether a stage loses the message."""
        fault = met.worst
        if fault is None:  # a liar with no other fault loses the message, else that one decides
            return met.lying
        odds = fault.share if fault.state is State.LOSSY else _LOSS.get(fault.state, 0.0)
        return self.chance(f"{what}-loss") < odds

    def travel(self, what: str, usual: Delay, met: Condition) -> timedelta:
        """The time a stage takes: its usual latency, stretched or with a delay on top."""
        taken = self.seconds(what, usual)
        fault = met.worst
        if fault is not None and fault.state is State.LOADED:
            return taken * fault.factor
        if fault is not None and fault.state in (State.DELAYED, State.DEGRADED):
            return taken + self.seconds(f"{what}-delay", fault.delay_s)
        return taken
