"""What every notifier must do, whoever it tells: the same answers, one key for a repeat, an end.

Receivers answer as scripted; the suite knows five of them (SMS by two providers).
"""

import asyncio
import json
import logging
import time
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from typing import Any

import jsonschema
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from services.alerting.paging.message import Answer, Forms, Kind, Links, Result
from services.alerting.paging.notifiers import Notifiers, discover
from services.alerting.paging.notifiers.base import Outside
from services.alerting.paging.notifiers.webhook import signatures
from services.contracts.ids import write_nonce
from services.contracts.page import Page
from services.local.kafka import free_ports
from tests.contract.freeze_schemas import FOLDER
from tests.support.builders import a_probe_id
from tests.support.incidents import NOW, an_incident
from tests.support.notifying import (
    ADDRESS,
    KEY,
    LINK,
    NUMBER,
    SHORT,
    WAYS,
    Receiver,
    a_message,
    a_target,
    an_all_clear,
    receiving,
)
from tests.support.simulated import ingesting, simulating, world_of
from tests.support.waiting import eventually

WITHIN_S = 5.0
ways = pytest.mark.parametrize("way", WAYS)


async def told(receiver: Receiver, message: Any = None, within_s: float = WITHIN_S) -> Answer:
    target = a_target(receiver.way, receiver.url)
    return await Notifiers(Outside()).send(message or a_message(), target, within_s)


def test_the_suite_knows_every_notifier() -> None:
    assert {a_target(way, "http://x.test").notifier for way in WAYS} == set(discover())


@ways
async def test_what_a_receiver_takes_is_accepted_and_told_once(way: str) -> None:
    async with receiving(way) as receiver:
        assert (await told(receiver)).result is Result.ACCEPTED
        assert len(receiver.asked) == 1


@ways
@pytest.mark.parametrize("mode", ["refuses", "locks out"])
async def test_a_no_that_stays_one_is_a_refusal(way: str, mode: str) -> None:
    async with receiving(way, mode) as receiver:
        assert (await told(receiver)).result is Result.REFUSED
        assert len(receiver.asked) == 1


@ways
@pytest.mark.parametrize("mode", ["puts off", "throttles"])
async def test_a_no_for_now_is_for_later(way: str, mode: str) -> None:
    async with receiving(way, mode) as receiver:
        assert (await told(receiver)).result is Result.LATER


@pytest.mark.parametrize("way", ["alertmanager", "webhook"])
@pytest.mark.parametrize("mode", ["puts off", "throttles"])
async def test_a_receiver_may_say_for_how_long_it_wants_to_be_left_alone(
    way: str, mode: str
) -> None:
    async with receiving(way, mode) as receiver:
        assert (await told(receiver)).retry_after_s == 7
        receiver.provider.headers = {"Retry-After": "86400"}
        assert (await told(receiver)).retry_after_s == 300
        receiver.provider.headers = {"Retry-After": "soon"}
        assert (await told(receiver)).retry_after_s is None
        receiver.provider.headers = {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}
        assert (await told(receiver)).retry_after_s == 0


@ways
async def test_where_nobody_listens_nothing_has_left(way: str) -> None:
    (nobody,) = free_ports(1)
    scheme = "smtp" if way == "email" else "http"
    target = a_target(way, f"{scheme}://127.0.0.1:{nobody}")
    answer = await Notifiers(Outside()).send(a_message(), target, WITHIN_S)
    assert answer == Answer(Result.LATER, "unreachable")


@ways
async def test_a_connection_that_is_cut_leaves_it_unclear(way: str) -> None:
    async with receiving(way, "hangs up") as receiver:
        assert (await told(receiver)).result is Result.UNCLEAR


@ways
async def test_silence_is_unclear_at_the_deadline_and_not_later(way: str) -> None:
    async with receiving(way, "falls silent") as receiver:
        started = time.monotonic()
        assert (await told(receiver, within_s=0.5)).result is Result.UNCLEAR
        assert 0.4 < time.monotonic() - started < 3


@ways
async def test_a_receiver_knows_a_repeat_by_its_key(way: str) -> None:
    other = a_message(page_id="platform:kakaotalk@1/again/person:kim/2")
    async with receiving(way) as receiver:
        for message in (a_message(), a_message(), other):
            await told(receiver, message)
    first, again, another = (_key(receiver, which) for which in range(3))
    assert first == again
    # Alertmanager knows incidents, not pages; SENS knows no key: its text is the same.
    assert (first == another) == (way in ("alertmanager", "sens_sms"))


