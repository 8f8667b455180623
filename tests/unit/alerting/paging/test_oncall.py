"""Who is called first: by the rota at every minute of the week, by overrides before it."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.alerting.paging.decide import NOBODY, Duty, Step
from services.alerting.paging.oncall import duty, first
from services.catalogue.load import load
from services.contracts.catalogue import Catalogue, build
from services.contracts.model import Name
from services.contracts.oncall import DAY, DAYS, WEEK, Person, Rota, Shift
from services.storage.oncall import Override

KST = ZoneInfo("Asia/Seoul")
MONDAY = datetime(2026, 10, 12, tzinfo=KST)
PEOPLE = ("kim", "lee", "park")
CLOCKS = st.builds(time, st.integers(0, 23), st.integers(0, 59))
SHIFTS = st.builds(
    Shift,
    person=st.sampled_from(PEOPLE),
    days=st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
    start=CLOCKS,
    end=CLOCKS,
)
MINUTES = st.integers(0, 3 * WEEK).map(lambda number: MONDAY + timedelta(minutes=number))


def a_catalogue(*shifts: Shift, people: tuple[str, ...] = PEOPLE) -> Catalogue:
    known = [Person(id=one, name=Name(ko=one, en=one), paths=("x",)) for one in people]
    rota = Rota(id="oncall", shifts=shifts)
    return build(UUID(int=0), [("rota", rota), *(("person", one) for one in known)])


def an_override(number: int, person: str, start: datetime, hours: float) -> Override:
    return Override(number, person, start, start + timedelta(hours=hours), "swap", "tester")


def _on(shift: Shift, at: datetime) -> bool:
    """As a person reads the file: a shift begins on a date of its days, and ends that day or the
    next."""
    for back in (0, 1):
        date = (at - timedelta(days=back)).date()
        start = datetime.combine(date, shift.start, KST)
        end = datetime.combine(date, shift.end, KST)
        end += timedelta(days=1) if shift.end <= shift.start else timedelta()
        if DAYS[date.weekday()] in shift.days and start <= at < end:
            return True
    return False


@given(shifts=st.lists(SHIFTS, min_size=1, max_size=5), at=MINUTES)
def test_the_first_shift_that_lasts_names_who_is_called(shifts: list[Shift], at: datetime) -> None:
    wanted = next((shift.person for shift in shifts if _on(shift, at)), None)

    assert first(a_catalogue(*shifts), (), at.astimezone(UTC)) == wanted


def test_a_shift_from_nine_to_nine_is_a_whole_day() -> None:
    shift = Shift(person="kim", days=("sat",), start=time(9), end=time(9))
    saturday = MONDAY + timedelta(days=5, hours=9)

    lasting = [m for m in range(WEEK) if shift.holds(m)]

    assert len(lasting) == DAY
    assert first(a_catalogue(shift), (), saturday - timedelta(seconds=1)) is None
    assert first(a_catalogue(shift), (), saturday) == "kim"
    assert first(a_catalogue(shift), (), saturday + timedelta(hours=23, minutes=59)) == "kim"
    assert first(a_catalogue(shift), (), saturday + timedelta(days=1)) is None


@given(
    found=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.integers(-48, 48), st.integers(1, 48)), max_size=6
    ),
    data=st.data(),
)
def test_the_newest_override_that_holds_wins_in_whatever_order_they_are_read(
    found: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    always = Shift(person="kim", days=DAYS, start=time(0), end=time(0))
    at = MONDAY + timedelta(days=3)
    made = [
        an_override(number, person, at + timedelta(hours=start), hours)
        for number, (person, start, hours) in enumerate(found, 1)
    ]
    wanted = "kim"
    for person, start, hours in found:  # each newer one is said over what was said before
        wanted = person if start <= 0 < start + hours else wanted

    assert first(a_catalogue(always), data.draw(st.permutations(made)), at) == wanted


def test_an_override_by_somebody_who_left_calls_whom_the_rota_names() -> None:
    always = Shift(person="kim", days=DAYS, start=time(0), end=time(0))
    catalogue = a_catalogue(always, people=("kim", "lee"))
    gone = an_override(2, "park", MONDAY, 8)

    assert first(catalogue, [gone], MONDAY) == "kim"
    assert first(catalogue, [gone, an_override(1, "lee", MONDAY, 8)], MONDAY) == "lee"


def test_without_an_on_call_file_nobody_is_on_duty() -> None:
    assert duty(build(UUID(int=0), []), (), MONDAY) == NOBODY


def test_duty_names_the_first_the_steps_and_the_systems() -> None:
    shipped = load(Path("catalogue")).catalogue(UUID(int=0))
    both = ("person:oncall-1", "person:oncall-2")
    steps = tuple(Step(timedelta(minutes=minutes), both) for minutes in (10, 20))
    systems = ("path:alertmanager", "path:control-room")

    by_day = duty(shipped, (), MONDAY + timedelta(hours=10))
    by_night = duty(shipped, (), MONDAY + timedelta(hours=3))

    assert by_day == Duty(("person:oncall-1",), steps, systems)
    assert by_night == Duty(("person:oncall-2",), steps, systems)
