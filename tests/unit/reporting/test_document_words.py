"""One message catalogue for both languages, and no word of a report that it does not know."""

from string import Template
from typing import get_args

import pytest

from services.contracts.report_words import (
    CorrectionKind,
    ExclusionKind,
    FaultKind,
    HolidaySource,
    LatencyStage,
    NoticeBound,
    NoticeDuty,
    Objective,
    Origin,
    Says,
    State,
    Verdict,
)
from services.contracts.vocabulary import Channel
from services.reporting.documents.words import LANGUAGES, Words, catalogue

CLOSED_SETS = {
    "state": tuple(State),
    "verdict": tuple(Verdict),
    "channel": tuple(Channel),
    "objective": get_args(Objective),
    "latency": get_args(LatencyStage),
    "holiday": get_args(HolidaySource),
    "origin": get_args(Origin),
    "step": get_args(Says),
    "bound": get_args(NoticeBound),
    "duty": get_args(NoticeDuty),
    "exclusion": get_args(ExclusionKind),
    "fault": get_args(FaultKind),
    "correction": get_args(CorrectionKind),
}


@pytest.mark.parametrize("key", catalogue())
def test_each_text_stands_in_both_languages_with_the_same_fields(key: str) -> None:
    texts = catalogue()[key]
    assert len(texts) == len(LANGUAGES)
    assert all(texts)
    fields = [sorted(set(Template(text).get_identifiers())) for text in texts]
    assert fields[0] == fields[1]
    assert all(Template(text).is_valid() for text in texts)


@pytest.mark.parametrize("group", CLOSED_SETS)
def test_every_member_of_a_closed_set_has_words(group: str) -> None:
    assert [word for word in CLOSED_SETS[group] if f"{group}.{word}" not in catalogue()] == []


def test_verdicts_are_the_words_that_officials_know() -> None:
    assert [Words("ko")(f"verdict.{each}") for each in Verdict] == [
        "준수", "위반", "판정 보류(근거 부족)", "해당 없음"
    ]  # fmt: skip
    assert Words("ko")("verdict.preliminary", verdict="위반") == "잠정 위반"


def test_a_field_left_out_is_an_error_and_no_text() -> None:
    with pytest.raises(KeyError, match="measured"):
        Words("en")("why.availability_met_sure", budget="1")
