"""What the distribution's Alertmanager makes of pages: one alert an incident, until its end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from services.alerting.paging.message import Message, Result
from services.alerting.paging.notifiers import Notifiers
from services.alerting.paging.notifiers.base import Outside
from services.local.kafka import free_ports
from services.local.prometheus import EmbeddedAlertmanager, programs
from tests.support.incidents import an_incident
from tests.support.notifying import a_message, a_target
from tests.support.waiting import eventually

BEGAN = datetime.now(UTC) - timedelta(minutes=3)
INCIDENT = an_incident(started_at=BEGAN)
WITHIN_S = 5.0


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """Where an Alertmanager with the shipped configuration answers."""
    installed = programs()
    assert installed is not None
    (port,) = free_ports(1)
    async with EmbeddedAlertmanager(installed[1], tmp_path, port) as server:
        yield server.url


async def tell(url: str, message: Message, lasts: timedelta = timedelta(minutes=30)) -> None:
    target = a_target("alertmanager", url)
    answer = await Notifiers(Outside(alert_lasts=lasts)).send(message, target, WITHIN_S)
    assert answer.result is Result.ACCEPTED


async def shown(url: str) -> list[dict[str, Any]]:
    """The alerts that are firing, as a person sees them."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v2/alerts") as answer:
        found: list[dict[str, Any]] = await answer.json()
    return found


async def test_a_page_is_shown_as_one_alert_from_the_onset_on(url: str) -> None:
    await tell(url, a_message(incidents=(INCIDENT,)))
    (alert,) = await shown(url)
    assert datetime.fromisoformat(alert["startsAt"]) == BEGAN.replace(
        microsecond=BEGAN.microsecond // 1000 * 1000
    )
    lasts = datetime.fromisoformat(alert["endsAt"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < lasts < timedelta(minutes=31)
    assert alert["labels"]["incident"] == INCIDENT.id
    assert alert["annotations"]["description"] == a_message().forms.text
    assert alert["generatorURL"] == a_message().links.incident


async def test_an_incident_that_grows_stays_one_alert_with_the_newest_words(url: str) -> None:
    grown = INCIDENT._replace(
        component="account:sens", severity=1, channel="sms", routes=["a", "b"], people=9
    )
    for row in (INCIDENT, grown, grown):
        await tell(url, a_message(incidents=(row,)))
    (alert,) = await shown(url)
    told = alert["annotations"]
    assert (told["cause"], told["grade"], told["routes"]) == ("account:sens", "1", "2")


async def test_the_all_clear_ends_it_and_nothing_told_late_brings_it_back(url: str) -> None:
    await tell(url, a_message(incidents=(INCIDENT,)))
    over = datetime.now(UTC) - timedelta(seconds=30)
    cleared = INCIDENT._replace(status="closed", ended_at=over, closed_at=datetime.now(UTC))
    await tell(url, a_message(kind="cleared", incidents=(cleared,)))
    assert await shown(url) == []
    await tell(url, a_message(incidents=(cleared,)))  # the page of its opening, sent again
    assert await shown(url) == []


async def test_what_comes_back_is_shown_again(url: str) -> None:
    over = datetime.now(UTC) - timedelta(seconds=30)
    cleared = INCIDENT._replace(status="closed", ended_at=over, closed_at=datetime.now(UTC))
    for row in (INCIDENT, cleared, INCIDENT._replace(reopened=1)):
        await tell(url, a_message(incidents=(row,)))
    (alert,) = await shown(url)
    assert alert["labels"]["incident"] == INCIDENT.id


async def test_silence_ends_an_alert_only_when_it_has_lasted_as_long_as_was_told(url: str) -> None:
    await tell(url, a_message(incidents=(INCIDENT,)), timedelta(seconds=2))
    assert len(await shown(url)) == 1

    async def gone() -> bool:
        return await shown(url) == []

    await eventually(gone, within=10)


async def test_a_page_about_several_is_an_alert_for_each(url: str) -> None:
    other = INCIDENT._replace(id="account:sens@2", component="account:sens")
    await tell(url, a_message(kind="digest", incidents=(INCIDENT, other)))
    assert {alert["labels"]["component"] for alert in await shown(url)} == {
        "platform:kakaotalk",
        "account:sens",
    }
