"""Who is on duty: whom to call first, whom later, and which systems hear everything. Pure.

In:  the catalogue's rota, overrides of it, the time. Out: `Duty`. Before: `storage/oncall.py`.
After: `decide.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.alerting.paging.decide import NOBODY, Duty, Step
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import ROTA
from services.storage.oncall import Override


def first(catalogue: Catalogue, overrides: Iterable[Override], at: datetime) -> str | None:
    """The person who is called first: by the newest override that holds, else by the rota. An
    override by somebody who has left the catalogue calls nobody, so it does not count."""
    rota = catalogue.rotas.get(ROTA)
    holding = [one for one in overrides if one.starts_at <= at < one.ends_at]
    known = [one for one in holding if one.person in catalogue.people]
    if known:
        return max(known).person
    return rota.first(rota.minute_of(at)) if rota else None


def duty(catalogue: Catalogue, overrides: Sequence[Override], at: datetime) -> Duty:
    """Everybody as recipients. Without an on-call file that is nobody."""
    rota = catalogue.rotas.get(ROTA)
    if rota is None:
        return NOBODY
    person = first(catalogue, overrides, at)
    return Duty(
        (recipient(person),) if person else (),
        tuple(
            Step(timedelta(minutes=step.after_min), tuple(map(recipient, step.people)))
            for step in rota.escalation
        ),
        tuple(f"path:{name}" for name in rota.systems),
    )


def recipient(person: str) -> str:
    """A person as pages name them."""
    return f"person:{person}"