def _key(receiver: Receiver, which: int) -> object:
    if receiver.way == "email":
        return mail_of(receiver, which)["Message-ID"]
    body = receiver.json(which)
    if receiver.way == "alertmanager":
        return body[0]["labels"]
    if receiver.way == "webhook":
        return receiver.headers(which)["webhook-id"]
    return body if receiver.way == "sens_sms" else body["recipientList"]


@ways
async def test_the_all_clear_is_told_as_one(way: str) -> None:
    async with receiving(way) as receiver:
        assert (await told(receiver, an_all_clear())).result is Result.ACCEPTED
    if way == "alertmanager":
        assert receiver.json()[0]["endsAt"] == "2026-10-15T06:32:00+00:00"
    elif way == "webhook":
        assert receiver.json()["type"] == "page.cleared"
    elif way == "email":
        assert subject_of(mail_of(receiver)) == "해제: 카카오톡"
    else:
        assert "[봉수] 해제 카카오톡" in receiver.json().values()


@ways
@pytest.mark.parametrize("mode", ["takes", "refuses", "locks out", "puts off", "hangs up"])
async def test_neither_answer_nor_log_holds_a_number_a_key_or_a_link(
    way: str, mode: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiving(way, mode) as receiver:
        answer = await told(receiver)
    said = (
        f"{answer} {a_message()} {a_target(way, receiver.url)} {caplog.text} {capsys.readouterr()}"
    )
    secrets = [NUMBER, ADDRESS, KEY, LINK.rpartition("/")[2], "not-real-0001"]
    shown = [secret for secret in secrets if secret in said.replace(str(a_message().forms), "")]
    assert shown == []


# Alertmanager.


async def test_an_alert_lasts_half_an_hour_from_when_it_was_told() -> None:
    async with receiving("alertmanager") as receiver:
        await told(receiver)
    (alert,) = receiver.json()
    assert alert["startsAt"] == an_incident().started_at.isoformat()
    assert alert["endsAt"] > alert["startsAt"]
    assert alert["annotations"]["summary"] == "카카오톡: 전달되지 않음"


async def test_what_changes_during_an_incident_is_no_label() -> None:
    changed = an_incident(
        component="account:sens", hypothesis="lossy", severity=1, channel="sms", provider="nhn",
        carrier="skt", body=None, title_ko="계정", title_en="account", routes=["a", "b"],
        people=9, failed=20, total=90, reopened=1, detected_at=NOW + timedelta(minutes=1),
    )  # fmt: skip
    async with receiving("alertmanager") as receiver:
        await told(receiver)
        await told(receiver, a_message(incidents=(changed,)))
    (before,), (after,) = receiver.json(0), receiver.json(1)
    assert before["labels"] == after["labels"]
    assert before["labels"]["component"] == "platform:kakaotalk"
    assert after["annotations"]["cause"] == "account:sens"


async def test_a_digest_is_an_alert_for_each_incident_and_those_over_end() -> None:
    over = an_incident(id="account:sens@2", status="closed", ended_at=NOW, closed_at=NOW)
    message = a_message(kind=Kind.DIGEST, incidents=(an_incident(), over))
    async with receiving("alertmanager") as receiver:
        await told(receiver, message)
    first, second = receiver.json()
    assert first["endsAt"] > second["endsAt"] == NOW.isoformat()
    assert first["labels"]["incident"] != second["labels"]["incident"]


async def test_what_is_said_of_several_together_is_not_said_of_each() -> None:
    """Words and links of a page are of its gravest, and long."""
    other = an_incident(id="account:sens@2", title_ko="SENS: 전달되지 않음")
    async with receiving("alertmanager") as receiver:
        await told(receiver, a_message(kind=Kind.DIGEST, incidents=(an_incident(), other)))
    for alert in receiver.json():
        assert "generatorURL" not in alert
        assert not {"description", "runbook_url"} & alert["annotations"].keys()
    assert receiver.json()[1]["annotations"]["summary"] == "SENS: 전달되지 않음"


async def test_a_proof_is_an_alert_of_its_own_where_it_comes_back_and_else_none() -> None:
    async with receiving("alertmanager") as receiver:
        asked = a_message(incidents=(), probe_id=a_probe_id(), at=NOW)
        target = a_target("alertmanager", receiver.url)
        for returns in (True, False):
            told = replace(target, returns=returns)
            await Notifiers(Outside()).send(asked, told, WITHIN_S)
    (alert,), none = receiver.json(0), receiver.json(1)
    nonce = write_nonce(a_probe_id(), 0)
    labels = {"alertname": "BongsuProof", "path": "am", "probe": nonce, "severity": "none"}
    assert (alert["labels"], none) == (labels, [])
    assert alert["endsAt"] == (NOW + timedelta(minutes=5)).isoformat()


async def test_an_alertmanager_may_want_a_login() -> None:
    async with receiving("alertmanager") as receiver:
        target = replace(
            a_target("alertmanager", receiver.url), login=(SecretStr("duty"), SecretStr("word"))
        )
        await Notifiers(Outside()).send(a_message(), target, WITHIN_S)
    assert receiver.headers()["Authorization"] == "Basic ZHV0eTp3b3Jk"


# Webhooks.


def test_the_signature_is_that_of_the_scheme() -> None:
    """The vector is that of the scheme's reference libraries."""
    key, other = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), SecretStr(KEY)
    said = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signatures([key], *said) == wanted
    first, second = signatures([other, key], *said).split()
    assert (first != wanted, second) == (True, wanted)


