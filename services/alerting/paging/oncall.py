"""Who is on duty: whom to call first, whom later, and which systems hear everything. Pure.

In:  the catalogue's rota, overrides of it, the time. Out: `Duty`. Before: `storage/oncall.py`.
After: `decide.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.alerting.paging.decide import NOBODY, Duty, Step
from services.catalogue.sentences import suggestion
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import ROTA
from services.runtime.errors import Refuse
from services.storage.oncall import LONGEST, Override


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


def entered(asked: Override, catalogue: Catalogue | None, now: datetime) -> Override:
    """An override as it is to be kept. Raises Refuse for one that would call nobody, or whose
    reason nobody could read."""
    reason, known = asked.reason.strip(), catalogue.people if catalogue else {}
    if asked.ends_at <= max(asked.starts_at, now):
        raise Refuse("oncall", "the end is over already, or not after the start")
    if not 0 < len(reason) <= LONGEST:
        raise Refuse("oncall", f"a reason has 1 to {LONGEST} characters, not {len(reason)}")
    if asked.person not in known:
        near = suggestion(asked.person, known)
        raise Refuse("oncall", f"the catalogue in force has no person '{asked.person}'{near}")
    return asked._replace(reason=reason)


def recipient(person: str) -> str:
    """A person as pages name them."""
    return f"person:{person}"
