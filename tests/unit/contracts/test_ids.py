"""Probe ids, event ids, and the nonce that a text carries through other people's systems."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import evidence, ids, text
from services.contracts.vocabulary import Channel
from tests.support.builders import ID_KEY, SLOT, a_probe_id
from tests.support.strategies import names, probe_ids, slot_times

legs = st.integers(0, 7)
parts = st.lists(st.text(max_size=6), max_size=4)
invisible = st.sampled_from(ids.INVISIBLE)
SEOUL = timezone(timedelta(hours=9))


@given(slot_times, names, names)
def test_the_same_slot_makes_the_same_probe_id_in_every_process(
    slot: datetime, route: str, receiver: str
) -> None:
    one = ids.make_probe_id(ID_KEY, route, receiver, slot, "scheduled", None)
    other = ids.make_probe_id(ID_KEY, route, receiver, slot.astimezone(SEOUL), "scheduled", None)
    assert one == other
    assert (one.version, one.variant) == (7, RFC_4122)


def test_whatever_names_a_probe_changes_its_id() -> None:
    made = [
        ids.make_probe_id(ID_KEY, "a", "b", SLOT, "manual", None),
        ids.make_probe_id(b"other", "a", "b", SLOT, "manual", None),
        ids.make_probe_id(ID_KEY, "ab", "", SLOT, "manual", None),
        ids.make_probe_id(ID_KEY, "", "ab", SLOT, "manual", None),
        ids.make_probe_id(ID_KEY, "a", "b", SLOT + timedelta(milliseconds=1), "manual", None),
        ids.make_probe_id(ID_KEY, "a", "b", SLOT, "drill", None),
        ids.make_probe_id(ID_KEY, "a", "b", SLOT, "manual", "c"),
        ids.make_probe_id(ID_KEY, "a", "b", SLOT, "manual", "d"),
    ]
    assert len(set(made)) == len(made)


@given(slot_times, parts, parts)
def test_event_ids_are_equal_exactly_when_their_parts_are(
    at: datetime, one: list[str], other: list[str]
) -> None:
    same = ids.make_event_id(ID_KEY, at, "k", one) == ids.make_event_id(ID_KEY, at, "k", other)
    assert same == (one == other)


@given(slot_times, slot_times)
def test_ids_sort_as_their_milliseconds_do(one: datetime, other: datetime) -> None:
    earlier, later = sorted([one, other])
    first, second = a_probe_id(earlier), a_probe_id(later)
    if ids.milliseconds(earlier) < ids.milliseconds(later):
        assert first < second
    assert timedelta(0) <= earlier - ids.time_of(first) < timedelta(milliseconds=1)


@given(slot_times, names)
def test_the_first_id_of_a_millisecond_bounds_every_id_in_use(at: datetime, route: str) -> None:
    bound = ids.first_id_at(at)
    assert bound <= a_probe_id(at, route) < ids.first_id_at(at + timedelta(milliseconds=1))


@given(probe_ids, legs)
def test_a_nonce_brings_back_its_probe_and_leg(probe_id: UUID, leg: int) -> None:
    nonce = ids.write_nonce(probe_id, leg)
    assert re.fullmatch(r"BSP:[0-9A-HJKMNP-TV-Z]{26}", nonce)
    assert ids.read_nonce(nonce) == (probe_id, leg)


def test_ids_and_nonces_of_earlier_releases_stay_what_they_were() -> None:
    """Texts under way and stored evidence outlive an upgrade: these values never change."""
    probe_id = UUID("01a13e40-da40-7ba5-8a5a-69c6355600de")
    assert a_probe_id() == probe_id
    assert ids.write_nonce(probe_id, 1) == "BSP:06GKWG6T82X555MTE66NB01QHD"
    assert evidence.answered_id(ID_KEY, probe_id, "worker-a", SLOT) == UUID(
        "01a13e40-da40-7754-91e3-360123b5b94d"
    )
    assert evidence.report_id(ID_KEY, None, ("sens-a", "m1"), 0, "0000", SLOT) == UUID(
        "01a13e40-da40-72cb-ad4e-9a4f1a3c3bea"
    )


@pytest.mark.parametrize("leg", [-1, 8])
def test_a_leg_beyond_three_bits_has_no_nonce(leg: int) -> None:
    with pytest.raises(ValueError, match="three bits"):
        ids.write_nonce(a_probe_id(), leg)


@given(probe_ids, legs)
def test_any_single_wrong_symbol_reads_as_nothing(probe_id: UUID, leg: int) -> None:
    prefix, symbols = "BSP:", ids.write_nonce(probe_id, leg)[4:]
    for place, right in enumerate(symbols):
        for wrong in ids.ALPHABET.replace(right, ""):
            assert ids.read_nonce(prefix + symbols[:place] + wrong + symbols[place + 1 :]) is None


@given(probe_ids, legs)
def test_any_swap_of_neighbours_reads_as_nothing(probe_id: UUID, leg: int) -> None:
    symbols = ids.write_nonce(probe_id, leg)[4:]
    for place, (left, right) in enumerate(pairwise(symbols)):
        if left != right:
            swapped = symbols[:place] + right + left + symbols[place + 2 :]
            assert ids.read_nonce("BSP:" + swapped) is None


@given(probe_ids, st.integers(0, 29))
def test_a_cut_nonce_reads_as_nothing(probe_id: UUID, kept: int) -> None:
    assert ids.read_nonce(ids.write_nonce(probe_id, 0)[:kept]) is None
    assert ids.read_nonce(ids.write_nonce(probe_id, 0)[:kept] + "… 더보기") is None


@given(probe_ids, st.sampled_from("0Az"), st.booleans())
def test_a_nonce_grown_together_with_its_neighbours_reads_as_nothing(
    probe_id: UUID, more: str, before: bool
) -> None:
    nonce = ids.write_nonce(probe_id, 0)
    assert ids.read_nonce(more + nonce if before else nonce + more) is None


@given(probe_ids, legs, st.lists(st.tuples(st.integers(0, 29), invisible)))
def test_full_width_lower_case_and_invisible_noise_is_read_through(
    probe_id: UUID, leg: int, noise: list[tuple[int, str]]
) -> None:
    nonce = ids.write_nonce(probe_id, leg)
    noisy = nonce
    for place, unseen in noise:
        noisy = noisy[:place] + unseen + noisy[place:]
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in nonce)
    for seen in (noisy, noisy.lower(), full_width, f"[Web발신]\n(광고) {noisy} 끝"):
        assert ids.read_nonce(seen) == (probe_id, leg)


def test_a_mistyped_nonce_does_not_hide_a_whole_one_behind_it() -> None:
    whole = ids.write_nonce(a_probe_id(), 1)
    mistyped = whole[:-1] + ("0" if whole[-1] != "0" else "1")
    assert ids.read_nonce(f"{mistyped} {whole}") == (a_probe_id(), 1)


@given(st.text())
def test_any_text_at_all_can_be_read_for_a_nonce(anything: str) -> None:
    assert ids.read_nonce(anything) is None


@given(probe_ids, legs)
def test_the_probe_text_fits_one_korean_sms_with_its_nonce_in_front(
    probe_id: UUID, leg: int
) -> None:
    written = text.probe_text(probe_id, leg)
    assert len(written.encode("euc-kr")) <= 90
    assert ids.read_nonce(written[:40]) == (probe_id, leg)


@given(probe_ids, legs)
def test_the_text_of_an_lms_is_too_long_for_an_sms_with_its_nonce_in_front(
    probe_id: UUID, leg: int
) -> None:
    written = text.probe_text(probe_id, leg, Channel.LMS)
    assert 90 < len(written.encode("euc-kr")) <= 2_000
    assert ids.read_nonce(written[:40]) == (probe_id, leg)


def _looks_like_a_one_time_code(shown: str) -> bool:
    """Android's published shapes: 5-9 letters or digits with a digit, 4 digits, or 3+3 digits,
    between spaces or punctuation; Hangul counts as letters."""
    runs = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", shown))
    mixed = any(5 <= len(run) <= 9 and re.search(r"\d", run) for run in runs)
    four = any(re.fullmatch(r"\d{4}", run) for run in runs)
    return mixed or four or bool(re.search(r"(?<![^\W_])\d{3}[-\s]\d{3}(?![^\W_])", shown))


@pytest.mark.parametrize(
    "shown",
    [
        "문의 1588-0000",
        "[국민비서] 11월23일 예약이 확정되었습니다.",
        "납부기한 2026-12-15",
        "예약번호 A1234567 오후 3시30분",
        "[봉수] BSP:06FQJ7K3M",
        "번호 123 456",
    ],
)
def test_the_detector_of_this_test_knows_texts_that_android_hides(shown: str) -> None:
    assert _looks_like_a_one_time_code(shown)


@given(probe_ids, legs)
def test_android_does_not_take_a_probe_text_for_a_one_time_code(probe_id: UUID, leg: int) -> None:
    for channel in (Channel.SMS, Channel.LMS):
        written = text.probe_text(probe_id, leg, channel)
        assert not _looks_like_a_one_time_code(written)
        assert not _looks_like_a_one_time_code("[Web발신]\n" + written)


def _ids_of_happenings(at: datetime) -> list[UUID]:
    probe, message = a_probe_id(), ("sens-a", "m1")
    seen = ("skt-1", "smsforwarder", "1", "inbox")
    return [
        evidence.sent_id(ID_KEY, probe, "w1", at),
        evidence.sent_id(ID_KEY, probe, "w2", at),
        evidence.sent_id(ID_KEY, probe, "w1", at + timedelta(microseconds=1)),
        evidence.answered_id(ID_KEY, probe, "w1", at),
        evidence.answered_id(ID_KEY, probe, "w2", at),
        evidence.report_id(ID_KEY, probe, message, 0, "0000", at),
        evidence.report_id(ID_KEY, probe, message, 1, "0000", at),
        evidence.report_id(ID_KEY, probe, message, 0, "3018", at),
        evidence.report_id(ID_KEY, probe, message, 0, "0000", at + timedelta(seconds=1)),
        evidence.report_id(ID_KEY, None, message, 0, "0000", at),
        evidence.report_id(ID_KEY, None, ("sens-b", "m1"), 0, "0000", at),
        evidence.report_id(ID_KEY, None, ("sens-a", "m2"), 0, "0000", at),
        evidence.observed_id(ID_KEY, "device.seen", probe, *seen),
        evidence.observed_id(ID_KEY, "device.opened", probe, *seen),
        *(
            evidence.observed_id(ID_KEY, "device.seen", probe, *other)
            for other in [("x", *seen[1:]), (seen[0], "x", *seen[2:]), (*seen[:3], "x")]
        ),
    ]  # fmt: skip


@given(slot_times)
def test_the_same_happening_has_the_same_event_id_and_another_has_another(at: datetime) -> None:
    made = _ids_of_happenings(at)
    assert made == _ids_of_happenings(at.astimezone(SEOUL))
    assert len(set(made)) == len(made)


@given(probe_ids, slot_times)
def test_events_of_a_known_probe_lie_in_its_slots_millisecond(probe: UUID, at: datetime) -> None:
    known = evidence.report_id(ID_KEY, probe, ("a", "m"), 0, "", at)
    unknown = evidence.report_id(ID_KEY, None, ("a", "m"), 0, "", at)
    assert ids.time_of(known) == ids.time_of(probe)
    assert ids.time_of(unknown) == datetime.fromtimestamp(ids.milliseconds(at) / 1000, UTC)


@given(probe_ids, slot_times)
def test_a_report_of_a_known_probe_is_the_same_by_webhook_and_by_look_up(
    probe: UUID, at: datetime
) -> None:
    by_webhook = evidence.report_id(ID_KEY, probe, ("a", "request-1"), 0, "0000", at)
    by_look_up = evidence.report_id(ID_KEY, probe, ("a", "message-9"), 0, "0000", at)
    assert by_webhook == by_look_up