async def test_the_bytes_that_are_signed_are_those_that_are_sent() -> None:
    async with receiving("webhook") as receiver:
        await told(receiver)
    headers, body = receiver.headers(), receiver.provider.asked[0][2]
    at = int(headers["webhook-timestamp"])
    assert abs(at - time.time()) < 60
    expected = signatures([SecretStr(KEY)], headers["webhook-id"], at, body)
    assert headers["webhook-signature"] == expected
    assert "." not in headers["webhook-id"]


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all, no!"])
async def test_a_key_that_is_none_refuses_the_path(key: str) -> None:
    async with receiving("webhook") as receiver:
        target = replace(a_target("webhook", receiver.url), keys=(SecretStr(key),) if key else ())
        answer = await Notifiers(Outside()).send(a_message(), target, WITHIN_S)
    assert (answer, receiver.asked) == (Answer(Result.REFUSED, "secret"), [])


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_page_satisfies_the_frozen_schema(kind: Kind) -> None:
    frozen = json.loads((FOLDER / "page.v1.json").read_bytes())
    async with receiving("webhook") as receiver:
        await told(receiver, a_message(kind=kind, incidents=(an_incident(severity=None),)))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(frozen, format_checker=checker)
    assert list(validator.iter_errors(receiver.json())) == []
    assert Page.model_validate(receiver.json()).data.incidents[0].routes == 1


async def test_a_redirect_of_a_webhook_is_a_refusal_and_is_not_followed() -> None:
    async with receiving("webhook") as receiver:
        receiver.provider.status, receiver.provider.headers = 307, {"Location": "/elsewhere"}
        assert (await told(receiver)).result is Result.REFUSED
        assert len(receiver.asked) == 1


# E-mail.


def mail_of(receiver: Receiver, which: int = -1) -> Mail:
    return message_from_bytes(receiver.asked[which]["mail_text"].encode())


def subject_of(mail: Mail) -> str:
    return str(make_header(decode_header(mail["Subject"])))


