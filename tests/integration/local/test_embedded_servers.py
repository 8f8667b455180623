"""The embedded servers keep their data, end with their owner, and say why they cannot run."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.local import child, jars, kafka, postgres, postgres_access
from tests.support.waiting import eventually

PASSWORD = "p@ss/w ord"
WITHIN_S = 30.0
OWNER = """
import asyncio, sys
from pathlib import Path
from services.local import kafka, postgres

async def main(data):
    broker_port, controller_port, database_port = kafka.free_ports(3)
    broker = kafka.EmbeddedKafka(data / "kafka", broker_port, controller_port)
    database = postgres.EmbeddedPostgres(data / "postgres", database_port, "pw")
    async with broker, database:
        print(broker_port, database_port, broker.pid, database.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


def a_broker(data: Path) -> kafka.EmbeddedKafka:
    return kafka.EmbeddedKafka(data / "kafka", *kafka.free_ports(2))


def a_database(data: Path) -> postgres.EmbeddedPostgres:
    return postgres.EmbeddedPostgres(data / "postgres", kafka.free_ports(1)[0], PASSWORD)


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, count: int) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True
    ) as producer:
        for number in range(count):
            await producer.send_and_wait(topic, str(number).encode())


async def read(bootstrap: str, topic: str, count: int) -> list[int]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(WITHIN_S):
        return [int((await consumer.getone()).value) for _ in range(count)]


async def run_sql(dsn: str, *statements: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=WITHIN_S)
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


