"""What a rep says of single visits of a plan - it has to be, at that time - and what the plan makes of it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.accounts.models import Account
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.dates import at_local, today_in
from app.kernel.geo import Position
from app.kernel.ids import new_id
from app.planning.actions import fill_day, fix_time, move_stop, put_in_order, set_must, work_out_order
from app.planning.jobs import FORGET_WHEREABOUTS
from app.planning.models import Whereabouts
from app.planning.queries import DayPlan, find_worths, get_day
from app.planning.scoring import CLASS_POINTS, MOST_WEEKS, Worth
from app.planning.shown import pins_of
from app.planning.whereabouts import note_whereabouts
from app.sales.actions import order_quote, save_quote, withdraw_quote
from app.visits.actions import CheckInInput, check_in, dismiss_visit
from app.visits.models import Visit
from app.visits.rules import Dismissal
from tests.conftest import NOW, Browser, Cast
from tests.planning.conftest import OFFICE, SHANGHAI, Stage, customer, plan, tomorrow
from tests.sales.conftest import Shop, basket, shop

__all__ = ["shop"]

Open = Callable[[Any], Browser]
DAY = date(2026, 11, 20)


def day_of(cast: Cast) -> DayPlan:
    db.session.rollback()
    return get_day(cast.rita, tomorrow(), datetime.now(UTC))


def sort_out(cast: Cast) -> DayPlan:
    transact(lambda: work_out_order(cast.rita, tomorrow(), datetime.now(UTC)))
    return day_of(cast)


def at(hour: int, minute: int = 0) -> datetime:
    return at_local(tomorrow(), time(hour, minute), SHANGHAI)


# --- One rule of what a visit is worth -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rating", "overdue", "business", "value"),
    [
        ("A", None, False, 6), ("B", None, False, 4), ("C", None, False, 2), ("C", 0, False, 3), ("C", 6, False, 3),
        ("C", 7, False, 4), ("C", 28, False, 7), ("C", 365, False, 7), ("C", -1, False, 2), ("B", 14, True, 10),
    ],
)  # fmt: skip
def test_points(rating: str, overdue: int | None, business: bool, value: int) -> None:
    due_on = None if overdue is None else DAY - timedelta(days=overdue)
    worth = Worth(rating, due_on, DAY, business)
    assert worth.value == value == sum(points for _, points in worth.parts)


def test_a_week_weighs_less_than_a_class_and_a_month_more() -> None:
    for better, worse in ("AB", "BC"):
        assert CLASS_POINTS[better] - CLASS_POINTS[worse] > 1
        assert Worth(worse, DAY - timedelta(weeks=MOST_WEEKS), DAY, False).value > CLASS_POINTS[better]


def test_an_open_quote_counts_until_it_is_none(cast: Cast, shop: Shop) -> None:
    def worth(day: date) -> bool:
        db.session.rollback()
        return find_worths(cast.rita, {shop.kitchen, shop.tower}, day)[shop.kitchen].has_business

    today = today_in("UTC", NOW)
    assert not worth(today)
    quote = transact(lambda: save_quote(cast.rita, None, shop.kitchen, basket((shop.oil, 1)), NOW))
    assert worth(today) and not worth(today + timedelta(days=400)), "it stands for a while only"
    transact(lambda: withdraw_quote(cast.rita, quote.id, "dear", None, NOW))
    assert not worth(today)
    other = transact(lambda: save_quote(cast.rita, None, shop.kitchen, basket((shop.oil, 1)), NOW))
    assert worth(today)
    transact(lambda: order_quote(cast.rita, other.id, None, None, "", None, NOW))
    assert not worth(today)


def test_a_short_day_keeps_the_best_class(cast: Cast, stage: Stage, browser: Open) -> None:
    """Four visits of 150 minutes, of which three fit; Near is class A."""
    more = [transact(lambda n=n: customer(cast.rita, f"Shop {n}", OFFICE)) for n in range(3)]
    visits = [plan(cast.rita, account) for account in (*more, stage.near)]

    def lengthen() -> None:
        for visit in visits:
            db.session.get_one(Visit, visit).minutes = 150

    transact(lengthen)
    day = sort_out(cast)
    assert visits[3] in {line.row.id for line in day.ordered} and len(day.loose) == 1
    page = browser(cast.rita).get(f"/plan?day={tomorrow()}").text
    assert "No time left; other visits are worth more" in page and "6 points: class A (6)." in page
    transact(lambda: set_must(cast.rita, day.loose[0].row.id, True, datetime.now(UTC)))
    again = sort_out(cast)
    assert day.loose[0].row.id in {line.row.id for line in again.ordered}
    assert visits[3] in {line.row.id for line in again.ordered}, "another one of class C had to go"


# --- It has to be ----------------------------------------------------------------------------------------------------


def test_must_and_back(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita, key = plan(cast.rita, stage.near), browser(cast.rita), new_id()
    for _ in range(2):
        answer = rita.post(f"/plan/visits/{visit}/must", once=key, day=str(tomorrow()), must="1")
        assert (answer.status_code, answer.location) == (303, f"/plan?day={tomorrow()}#v{visit}")
    assert db.session.get_one(Visit, visit).must
    assert "Must</span>" in rita.get(f"/plan?day={tomorrow()}").text
    rita.post(f"/plan/visits/{visit}/must", day=str(tomorrow()), must="0")
    db.session.rollback()
    assert not db.session.get_one(Visit, visit).must


@pytest.mark.parametrize(("path", "sent"), [("must", {"must": "1"}), ("time", {"time": "10:00"})])
def test_what_is_not_ones_own_or_has_begun(
    cast: Cast, stage: Stage, browser: Open, path: str, sent: dict[str, str]
) -> None:
    now = datetime.now(UTC)
    today = today_in(SHANGHAI, now)
    visit = plan(cast.rita, stage.near, today)
    for other, status in ((cast.ren, 404), (cast.mona, 404), (cast.otto, 404), (None, 401)):
        assert browser(other).post(f"/plan/visits/{visit}/{path}", **sent).status_code == status
    assert browser(cast.rita).get(f"/plan/visits/{visit}/{path}").status_code == 405
    transact(lambda: check_in(cast.rita, visit, CheckInInput(None, reason="no signal"), now))
    answer = browser(cast.rita).post(f"/plan/visits/{visit}/{path}", day=str(today), **sent)
    assert answer.status_code == 422 and "has begun" in answer.text
    row = db.session.get_one(Visit, visit)
    assert (row.must, row.fixed_at) == (False, None)


# --- At that time ----------------------------------------------------------------------------------------------------


def test_an_agreed_time_stays_whatever_the_order(cast: Cast, stage: Stage, browser: Open) -> None:
    visits = [plan(cast.rita, account) for account in (stage.near, stage.middle, stage.far)]
    rita, key = browser(cast.rita), new_id()
    for _ in range(2):
        answer = rita.post(f"/plan/visits/{visits[1]}/time", once=key, day=str(tomorrow()), time="14:40")
        assert answer.status_code == 303
    assert db.session.get_one(Visit, visits[1]).fixed_at == at(14, 40)
    day = sort_out(cast)
    (times,) = (times for times in day.run.stops if times.stop.id == visits[1])
    assert times.start_at == at(14, 40) and day.run.is_feasible and len(day.ordered) == 3
    page = rita.get(f"/plan?day={tomorrow()}").text
    assert "Agreed for 14:40" in page and 'name="time" type="time" value="14:40"' in page
    rita.post(f"/plan/visits/{visits[1]}/time", day=str(tomorrow()), time="")
    assert day_of(cast).ordered and db.session.get_one(Visit, visits[1]).fixed_at is None


def test_a_wrong_time_is_kept_and_said(cast: Cast, stage: Stage, browser: Open) -> None:
    visit, rita = plan(cast.rita, stage.near), browser(cast.rita)
    for wrong in ("25:00", "noon", "9"):
        answer = rita.post(f"/plan/visits/{visit}/time", day=str(tomorrow()), time=wrong)
        assert answer.status_code == 422 and f'value="{wrong}" aria-invalid="true"' in answer.text, wrong
    late = at(12)

    def too_late() -> None:
        fix_time(cast.rita, visit, time(11, 30), late)

    with pytest.raises(Exception, match="This time is over"):
        transact(too_late)
    transact(lambda: fix_time(cast.rita, visit, time(11, 50), late))
    assert db.session.get_one(Visit, visit).fixed_at == at(11, 50), "who has just arrived may still say so"


def test_who_comes_too_late_and_who_waits(cast: Cast, stage: Stage, browser: Open) -> None:
    early, late = plan(cast.rita, stage.near), plan(cast.rita, stage.middle)
    now = datetime.now(UTC)
    transact(lambda: put_in_order(cast.rita, tomorrow(), [early, late], now))
    transact(lambda: fix_time(cast.rita, early, time(10, 30), now))
    transact(lambda: fix_time(cast.rita, late, time(10, 30), now))
    page = browser(cast.rita).get(f"/plan?day={tomorrow()}").text
    assert "for the agreed time" in page and "later than agreed" in page


# --- Filling the day -------------------------------------------------------------------------------------------------


def due(*accounts: UUID) -> None:
    def agree() -> None:
        for account in accounts:
            db.session.get_one(Account, account).next_visit_on = tomorrow()

    transact(agree)


def planned(cast: Cast) -> set[UUID]:
    return {line.row.account_id for line in day_of(cast).waiting}


def test_the_day_is_filled_with_who_is_due(cast: Cast, stage: Stage, browser: Open) -> None:
    due(stage.near, stage.far, stage.nowhere)
    plan(cast.rita, stage.middle)
    rita, key = browser(cast.rita), new_id()
    for _ in range(2):
        assert rita.post("/plan/suggestions", once=key, day=str(tomorrow())).status_code == 303
    assert planned(cast) == {stage.near, stage.middle, stage.far}, "not the one that nobody knows the way to"
    assert len(day_of(cast).ordered) == 3 and day_of(cast).run.is_feasible
    assert "2 visits were added." in rita.get(f"/plan?day={tomorrow()}").text
    assert rita.post("/plan/suggestions", day=str(tomorrow())).status_code == 303
    assert "Nobody was added." in rita.get(f"/plan?day={tomorrow()}").text


def test_each_who_was_left_out_says_why(cast: Cast, stage: Stage, browser: Open) -> None:
    """What a visit more would drive is read beside each candidate; where the day is full, that there is no room."""
    night = transact(lambda: customer(cast.rita, "Night Bar", OFFICE, "Mon-Sun 20:00-23:00"))
    due(stage.near, stage.nowhere, night)
    rita, visits = browser(cast.rita), [plan(cast.rita, stage.middle), plan(cast.rita, stage.far)]

    def said() -> dict[str, str]:
        page = rita.get(f"/plan?day={tomorrow()}").text
        row = r'<a href="/accounts/[^"]+">([^<]+)</a>(?:(?!</li>).)*<p data-fit>([^<]+)</p>'
        return dict(re.findall(row, page, re.S))

    sort_out(cast)
    known = said()
    assert known == {
        "Near Bakery": "Fits in, on the way",
        "Nowhere Shop": "No position: travel is not counted",
        "Night Bar": "Does not fit into the working hours, with the way there and back",
    }

    def lengthen() -> None:
        for visit, minutes in zip(visits, (175, 265), strict=True):
            db.session.get_one(Visit, visit).minutes = minutes

    transact(lengthen)
    assert transact(lambda: fill_day(cast.rita, tomorrow(), datetime.now(UTC))) == 0
    full = dict.fromkeys(("Near Bakery", "Nowhere Shop"), "No time left as the day is ordered")
    assert said() == {**known, **full}, "they are due, those in the plan are not"
    for visit in visits:
        transact(lambda visit=visit: set_must(cast.rita, visit, True, datetime.now(UTC)))
    assert said() == {**known, **dict.fromkeys(full, "No time left; other visits are worth more")}


def test_nobody_who_was_in_the_plan_makes_room(cast: Cast, stage: Stage) -> None:
    lengths = {plan(cast.rita, stage.middle): 175, plan(cast.rita, stage.far): 265}

    def lengthen() -> None:
        for visit, minutes in lengths.items():
            db.session.get_one(Visit, visit).minutes = minutes

    transact(lengthen)
    due(stage.near)
    assert transact(lambda: fill_day(cast.rita, tomorrow(), datetime.now(UTC))) == 0
    assert planned(cast) == {stage.middle, stage.far} and len(day_of(cast).ordered) == 2


def test_who_was_called_off_wishes_otherwise_or_comes_another_day_is_not_suggested(cast: Cast, stage: Stage) -> None:
    now = datetime.now(UTC)
    due(stage.near, stage.middle, stage.far)
    skipped = plan(cast.rita, stage.near)
    transact(lambda: dismiss_visit(cast.rita, skipped, Dismissal.SKIPPED, "ill", None, new_id(), now))
    plan(cast.rita, stage.middle, tomorrow() + timedelta(days=2))

    def wish() -> None:
        days = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
        db.session.get_one(Account, stage.far).visit_wish = days[(tomorrow().weekday() + 1) % 7]

    transact(wish)
    assert transact(lambda: fill_day(cast.rita, tomorrow(), now)) == 0
    assert planned(cast) == set()


def test_filling_is_refused_to_others(cast: Cast, browser: Open) -> None:
    assert browser(None).post("/plan/suggestions").status_code == 401
    assert browser(cast.otto).post("/plan/suggestions").status_code == 404
    assert browser(cast.rita).get("/plan/suggestions").status_code == 405


# --- The day itself --------------------------------------------------------------------------------------------------


def test_a_day_ends_elsewhere_and_takes_so_many_visits(cast: Cast, stage: Stage, browser: Open) -> None:
    home = Position(31.2304, 121.6)

    def settle() -> None:
        person = db.session.get_one(Person, cast.rita.person_id)
        person.end_lat, person.end_lon, person.most_visits = home.lat, home.lon, 2

    transact(settle)
    for account in (stage.near, stage.middle, stage.far):
        plan(cast.rita, account)
    day = sort_out(cast)
    assert (day.shift.start, day.shift.end, len(day.ordered)) == (OFFICE, home, 2)
    assert "As many visits as are allowed" in browser(cast.rita).get(f"/plan?day={tomorrow()}").text
    transact(lambda: move_stop(cast.rita, day.loose[0].row.id, 1, datetime.now(UTC)))
    assert "More visits than you want in a day" in browser(cast.rita).get(f"/plan?day={tomorrow()}").text


def test_the_rest_of_a_running_day_is_planned_anew(cast: Cast, stage: Stage) -> None:
    """At eleven Rita stands at the far one; the near one is called off, a new one is urgent, the middle one agreed."""
    visits = [plan(cast.rita, account) for account in (stage.near, stage.middle, stage.far)]
    sort_out(cast)
    now = at(11)
    transact(lambda: fix_time(cast.rita, visits[1], time(15), now))
    transact(lambda: check_in(cast.rita, visits[2], CheckInInput(None, reason="no signal"), now))
    transact(lambda: dismiss_visit(cast.rita, visits[0], Dismissal.SKIPPED, "closed", None, new_id(), now))
    urgent = transact(lambda: customer(cast.rita, "Urgent Shop", Position(31.2304, 121.56)))
    visits.append(plan(cast.rita, urgent))
    transact(lambda: set_must(cast.rita, visits[3], True, now))
    transact(lambda: work_out_order(cast.rita, tomorrow(), now))
    db.session.rollback()
    day = get_day(cast.rita, tomorrow(), now)
    assert [line.row.id for line in day.begun] == [visits[2]]
    assert [line.row.id for line in day.ordered] == [visits[3], visits[1]]
    assert day.run.stops[1].start_at == at(15) and day.run.is_feasible
    assert day.shift.start == Position(31.2304, 121.5537), "from where she is"
    assert db.session.scalar(select(func.count(Visit.id))) == 4


# --- From where the rep is -------------------------------------------------------------------------------------------

THERE = {"lat": "31.2304", "lon": "121.56", "accuracy_m": "80"}
PLACE = Position(31.2304, 121.56)


@pytest.fixture
def running(cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> tuple[UUID, UUID]:
    """Rita's visits to near and far, today; her shift lasts all day, whatever the hour of the test."""

    def stretch() -> None:
        person = db.session.get_one(Person, cast.rita.id)
        person.work_from, person.work_to, person.lunch_minutes = 0, 1439, 0

    transact(stretch)
    today = today_in(SHANGHAI, datetime.now(UTC))
    return plan(cast.rita, stage.near, today), plan(cast.rita, stage.far, today)


