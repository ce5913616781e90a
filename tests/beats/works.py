"""Small teams for the tests: reps around one town, their customers, and what is asked."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from app.beats.calendars import Calendar
from app.beats.rules import Asked, Booked, Customer, RepDraft, RepWork
from app.beats.weeks import plan_rep
from app.kernel.geo import Position
from app.kernel.travel import Estimate
from app.planning.rules import WorkingHours

ZONE = "Asia/Shanghai"
MONDAY = date(2026, 11, 30)  # no public holiday is near
BASE = Position(31.2, 121.4)
HOURS = WorkingHours(ZONE, 540, 1080, 720, 60, BASE)
QUICK = 0.005  # seconds of work for each engine
OPEN = (
    "",
    "Mon-Fri 09:00-18:00",
    "Mon, Wed, Fri 09:00-12:00 14:00-17:00",
    "Tue, Thu 10:00-16:00",
    "Sat-Sun 09:00-18:00",
)
WISHES = ("", "", "Tue", "Mon, Thu 09:00-11:00", "Sat")


def travel(origin: Position | None, target: Position | None) -> int | None:
    """As the estimate, with two minutes to park."""
    return 0 if origin == target else Estimate().between(origin, target) + 120


def asked(weeks: int = 1, **more: object) -> Asked:
    return Asked(**{"first_on": MONDAY, "weeks": weeks, "calendar": Calendar.NONE, **more})  # type: ignore[arg-type]


def customer(number: int, **more: object) -> Customer:
    """One in the middle of town that is open all day, never visited, wanted every four weeks."""
    known = {
        "account_id": UUID(int=number), "place_id": UUID(int=1000 + number), "rating": "B",
        "position": Position(31.2 + number % 7 / 500, 121.4 + number % 5 / 500), "zone": ZONE, "hours": "",
        "minutes": 30, "every_days": 28, "wish": "", "last_on": None, "value": 4,
    }  # fmt: skip
    return Customer(**{**known, **more})  # type: ignore[arg-type]


def work(*customers: Customer, **more: object) -> RepWork:
    known = {"rep_id": UUID(int=9), "hours": HOURS, "absent": (), "most_visits": None, "customers": customers}
    return RepWork(**{**known, **more})  # type: ignore[arg-type]


def booked(number: int, account: int, day: date, **more: object) -> Booked:
    known = {
        "visit_id": UUID(int=5000 + number), "account_id": UUID(int=account), "place_id": UUID(int=1000 + account),
        "position": BASE, "day": day, "minutes": 30,
    }  # fmt: skip
    return Booked(**{**known, **more})  # type: ignore[arg-type]


def planned(done: RepWork, what: Asked, seconds: float = QUICK) -> RepDraft:
    draft = plan_rep(done, what, travel, seconds, lambda _: True)
    assert draft is not None
    return draft


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """The instant at which the clocks of ZONE show that."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def days(weeks: int) -> st.SearchStrategy[date]:
    return st.integers(0, 7 * weeks - 1).map(lambda after: date.fromordinal(MONDAY.toordinal() + after))


@st.composite
def works(draw: st.DrawFn, weeks: int) -> RepWork:
    """A rep with up to ten customers in a region of some 30 km."""
    customers = []
    for number in range(draw(st.integers(0, 10))):
        where = st.integers(-9, 9).map(lambda step: step / 60)
        customers.append(
            customer(
                number + 1,
                rating=draw(st.sampled_from("ABC")),
                position=draw(st.none() | st.builds(Position, where.map((31.2).__add__), where.map((121.4).__add__))),
                hours=draw(st.sampled_from(OPEN)),
                wish=draw(st.sampled_from(WISHES)),
                minutes=draw(st.sampled_from((15, 60, 150))),
                every_days=draw(st.sampled_from((7, 10, 14, 28))),
                last_on=draw(
                    st.none() | st.integers(1, 40).map(lambda ago: date.fromordinal(MONDAY.toordinal() - ago))
                ),
                value=draw(st.integers(0, 9)),
            )
        )
    own = [
        booked(number, draw(st.integers(1, 12)), draw(days(weeks)), minutes=draw(st.sampled_from((30, 240))))
        for number in range(draw(st.integers(0, 2)))
    ]
    first = draw(days(weeks))
    absent = draw(st.sampled_from(((), ((first, first),), ((first, date.fromordinal(first.toordinal() + 3)),))))
    most = draw(st.sampled_from((None, None, 2, 4)))
    return work(*customers, booked=tuple(own), absent=absent, most_visits=most)
