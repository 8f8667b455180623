"""A page goes over a path that passes nothing broken, as long as there is one."""

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerting.paging.paths import choose, failure_set, paths_of
from services.catalogue.components import components, components_of_path
from services.catalogue.load import load
from services.contracts.oncall import PagingPath
from tests.support.incidents import an_incident

SHIPPED = load(Path("catalogue")).catalogue(UUID(int=0))
ON_PATHS = sorted({c for p in SHIPPED.paths.values() for c in components_of_path(SHIPPED, p)})
EVERYTHING = sorted({*components(SHIPPED), *ON_PATHS})
RECIPIENTS = [*(f"person:{p}" for p in SHIPPED.people), *(f"path:{p}" for p in SHIPPED.paths)]
ONE = "person:oncall-1"
NHN, SENS, MAIL = "oncall-1-nhn", "oncall-1-sens", "oncall-1-mail"


def chosen(recipient: str = ONE, *failed: str) -> list[str]:
    return [choice.path for choice in choose(SHIPPED, recipient, set(failed))]


@pytest.mark.parametrize("component", EVERYTHING)
def test_whatever_one_component_is_broken_everybody_is_paged_over_a_path_without_it(
    component: str,
) -> None:
    (rota,) = SHIPPED.rotas.values()
    called = {name for step in rota.escalation for name in step.people}
    assert called == set(SHIPPED.people)
    for person in called:
        (choice,) = choose(SHIPPED, f"person:{person}", {component})
        assert not choice.all_failed
        assert component not in components_of_path(SHIPPED, SHIPPED.paths[choice.path])


@pytest.mark.parametrize("path", SHIPPED.paths.values(), ids=lambda path: path.id)
def test_a_path_names_the_whole_of_each_function_it_passes(path: PagingPath) -> None:
    passed = components_of_path(SHIPPED, path)

    assert {part.partition("/")[0] for part in passed} <= set(passed)


def test_an_sms_passes_its_dealer_and_carrier_and_a_mail_its_relay_and_mail_service() -> None:
    assert components_of_path(SHIPPED, SHIPPED.paths[NHN]) == (
        *("account:nhn", "carrier:kt", "carrier:kt/sms", "line:nhn-sms", "pair:nhn-kt"),
        *("provider:nhn", "sender:lh-sms-nhn"),
    )
    assert components_of_path(SHIPPED, SHIPPED.paths[MAIL]) == (
        *("account:mail", "line:mail-email", "platform:naver-mail", "platform:naver-mail/email"),
        *("provider:mail-relay", "sender:moel-email"),
    )


def test_what_is_no_sms_and_read_on_a_phone_passes_its_carrier_s_data() -> None:
    mail = SHIPPED.paths[MAIL].model_copy(update={"desk": False, "carrier": "kt"})

    passed = set(components_of_path(SHIPPED, mail))

    assert passed > set(components_of_path(SHIPPED, SHIPPED.paths[MAIL]))
    assert {part for part in passed if "kt" in part} == {"carrier:kt", "carrier:kt/data"}


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        ("carrier:kt", SENS),
        ("carrier:kt/sms", SENS),
        ("carrier:kt/lms", NHN),
        ("carrier:kt/data", NHN),
        ("carrier:skt", NHN),
        ("pair:nhn-kt", SENS),
        ("pair:nhn-skt", NHN),
        ("provider:nhn", SENS),
        ("line:nhn-sms", SENS),
        ("line:nhn-alimtalk", NHN),
        ("sender:lh-sms-nhn", SENS),
        ("platform:kakaotalk", NHN),
    ],
)
def test_only_what_a_page_would_pass_keeps_it_from_a_path(broken: str, wanted: str) -> None:
    assert chosen(ONE, broken) == [wanted]


@pytest.mark.parametrize("broken", ["carrier:kt/lms", "line:nhn-lms"])
def test_where_no_lms_arrives_a_page_is_to_fit_one_sms(broken: str) -> None:
    (other,) = choose(SHIPPED, ONE, {broken, "sender:lh-sms-nhn"})
    (short,) = choose(SHIPPED, ONE, {broken})

    assert [(other.path, other.short), (short.path, short.short)] == [(SENS, False), (NHN, True)]


def test_a_whole_mail_service_and_its_mails_each_keep_a_page_from_it() -> None:
    sms = ("provider:nhn", "provider:sens")

    assert chosen(ONE, *sms) == [MAIL]
    for broken in ("platform:naver-mail", "platform:naver-mail/email"):
        assert chosen(ONE, *sms, broken) == [NHN, SENS, MAIL]


