"""Over which path a page goes: the first that passes nothing broken. Pure.

In:  open incidents; a recipient's paths, in order of preference; what was tried. Out: `Choice`s.
Before: `dispatch.py` has a page to send. After: it calls the notifiers.
What cannot be told from a broken component counts as broken, too. Whether bongsu itself is well
plays no part: what watches it from outside answers for that.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import NamedTuple

from services.alerting.incidents.words import Said, Words
from services.catalogue.components import components_of_path
from services.contracts.catalogue import Catalogue
from services.contracts.oncall import PagingPath
from services.storage.incidents import Incident
from services.storage.proofs import Proof

MISSED = 3  # proofs in a row


class Choice(NamedTuple):
    """A path and why it; `failed`: broken components on any path of the recipient. `short`: an SMS
    arrives over it and an LMS would not, so the link stays out."""

    path: str
    reason: Said
    failed: tuple[str, ...]
    short: bool
    all_failed: bool = False


def failure_set(
    incidents: Iterable[Incident], unseparated: Mapping[str, Sequence[str]]
) -> frozenset[str]:
    """The components of open outages, and those they could not be told from. `unseparated`: all
    parts of what else would explain an incident, by its id; they count while it has a rival.

    A path names wholes and their functions alike (`platform:x` and `platform:x/email`), so that
    either is found by its own id, and the failure of another function hits nothing.
    """
    out = [one for one in incidents if one.status == "open" and not one.monitor]
    rivals = {
        part for one in out if one.rival for part in (one.rival, *unseparated.get(one.id, ()))
    }
    return frozenset(rivals.union(*({one.component, *one.alike} for one in out)))


def doubted(known: Iterable[Proof], now: datetime, every: timedelta) -> frozenset[str]:
    """Paths that were asked whether they work, so often, and have not shown it the last times."""
    late = (o.path for o in known if not o.proven_at or now - o.proven_at > MISSED * every)
    return frozenset(late)


def paths_of(catalogue: Catalogue, recipient: str) -> tuple[PagingPath, ...]:
    """The paths to `person:<id>`, in order, or the one that `path:<id>` is; none for one who has
    left the catalogue."""
    kind, _, name = recipient.partition(":")
    person = catalogue.people.get(name) if kind == "person" else None
    names = person.paths if person else (name,) if kind == "path" else ()
    return tuple(catalogue.paths[one] for one in names if one in catalogue.paths)


def choose(
    catalogue: Catalogue,
    recipient: str,
    failed: Set[str],
    tried: Sequence[str] = (),
    doubted: Set[str] = frozenset(),
    resting: Mapping[str, float] = {},
) -> tuple[Choice, ...]:
    """One path: of those that pass nothing broken and may be used soonest the one tried least,
    rather a proven one, then as the recipient prefers. All when each passes something broken.

    `tried`: paths, once for each try of this page; `doubted`: those lately not proven to work;
    `resting`: those that want to be left alone, for how many more seconds.
    """
    paths = paths_of(catalogue, recipient)
    broken = {path.id: failed & set(components_of_path(catalogue, path)) for path in paths}
    hit = tuple(sorted(set().union(*broken.values())))
    working = [path for path in paths if not broken[path.id]]
    if not working:
        return tuple(
            Choice(path.id, _LAST_RESORT, hit, _short(path, failed), all_failed=True)
            for path in paths
        )

    def rank(path: PagingPath) -> tuple[float, int, bool]:
        return resting.get(path.id, 0.0), tried.count(path.id), path.id in doubted

    best = min(working, key=rank)
    words, whys = Words(catalogue), list[Said]()
    for path in paths[: paths.index(best)]:
        spoken = _RESTING if path.id in resting else _TRIED if path.id in tried else _DOUBTED
        why = _broken(words, broken[path.id]) or spoken
        whys.append(Said(f"{path.name.ko}: {why.ko}", f"{path.name.en}: {why.en}"))
    return (Choice(best.id, _because(whys), hit, _short(best, failed)),)


def _short(path: PagingPath, failed: Set[str]) -> bool:
    return not failed.isdisjoint({f"line:{path.account}-lms", f"carrier:{path.carrier}/lms"})


_FIRST = Said("먼저 쓰는 길", "the preferred path")
_LAST_RESORT = Said("모든 길에 장애가 걸려 모두로 보냄", "all paths pass what is broken: over each")
_TRIED = Said("이미 시도함", "tried already")
_DOUBTED = Said("최근 확인되지 않음", "not proven lately")
_RESTING = Said("잠시 받지 않겠다고 함", "asked to be left alone for now")


def _broken(words: Words, parts: Iterable[str]) -> Said | None:
    called = [words.component(part) for part in sorted(parts)]
    ko, en = (", ".join(names) for names in zip(*called, strict=True)) if called else ("", "")
    return Said(f"{ko} 장애", f"{en} broken") if called else None


def _because(passed_over: Sequence[Said]) -> Said:
    if not passed_over:
        return _FIRST
    return Said("; ".join(w.ko for w in passed_over), "; ".join(w.en for w in passed_over))
