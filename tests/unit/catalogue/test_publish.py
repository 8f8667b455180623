"""Everyone switches to a whole revision or stays where they are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.publish import (
    CURRENT,
    Assembler,
    apply,
    current_of,
    digest_of,
    in_force,
    new_revision,
    records_of,
    tombstones,
)
from services.contracts import ids
from services.contracts.catalogue import Catalogue, Platform, build
from services.contracts.codec import Encoded
from services.contracts.model import Name
from services.contracts.topics import Topic
from services.runtime.errors import Retry

NOW = datetime(2026, 10, 15, 6, 30, tzinfo=UTC)


Record = tuple[bytes, bytes | None]


def a_catalogue(*platforms: str, at: datetime = NOW) -> Catalogue:
    items = [Platform(id=word, name=Name(ko=word, en=word)) for word in platforms]
    return build(new_revision(at), [("platform", item) for item in items])


def steps(catalogue: Catalogue, seen: dict[bytes, bytes], now: datetime = NOW) -> list[Record]:
    """What an apply writes that found `seen` in the topic."""
    current = current_of(catalogue, now, "tester").model_dump_json().encode()
    return [
        *records_of(catalogue),
        (CURRENT, current),
        *((key, None) for key in tombstones(seen, now)),
    ]


def held_of(log: list[Record]) -> dict[bytes, bytes]:
    """The newest value of each key, as a compacted topic has it."""
    held: dict[bytes, bytes] = {}
    for key, value in log:
        held.pop(key, None)
        if value is not None:
            held[key] = value
    return held


def fed(log: list[Record], assembler: Assembler | None = None) -> Assembler:
    assembler = assembler or Assembler()
    for key, value in log:
        assembler.feed(key, value)
    return assembler


def test_a_revision_is_a_uuid_of_version_7_that_grows_with_time() -> None:
    first, second = new_revision(NOW), new_revision(NOW + timedelta(milliseconds=1))

    assert first.version == 7
    assert first < second
    assert ids.time_of(first) == NOW


def test_a_catalogue_comes_into_force_with_the_record_that_names_it() -> None:
    catalogue = a_catalogue("kakaotalk", "fcm")
    log = steps(catalogue, {})
    assembler = fed(log[:-1])
    assert assembler.in_force is None

    assert assembler.feed(*log[-1]) == catalogue


def test_a_revision_of_a_release_that_knew_no_on_call_file_pages_nobody() -> None:
    catalogue = fed(steps(a_catalogue("kakaotalk"), {})).in_force

    assert catalogue is not None
    assert (catalogue.paths, catalogue.people, catalogue.rotas) == ({}, {}, {})


@given(order=st.permutations(range(4)))
def test_any_order_of_one_apply_s_records_ends_in_the_same_catalogue(order: list[int]) -> None:
    catalogue = a_catalogue("a", "b", "c")
    log = steps(catalogue, {})

    assert fed([log[place] for place in order]).in_force == catalogue


@given(data=st.data(), compacted=st.booleans())
@settings(max_examples=300, deadline=None)
def test_two_applies_at_once_leave_one_whole_catalogue(
    data: st.DataObject, compacted: bool
) -> None:
    old = a_catalogue("a", "b", at=NOW - timedelta(days=1))
    log = steps(old, {})
    new = [a_catalogue("b", "c"), a_catalogue("a", "c", "d", at=NOW + timedelta(seconds=1))]
    runs = [_run(catalogue, log) for catalogue in new]
    watching = fed(log)
    while runs:
        run = data.draw(st.sampled_from(runs))
        known = len(log)
        if next(run, None) is None:
            runs.remove(run)
        fed(log[known:], watching)
        assert watching.in_force in [old, *new]

    winner = in_force(held_of(log))
    expected = next(c for c in new if c.revision == winner)
    assert watching.in_force == expected
    # Who reads it all afterwards finds the same, whether the topic was cleaned or not.
    later = list(held_of(log).items()) if compacted else log
    assert fed(list(later)).in_force == expected
    assert watching.bad == 0


def _run(catalogue: Catalogue, log: list[Record]) -> Iterator[Record]:
    """One apply: it looks at the topic when it starts, then writes record by record."""
    seen = held_of(log)
    yield (b"", None)
    for record in steps(catalogue, seen):
        log.append(record)
        yield record


def test_half_a_revision_changes_nothing() -> None:
    old, new = a_catalogue("a"), a_catalogue("a", "b")
    log = [*steps(old, {}), *steps(new, {})[1:]]

    assert fed(log).in_force == old


def test_a_revision_with_another_digest_never_replaces_the_one_in_force() -> None:
    old, new = a_catalogue("a"), a_catalogue("b")
    records = steps(new, {})
    log = [*steps(old, {}), (records[0][0], b"{}"), *records[1:]]

    assembler = fed(log)

    assert assembler.in_force == old
    assert (assembler.bad, assembler.problem) == (
        1,
        f"revision {new.revision} does not match its digest",
    )


@pytest.mark.parametrize(
    "record",
    [
        ("{0}/platform/a", b'{"id": "a", "name": {"ko": "a", "en": "a"}, "colour": "red"}'),
        ("{0}/moon/a", b"{}"),
        ("{0}/platform/a", b"\xff"),
    ],
)
def test_a_revision_this_release_cannot_read_is_counted_and_not_used(
    record: tuple[str, bytes],
) -> None:
    old, new = a_catalogue("a"), a_catalogue()
    pair = (record[0].format(new.revision).encode(), record[1])
    named = current_of(new, NOW, "t").model_copy(update={"count": 1, "digest": digest_of([pair])})

    assembler = fed([*steps(old, {}), pair, (CURRENT, named.model_dump_json().encode())])

    assert (assembler.in_force, assembler.bad) == (old, 1)
    assert "this release cannot read" in str(assembler.problem)


@given(st.lists(st.tuples(st.binary(max_size=60), st.none() | st.binary(max_size=20))))
def test_rubbish_in_the_topic_changes_nothing(rubbish: list[Record]) -> None:
    catalogue = a_catalogue("a")

    assert fed([*steps(catalogue, {}), *rubbish]).in_force == catalogue


def test_a_current_that_cannot_be_read_is_counted() -> None:
    catalogue = a_catalogue("a")
    assembler = fed([*steps(catalogue, {}), (CURRENT, b"{}"), (CURRENT, None)])

    assert (assembler.in_force, assembler.bad) == (catalogue, 1)


def test_a_good_revision_clears_the_problem() -> None:
    assembler = fed([(CURRENT, b"{}"), *steps(a_catalogue("a"), {})])

    assert (assembler.bad, assembler.problem) == (1, None)


def test_what_was_replaced_and_what_was_abandoned_is_deleted() -> None:
    old = a_catalogue("a", at=NOW - timedelta(days=1))
    abandoned = a_catalogue("b", at=NOW - timedelta(minutes=61))
    under_way = a_catalogue("c", at=NOW - timedelta(minutes=59))
    held = held_of([*steps(old, {}), *records_of(abandoned), *records_of(under_way)])

    deleted = set(tombstones(held, NOW))

    assert deleted == {key for c in (old, abandoned) for key, _ in records_of(c)}


def test_a_digest_depends_on_every_byte_and_on_no_order() -> None:
    pairs = [(b"a", b"bc"), (b"d", b"")]

    assert digest_of(pairs) == digest_of(pairs[::-1])
    assert digest_of([(b"ab", b"c"), (b"d", b"")]) != digest_of(pairs)


class Topics:
    """A topic in memory; `another` is what somebody else writes just after our `current`."""

    def __init__(self, log: list[Record], another: list[Record] | None = None) -> None:
        self.log, self._another = log, another or []

    async def send(self, topic: Topic, record: Encoded) -> None:
        assert topic.name == "catalogue"
        self.log.append((record.key, record.value))
        if record.key == CURRENT:
            self.log.extend(self._another)

    async def read(self) -> dict[bytes, bytes]:
        return held_of(self.log)


async def test_apply_puts_a_catalogue_into_force_and_cleans_up() -> None:
    old, new = a_catalogue("a", at=NOW - timedelta(days=1)), a_catalogue("a", "b")
    topic = Topics(steps(old, {}))

    done = await apply(new, topic, topic.read, NOW, "tester")

    assert (done.revision, done.replaced, done.objects) == (new.revision, old.revision, 2)
    assert done.overtaken_by is None
    assert fed(topic.log).in_force == new
    assert set(held_of(topic.log)) == {CURRENT, *(key for key, _ in records_of(new))}


async def test_apply_says_when_another_one_overtook_it() -> None:
    ours, theirs = a_catalogue("a"), a_catalogue("b")
    topic = Topics([], another=steps(theirs, {}))

    done = await apply(ours, topic, topic.read, NOW, "tester")

    assert done.overtaken_by == theirs.revision


async def test_apply_without_kafka_names_no_new_revision() -> None:
    class Away(Topics):
        async def send(self, topic: Topic, record: Encoded) -> None:
            if b"/platform/b" in record.key:
                raise Retry("away", "Kafka is away")
            await super().send(topic, record)

    old = a_catalogue("a", at=NOW - timedelta(days=1))
    topic = Away(steps(old, {}))

    with pytest.raises(Retry, match="away"):
        await apply(a_catalogue("a", "b", "c"), topic, topic.read, NOW, "tester")

    assert in_force(held_of(topic.log)) == old.revision
    assert fed(topic.log).in_force == old


def test_a_topic_without_a_current_has_nothing_in_force() -> None:
    assert in_force({}) is None
    assert in_force({CURRENT: b"?"}) is None
