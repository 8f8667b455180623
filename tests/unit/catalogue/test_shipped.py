"""The shipped catalogue: nine bodies, each with a route that runs, and no fault."""

from collections import Counter
from itertools import combinations, pairwise
from operator import eq
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalogue.check import check
from services.catalogue.components import components, components_of
from services.catalogue.load import load
from services.catalogue.plan import Limits, load_of, plan
from services.contracts.catalogue import Catalogue, Route
from services.contracts.vocabulary import Channel, NoticeClass, ObserverKind
from tests.unit.catalogue.small import write

SHIPPED = Path(__file__).parents[3] / "catalogue"
ADAPTERS = {
    *("email", "kakao_edocument", "nhn_alimtalk", "nhn_sms"),
    *("sens_alimtalk", "sens_brandmessage", "sens_sms"),
}
FILES = {
    path.relative_to(SHIPPED).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(SHIPPED.rglob("*.yaml"))
}
CARRIERS = ("skt", "kt", "lgu")
PHONES = [f"{carrier}-{number:02d}" for carrier in CARRIERS for number in range(1, 8)]
DOCUMENTS = ("edocument.kpdoc.docs", "edocument.kpdoc.rent")
# Body, its first notice's class, the channels on which its routes run, with SENS unless said.
BODIES = [
    (
        "moel",
        "고용노동부",
        NoticeClass.C0,
        ["brandmessage", "email.mail", "sms", "sms.nhn", "lms", "openchat.none"],
    ),
    ("eumseong", "음성군", NoticeClass.C1, ["alimtalk", "alimtalk.nhn", "lms"]),
    (
        "suyeong",
        "수영구",
        NoticeClass.C2,
        ["alimtalk", "alimtalk.nhn", "alimtalk.nhn.image", "sms", "sms.nhn"],
    ),
    (
        "geoje",
        "거제시",
        NoticeClass.C4,
        ["brandmessage", "alimtalk", "alimtalk.sens.image", "alimtalk.nhn", "sms", "sms.nhn"],
    ),
    ("sancheong", "산청군", NoticeClass.C4, ["brandmessage"]),
    ("miryang", "밀양시", NoticeClass.C4, ["brandmessage"]),
    ("gangnam", "강남구", NoticeClass.C4, ["brandmessage"]),
    ("gyeonggi", "경기도", NoticeClass.C4, ["brandmessage"]),
    ("lh", "한국토지주택공사", NoticeClass.C2, [*DOCUMENTS, "sms", "sms.nhn"]),
]


def shipped() -> Catalogue:
    return load(SHIPPED).catalogue(UUID(int=0))


def test_the_shipped_catalogue_has_no_fault() -> None:
    assert [str(problem) for problem in check(load(SHIPPED), ADAPTERS)] == []


@pytest.mark.parametrize(("body", "name", "notice_class", "running"), BODIES)
def test_a_body_of_the_article_is_a_working_row(
    body: str, name: str, notice_class: NoticeClass, running: list[str]
) -> None:
    catalogue = shipped()
    found = catalogue.bodies[body]

    assert found.name.ko == name
    assert found.notices[0].notice_class is notice_class
    assert all(notice.facts for notice in found.notices)
    assert "A" in {source.key for source in found.sources}
    routes = catalogue.routes.values()
    wanted = sorted(f"{body}.{c}" if "." in c else f"{body}.{c}.sens" for c in running)
    assert sorted(r.id for r in routes if r.body == body and r.enabled) == wanted
    assert {r.interval_s for r in routes} == {60}


def test_there_are_nine_bodies_and_two_mailboxes() -> None:
    catalogue = shipped()

    assert set(catalogue.bodies) == {body for body, *_ in BODIES}
    boxes = {r.id: r.platform for r in catalogue.receivers.values() if r.base_url}
    assert boxes == {"naver-01": "naver-mail", "daum-01": "daum-mail"}