def is_gone(pid: int) -> bool:
    """No thread of its process group lives; a dead process nobody collected may be there.

    Threads, because a killed JVM's first one is dead while others still hold its sockets.
    """
    return not any(lives(stat, pid) for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"))


def lives(stat: Path, group: int) -> bool:
    """Whether this thread belongs to the process group and has not ended (proc(5), fields 3, 5)."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
        return int(its_group) == group and state not in "ZX"
    return False


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A data folder that everybody may enter; pytest's own are closed to nobody."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


async def test_records_are_still_there_at_the_second_start(tmp_path: Path) -> None:
    async with a_broker(tmp_path) as broker:
        await create_topic(broker.bootstrap, "kept")
        await produce(broker.bootstrap, "kept", 20)
    async with a_broker(tmp_path) as broker:
        assert await read(broker.bootstrap, "kept", 20) == list(range(20))


async def test_acknowledged_records_outlive_a_kill_of_the_broker(tmp_path: Path) -> None:
    broker = a_broker(tmp_path)
    async with broker:
        await create_topic(broker.bootstrap, "kept")
        await produce(broker.bootstrap, "kept", 20)
        broker.kill()
        await broker.start()
        await broker.ready()
        assert await read(broker.bootstrap, "kept", 20) == list(range(20))


async def test_rows_are_still_there_at_the_second_start(tmp_path: Path) -> None:
    async with a_database(tmp_path) as database:
        await run_sql(database.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    async with a_database(tmp_path) as database:
        assert await run_sql(database.dsn, "SELECT n FROM kept") == 7


async def test_committed_rows_outlive_a_kill_of_the_database(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    async with database:
        await run_sql(database.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        database.kill()
        await database.start()
        await database.ready()
        assert await run_sql(database.dsn, "SELECT n FROM kept") == 7


async def test_a_killed_database_starts_although_its_process_id_belongs_to_another_program(
    tmp_path: Path,
) -> None:
    database = a_database(tmp_path)
    await database.start()
    await database.ready()
    database.kill()
    lock = tmp_path / "postgres" / "cluster" / "postmaster.pid"
    other = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE)
    try:
        lock.write_text("\n".join([str(other.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        async with database:
            assert await run_sql(database.dsn, "SELECT 1") == 1
    finally:
        await other.communicate(b"")


async def test_the_database_speaks_utc_and_wants_the_password(tmp_path: Path) -> None:
    async with a_database(tmp_path) as database:
        assert await run_sql(database.dsn, "SHOW timezone") == "UTC"
        wrong = database.dsn.replace("bongsu:", "bongsu:not-")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await run_sql(wrong, "SELECT 1")
    assert not (tmp_path / "postgres" / "password").exists()


async def test_the_database_runs_where_namespaces_are_forbidden(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = open_folder / "tools"
    tools.mkdir()
    (tools / "test").symlink_to(shutil.which("test") or "")
    monkeypatch.setenv("PATH", str(tools))
    async with a_database(open_folder) as database:
        assert await run_sql(database.dsn, "SELECT 1") == 1
    as_root = os.geteuid() == 0
    owner = (open_folder / "postgres" / "cluster").stat().st_uid
    assert owner == (postgres_access.NOBODY if as_root else os.geteuid())
    monkeypatch.undo()
    async with a_database(open_folder) as database:
        assert await run_sql(database.dsn, "SELECT 1") == 1


async def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    async with a_database(tmp_path) as database:
        port = int(database.dsn.rpartition(":")[2].partition("/")[0])
        other = postgres.EmbeddedPostgres(tmp_path / "other", port, PASSWORD)
        with pytest.raises(child.ServerStartError, match=f"^port {port} is already in use: "):
            await other.start()
        for ports in ((port, 1), (kafka.free_ports(1)[0], port)):
            with pytest.raises(child.ServerStartError, match=f"^port {port} is already in use: "):
                await kafka.EmbeddedKafka(tmp_path / "kafka", *ports).start()


async def test_data_in_use_by_another_server_are_one_clear_sentence(tmp_path: Path) -> None:
    async with a_database(tmp_path), a_broker(tmp_path):
        with pytest.raises(child.ServerStartError, match="in use by another PostgreSQL server"):
            await a_database(tmp_path).start()
        with pytest.raises(child.ServerStartError, match="in use by another Kafka"):
            await a_broker(tmp_path).start()


async def test_a_broker_that_ends_early_is_one_sentence_with_its_last_word(tmp_path: Path) -> None:
    broker = a_broker(tmp_path)
    async with broker:
        pass
    (tmp_path / "kafka" / "log" / "meta.properties").write_text("version=1\nnode.id=2\n")
    await broker.start()
    with pytest.raises(child.ServerStartError, match=r"Kafka has stopped .*: .+"):
        await broker.ready()


async def test_waiting_for_a_server_names_its_deadline(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async with a_database(tmp_path) as database:
        with pytest.raises(child.ServerStartError, match=r"does not answer after 0\.1 s"):
            await child.until(database.child, never, 0.1)


async def test_nothing_is_left_running_after_a_stop(tmp_path: Path) -> None:
    async with a_database(tmp_path) as database, a_broker(tmp_path) as broker:
        pids = [broker.pid or 0, database.pid or 0]
        assert not any(is_gone(pid) for pid in pids)
        assert all(os.getsid(pid) == pid for pid in pids), "Ctrl-C would reach them"
    assert all(is_gone(pid) for pid in pids)


async def test_the_servers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        line = (await owner.stdout.readline()).split()
    broker_port, database_port, *pids = (int(word) for word in line)
    assert await child.answers(broker_port)
    assert await child.answers(database_port)
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    await eventually(lambda: all(is_gone(pid) for pid in pids), within=5)
    assert not await child.answers(broker_port)
    assert not await child.answers(database_port)


@pytest.fixture
def small_lock(tmp_path: Path) -> Path:
    """A lock of one jar, which lies in the cache as the lock says."""
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "thing-1.0.jar").write_bytes(b"as released")
    lock = tmp_path / "lock"
    lock.write_text(f"org.example:thing:1.0 sha256={sha256(b'as released').hexdigest()}\n")
    return lock


async def test_a_jar_in_the_cache_needs_no_network(small_lock: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = await jars.jars(tmp_path, small_lock, progress=lambda *step: told.append(step))
    assert found == [tmp_path / "jars" / "thing-1.0.jar"]
    assert told == []


async def test_a_tampered_jar_is_removed_and_is_one_clear_sentence(
    small_lock: Path, tmp_path: Path
) -> None:
    jar = tmp_path / "jars" / "thing-1.0.jar"
    jar.write_bytes(b"changed")
    with pytest.raises(child.ServerStartError, match=r"^thing-1\.0\.jar is not the file bongsu"):
        await jars.jars(tmp_path, small_lock)
    assert not jar.exists()


async def test_a_jar_that_cannot_be_had_is_one_clear_sentence(
    small_lock: Path, tmp_path: Path
) -> None:
    (tmp_path / "jars" / "thing-1.0.jar").unlink()
    nowhere = {"closed": f"http://{child.HOST}:{kafka.free_ports(1)[0]}"}
    with pytest.raises(child.ServerStartError, match=r"^thing-1\.0\.jar cannot be downloaded: "):
        await jars.jars(tmp_path, small_lock, repositories=nowhere)
    assert list((tmp_path / "jars").iterdir()) == []


@pytest.mark.parametrize(
    ("log_tail", "sentence"),
    [
        ("FATAL:  could not write file: No space left on device", "the disk of data is full"),
        ("initdb: error: could not look up effective user ID 12345", "no entry in the passwd file"),
        ("FATAL:  bad setting\nHINT:  look\n", r"\(exit code 1\): FATAL:  bad setting - .*s\.log"),
        ("Caused by: broken\n\tat kafka.Kafka\n\t... 3 more\n", "Caused by: broken - "),
        ("", "it wrote nothing"),
    ],
)
def test_the_reason_for_an_early_end_comes_from_the_log(log_tail: str, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError(child.explain("Server", 1, log_tail, Path("data/s.log")))


async def test_each_test_has_a_database_and_topics_of_its_own(
    empty_database: str, kafka_address: str, topic_prefix: str
) -> None:
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    assert await run_sql(empty_database, tables) == 0
    await create_topic(kafka_address, f"{topic_prefix}one")
    await produce(kafka_address, f"{topic_prefix}one", 3)
    assert await read(kafka_address, f"{topic_prefix}one", 3) == [0, 1, 2]


async def test_waiting_in_vain_tells_what_was_seen_last() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s; last seen: \[\]"):
        await eventually(list, within=0.05, every=0.01)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        await eventually(lambda: 1 // 0, within=0.05, every=0.01)
