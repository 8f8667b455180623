"""A sealed report goes to its body by mail until a relay has it, and the receipt is kept."""

import asyncio
import json
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

from services.contracts.catalogue import Catalogue, ReportMail
from services.reporting.mailing import Mailing
from services.reporting.settings import ReportingSettings
from services.runtime.http import Destination
from services.storage import months
from services.storage.months import Mail
from services.storage.pool import transaction
from tests.support import sealed_months as played
from tests.support.sealed_months import CLOSED, World
from tests.support.smtp import Relay, relaying

OFFICIAL = "official@geoje.invalid"
FILES = {
    "geoje-2026-10-r1.json", "geoje-2026-10-r1.chain", "SHA256SUMS",
    *(f"geoje-2026-10-r1.{each}" for each in ("ko.pdf", "en.pdf", "ko.xlsx", "en.xlsx")),
}  # fmt: skip


def _catalogue() -> Catalogue:
    """Whose one body has its reports mailed."""
    found = played.a_catalogue("geoje")
    asked = ReportMail(sender="moel-email", to="report-geoje")
    geoje = found.bodies["geoje"].model_copy(update={"reports": asked})
    return found.model_copy(update={"bodies": {"geoje": geoje}})


async def _sealed(world: World) -> None:
    await world.begin(catalogue=_catalogue())
    await world.at(CLOSED)
    await world.round()


def _mailing(folder: Path, relay: str) -> Mailing:
    (folder / "mail-relay.json").write_text(json.dumps({"username": "u", "password": "p" * 16}))
    (folder / "report-geoje.json").write_text(json.dumps({"address": OFFICIAL}))
    told: dict[str, Any] = {"secrets_dir": folder, "destinations": {"mail": Destination(url=relay)}}
    return Mailing("test", ReportingSettings.model_construct(**told))


async def _mails(world: World, *turns: Mailing) -> list[Mail]:
    """What stands after each of these had its turn."""
    async with world.report.acquire() as conn:
        for mailing in turns:
            await mailing.go(conn, asyncio.Event())
        return await months.mails(conn)


async def test_every_revision_is_mailed_once_with_its_documents(
    world: World, tmp_path: Path
) -> None:
    await _sealed(world)
    relay = Relay()
    async with relaying(relay) as address:
        mailing = _mailing(tmp_path, address)
        receipts = await _mails(world, mailing, mailing)
    assert [(each.revision, each.accepted, each.answer) for each in receipts] == [
        (0, True, "250"), (1, True, "250"),
    ]  # fmt: skip
    first, second = relay.asked
    assert OFFICIAL in first["rcpt"]
    mail = message_from_string(second["mail_text"], policy=default)
    assert mail["Message-ID"] == receipts[1].message_id
    assert "거제시 2026-10" in mail["Subject"]
    assert "확정" in mail["Subject"]
    attached = {part.get_filename(): part for part in mail.iter_attachments()}
    assert attached.keys() == FILES
    text = attached["geoje-2026-10-r1.json"].get_payload(decode=True)
    async with world.report.acquire() as conn:
        assert text == await months.content(conn, "geoje", "2026-10", 1)
    assert attached["geoje-2026-10-r1.ko.pdf"].get_payload(decode=True).startswith(b"%PDF-")


async def test_what_a_relay_does_not_take_for_now_is_mailed_when_it_does(
    world: World, tmp_path: Path
) -> None:
    await _sealed(world)
    async with relaying(Relay("rcpt", "451 4.7.1 greylisted")) as busy:
        assert await _mails(world, _mailing(tmp_path, busy)) == []
    async with relaying(Relay("dot", None)) as silent:
        assert await _mails(world, _mailing(tmp_path, silent)) == []
    async with relaying(Relay()) as address:
        assert [each.accepted for each in await _mails(world, _mailing(tmp_path, address))] == [
            True, True,
        ]  # fmt: skip


async def test_what_may_have_arrived_is_not_mailed_again_at_once(
    world: World, tmp_path: Path
) -> None:
    await _sealed(world)
    relay = Relay("dot", "250 2.0.0 O\0")
    async with relaying(relay) as address:
        mailing = _mailing(tmp_path, address)
        assert await _mails(world, mailing, mailing) == []
    assert len(relay.asked) == 2
    async with relaying(Relay()) as address:
        assert len(await _mails(world, _mailing(tmp_path, address))) == 2


async def test_of_a_relay_that_is_away_no_more_than_one_mail_is_waited_for(
    world: World, tmp_path: Path
) -> None:
    await _sealed(world)
    relay = Relay("greeting", "")
    async with relaying(relay) as address:
        assert await _mails(world, _mailing(tmp_path, address)) == []
    assert len(relay.asked) == 1


async def test_a_report_that_cannot_be_read_keeps_no_other_from_its_mail(
    world: World, tmp_path: Path
) -> None:
    await _sealed(world)
    async with transaction(world.owner) as conn:
        await conn.execute("UPDATE report_revision SET content = '{}' WHERE revision = 0")
    async with relaying(Relay()) as address:
        receipts = await _mails(world, _mailing(tmp_path, address))
    assert [each.revision for each in receipts] == [1]


async def test_a_refusal_stands_beside_the_report_and_is_not_repeated(
    world: World, tmp_path: Path
) -> None:
    await _sealed(world)
    relay = Relay("rcpt", "550 5.1.1 no such mailbox")
    async with relaying(relay) as address:
        mailing = _mailing(tmp_path, address)
        receipts = await _mails(world, mailing, mailing)
    assert [(each.accepted, each.answer) for each in receipts] == [(False, "5.1.1")] * 2
    assert len(relay.asked) == 2


async def test_who_knows_no_secrets_mails_nothing_and_loses_nothing(world: World) -> None:
    await _sealed(world)
    assert await _mails(world, Mailing("test", ReportingSettings.model_construct())) == []