def test_seven_phones_of_each_carrier_stand_spread_over_four_sites() -> None:
    catalogue = shipped()
    phones = [catalogue.receivers[name] for name in PHONES]

    assert set(Counter((p.carrier.value, p.site) for p in phones).values()) == {1, 2}
    assert sorted(Counter(p.site for p in phones).values()) == [5, 5, 5, 6]
    assert Counter(p.carrier.value for p in phones) == dict.fromkeys(CARRIERS, 7)
    seeing = {ObserverKind.SMSFORWARDER, ObserverKind.ANDROID_SMS_GATEWAY}
    assert all({o.kind for o in p.observers} == seeing for p in phones)


def test_a_phone_without_kakaotalk_serves_the_drills_of_ladders_and_nothing_else() -> None:
    catalogue = shipped()
    others = {r.id for r in catalogue.receivers.values() if not r.base_url} - set(PHONES)

    assert others == {"skt-08"}
    drills = [r.ladder_probe for r in catalogue.routes.values() if r.ladder_probe]
    assert {drill.receiver for drill in drills} == others


def test_every_route_takes_turns_over_the_whole_fleet() -> None:
    for route in shipped().routes.values():
        mailed = route.channel is Channel.EMAIL
        assert sorted(route.receivers) == sorted(["naver-01", "daum-01"] if mailed else PHONES)


def test_a_route_changes_the_carrier_with_every_turn() -> None:
    for route in _on_phones():
        carriers = [name.split("-")[0] for name in route.receivers]
        assert all(one != next_ for one, next_ in pairwise([*carriers, carriers[0]])), route.id


def test_at_most_two_probes_reach_a_phone_in_the_same_minute() -> None:
    minutes = zip(*(route.receivers for route in _on_phones()), strict=True)

    assert max(max(Counter(minute).values()) for minute in minutes) == 2


def test_no_two_routes_meet_at_the_same_phone_more_often_than_in_three_of_its_turns() -> None:
    """Or a fault of the one would look like a fault of the other."""
    for one, other in combinations(_on_phones(), 2):
        together = sum(map(eq, one.receivers, other.receivers))
        assert together <= 3, (one.id, other.id)


def _on_phones() -> list[Route]:
    """Routes that send to phones; all have one interval, so they take their turns together."""
    routes = shipped().routes.values()
    return [r for r in routes if not r.observed and r.channel is not Channel.EMAIL]


def test_every_channel_has_a_rule() -> None:
    assert set(shipped().channels) == set(Channel)


def test_the_routes_of_a_third_dealer_wait_for_their_adapters() -> None:
    waiting = {route.adapter for route in shipped().routes.values() if not route.enabled}

    assert waiting == {"solapi_alimtalk", "solapi_sms"}


def test_every_channel_that_is_probed_has_a_contract_of_grade_two_over_all_its_routes() -> None:
    catalogue = shipped()
    probed: dict[str, set[str]] = {}
    for route in catalogue.routes.values():
        if route.enabled and not route.observed:
            probed.setdefault(f"{route.body}.{route.channel}", set()).add(route.id)

    promised = {one.item: one for one in catalogue.contracts.values()}

    assert {name: {s.route for s in one.routes} for name, one in promised.items()} == probed
    assert {one.availability_ppm for one in promised.values()} == {999_000}
    news = promised["geoje.brandmessage"]
    assert catalogue.rest_of(news) == catalogue.channels[news.channel].restricted
    assert catalogue.versions_of("geoje.alimtalk") == [promised["geoje.alimtalk"]]


