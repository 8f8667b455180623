"""Steps 1 to 3 in virtual time: the workers of a replay.

In:  a catalogue, a moment. Out: what each probe that is due says, and its journey in the world.
Before: `stream.py` says what time it is. After: `telling.py` says what ingest learns of it.
Schedule, messages, announcements, answers and stops of accounts are the real ones; in place of an
adapter stands what the world says, as every front end spells it: a provider that refuses is itself
at fault, an account is locked out, a sender or a body is a mistake in the body's own entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.adapters.base import Message, SendResult
from services.contracts import topics
from services.contracts.catalogue import Catalogue, Route
from services.contracts.evidence import ProbeAnswered, ProbeSent
from services.contracts.vocabulary import AnswerResult, FaultDomain
from services.probe.message import Keys, announcement, answer_of, build_message
from services.probe.schedule import PlannedProbe, Wheel, due_probes
from services.probe.stops import Admission, StopReason, Stops
from services.replay import stage
from services.runtime.http import ANSWER_WITHIN_S
from services.runtime.kafka import partition_of
from simulators.journey import Answer, Journey
from simulators.world import World

# A call that nothing answers, and one that finds no way out after its tries (`probe/call.py`).
SILENT_FOR = timedelta(seconds=ANSWER_WITHIN_S)
UNREACHABLE_AFTER = timedelta(seconds=1.5)
_SECRETS = stage.Unneeded()


@dataclass(frozen=True, slots=True)
class Probed:
    """One probe: its text, its two events, and what became of its message, if it left."""

    message: Message
    sent: ProbeSent
    answer: ProbeAnswered
    journey: Journey | None


@dataclass
class Worker:
    """One probe worker: its shard of the routes, its stopped accounts, who answered it lately."""

    keys: Keys
    routes: Mapping[str, Route]
    wheel: Wheel = field(default_factory=Wheel)
    stops: Stops = field(default_factory=Stops)
    answered: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def component(self) -> str:
        """`worker:w1`"""
        return f"worker:{self.keys.worker}"

    def due(self, catalogue: Catalogue, until: datetime) -> Iterator[tuple[PlannedProbe, datetime]]:
        """Every probe whose slot comes up to `until`, and when it is sent."""
        while (at := self.wheel.next_at()) is not None and at <= until:
            for planned in due_probes(self.wheel, catalogue, at).probes:
                yield planned, at

    def take_answered(self, until: datetime) -> tuple[str, ...]:
        """Who answered since the last call, up to `until`."""
        names = {name for at, name in self.answered if at <= until}
        self.answered = [(at, name) for at, name in self.answered if at > until]
        return tuple(sorted(names))


def workers_of(catalogue: Catalogue, keys: Sequence[Keys], start: datetime) -> list[Worker]:
    """Workers that share the routes by shard, in turn, as a group does; every route that is sent
    on, whether it is enabled and its adapter exists or not."""
    found = []
    for number, own in enumerate(keys):
        routes = {
            route.id: route
            for route in catalogue.routes.values()
            if not route.observed and _place(route.id, len(keys)) == number
        }
        worker = Worker(own, routes)
        worker.wheel.set_routes(routes, start)
        found.append(worker)
    return found


def worker_of(workers: Sequence[Worker], key: str) -> Worker:
    """Whose shard a key of the topic commands lies in."""
    return workers[_place(key, len(workers))]


def _place(key: str, workers: int) -> int:
    return partition_of(key, topics.COMMANDS.partitions) % workers


def probe(worker: Worker, planned: PlannedProbe, at: datetime, world: World) -> Probed | None:
    """One probe sent at `at`; None while its account is stopped."""
    account = planned.route.account
    admission = worker.stops.admit(account, at)
    if admission is Admission.CLOSED:
        return None
    message = build_message(planned, worker.keys, _SECRETS)
    sent = announcement(planned, message, worker.keys, at)
    if not world.works(at, worker.component):
        none = SendResult(AnswerResult.UNREACHABLE)
        gone = answer_of(worker.keys, sent, none, at, at + UNREACHABLE_AFTER)
        return Probed(message, sent, gone, None)
    out = stage.message_of(sent, message, planned.route, planned.catalogue)
    journey = world.send(out, at)
    answered, given_up = journey.answered_at, at + SILENT_FOR
    if answered is None or answered > given_up:
        unclear = SendResult(AnswerResult.UNCLEAR)
        no_answer = answer_of(worker.keys, sent, unclear, at, given_up)
        return Probed(message, sent, no_answer, journey)
    worker.answered.append((answered, sent.provider))
    _learn(worker, account, admission, journey, at)
    told = answer_of(worker.keys, sent, _result(sent, journey), at, answered)
    return Probed(message, sent, told, journey)


def message_id(sent: ProbeSent) -> str:
    """What the provider calls the message."""
    return f"m-{sent.probe_id}"


def _result(sent: ProbeSent, journey: Journey) -> SendResult:
    if journey.answer is Answer.ACCEPTED:
        return SendResult(AnswerResult.ACCEPTED, "accepted", None, message_id(sent))
    kind = (journey.refused_by or "").partition(":")[0]
    fault = FaultDomain.PROVIDER if kind == "provider" else FaultDomain.BODY
    return SendResult(AnswerResult.REFUSED, "refused", fault)


def _learn(
    worker: Worker, account: str, admission: Admission, journey: Journey, at: datetime
) -> None:
    """As the account's door does: a lock-out stops it, any other answer to a trial opens it."""
    if journey.refused_by == f"account:{account}":
        worker.stops.stop(account, StopReason.MISCONFIGURED, at)
    elif admission is Admission.TRIAL:
        worker.stops.lift(account)
