"""Whether paths would work is asked of test receivers, by the path's own notifier, once an hour."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.adapters import discover
from services.alerting.metrics import Metrics
from services.alerting.paging.message import Answer, Message, Result, Target
from services.alerting.paging.notifiers import Notifiers
from services.alerting.paging.notifiers.base import Outside
from services.alerting.paging.proof import Keys, Prover
from services.alerting.storing.pipeline import Batch, apply_batch
from services.contracts import text
from services.contracts.catalogue import Catalogue
from services.contracts.evidence import ProbeAnswered, ProbeSent
from services.contracts.ids import read_nonce
from services.contracts.vocabulary import AnswerResult, Purpose
from services.local.keys import make_secrets
from services.runtime.ops import Health
from services.runtime.secrets import SecretFolder
from services.storage import proofs
from services.storage.pool import Pool, transaction
from services.storage.proofs import Proof
from tests.integration.alerting.scene import stored
from tests.integration.storage.storing import store
from tests.support import adapters
from tests.support.builders import CONTENT_KEY, ID_KEY, a_return, a_sighting
from tests.support.chain import shipped
from tests.support.memory import MemoryPublisher
from tests.support.simulated import ingesting, simulating, world_of
from tests.support.waiting import eventually

CATALOGUE = shipped()
HOUR = timedelta(hours=1)


@dataclass
class Told:
    """A notifier that answers as it is told."""

    answer: Answer = field(default_factory=lambda: Answer(Result.ACCEPTED, "202"))
    calls: list[tuple[Message, Target]] = field(default_factory=list)

    async def send(self, message: Message, target: Target, deadline_s: float) -> Answer:
        self.calls.append((message, target))
        return self.answer


@dataclass
class Scene:
    """An instance that proves paths, and what it leaves."""

    pool: Pool
    secrets: SecretFolder
    catalogue: Catalogue = CATALOGUE
    every: timedelta = HOUR
    notifiers: Any = field(default_factory=Told)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        keys = Keys("a1", ID_KEY, CONTENT_KEY, self.every)
        self.prover = Prover(
            self.pool, self.publisher, self.notifiers, self.secrets, lambda: self.catalogue, keys,
            Metrics(self.registry), Health(),
        )  # fmt: skip

    async def proof(self, path: str) -> Proof:
        async with transaction(self.pool) as conn:
            return next(one for one in await proofs.listed(conn) if one.path == path)

    def sent(self, path: str) -> ProbeSent:
        records = [r for r in self.publisher.records if isinstance(r, ProbeSent)]
        return next(record for record in records if record.route == f"path.{path}")

    def shown(self, path: str, how: str) -> float | None:
        name, labels = "bongsu_path_proof_timestamp_seconds", {"path": path, "how": how}
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def secrets(tmp_path: Path) -> SecretFolder:
    make_secrets(tmp_path, CATALOGUE, discover())
    (tmp_path / "path-oncall-1-nhn.json").write_text('{"number": "01000009999"}')
    return SecretFolder(tmp_path)


@pytest.fixture
def scene(pool: Pool, secrets: SecretFolder) -> Scene:
    return Scene(pool, secrets)


async def test_a_path_is_asked_by_its_own_notifier_at_its_test_receiver(scene: Scene) -> None:
    await scene.prover.turn()
    message, target = next(both for both in scene.notifiers.calls if both[1].path == "oncall-1-nhn")
    phone = CATALOGUE.receivers["kt-07"]
    assert target.to == scene.secrets.one(phone.secret, "number") != SecretStr("01000009999")
    assert target.contract is not None
    assert target.contract.account.id == "nhn"
    nonce = read_nonce(message.forms.short)
    assert nonce is not None
    assert nonce.probe_id == message.probe_id == scene.sent("oncall-1-nhn").probe_id


async def test_of_each_path_every_answer_is_counted_from_0_on(scene: Scene) -> None:
    await scene.prover.turn()
    for result in Result:
        labels = {"path": "oncall-1-nhn", "answer": result}
        assert scene.registry.get_sample_value("bongsu_page_tries_total", labels) == 0


async def test_a_proof_is_announced_before_it_is_sent_and_its_answer_follows(scene: Scene) -> None:
    await scene.prover.turn()
    sent = scene.sent("oncall-1-mail")
    assert (sent.purpose, sent.route) == (Purpose.PROOF, "path.oncall-1-mail")
    assert (sent.receiver, sent.platform) == ("naver-01", "naver-mail")
    assert sent.text_digest == text.digest(CONTENT_KEY, text.probe_text(sent.probe_id, 0))
    about = [
        type(r)
        for r in scene.publisher.records
        if isinstance(r, ProbeSent | ProbeAnswered) and r.probe_id == sent.probe_id
    ]
    assert about == [ProbeSent, ProbeAnswered]


async def test_a_path_is_proven_when_its_test_receiver_saw_the_probe(scene: Scene) -> None:
    await scene.prover.turn()
    assert scene.shown("oncall-1-nhn", "seen") == 0
    sent = scene.sent("oncall-1-nhn")
    assert (await scene.proof("oncall-1-nhn")).proven_at is None
    arrived = sent.sent_at + timedelta(seconds=7)
    sight = a_sighting(sent, observed_min=arrived, observed_max=arrived)
    async with transaction(scene.pool) as conn:
        await store(conn, [sent, sight])
    await scene.prover.turn()
    proof = await scene.proof("oncall-1-nhn")
    assert (proof.how, proof.proven_at, proof.asked_at) == ("seen", arrived, sent.slot)
    assert scene.shown("oncall-1-nhn", "seen") == arrived.timestamp()
    assert (await scene.proof("oncall-1-sens")).proven_at is None


def silent(catalogue: Catalogue) -> Catalogue:
    """The catalogue, in which nothing comes back."""
    paths = {
        name: path.model_copy(update={"returns": False}) for name, path in catalogue.paths.items()
    }
    return catalogue.model_copy(update={"paths": paths})


async def test_of_systems_that_send_nothing_back_it_is_known_that_they_accepted(
    scene: Scene,
) -> None:
    began, scene.catalogue = datetime.now(UTC), silent(CATALOGUE)
    await scene.prover.turn()
    for path in ("alertmanager", "control-room"):
        proof = await scene.proof(path)
        assert proof.how == "accepted"
        assert proof.proven_at is not None
        assert abs(proof.proven_at - began) < timedelta(seconds=30)
    systems = [message for message, target in scene.notifiers.calls if target.contract is None]
    assert [message.incidents for message in systems] == [(), ()]
    assert {r.route for r in scene.publisher.records if isinstance(r, ProbeSent)} == {
        f"path.{path.id}" for path in CATALOGUE.paths.values() if path.receiver
    }


async def test_a_system_that_accepts_is_proven_only_by_what_comes_back(scene: Scene) -> None:
    await scene.prover.turn()
    asked = (await scene.proof("alertmanager")).asked_at
    assert [target.path for _, target in scene.notifiers.calls if target.returns] == [
        "alertmanager", "control-room",
    ]  # fmt: skip
    late = a_return(slot=asked - HOUR, at=asked)
    other = a_return(path="control-room", slot=asked)
    ours = a_return(slot=asked, at=asked - timedelta(seconds=1))  # by a clock that is behind
    for event, proven in ((late, None), (other, None), (ours, asked), (ours, asked)):
        async with transaction(scene.pool) as conn:
            await apply_batch(conn, Batch((stored(event),), ()))
        await scene.prover.turn()
        proof = await scene.proof("alertmanager")
        assert (proof.proven_at, proof.detail) == (proven, None)
    assert (proof.how, scene.shown("alertmanager", "returned")) == ("returned", asked.timestamp())


async def test_a_path_is_asked_once_an_interval_whoever_asks(scene: Scene) -> None:
    other = Scene(scene.pool, scene.secrets)
    await asyncio.gather(scene.prover.turn(), other.prover.turn())
    await scene.prover.turn()
    asked = [target.path for one in (scene, other) for _, target in one.notifiers.calls]
    assert sorted(asked) == sorted(CATALOGUE.paths)


async def test_after_the_interval_a_path_is_asked_again_as_another_probe(
    pool: Pool, secrets: SecretFolder
) -> None:
    scene = Scene(pool, secrets, every=timedelta(milliseconds=1))
    for _ in range(2):
        await scene.prover.turn()
    sent = [r for r in scene.publisher.records if isinstance(r, ProbeSent)]
    assert len({record.probe_id for record in sent}) == len(sent) == 12


async def test_a_no_is_told_and_proves_nothing(scene: Scene) -> None:
    scene.notifiers.answer = Answer(Result.REFUSED, "http-401")
    await scene.prover.turn()
    for path in ("oncall-1-sens", "alertmanager"):
        proof = await scene.proof(path)
        assert (proof.proven_at, proof.detail) == (None, "refused: http-401")
    (answer,) = [
        r for r in scene.publisher.records
        if isinstance(r, ProbeAnswered) and r.probe_id == scene.sent("oncall-1-sens").probe_id
    ]  # fmt: skip
    assert (answer.result, answer.code) == (AnswerResult.REFUSED, "http-401")


async def test_what_cannot_be_announced_is_not_sent(scene: Scene) -> None:
    scene.publisher.away = True
    await scene.prover.turn()
    assert {target.path for _, target in scene.notifiers.calls} == {"alertmanager", "control-room"}
    assert (await scene.proof("oncall-1-nhn")).detail == "later: Kafka is away"


async def test_a_path_that_is_misconfigured_holds_up_no_other(scene: Scene) -> None:
    broken = CATALOGUE.paths["oncall-1-nhn"].model_copy(update={"secret": "nowhere"})
    bare = CATALOGUE.paths["oncall-1-sens"].model_copy(update={"receiver": None})
    paths = CATALOGUE.paths | {broken.id: broken, bare.id: bare}
    scene.catalogue = CATALOGUE.model_copy(update={"paths": paths})
    await scene.prover.turn()
    said = [(await scene.proof(name)).detail for name in (broken.id, bare.id)]
    assert said[0] is not None
    assert said[0].startswith("later: secret nowhere: ")
    assert said[1] == "later: path oncall-1-sens: no test receiver to prove it at"
    assert "oncall-2-sens" in {target.path for _, target in scene.notifiers.calls}


async def test_a_path_whose_proof_breaks_off_holds_up_no_other(scene: Scene) -> None:
    """Its receiver has left the catalogue: nothing foresaw that."""
    lost = CATALOGUE.paths["oncall-1-nhn"].model_copy(update={"receiver": "nobody"})
    paths = CATALOGUE.paths | {lost.id: lost}
    scene.catalogue = CATALOGUE.model_copy(update={"paths": paths})
    await scene.prover.turn()
    assert (await scene.proof(lost.id)).detail == "later: KeyError"
    assert "oncall-2-sens" in {target.path for _, target in scene.notifiers.calls}


async def test_what_a_simulated_phone_shows_is_what_was_announced(
    pool: Pool, secrets: SecretFolder, tmp_path: Path
) -> None:
    setup = adapters.setup_of("nhn_sms")
    held = {
        CATALOGUE.receivers["kt-07"].secret: {"number": setup["message"]["to"]},
        str(CATALOGUE.senders["lh-sms-nhn"].secret): {"number": setup["message"]["sender_number"]},
        CATALOGUE.accounts["nhn"].secret: setup["secret"],
    }
    for name, fields in held.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(fields))
    async with (
        ingesting() as (ingest_url, posts),
        simulating(world_of("nhn_sms", ingest_url)) as url,
    ):
        over = {"base_url": url, "services": setup["account"]["services"]}
        account = CATALOGUE.accounts["nhn"].model_copy(update=over)
        path = CATALOGUE.paths["oncall-1-nhn"]
        parts = {"accounts": {"nhn": account}, "paths": {path.id: path}}
        scene = Scene(
            pool, secrets, CATALOGUE.model_copy(update=parts), notifiers=Notifiers(Outside())
        )
        await scene.prover.turn()
        (post,) = await eventually(lambda: [p for p in posts if b"BSP:" in p.body], within=15)
    sent, shown = scene.sent(path.id), json.loads(post.body)["payload"]["message"]
    nonce = read_nonce(shown)
    assert nonce is not None
    assert nonce.probe_id == sent.probe_id
    assert text.digest(CONTENT_KEY, shown) == sent.text_digest
    assert (await scene.proof(path.id)).detail is None
