"""A scenario file means what it says, and what it cannot mean is told with its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.load import load as load_catalogue
from services.contracts.catalogue import Catalogue
from services.replay.idle import idle
from services.replay.known import Known, moment
from services.replay.scenario import Scenario, Wrong, faults, load, load_all, shifted
from simulators.faults import Delay, Fault, State
from tests.unit.catalogue.small import write

FILE = """\
id: kk-2024-05-13
title: {ko: 카카오톡 장애, en: KakaoTalk outage}
tz: Asia/Seoul
sources: ["a newspaper 2024-05-21"]
confidence: high
segments:
  - component: platform:kakaotalk
    function: text
    state: degraded
    share: 0.8
    delay_s: {median: 40, p95: 300}
    from: "2024-05-13T13:44"
    to: "2024-05-13T13:50"
notices: [{at: "2024-05-13T14:20", provider: kakao, says: recovered}]
expect:
  page_within_s: 180
  cause: platform:kakaotalk
  max_pages: 1
  monitor_fault: false
"""
QUIET = """\
id: quiet
segments: []
span: {from: "2024-01-01", to: "2024-01-02"}
"""
SINCE = datetime(2024, 5, 13, 4, 44, tzinfo=UTC)
UNTIL = datetime(2024, 5, 13, 4, 50, tzinfo=UTC)
_SEGMENT = FILE[FILE.index("  - component") : FILE.index("notices")]
_NO_DATE = "is no date and time such as 2022-10-15T15:30"

# What stands in the file, what somebody writes in its place, what is said of it.
FAULTS = [
    ("platform:kakaotalk\n", "platform:kakotalk\n",
     "7: field 'segments[0].component': there is no component 'platform:kakotalk'; "
     "did you mean 'platform:kakaotalk'?"),
    ("component: platform:kakaotalk\n    function: text", "component: sender:*-alimtok",
     "7: field 'segments[0].component': no component matches 'sender:*-alimtok'; "
     "did you mean 'sender:geoje-alimtalk'?"),
    ("component: platform:kakaotalk\n    function: text", "component: worker:w2",
     "7: field 'segments[0].component': there is no component 'worker:w2'; "
     "did you mean 'worker:w1'?"),
    ("component: platform:kakaotalk\n    function: text", "component: route:geoje.sms.sens",
     "7: field 'segments[0].component': there is no component 'route:geoje.sms.sens'"),
    ("component: platform:kakaotalk\n    function", "component: [platform:kakaotalk]\n    function",
     "7: field 'segments[0].component': must be text such as platform:kakaotalk"),
    ("function: text", "function: sms",
     "8: field 'segments[0].function': platform:kakaotalk has no function sms; it has: alimtalk, "
     "brandmessage, channel, edocument, openchat, media, text, login, pc"),
    ("component: platform:kakaotalk\n    function: text", "component: receiver:skt-01",
     "8: field 'segments[0].state': receiver:skt-01 can only be down, not degraded"),
    ("degraded", "degraed",
     "9: field 'segments[0].state' must be one of down, refusing, silent-sender, lossy, degraded, "
     "delayed, loaded, duplicating, lying, not 'degraed'; did you mean 'degraded'?"),
    ("    state: degraded\n", "", "7: field 'segments[0].state' is missing"),
    ("share: 0.8", "share: 80", "10: field 'segments[0].share' must be at most 1.0"),
    ("share: 0.8", "share: 0", "10: field 'segments[0].share' must be greater than 0.0"),
    ("share: 0.8", "share: most", "10: field 'segments[0].share' must be a number"),
    ("share: 0.8", "factor: inf", "10: field 'segments[0].factor' must be at most 1000.0"),
    ("share: 0.8", "factor: nan", "10: field 'segments[0].factor' must be at most 1000.0"),
    ("p95: 300", "p95: inf", "11: field 'segments[0].delay_s.p95' must be at most 604800.0"),
    ("share: 0.8", "sticky: perhaps", "10: field 'segments[0].sticky' must be true or false"),
    ("share: 0.8", "shares: 0.8",
     "10: field 'segments[0].shares' is unknown; did you mean 'share'?"),
    ("share: 0.8", "since: now", "10: field 'segments[0].since' is unknown"),
    ("p95: 300", "p95: 30",
     "11: field 'segments[0].delay_s': p95 must not be below median"),
    ("median: 40", "median: soon", "11: field 'segments[0].delay_s.median' must be a number"),
    ("13T13:44", "32T13:44", f"12: field 'segments[0].from': '2024-05-32T13:44' {_NO_DATE}"),
    ("2024-05-13T13:44", "2023-02-29T13:44",
     f"12: field 'segments[0].from': '2023-02-29T13:44' {_NO_DATE}"),
    ('"2024-05-13T13:44"', "[1]", f"12: field 'segments[0].from': {_NO_DATE}"),
    ("2024-05-13T13:44", "0224-05-13T13:44",
     "12: field 'segments[0].from': '0224-05-13T13:44' lies outside the years 2000 to 2100"),
    ("13T13:50", "13T13:44", "13: field 'segments[0].to': must be later than 'from'"),
    ("tz: Asia/Seoul", "tz: Asia/Seol", "3: field 'tz' must be a time zone such as Asia/Seoul"),
    ("tz: Asia/Seoul", "tz: [Asia]", "3: field 'tz' must be a time zone such as Asia/Seoul"),
    ("sources: [", "sources: 3 #", "4: field 'sources' must be a list"),
    ("confidence: high", "confidence: sure",
     "5: field 'confidence' must be one of high, medium, low, not 'sure'"),
    ("confidence: high", "severity: high", "5: field 'severity' is unknown"),
    ("id: kk-2024-05-13", "id: KakaoTalk",
     "1: field 'id' must start with a small letter or digit; small letters, digits, '.', '_', "
     "'-' follow"),
    (_SEGMENT, "  {}\n", "6: field 'segments' must be a list"),
    (_SEGMENT, "  []\n",
     "6: field 'segments': without a segment the file must give a span"),
    (_SEGMENT, "  - down\n", "7: field 'segments[0]' must be a mapping with named fields"),
    ("says: recovered", "says: fine",
     "14: field 'notices[0].says' must be one of down, recovering, recovered, not 'fine'"),
    ("page_within_s: 180", "page_within_s: inf",
     "16: field 'expect.page_within_s' must be a finite number"),
    ("page_within_s: 180", "page_within_s: fast",
     "16: field 'expect.page_within_s' must be a number"),
    ("cause: platform:kakaotalk", "cause: platform:kakao",
     "17: field 'expect.cause': there is no component 'platform:kakao'; "
     "did you mean 'platform:kakaotalk'?"),
    ("cause: platform:kakaotalk", "cause: platform:kakaotalk/fax",
     "17: field 'expect.cause': there is no component 'platform:kakaotalk/fax'; "
     "did you mean 'platform:kakaotalk'?"),
    ("max_pages: 1", "max_pages: -1", "18: field 'expect.max_pages' must be at least 0"),
    ("share: 0.8", "share: [", "12: is not YAML: expected ',' or ']', but got '<scalar>'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return load_catalogue(write(tmp_path_factory.mktemp("small"))).catalogue(UUID(int=0))


def _load(text: str, catalogue: Catalogue, folder: Path) -> Scenario:
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, catalogue, ["w1"])


@pytest.mark.parametrize(("old", "new", "says"), FAULTS)
def test_a_fault_is_named_at_its_line(
    old: str, new: str, says: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    assert old in FILE
    with pytest.raises(Wrong) as wrong:
        _load(FILE.replace(old, new, 1), catalogue, tmp_path)

    assert str(wrong.value) == f"{tmp_path}/x.yaml:{says}"


def test_all_faults_of_a_file_are_named_at_once(catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE
    for old, new, _ in FAULTS[0], FAULTS[9], FAULTS[20], FAULTS[25]:
        text = text.replace(old, new, 1)

    with pytest.raises(Wrong) as wrong:
        _load(text, catalogue, tmp_path)

    assert [problem.line for problem in wrong.value.problems] == [3, 7, 10, 12]


def test_a_file_that_is_not_there_is_said_to_be(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(Wrong, match=r"none\.yaml:1: cannot be read: No such file"):
        load(tmp_path / "none.yaml", catalogue, [])


def test_two_files_may_not_have_one_id(catalogue: Catalogue, tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(f"# first\n{FILE}", encoding="utf-8")

    with pytest.raises(Wrong) as wrong:
        load_all([tmp_path / "a.yaml", tmp_path / "b.yaml"], catalogue, [])

    assert str(wrong.value) == (
        f"{tmp_path}/b.yaml:2: id 'kk-2024-05-13' is already used in {tmp_path}/a.yaml"
    )


def test_the_faults_of_several_files_are_named_together(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(FILE.replace("share: 0.8", "share: 8"), encoding="utf-8")

    with pytest.raises(Wrong) as wrong:
        load_all([tmp_path / "a.yaml", tmp_path / "b.yaml"], catalogue, [])

    assert len(wrong.value.problems) == 2


def test_a_segment_is_a_fault_of_the_world(catalogue: Catalogue, tmp_path: Path) -> None:
    scenario = _load(FILE, catalogue, tmp_path)

    assert faults(scenario) == (
        Fault(
            component="platform:kakaotalk", function="text", state=State.DEGRADED, share=0.8,
            delay_s=Delay(median=40, p95=300), since=SINCE, until=UNTIL,
        ),
    )  # fmt: skip


def test_a_pattern_is_every_component_that_matches(catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE.replace("platform:kakaotalk\n    function: text", '"sender:geoje-*"', 1)

    scenario = _load(text, catalogue, tmp_path)

    names = [fault.component for fault in faults(scenario)]
    assert names == ["sender:geoje-alimtalk", "sender:geoje-sms"]


def test_a_pattern_names_no_part_of_a_component(catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE.replace("platform:kakaotalk\n    function: text", '"*:k*"', 1)

    scenario = _load(text, catalogue, tmp_path)

    assert [fault.component for fault in faults(scenario)] == ["platform:kakaotalk"]


def test_a_time_with_a_zone_of_its_own_keeps_it(catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE.replace("13T13:44", "13T04:44Z", 1).replace("tz: Asia/Seoul\n", "")

    scenario = _load(text, catalogue, tmp_path)

    assert (scenario.segments[0].since, scenario.segments[0].until) == (SINCE, UNTIL)


def test_the_span_is_from_before_the_first_segment_to_after_the_last(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    second = _SEGMENT.replace("13T13", "13T18")

    span = _load(FILE.replace(_SEGMENT, second + _SEGMENT), catalogue, tmp_path).span

    assert span.since == SINCE - timedelta(minutes=30)
    assert span.until == UNTIL + timedelta(hours=5 + 2)


def test_a_quiet_day_has_a_span_and_no_fault(catalogue: Catalogue, tmp_path: Path) -> None:
    scenario = _load(QUIET, catalogue, tmp_path)

    assert faults(scenario) == ()
    assert scenario.span.since == datetime(2023, 12, 31, 15, tzinfo=UTC)
    assert scenario.title.ko == "quiet"


def test_moved_elsewhere_the_first_segment_begins_there(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scenario = _load(FILE, catalogue, tmp_path)
    start = datetime(2030, 1, 1, tzinfo=UTC)

    moved = shifted(scenario, start)

    assert [(fault.since, fault.until) for fault in faults(moved)] == [
        (start, start + (UNTIL - SINCE))
    ]
    assert moved.span.since == start - timedelta(minutes=30)
    assert moved.notices[0].at - start == scenario.notices[0].at - SINCE
    assert shifted(moved, SINCE) == scenario


def test_a_quiet_day_moved_elsewhere_begins_there(catalogue: Catalogue, tmp_path: Path) -> None:
    scenario = _load(QUIET, catalogue, tmp_path)

    assert shifted(scenario, SINCE).span.since == SINCE


@pytest.mark.parametrize("function", ["login", "pc", "media", "edocument", "brandmessage"])
def test_what_no_route_uses_is_told(function: str, catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE.replace("function: text", f"function: {function}")

    said = idle(_load(text, catalogue, tmp_path), catalogue)

    assert said == [f"no route uses {function} of platform:kakaotalk: it hits nothing"]


@pytest.mark.parametrize(
    "hit",
    [
        "platform:kakaotalk\n    function: text", "platform:kakaotalk\n    function: alimtalk",
        "platform:kakaotalk", "carrier:skt\n    function: sms", "body:geoje", "account:sens",
        "sender:geoje-sms", "provider:sens",
    ],
)  # fmt: skip
def test_what_a_route_uses_is_not_told(hit: str, catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE.replace("platform:kakaotalk\n    function: text", hit, 1)

    assert idle(_load(text, catalogue, tmp_path), catalogue) == []


def test_a_substitute_uses_its_carrier_too(catalogue: Catalogue, tmp_path: Path) -> None:
    alone = {id: route for id, route in catalogue.routes.items() if route.failover}
    only_alimtalk = catalogue.model_copy(update={"routes": alone})
    text = FILE.replace("platform:kakaotalk\n    function: text", "carrier:skt", 1)

    assert idle(_load(text, only_alimtalk, tmp_path), only_alimtalk) == []


def test_a_segment_outside_the_span_is_told(catalogue: Catalogue, tmp_path: Path) -> None:
    text = FILE + 'span: {from: "2024-05-14", to: "2024-05-15"}\n'

    said = idle(_load(text, catalogue, tmp_path), catalogue)

    assert said == ["platform:kakaotalk lies outside the span: it hits nothing"]


KOREAN = Known(ZoneInfo("Asia/Seoul"), (), ())


@given(st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2100, 12, 30)))  # noqa: DTZ001
def test_a_time_without_a_zone_is_meant_in_that_of_the_file(at: datetime) -> None:
    read = moment(at.isoformat(), KOREAN)

    assert read.tzinfo is UTC
    assert read.replace(tzinfo=None) == at - timedelta(hours=9)


@given(st.text() | st.none() | st.lists(st.text()))
def test_whatever_stands_for_a_time_is_one_or_is_refused(given: object) -> None:
    try:
        read = moment(given, KOREAN)
    except ValueError:
        return
    assert 1999 <= read.year <= 2101