def test_probes_cost_and_quota_of_the_shipped_catalogue() -> None:
    load_now = load_of(shipped(), Limits())

    assert load_now.probes_day == 21 * 1_440 + 6 * 720  # brand messages rest twelve hours
    # 4 Alimtalk routes at KRW 8, 4 SMS at 9, 2 LMS at 27, 6 brand messages at 15 for half a day;
    # 31 days, 5 % for confirm probes; and two routes of documents at KRW 40.
    whole_day, half_a_day = 4 * 8 + 4 * 9 + 2 * 27, 6 * 15
    # 288 drills of Eumseong's ladder a day, each an Alimtalk and an LMS.
    probes, drills = 1_512 * whole_day + 756 * half_a_day, 288 * (8 + 27)
    proofs = 2 * 24  # by SMS with either dealer, to two people
    assert load_now.cost_krw_month == {
        "sens": 31 * (probes + drills + proofs * 9),
        "nhn": 31 * (1_512 * (4 * 8 + 4 * 10) + proofs * 10),
        "kpdoc": 31 * 1_512 * 2 * 40,
        "mail": 0,
    }
    # Two people, 36 openings an hour, two steps of escalation and an all-clear of each.
    assert load_now.pages_hour == dict.fromkeys(("sens", "nhn", "mail"), 2 * 36 * 4)
    uses = {(use.owner, use.id, use.channel): use for use in load_now.uses}
    assert uses["account", "mail", "email"].day == 1_512 + proofs
    assert uses["sender", "lh-sms-nhn", "sms"].day == 1_512 + proofs
    # Eumseong's substitutes count as if every Alimtalk failed over.
    assert uses["account", "sens", "lms"].day == 3 * 1_512 + 288
    assert uses["sender", "eumseong-lms", "lms"].day == 2 * 1_512 + 288
    # Geoje sends Alimtalk with an image too, on twice the quota.
    assert uses["sender", "geoje-alimtalk", "alimtalk"].share_day == pytest.approx(0.1512)
    assert uses["sender", "geoje-brandmessage", "brandmessage"].share_day == pytest.approx(0.1512)


def test_a_route_s_components_are_what_its_message_passes() -> None:
    catalogue = shipped()

    assert components_of(catalogue, catalogue.routes["geoje.sms.sens"], "skt-01") == (
        *("account:sens", "carrier:skt", "carrier:skt/sms", "line:sens-sms"),
        *("observer:skt-01/android-sms-gateway", "pair:sens-skt", "provider:sens"),
        *("receiver:skt-01", "route:geoje.sms.sens", "sender:geoje-sms", "site:seoul"),
    )
    assert components_of(catalogue, catalogue.routes["geoje.alimtalk.sens"], "kt-02") == (
        *("account:sens", "line:sens-alimtalk", "observer:kt-02/smsforwarder"),
        *("platform:kakaotalk", "platform:kakaotalk/alimtalk", "provider:sens"),
        *("receiver:kt-02", "route:geoje.alimtalk.sens", "sender:geoje-alimtalk", "site:busan"),
    )


def test_an_alimtalk_with_an_image_needs_the_platforms_media_too() -> None:
    catalogue = shipped()
    for plain, image in (
        ("geoje.alimtalk.sens", "geoje.alimtalk.sens.image"),
        ("suyeong.alimtalk.nhn", "suyeong.alimtalk.nhn.image"),
    ):
        more, less = (
            set(components_of(catalogue, catalogue.routes[route], "kt-02"))
            for route in (image, plain)
        )
        assert more - less == {"platform:kakaotalk/media", f"route:{image}"}


def test_the_mail_service_of_a_mailbox_is_the_platform_its_mails_pass() -> None:
    catalogue = shipped()

    assert components_of(catalogue, catalogue.routes["moel.email.mail"], "naver-01") == (
        *("account:mail", "line:mail-email", "observer:naver-01/imap", "platform:naver-mail"),
        *("platform:naver-mail/email", "provider:mail-relay", "receiver:naver-01"),
        *("route:moel.email.mail", "sender:moel-email", "site:seoul"),
    )


def test_the_catalogue_knows_the_components_that_scenarios_name() -> None:
    known = set(components(shipped()))

    assert known >= {
        *(f"platform:{p}" for p in ("kakaotalk", "naver-mail", "daum-mail", "fcm", "webpush")),
        *(f"carrier:{c}" for c in CARRIERS),
        *(f"provider:{p}" for p in ("sens", "nhn", "solapi", "kakaopay-doc", "mail-relay")),
        *(f"account:{a}" for a in ("sens", "nhn", "solapi", "kpdoc", "mail", "none")),
        *(f"body:{body}" for body, *_ in BODIES),
        *(f"receiver:{name}" for name in (*PHONES, "naver-01", "daum-01")),
        *(f"site:{site}" for site in ("seoul", "busan", "daejeon", "gwangju")),
        *("sender:geoje-alimtalk", "sender:geoje-alimtalk-nhn", "sender:lh-sms-nhn"),
        *("platform:kakaotalk/brandmessage", "platform:kakaotalk/media", "carrier:kt/lms"),
    }