@given(
    failed=st.sets(st.sampled_from(EVERYTHING)) | st.sets(st.sampled_from(ON_PATHS)),
    recipient=st.sampled_from(RECIPIENTS),
    data=st.data(),
)
def test_a_page_passes_nothing_broken_or_goes_over_every_path(
    failed: set[str], recipient: str, data: st.DataObject
) -> None:
    paths = paths_of(SHIPPED, recipient)
    ids = st.sampled_from([path.id for path in paths])
    tried, doubted = data.draw(st.lists(ids, max_size=4)), data.draw(st.sets(ids))
    resting = data.draw(st.dictionaries(ids, st.floats(0.1, 300)))

    found = choose(SHIPPED, recipient, failed, tried, doubted, resting)

    parts = {path.id: set(components_of_path(SHIPPED, path)) for path in paths}
    working = [name for name, passed in parts.items() if not passed & failed]
    if working:
        (choice,) = found
        assert choice.path in working
        left = {name: resting.get(name, 0.0) for name in working}
        free = [name for name in working if left[name] == min(left.values())]
        assert choice.path in free
        assert tried.count(choice.path) == min(map(tried.count, free))
    else:
        assert [choice.path for choice in found] == list(parts)
    assert {choice.all_failed for choice in found} == {not working}
    assert all(set(c.failed) == set().union(*parts.values()) & failed for c in found)


def test_a_try_that_failed_is_followed_by_another_path_and_then_by_the_first_again() -> None:
    tried = list[str]()
    for _ in range(4):
        (choice,) = choose(SHIPPED, ONE, set(), tried)
        tried.append(choice.path)

    assert tried == [NHN, SENS, MAIL, NHN]


def test_a_path_that_was_not_proven_lately_comes_after_the_others() -> None:
    (choice,) = choose(SHIPPED, ONE, set(), doubted={NHN})

    assert choice.path == SENS
    assert choice.reason == (
        "당직 1 문자 (NHN·KT): 최근 확인되지 않음",
        "On-call 1, SMS (NHN, KT): not proven lately",
    )


def test_a_path_that_wants_to_be_left_alone_is_and_of_those_that_do_the_soonest_is_next() -> None:
    """However often the others were tried."""
    (other,) = choose(SHIPPED, ONE, set(), [SENS, MAIL, SENS], resting={NHN: 300.0})
    (soonest,) = choose(SHIPPED, ONE, set(), resting={NHN: 300.0, SENS: 10.0, MAIL: 60.0})

    assert (other.path, soonest.path) == (MAIL, SENS)
    assert soonest.reason == (
        "당직 1 문자 (NHN·KT): 잠시 받지 않겠다고 함",
        "On-call 1, SMS (NHN, KT): asked to be left alone for now",
    )


def test_the_reason_says_what_is_broken_and_what_was_tried() -> None:
    (plain,) = choose(SHIPPED, ONE, {"platform:kakaotalk"})
    (other,) = choose(SHIPPED, ONE, {"carrier:kt"}, [SENS])
    every = choose(SHIPPED, ONE, {"carrier:kt", "account:sens", "provider:mail-relay"})

    assert plain.reason == ("먼저 쓰는 길", "the preferred path")
    assert other.path == MAIL
    assert other.reason == (
        "당직 1 문자 (NHN·KT): 통신사 KT 장애; 당직 1 문자 (SENS·SKT): 이미 시도함",
        "On-call 1, SMS (NHN, KT): carrier KT broken; On-call 1, SMS (SENS, SKT): tried already",
    )
    assert {choice.reason.en for choice in every} == {"all paths pass what is broken: over each"}
    assert every[0].failed == ("account:sens", "carrier:kt", "provider:mail-relay")


def test_nobody_is_paged_who_left_the_catalogue() -> None:
    assert choose(SHIPPED, "person:nobody", set()) == ()
    assert chosen("path:alertmanager", *EVERYTHING) == ["alertmanager"]


def test_the_failure_set_is_open_outages_what_is_like_them_and_their_rivals() -> None:
    dead = an_incident(component="carrier:kt", alike=["pair:nhn-kt"], rival="provider:nhn")
    over = an_incident(component="carrier:skt", status="closed", rival=None)
    own = an_incident(component="worker:w1", kind="monitor", rival=None)

    assert failure_set([dead, over, own], {}) == {"carrier:kt", "pair:nhn-kt", "provider:nhn"}


def test_every_part_of_what_else_would_explain_an_outage_fails_until_they_are_told_apart() -> None:
    sens = an_incident(id="a", component="provider:sens", rival="carrier:skt/sms")
    apart = an_incident(id="b", component="provider:nhn", rival=None)
    parts = {"a": ["carrier:skt/sms", "carrier:kt/sms"], "b": ["carrier:lgu/sms"]}

    failed = failure_set([sens, apart], parts)

    assert failed == {"provider:sens", "carrier:skt/sms", "carrier:kt/sms", "provider:nhn"}
