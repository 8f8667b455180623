"""What contracts promise is a series each, and only while their versions hold."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from prometheus_client import CollectorRegistry

from services.alerting.incidents.promises import Promises
from services.alerting.metrics import Metrics
from services.contracts.catalogue import Catalogue, build
from services.contracts.sla import Contract

NAME = "bongsu_slo_objective_ratio"
NEW_YEAR = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)  # midnight in Seoul


class Showing:
    """The metric, and catalogues of contracts to show."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.promises = Promises(Metrics(self.registry).objectives)

    def told(self) -> dict[str, float]:
        """What is promised, by SLO."""
        families = [family for family in self.registry.collect() if family.name == NAME]
        return {one.labels["slo"]: one.value for one in families[0].samples}


def _catalogue(*contracts: dict[str, Any], number: int = 1) -> Catalogue:
    plain = {
        "valid_from": date(2026, 1, 1), "body": "geoje", "channel": "sms", "counterparty": "own",
        "routes": [{"route": "geoje.sms.sens"}], "grade": 2,
    }  # fmt: skip
    made = [
        Contract.model_validate(plain | {"id": str(n)} | one) for n, one in enumerate(contracts)
    ]
    return build(UUID(int=number), [("contract", one) for one in made])


def test_each_item_tells_what_it_promises_of_messages_or_else_of_minutes() -> None:
    shown = Showing()
    mail = {"channel": "email", "objectives": {"delivery_ppm": 980_000}}

    shown.promises.show(_catalogue({}, mail, {"body": "moel", "grade": 3}), NEW_YEAR)

    assert shown.told() == {"geoje.sms": 0.999, "geoje.email": 0.98}


def test_the_next_version_holds_from_midnight_where_the_contract_is() -> None:
    shown, last = Showing(), date(2026, 12, 31)
    both = _catalogue({"valid_to": last}, {"valid_from": date(2027, 1, 1), "grade": 1})

    shown.promises.show(both, NEW_YEAR.replace(hour=14, minute=59))
    before = shown.told()
    shown.promises.show(both, NEW_YEAR)

    assert before == {"geoje.sms": 0.999}
    assert shown.told() == {"geoje.sms": 0.9992}


def test_what_a_new_catalogue_no_longer_promises_is_told_no_longer() -> None:
    shown = Showing()
    shown.promises.show(_catalogue({}), NEW_YEAR)

    shown.promises.show(_catalogue({"channel": "lms"}, number=2), NEW_YEAR)

    assert shown.told() == {"geoje.lms": 0.999}


def test_who_leads_again_tells_again() -> None:
    shown = Showing()
    shown.promises.show(_catalogue({}), NEW_YEAR)

    shown.promises.silence()
    silent = shown.told()
    shown.promises.show(_catalogue({}), NEW_YEAR)

    assert silent == {}
    assert shown.told() == {"geoje.sms": 0.999}