def today_of(cast: Cast) -> DayPlan:
    db.session.rollback()
    now = datetime.now(UTC)
    return get_day(cast.rita, today_in(SHANGHAI, now), now)


@pytest.mark.parametrize(("there", "first"), [(PLACE, 1), (OFFICE, 0)])
def test_the_way_goes_on_from_where_the_phone_is(there: Position, first: int, cast: Cast, stage: Stage) -> None:
    """Nobody has to go home: whoever is in the east begins there."""
    visits, now = [plan(cast.rita, account) for account in (stage.near, stage.far)], at(11)

    def stay_out() -> None:
        person = db.session.get_one(Person, cast.rita.id)
        person.start_lat = person.start_lon = None

    transact(stay_out)
    transact(lambda: work_out_order(cast.rita, tomorrow(), now, there))
    day = get_day(cast.rita, tomorrow(), now)
    assert [line.row.id for line in day.ordered] == [visits[first], visits[1 - first]]
    assert (day.shift.start, day.seen_at, day.run.is_feasible) == (there, now, True)


def test_where_the_phone_is_is_said_to_its_rep_alone(
    cast: Cast, stage: Stage, running: tuple[UUID, UUID], browser: Open
) -> None:
    day, rita, key = str(today_in(SHANGHAI, datetime.now(UTC))), browser(cast.rita), new_id()
    assert "data-position-ask" in rita.get("/plan").text
    assert "data-position-ask" not in rita.get(f"/plan?day={tomorrow()}").text
    for _ in range(2):
        assert rita.post("/plan/best-order", once=key, day=day, **THERE).status_code == 303
    plan = today_of(cast)
    assert plan.shift.start == PLACE and plan.seen_at is not None
    transact(lambda: put_in_order(cast.rita, plan.day, list(running), datetime.now(UTC)))
    assert "From where you were at" in rita.get("/plan").text
    assert len(pins_of(today_of(cast))["lines"][0]) == 4, "from there to both, and to the office"
    assert "31.2304" in rita.get("/settings/stored/whereabouts").text
    assert "31.2304" not in browser(cast.mona).get("/settings/stored/whereabouts").text