def test_a_plan_names_what_is_added_changed_and_removed(tmp_path: Path) -> None:
    old = shipped()
    files = dict(FILES)
    name = "bodies/suyeong.yaml"
    files[name] = files[name].replace("interval_s: 60", "interval_s: 30", 1)
    del files["bodies/lh.yaml"], files["contracts/lh.yaml"]
    files["receivers.yaml"] += (
        files["receivers.yaml"]
        .split("receivers:\n")[1]
        .split("\n\n")[0]
        .replace("skt-01", "skt-09")
    )
    write(tmp_path, files)
    new = load(tmp_path).catalogue(UUID(int=1))

    drawn = plan(old, new)

    assert [(c.what, c.kind, c.id, c.fields) for c in drawn.changes] == [
        ("added", "receiver", "skt-09", ()),
        ("changed", "route", "suyeong.alimtalk.sens", ("interval_s",)),
        ("removed", "sender", "lh-edocument", ()),
        ("removed", "sender", "lh-sms", ()),
        ("removed", "sender", "lh-sms-nhn", ()),
        ("removed", "body", "lh", ()),
        ("removed", "route", "lh.edocument.kpdoc.docs", ()),
        ("removed", "route", "lh.edocument.kpdoc.rent", ()),
        ("removed", "route", "lh.sms.nhn", ()),
        ("removed", "route", "lh.sms.sens", ()),
        ("removed", "contract", "lh.edocument.v1", ()),
        ("removed", "contract", "lh.sms.v1", ()),
    ]
    # Four enabled routes of LH are gone, and one of Suyeong's runs twice as often.
    assert (drawn.before.probes_day, drawn.after.probes_day) == (34_560, 34_560 - 3 * 1_440)
    shares = {(u.owner, u.id): u.share_day for u in drawn.after.uses}
    assert shares["sender", "suyeong-alimtalk"] == pytest.approx(0.3024)


def test_a_first_plan_adds_everything_and_a_second_changes_nothing() -> None:
    catalogue = shipped()

    assert {c.what for c in plan(None, catalogue).changes} == {"added"}
    assert len(plan(None, catalogue).changes) == len(catalogue.objects())
    assert plan(catalogue, catalogue).changes == ()


@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_damage_to_a_file_is_too_much(data: st.DataObject, tmp_path: Path) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data.draw(_damaged(FILES[name].encode())))

    for problem in check(load(tmp_path), ADAPTERS):
        assert problem.line >= 1
        str(problem).encode()


@st.composite
def _damaged(draw: st.DrawFn, text: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.sampled_from(_PIECES) | st.binary(max_size=6))
        text = text[:start] + piece + text[end:]
    return text


_PIECES = [
    *(b"", b"\n", b": ", b"- ", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"<<: *a\n", b"? ", b"!!x "),
    *(b"null", b"true", b"1e999", b".inf", b".nan", b"0x_", b"9" * 5_000, b"-1", b"2026-13-45"),
    *(b'"\\ud800"', b'"\\U99999999"', b'"\\x00"', b"\x00", b"\xff", b"\t", b"'", b"|", b">", b"%"),
    *(
        b"20:00+09:00",
        b"24:00",
        b"[" * 3_000,
        b"---\n",
        b"...\n",
        b"%YAML 1.1\n---\n",
        b"../../etc",
    ),
    *(
        b"\n  - id: geoje\n",
        b"routes:\n",
        b"zone: /\n",
        b"zone: ''\n",
        b"!!python/object:os.system ",
    ),
]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_brings_no_other_fault(name: str, tmp_path: Path) -> None:
    for place, text in (FILES | {name: "channels: ["}).items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    assert {problem.file for problem in check(load(tmp_path), ADAPTERS)} == {name}
