"""Step 7: what one second's evidence says: opened, noted, updated, closed.

In:  the evidence of a tick, the state before it, the policy. Out: the state after it, and verdicts.
Pure: same evidence, same state, same verdicts, on every instance.
Before: `window.py`. After: incidents, which page; confirm probes. Greedy starts from all evidence
at every tick, so an open incident keeps explaining its own messages.
"""

from dataclasses import replace

from services.alerting.detection import closing, notes
from services.alerting.detection.explain import Entry, Explainer, Explanation
from services.alerting.detection.kinds import kind
from services.alerting.detection.law import SECOND
from services.alerting.detection.likelihood import NAT, Hypothesis
from services.alerting.detection.state import (
    SEPARATED,
    Apart,
    Incident,
    Policy,
    SpentSpan,
    State,
    Told,
    Verdict,
    Waiting,
)
from services.alerting.detection.window import LONG_AGO, Spent

SLOW_HOLD, WAIT = 60 * SECOND, 20 * SECOND
STILL = 9 * NAT
MAY_REOPEN, SPENT_FOR = 1800 * SECOND, 2000 * SECOND
_OBSERVED = frozenset({"route", "sender", "reach"})  # nothing opens on what nobody knows yet


def tick(explainer: Explainer, state: State, policy: Policy) -> tuple[State, tuple[Verdict, ...]]:
    """The verdicts of the explainer's tick, which is a whole second of the event clock."""
    turn = _Turn(explainer, state, policy)
    for entry in turn.entries:
        turn.hear(entry)
    turn.tell_platforms()
    turn.rename()
    turn.recover()
    turn.relapse()
    return turn.state(), tuple(turn.verdicts)


def spent(state: State) -> tuple[Spent, ...]:
    """The evidence that says nothing any more: for `Window.at`."""
    return tuple(Spent(ended.component, ended.before) for ended in state.spent)


def not_observed(state: State) -> frozenset[str]:
    """무자료: the routes of which bongsu knows nothing while its own part is broken."""
    return frozenset().union(*(i.routes for i in state.open if i.monitor))


def blind(state: State) -> bool:
    """Does bongsu itself hear nothing?"""
    return any(kind(incident.component) == "self" for incident in state.open)


def ended(incident: Incident, since: int, now: int) -> tuple[Incident, list[SpentSpan]]:
    """The incident closed now, well since then, and the evidence that says nothing any more."""
    sums = closing.opened(incident.sums.hypothesis, now)
    parts = (incident.component, *(note.component for note in incident.notes))
    spans = [SpentSpan(part, since, now) for part in parts]
    return replace(incident, sums=sums, closed=now, ended=since, notes=()), spans


