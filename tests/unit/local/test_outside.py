"""The catalogue that the local stack puts in force where parts of the outside are missing."""

from datetime import UTC, datetime
from uuid import UUID

from services.alerting.paging.oncall import duty
from services.catalogue.load import load
from services.local.outside import without_alertmanager
from tests.support.commands import ROOT


def test_where_no_alertmanager_is_installed_no_page_is_made_for_one() -> None:
    whole = load(ROOT / "catalogue").catalogue(UUID(int=0))
    left = without_alertmanager(whole)
    now = datetime.now(UTC)
    assert duty(whole, [], now).systems == ("path:alertmanager", "path:control-room")
    assert duty(left, [], now).systems == ("path:control-room",)
    names = {(kind, name) for kind, name, _ in whole.objects()}
    assert names - {(kind, name) for kind, name, _ in left.objects()} == {("path", "alertmanager")}
