"""What people read of the watch: who is called, until when, over what; what one loss changes."""

from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from services.alerting.incidents.words import KST
from services.alerting.paging import oncall
from services.catalogue.load import load
from services.cli import independence
from services.cli.oncall import Watch, changes_at, shown
from services.contracts.oncall import DAYS, Shift
from services.storage.oncall import Override

ROOT = Path(__file__).parents[3]
CATALOGUE = load(ROOT / "catalogue").catalogue(UUID(int=1))
MONDAY = datetime(2026, 10, 12, 10, tzinfo=KST)


def watch(*overrides: Override, failed: str = "", at: datetime = MONDAY) -> Watch:
    return Watch(CATALOGUE, list(overrides), frozenset(failed.split()), frozenset(), at)


def lines(found: Watch) -> list[str]:
    return list(shown(found, oncall.duty(found.catalogue, found.overrides, found.at)))


def test_the_watch_is_told_with_its_path_its_end_and_who_comes_after() -> None:
    assert lines(watch(failed="provider:nhn")) == [
        "person:oncall-1 is called first, until 2026-10-12 18:00",
        "  over oncall-1-sens: 당직 1 문자 (NHN·KT): 중계사 NHN 클라우드 알림 장애"
        " / On-call 1, SMS (NHN, KT): provider NHN Cloud Notification broken",
        "after 10 min without acknowledgement: person:oncall-1, person:oncall-2",
        "after 20 min without acknowledgement: person:oncall-1, person:oncall-2",
        "every page goes to path:alertmanager, path:control-room, too",
    ]


def test_an_override_is_told_with_who_made_it_and_ends_the_watch_before_it() -> None:
    start = MONDAY + timedelta(minutes=90, seconds=30)
    swap = Override(1, "oncall-2", start, start + timedelta(hours=2), "교대", "kim")

    told = lines(watch(swap))

    assert told[0] == "person:oncall-1 is called first, until 2026-10-12 11:30"
    assert told[-1] == (
        "override: person:oncall-2 from 2026-10-12 11:30 to 2026-10-12 13:30, by kim: 교대"
    )
    assert changes_at(watch(swap)) == start
    assert changes_at(watch(swap, at=start)) == swap.ends_at


def test_of_one_who_has_the_watch_for_more_than_a_week_no_end_is_told() -> None:
    always = Shift(person="oncall-1", days=DAYS, start=time(0), end=time(0))
    rota = CATALOGUE.rotas["oncall"].model_copy(update={"shifts": (always,)})
    alone = CATALOGUE.model_copy(update={"rotas": {"oncall": rota}})

    told = lines(Watch(alone, [], frozenset(), frozenset(), MONDAY))

    assert told[0] == "person:oncall-1 is called first"


def test_the_table_of_single_losses_in_the_documents_is_that_of_the_shipped_catalogue() -> None:
    page = (ROOT / "docs/paging-independence.md").read_text(encoding="utf-8")

    assert page.endswith("\n\n" + "\n".join(independence.table(CATALOGUE)) + "\n")