async def test_a_mail_holds_text_and_html_in_seven_bits() -> None:
    async with receiving("email") as receiver:
        await told(receiver)
    assert receiver.asked[0]["mail_text"].isascii()
    mail = mail_of(receiver)
    parts = [part for part in mail.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    texts = [part.get_payload(decode=True).decode().strip() for part in parts]  # type: ignore[union-attr]
    assert texts == list(a_message().forms[1:4:2])
    assert (subject_of(mail), mail["To"]) == ("카카오톡: 전달되지 않음", ADDRESS)
    assert receiver.asked[0]["mail"] == "MAIL FROM:<bounces@bongsu.test>"


async def test_later_mails_of_an_incident_answer_the_first() -> None:
    async with receiving("email") as receiver:
        await told(receiver)
        await told(receiver, an_all_clear())
    first, later = mail_of(receiver, 0), mail_of(receiver, 1)
    assert later["References"] == later["In-Reply-To"] == first["Message-ID"]
    assert first["References"] is None
    assert later["Message-ID"] != first["Message-ID"]


async def test_a_title_of_several_lines_makes_no_header() -> None:
    forms = a_message().forms._replace(title="one\r\nBcc: all@agency.test")
    async with receiving("email") as receiver:
        assert (await told(receiver, a_message(forms=forms))).result is Result.ACCEPTED
    assert mail_of(receiver)["Bcc"] is None


# SMS.

sms = pytest.mark.parametrize("way", ["sens_sms", "nhn_sms"])


@sms
async def test_a_short_form_goes_as_sms_and_with_a_link_that_does_not_fit_as_lms(way: str) -> None:
    short = a_message(links=Links("https://b.kr/a/1"), forms=Forms("", "", "[봉수] 해제", ""))
    async with receiving(way) as receiver:
        await told(receiver, short)
        await told(receiver, a_message(links=Links(f"https://bongsu.test/a/{'x' * 60}")))
    brief, long = map(json.dumps, (receiver.json(0), receiver.json(1)))
    assert "https://b.kr/a/1" in brief
    assert json.dumps("[봉수] 호출") not in brief
    assert "x" * 60 in long
    assert json.dumps("[봉수] 호출") in long
    assert json.dumps(SHORT)[1:-1] in long
    paths = [path for _, path, *_ in receiver.provider.asked]
    kinds = [receiver.json(0).get("type"), receiver.json(1).get("type")]
    assert kinds == ["SMS", "LMS"] or [path[-3:] for path in paths] == ["sms", "mms"]


@sms
async def test_ninety_bytes_are_an_sms_and_one_more_is_none(way: str) -> None:
    forms = Forms("", "", "가" * 40, "")  # 80 bytes, and a line end
    async with receiving(way) as receiver:
        for link in ("x" * 9, "x" * 10):
            await told(receiver, a_message(forms=forms, links=Links(link)))
    assert [json.dumps("[봉수] 호출") in json.dumps(receiver.json(n)) for n in (0, 1)] == [
        False,
        True,
    ]


@sms
async def test_a_sign_that_carriers_do_not_have_costs_no_page(way: str) -> None:
    forms = Forms("", "", "[봉수] 🔥 화재", "")
    async with receiving(way) as receiver:
        answer = await told(receiver, a_message(forms=forms, links=Links()))
    assert answer.result is Result.ACCEPTED
    assert "[봉수] ? 화재" in receiver.json().values()


@sms
@pytest.mark.parametrize("kind", ["SMS", "LMS"])
async def test_a_simulated_phone_shows_the_page(way: str, kind: str) -> None:
    link = LINK if kind == "LMS" else None
    async with (
        ingesting() as (ingest_url, posts),
        simulating(world_of(way, ingest_url)) as url,
    ):
        message, target = a_message(links=Links(link)), a_target(way, url)
        answer = await Notifiers(Outside()).send(message, target, WITHIN_S)
        assert answer.result is Result.ACCEPTED, answer

        def shown() -> bool:
            bodies = [post.body.decode() for post in posts]
            return any(
                SHORT in json.dumps(json.loads(body), ensure_ascii=False) for body in bodies
            ) and (link is None or any(link in body for body in bodies))

        await eventually(shown, within=15)


async def test_no_evidence_is_made_of_a_provider_s_word_about_a_page() -> None:
    async with receiving("nhn_sms") as receiver:
        await told(receiver)
    key = receiver.json()["recipientList"][0]["recipientGroupingKey"]
    assert key.startswith("00000000-0000-")


# All of them.


async def test_a_fault_of_one_notifier_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    nobody = replace(a_target("sens_sms", "http://x.test"), contract=None)
    answer = await Notifiers(Outside()).send(a_message(), nobody, WITHIN_S)
    assert answer == Answer(Result.REFUSED, "account")
    unknown = replace(nobody, notifier="pigeon")  # type: ignore[arg-type]
    answer = await Notifiers(Outside()).send(a_message(), unknown, WITHIN_S)
    assert answer == Answer(Result.UNCLEAR, "KeyError")


async def test_a_path_that_somebody_must_mend_is_told_once_and_again_once_it_had_worked() -> None:
    async with receiving("webhook") as receiver:
        notifiers, fine = Notifiers(Outside()), a_target("webhook", receiver.url)
        bare = replace(fine, keys=())
        with capture_logs() as lines:
            for target in (bare, bare, fine, bare):
                await notifiers.send(a_message(), target, WITHIN_S)
    said = f"path {fine.path}: its secret has no key"
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("a path cannot be used", said)
    ] * 2


async def test_a_call_that_is_cancelled_is_cancelled() -> None:
    async with receiving("webhook", "falls silent") as receiver:
        call = asyncio.create_task(told(receiver))
        await asyncio.wait({call}, timeout=0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