@pytest.mark.parametrize(
    "told",
    [
        {"lat": "", "lon": "", "accuracy_m": ""}, {**THERE, "accuracy_m": "40000"}, {**THERE, "accuracy_m": "x"},
    ],
)  # fmt: skip
def test_a_phone_that_does_not_know_changes_nothing(
    told: dict[str, str], cast: Cast, stage: Stage, running: tuple[UUID, UUID], browser: Open
) -> None:
    day = str(today_in(SHANGHAI, datetime.now(UTC)))
    assert browser(cast.rita).post("/plan/best-order", day=day, **told).status_code == 303
    assert (today_of(cast).shift.start, today_of(cast).seen_at) == (OFFICE, None)


@pytest.mark.parametrize("told", [{"lat": "91", "lon": "0"}, {"lat": "31"}, {"lat": "here", "lon": "there"}])
def test_an_impossible_position_is_refused(
    told: dict[str, str], cast: Cast, stage: Stage, running: tuple[UUID, UUID], browser: Open
) -> None:
    answer = browser(cast.rita).post("/plan/best-order", day=str(today_in(SHANGHAI, datetime.now(UTC))), **told)
    assert answer.status_code == 422
    assert "position" in answer.text
    assert today_of(cast).seen_at is None


def test_whereabouts_are_of_their_day_and_until_the_next_check_in(
    cast: Cast, stage: Stage, running: tuple[UUID, UUID]
) -> None:
    now = datetime.now(UTC)
    today = today_in(SHANGHAI, now)
    transact(lambda: work_out_order(cast.rita, today + timedelta(days=1), now, PLACE))
    assert today_of(cast).seen_at is None, "not of a day that runs"
    transact(lambda: work_out_order(cast.rita, today, now, PLACE))
    transact(lambda: note_whereabouts(cast.rita, OFFICE, now - timedelta(minutes=5)))
    assert today_of(cast).shift.start == PLACE, "what comes late does not undo it"
    assert get_day(cast.rita, today + timedelta(days=1), now).seen_at is None
    transact(
        lambda: check_in(cast.rita, running[0], CheckInInput(None, reason="no signal"), now + timedelta(seconds=9))
    )
    plan = today_of(cast)
    assert (plan.shift.start, plan.seen_at) == (Position(31.2304, 121.4837), None)


def test_whereabouts_are_forgotten_the_next_day(cast: Cast, stage: Stage) -> None:
    now = datetime.now(UTC)
    transact(lambda: note_whereabouts(cast.rita, PLACE, now - timedelta(hours=25)))
    transact(lambda: note_whereabouts(cast.ren, PLACE, now - timedelta(hours=1)))
    FORGET_WHEREABOUTS.run(new_id(), {})
    assert db.session.scalars(select(Whereabouts.person_id)).all() == [cast.ren.id]


def test_who_is_planned_soon_is_said_beside_the_name(cast: Cast, stage: Stage, browser: Open) -> None:
    due(stage.near)
    plan(cast.rita, stage.near, tomorrow() + timedelta(days=2))
    page = browser(cast.rita).get(f"/plan?day={tomorrow()}&from=due").text
    assert "Near Bakery" in page and "Planned for " in page