class _Turn:
    """One tick, step by step."""

    def __init__(self, explainer: Explainer, state: State, policy: Policy) -> None:
        self._explainer, self._policy, self._before = explainer, policy, state
        self._view, self._now = explainer.view, explainer.view.now
        self._whole = self._explained()
        self.entries = [e for e in self._whole.entries if e.gain >= policy.threshold]
        self._named = frozenset(entry.component for entry in self.entries)
        self._blind = blind(state) or any(kind(name) == "self" for name in self._named)
        self._open = {incident.id: incident for incident in state.open}
        self._closed = {incident.id: incident for incident in state.closed}
        self._spent = list(state.spent)
        self._waiting: dict[str, Waiting] = {}
        self._accounts: dict[str, list[Entry]] = {}
        self.verdicts: list[Verdict] = []

    def _explained(self) -> Explanation:
        """What is open already was weighed when it opened."""
        if self._explainer.largest() < self._policy.threshold:
            return Explanation((), 0)
        known = {incident.component for incident in self._before.open}
        return self._explainer.best(lambda name: name not in known)

    def hear(self, entry: Entry) -> None:
        """An entry is an open incident's own, a note on one, or new."""
        own = [i for i in self._open.values() if i.component == entry.component]
        if own:
            self._update(own[0], entry)
            return
        incidents, out = list(self._open.values()), not self._arrived(entry, LONG_AGO)
        attached = notes.attach(entry, incidents, self._named, out, self._now)
        if attached is None:
            self._consider(entry)
            return
        self._note(*attached, entry)

    def _update(self, incident: Incident, entry: Entry) -> None:
        routes, onset = incident.routes | entry.routes, min(incident.onset, entry.onset)
        found = replace(incident, entry=entry, routes=routes, onset=onset)
        incident = self._open[found.id] = notes.turned(found, self._now)
        if incident.told is not found.told:
            self.verdicts.append(Verdict(Told.UPDATED, entry, incident))

    def _consider(self, entry: Entry) -> None:
        """A new finding: told when it has lasted, is told apart from others, and goes on."""
        name, now = entry.component, self._now
        waiting = self._waiting[name] = self._before.waiting.get(name) or Waiting(now)
        waited, persist = now - waiting.first, self._policy.persist_of(name)
        if self._only_observed(entry) or waited < persist:
            return
        if entry.hypothesis is Hypothesis.SLOW and now - entry.onset < SLOW_HOLD:
            return
        apart = Apart(*self._explainer.margin(self._whole, entry))
        if apart.margin < SEPARATED and waited < WAIT + persist:
            return
        if entry.hypothesis is not Hypothesis.SLOW and entry.recovered >= STILL:
            self._once(entry, Told.RECOVERED)
        elif kind(name) == "reach":
            self._once(entry, Told.NOTED)
            self._accounts.setdefault(name.partition("/")[2], []).append(entry)
        elif entry.monitor or not self._blind:
            self._name(entry, apart)

    def _name(self, entry: Entry, apart: Apart) -> None:
        """What cannot be told from an open incident's own cause is a note on it."""
        same = [i for i in self._open.values() if i.component == apart.rival]
        if same and same[0].monitor == entry.monitor:
            self._note(*notes.hold(entry, same[0], self._now), entry)
        else:
            self._tell(entry, apart)

    def _note(self, incident: Incident, fresh: bool, entry: Entry) -> None:
        self._open[incident.id] = incident
        if fresh:
            self.verdicts.append(Verdict(Told.NOTED, entry, incident))

    def _only_observed(self, entry: Entry) -> bool:
        learnt = self._policy.learnt
        return (
            kind(entry.component) in _OBSERVED and learnt is not None and not entry.routes & learnt
        )

    def _once(self, entry: Entry, told: Told) -> None:
        if not self._waiting[entry.component].noted:
            self.verdicts.append(Verdict(told, entry))
            self._waiting[entry.component] = replace(self._waiting[entry.component], noted=True)

    def _tell(self, entry: Entry, apart: Apart) -> None:
        self._waiting.pop(entry.component, None)
        for incident in self._open.values():
            self._open[incident.id] = notes.detach(incident, entry.component)
        closed = next((i for i in self._closed.values() if _back(entry, i)), None)
        if closed:
            # Its other routes arrived before it closed.
            self._reopen(replace(closed, entry=entry, routes=entry.routes), apart)
            return
        name = f"{entry.component}@{self._now // SECOND}"
        sums = closing.opened(entry.hypothesis, self._now)
        incident = Incident(
            name, entry, self._now, entry.onset, entry.onset, entry.routes, sums, entry.hypothesis
        )
        self._open[name] = incident
        self.verdicts.append(Verdict(Told.OPENED, entry, incident, apart))

    def _reopen(self, incident: Incident, apart: Apart | None = None) -> None:
        del self._closed[incident.id]
        sums = closing.opened(incident.entry.hypothesis, self._now)
        again = replace(incident, sums=sums, base=self._now, closed=None, ended=None, notes=())
        self._open[incident.id] = again
        self.verdicts.append(Verdict(Told.REOPENED, again.entry, again, apart))

    def tell_platforms(self) -> None:
        """Several recipients' accounts of one platform at once are that platform's fault."""
        for platform, found in self._accounts.items():
            name = f"platform:{platform}"
            if len(found) > 1 and all(i.component != name for i in self._open.values()):
                accounts = tuple(sorted(entry.component for entry in found))
                routes = frozenset().union(*(entry.routes for entry in found))
                together = replace(found[0], component=name, alike=accounts, routes=routes)
                self._tell(together, Apart(0, ()))

    def rename(self) -> None:
        """Incidents whose note has been named in their place for a minute."""
        for incident in list(self._open.values()):
            well = self._well(incident) if incident.notes else frozenset[str]()
            incident, renamed = notes.rename(incident, self.entries, well, self._now)
            self._open[incident.id] = incident
            if renamed:
                apart = Apart(*self._explainer.margin(self._whole, incident.entry))
                self.verdicts.append(Verdict(Told.UPDATED, incident.entry, incident, apart))

    def _well(self, incident: Incident) -> frozenset[str]:
        """Its routes that arrived since it opened, or left the catalogue."""
        known = self._policy.catalogue
        gone = frozenset[str]() if known is None else incident.routes - known
        return gone | self._arrived(incident.entry, incident.opened)

    def _arrived(self, entry: Entry, after: int) -> frozenset[str]:
        """The routes that arrived over its component since then, within the window."""
        return closing.arrivals(self._view, entry.component, entry.hypothesis, after)

    def recover(self) -> None:
        """Close what is over; its evidence is spent, or its old failures would be told again."""
        for incident in list(self._open.values()):
            present = incident.entry.hypothesis
            sums = closing.recovering(incident.sums, self._view, incident.component, present)
            incident = self._open[incident.id] = self._waiting_for(replace(incident, sums=sums))
            if self._over(incident):
                del self._open[incident.id]
                closed, spans = ended(incident, sums.since, self._now)
                self._closed[incident.id] = closed
                self._spent += spans
                self.verdicts.append(Verdict(Told.CLOSED, incident.entry, closed))

    def _over(self, incident: Incident) -> bool:
        sums, catalogue = incident.sums, self._policy.catalogue
        routes = incident.routes if catalogue is None else incident.routes & catalogue
        if self._gone(incident) or (incident.routes and not routes):
            return True
        well = sums.total >= closing.WELL and self._now - sums.since >= closing.QUIET
        return well and (incident.monitor or routes <= sums.arrived)

    def _waiting_for(self, incident: Incident) -> Incident:
        """What has been well for long concerns only the routes of which nothing has arrived yet:
        those that rest. Once: in the morning they come back one by one."""
        sums, late = incident.sums, incident.routes - incident.sums.arrived
        waited = self._now - sums.since - closing.WAITED
        lasting = sums.total >= closing.WELL and 0 <= waited < closing.OVERDUE
        return replace(incident, routes=late) if lasting and late else incident

    def _gone(self, incident: Incident) -> bool:
        """A worker or phone that was put away: no message passes it, nobody waits for its signs."""
        number = self._view.number(incident.component)
        nothing = number is None or all(len(side.of(number)) == 0 for side in self._view.sides)
        return incident.monitor and nothing

    def relapse(self) -> None:
        """Reopen what is back: named again, for what is lost may be another's."""
        elsewhere = [i for i in self._open.values() if not i.monitor]
        out = frozenset().union(*(incident.routes for incident in elsewhere))
        for incident in list(self._closed.values()):
            if incident.closed == self._now:
                continue
            sums = closing.relapsing(incident.sums, self._view, incident.component, out)
            self._closed[incident.id] = replace(incident, sums=sums)
            if sums.total >= closing.BACK and self._named_again(incident):
                self._reopen(self._closed[incident.id])

    def _named_again(self, incident: Incident) -> bool:
        """And is not all explained as well by others?"""
        found = self._explainer.greedy()
        again = [entry for entry in found.entries if incident.related(entry)]
        return any(self._explainer.margin(found, entry)[0] > 0 for entry in again)

    def state(self) -> State:
        """What the next tick starts from."""
        kept = max(SPENT_FOR, self._policy.longest)
        closed = [i for i in self._closed.values() if self._now - (i.closed or 0) < MAY_REOPEN]
        old = tuple(ended for ended in self._spent if self._now - ended.at < kept)
        return State(tuple(self._open.values()), tuple(closed), old, self._waiting)


def _back(entry: Entry, closed: Incident) -> bool:
    """Is the entry a closed incident again?"""
    part = closed.within(entry) and entry.onset < (closed.closed or 0)
    return closed.monitor == entry.monitor and (closed.related(entry) or part)
