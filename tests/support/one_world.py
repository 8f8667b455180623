"""One timetable of faults for the running stack and for a replay: every state of every component.

In:  a start, the routes of `one_catalogue.py`. Out: the cells of the table (a component in one
state, the routes that show it), as a scenario. Every cell has routes of its own, which meet nothing
else that is broken. Three states of each kind at a time, three rounds; a fourth for what the others
need to be well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.contracts import ids
from services.contracts.vocabulary import Channel
from services.replay.scenario import Scenario, Segment, Span
from simulators.faults import Delay, State

SEED = 1  # of the simulated world, unless its file says otherwise
LATE_S = 12
ROUND, BROKEN = timedelta(seconds=60), timedelta(seconds=45)
STATES = (
    (State.DOWN, State.DEGRADED, State.LOSSY),
    (State.DUPLICATING, State.DELAYED, State.LOADED),
    (State.REFUSING, State.LYING, State.SILENT_SENDER),
)
# Around the due time, so that all that can become of a late message does. An SMS tells when its
# carrier took it, and is late only once its phone gave a sign in another minute.
DELAY, LONGER = Delay(median=12, p95=30), Delay(median=30, p95=60)
FACTOR = {"platform": 8.0, "carrier": 4.0}
FACTOR_AT_ENTRY = 50.0
PHONES = ("mvno-01", "mvno-02", "mvno-03")  # of a carrier that is always well
SMS, MAIL = Channel.SMS, Channel.EMAIL


@dataclass(frozen=True)
class Place:
    """A component, and how the two routes that show it go: channels, account, receivers."""

    component: str
    channels: tuple[Channel, ...] = (SMS, SMS)
    account: str = "sens"
    receivers: tuple[str, ...] = PHONES
    body: str = "geoje"
    function: str | None = None

    @property
    def kind(self) -> str:
        """`carrier` and so on."""
        return self.component.partition(":")[0]


# Three components a kind; of senders and bodies the routes' own.
THREE = (
    tuple(Place(f"carrier:{c}", receivers=(f"{c}-01", f"{c}-02")) for c in ("skt", "kt", "lgu")),
    (
        Place("platform:naver-mail", (MAIL, MAIL), "mail", ("naver-01",)),
        Place("platform:kakaotalk", (Channel.ALIMTALK,) * 2, function="alimtalk"),
        Place("platform:daum-mail", (MAIL, MAIL), "mail", ("daum-01",)),
    ),
    tuple(Place(f"account:{a}", account=a) for a in ("sens-2", "sens-3", "sens-4")),
    tuple(Place(f"body:{b}", body=b) for b in ("moel", "lh", "gyeonggi")),
    tuple(Place(f"sender:own-{n}") for n in (1, 2, 3)),
)
NHN = Place("provider:nhn", account="nhn")
DOCUMENTS = Place("provider:kakaopay-doc", (Channel.EDOCUMENT,) * 2, "kpdoc")
SENS = Place("provider:sens")
RELAY_ACCOUNT = Place("account:mail", (MAIL, MAIL), "mail", ("spare-01",))
# Of both apps of a phone, what each sees.
BOTH = (SMS, Channel.BRANDMESSAGE)
DEAD = (
    Place("receiver:mvno-04", BOTH, receivers=("mvno-04",)),
    Place("observer:mvno-05/android-sms-gateway", (SMS, SMS), receivers=("mvno-05",)),
    Place("observer:mvno-06/smsforwarder", BOTH[1:] * 2, receivers=("mvno-06",)),
    Place("site:island", BOTH, receivers=("mvno-07",)),
)
CUT = Place("worker:")
ALL = (*(p for three in THREE for p in three), NHN, DOCUMENTS, SENS, RELAY_ACCOUNT, *DEAD, CUT)

Routes = Mapping[Place, tuple[str, ...]]
States = dict[Place, State]

# By round, what has no three of a kind that can be spared at once.
_OTHERS: tuple[States, ...] = (
    {NHN: State.DOWN, DOCUMENTS: State.DEGRADED},
    {NHN: State.DUPLICATING, DOCUMENTS: State.DELAYED, **dict.fromkeys(DEAD, State.DOWN)},
    {NHN: State.LYING, DOCUMENTS: State.SILENT_SENDER},
)
LAST: States = {
    NHN: State.REFUSING, DOCUMENTS: State.LOADED, SENS: State.LOSSY, RELAY_ACCOUNT: State.REFUSING
}  # fmt: skip
ROUNDS: tuple[States, ...] = (
    *(
        {p: s for three in THREE for p, s in zip(three, states, strict=True)} | others
        for states, others in zip(STATES, _OTHERS, strict=True)
    ),
    LAST,
)


@dataclass(frozen=True)
class Cell:
    """One component in one state for a time, and the routes by which it is judged."""

    place: Place
    state: State
    since: datetime
    until: datetime
    routes: tuple[str, ...]

    def holds(self, probe: tuple[str, int]) -> bool:
        """Is that route's slot (in milliseconds) one of this cell?"""
        route, slot = probe
        return route in self.routes and (
            ids.milliseconds(self.since) <= slot < ids.milliseconds(self.until)
        )

    def segment(self) -> Segment:
        """As a scenario says it."""
        factor = FACTOR.get(self.place.kind, FACTOR_AT_ENTRY)
        share = 0.5 if self.state is State.LOSSY else 1.0
        return Segment.model_construct(
            components=(self.place.component,), function=self.place.function, state=self.state,
            since=self.since, until=self.until,
            delay_s=LONGER if self.place.kind == "carrier" else DELAY, factor=factor, share=share,
        )  # fmt: skip


def timetable(
    start: datetime, routes: Routes, rounds: Sequence[States] = ROUNDS, broken: timedelta = BROKEN
) -> list[Cell]:
    """The cells of these rounds, from `start`, each for the time `broken`."""
    found = []
    for number, states in enumerate(rounds):
        since = start + ROUND * number
        for place, state in states.items():
            found.append(Cell(place, state, since, since + broken, _judging(place, routes)))
    return found


def cut(worker: str, start: datetime, routes: Routes) -> Cell:
    """The worker that runs the routes of `CUT`, for three rounds: our own outage shows as such
    after a minute."""
    place = replace(CUT, component=f"worker:{worker}")
    return Cell(place, State.DOWN, start, start + ROUND * len(STATES), routes[CUT])


def _judging(place: Place, routes: Routes) -> tuple[str, ...]:
    """Its own routes; where nothing else is broken in that round, all that pass it."""
    if place not in (SENS, RELAY_ACCOUNT):
        return routes[place]
    passing = (p for p in routes if p.account.partition("-")[0] == place.account)
    return tuple(route for p in passing for route in routes[p])


def scenario(cells: Sequence[Cell], span: Span) -> Scenario:
    """The same for a replay."""
    segments = tuple(cell.segment() for cell in cells)
    return Scenario.model_construct(id="one-world", given_span=span, segments=segments)
