"""The only door to Kafka: addresses, topics and the producer. Readers are in `kafka_readers`.

Every option that matters is set here and says why: aiokafka's defaults are unsafe for evidence
(acks=1), wait for ever (send, stop) or do not retry (start).
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    TopicAlreadyExistsError,
)
from aiokafka.partitioner import murmur2
from prometheus_client import CollectorRegistry, Counter

from services.contracts.codec import Encoded
from services.contracts.topics import Topic
from services.runtime.errors import Retry, SetAside, Stop
from services.runtime.ops import Health
from services.runtime.retry import Backoff, give_up_after, pause, until
from services.runtime.settings import Settings

SEND_WITHIN_S = 5.0
STOP_WITHIN_S = 3.0
ADMIN_WITHIN_S = 15.0
MOST_WAITING = 2_000
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the brokers are, how to speak to them, and the prefix of our topics."""

    options: dict[str, Any]
    prefix: str
    development: bool

    def topic(self, topic: Topic) -> str:
        """The topic's full name."""
        return topic.named(self.prefix)


def address_of(settings: Settings) -> Address:
    """The address in the settings. Raises Stop for plain text outside a development set-up."""
    if settings.kafka_security == "PLAINTEXT" and not settings.development:
        raise Stop(
            "settings",
            "BONGSU_KAFKA_SECURITY: PLAINTEXT is for development only; set SASL_SSL,"
            " or BONGSU_DEVELOPMENT=true",
        )
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka,
        "security_protocol": settings.kafka_security,
        "request_timeout_ms": 10_000,
        "metadata_max_age_ms": 30_000,
    }
    if settings.kafka_security != "PLAINTEXT":
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca)
    if settings.kafka_security == "SASL_SSL":
        password = settings.kafka_password
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return Address(options, settings.topic_prefix, settings.development)


def partition_of(key: str, partitions: int) -> int:
    """The partition Kafka's default partitioner gives a key."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions


@contextlib.asynccontextmanager
async def _admin(address: Address) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**address.options)
    try:
        async with asyncio.timeout(ADMIN_WITHIN_S):
            await client.start()
            yield client
    except (KafkaError, OSError, TimeoutError) as error:
        raise Retry("kafka_away", f"Kafka does not answer: {str(error) or 'time-out'}") from None
    finally:
        await give_up_after(STOP_WITHIN_S, client.close())


async def create_topics(address: Address, topics: tuple[Topic, ...]) -> list[str]:
    """Make the topics that do not exist yet; their names. Raises Retry when Kafka is away."""
    copies = 1 if address.development else 3
    wanted = [
        NewTopic(address.topic(t), t.partitions, copies, topic_configs=_config(t, copies))
        for t in topics
    ]
    made = []
    async with _admin(address) as client:
        try:
            response = await client.create_topics(wanted)
        except AttributeError:  # aiokafka asks for the number of a controller that is not there
            raise Retry("kafka_away", "Kafka has no controller yet") from None
        for name, code, *detail in response.topic_errors:
            if code == TopicAlreadyExistsError.errno:
                continue
            if code:
                raise Stop(
                    "topics", f"topic {name} cannot be made: {detail[0] if detail else code}"
                )
            made.append(name)
        # The controller has made them; the brokers hear of it a moment later.
        while made and len(await _partitions(client, made)) < len(made):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return made


async def _partitions(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, list[Any]]:
    """The partitions of the topics that the brokers know, by name."""
    described = await client.describe_topics(names)
    found = {t["topic"]: t["partitions"] for t in described if not t["error_code"]}
    return {name: partitions for name, partitions in found.items() if partitions}


def _config(topic: Topic, copies: int) -> dict[str, str]:
    return topic.config | {"min.insync.replicas": "2" if copies == 3 else "1"}


async def check_topics(address: Address, topics: tuple[Topic, ...]) -> None:
    """Raises Stop when a topic is missing, is not kept as its meaning needs (cleanup, append time),
    or could lose a record: fewer than 3 copies, or `min.insync.replicas` below 2, unless this is a
    development set-up. Raises Retry when Kafka is away."""
    names = [address.topic(topic) for topic in topics]
    async with _admin(address) as client:
        partitions = await _partitions(client, names)
        if missing := [name for name in names if name not in partitions]:
            raise Stop("topics", f"topics {', '.join(missing)} do not exist: run `bongsu init`")
        configured = await _configured(client, names)
    for topic, name in zip(topics, names, strict=True):
        _require_meaning(topic, name, configured[name])
        if not address.development:
            copies = min(len(partition["replicas"]) for partition in partitions[name])
            _require_safety(name, copies, int(configured[name]["min.insync.replicas"]))


async def wait_for_topics(
    address: Address, topics: tuple[Topic, ...], stopping: asyncio.Event
) -> None:
    """`check_topics` until Kafka answers or `stopping` is set. Raises Stop as that does."""
    backoff = Backoff(cap_s=2.0)
    while not stopping.is_set():
        try:
            return await until(stopping, check_topics(address, topics))
        except Retry as error:
            _log.warning("topics cannot be checked", reason=str(error))
            await pause(stopping, backoff.next_s())


def _require_meaning(topic: Topic, name: str, configured: dict[str, str]) -> None:
    for key in ("cleanup.policy", "message.timestamp.type"):
        if key in topic.config and configured[key] != topic.config[key]:
            raise Stop(
                "topics", f"topic {name} has {key}={configured[key]}; it needs {topic.config[key]}"
            )


def _require_safety(name: str, copies: int, insync: int) -> None:
    if copies < 3 or insync < 2:
        raise Stop(
            "topics",
            f"topic {name} has {copies} copies and min.insync.replicas={insync}; evidence"
            " needs at least 3 and 2 (BONGSU_DEVELOPMENT=true allows less)",
        )


async def _configured(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    return {
        name: {key: value for key, value, *_ in entries}
        for response in await client.describe_configs(wanted)
        for _, _, _, name, entries in response.resources
    }


async def partition_count(address: Address, topic: Topic) -> int:
    """How many partitions a topic really has. Raises Retry when Kafka is away or it is missing."""
    name = address.topic(topic)
    async with _admin(address) as client:
        if partitions := await _partitions(client, [name]):
            return len(partitions[name])
    raise Retry("topic_missing", f"topic {name} does not exist: run `bongsu init`")


class Publisher(Protocol):
    """Where records go: `Producer`, or a test's memory."""

    async def send(self, topic: Topic, record: Encoded) -> None:
        """Returns once the record is safe. Raises Retry (not now) or SetAside (too large)."""
        ...


class Producer:
    """Sends records and returns only when the broker has them on all in-sync copies.

    `run` keeps the client connected; `send` raises Retry at once while it is not.
    """

    def __init__(self, address: Address, health: Health, registry: CollectorRegistry) -> None:
        self._address, self._health = address, health
        self._client: AIOKafkaProducer | None = None
        self._waiting = asyncio.Semaphore(MOST_WAITING)
        self._broken = asyncio.Event()
        self._produced = Counter(
            "bongsu_kafka_produce_total",
            "Records sent to Kafka, by what became of them",
            ["topic", "result"],
            registry=registry,
        )
        health.needs("kafka")

    @property
    def connected(self) -> bool:
        """Can a record be sent just now?"""
        return self._client is not None

    async def run(self, stopping: asyncio.Event) -> None:
        """Connect, watch, rebuild, until `stopping`; then flush and close within a deadline."""
        backoff = Backoff(cap_s=2.0)
        try:
            while not stopping.is_set():
                if self._client is None or self._broken.is_set():
                    await until(stopping, self._rebuild(backoff, stopping))
                else:
                    await until(stopping, self._look(backoff))
                await pause(stopping, 1.0)
        finally:
            await self._close()

    async def send(self, topic: Topic, record: Encoded) -> None:
        """Send one record. Raises Retry (away, silent, too many waiting), SetAside (too large)."""
        try:
            await self._send(topic, record)
        except (Retry, SetAside) as error:
            self._produced.labels(topic.name, error.reason).inc()
            raise
        self._produced.labels(topic.name, "ok").inc()

    async def _send(self, topic: Topic, record: Encoded) -> None:
        if self._client is None:
            raise Retry("away", "Kafka is away")
        if self._waiting.locked():
            raise Retry("busy", f"{MOST_WAITING} records already wait for Kafka")
        try:
            # An idempotent producer never gives up by itself: the deadline is ours.
            async with self._waiting, asyncio.timeout(SEND_WITHIN_S):
                await self._client.send_and_wait(
                    self._address.topic(topic),
                    record.value,
                    key=record.key,
                    headers=record.headers,
                )
        except TimeoutError:
            self._health.silent("kafka", "a record was not acknowledged in time")
            raise Retry("silent", "Kafka did not acknowledge in time") from None
        except MessageSizeTooLargeError as error:
            raise SetAside("too_large", str(error)) from None
        except KafkaError as error:
            # After a lost sequence the client may fail for ever; a new one heals it, and the
            # event id makes the resent record harmless.
            if isinstance(error, OutOfOrderSequenceNumber) or not error.retriable:
                self._broken.set()
            raise Retry("failed", f"Kafka refused a record: {error}") from None
        self._health.answered("kafka")

    async def _rebuild(self, backoff: Backoff, stopping: asyncio.Event) -> None:
        await self._close()
        client = AIOKafkaProducer(
            **self._address.options,
            acks="all",  # a record counts when every in-sync copy has it
            enable_idempotence=True,  # the client's own retries neither reorder nor repeat
            linger_ms=0,  # a webhook waits for its acknowledgement
            compression_type="zstd",
            max_request_size=1_048_576,
        )
        try:
            async with asyncio.timeout(10):
                await client.start()
        except asyncio.CancelledError:
            await _stop(client)
            raise
        except (KafkaError, OSError, TimeoutError) as error:
            self._health.silent("kafka", str(error) or "time-out")
            await _stop(client)
            await pause(stopping, backoff.next_s())
            return
        self._client = client
        self._broken.clear()
        backoff.reset()
        self._health.answered("kafka")

    async def _look(self, backoff: Backoff) -> None:
        """Ask for metadata, so that readiness does not depend on traffic."""
        assert self._client is not None
        try:
            async with asyncio.timeout(5):
                alive = await self._client.client.force_metadata_update()
        except (KafkaError, OSError, TimeoutError):
            alive = False
        if alive:
            backoff.reset()
            self._health.answered("kafka")
        else:
            self._health.silent("kafka", "no metadata")

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _stop(client)


async def _stop(client: AIOKafkaProducer) -> None:
    # Without a broker an idempotent producer's stop never returns, because its sender tries for
    # ever. Nothing public ends the sender; a stop that is cancelled would leave it running.
    await give_up_after(STOP_WITHIN_S, client.stop(), client._sender.close)
