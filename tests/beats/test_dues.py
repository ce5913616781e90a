"""When accounts are wanted: their rhythm, what is booked, and which days each visit may be on."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.beats.calendars import Calendar
from app.beats.dues import Due, days_worked, due_days, dues_of, first_dues, gap_of, welcome_on
from app.beats.rules import Asked, Lack, RepWork
from app.coverage.rules import Course, required
from tests.beats.works import BASE, MONDAY, ZONE, asked, booked, customer, local, travel, work


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


def dues(done: RepWork, what: Asked) -> list[Due]:
    return dues_of(done, what, travel)[0]


@given(st.integers(7, 60), st.integers(1, 120), st.integers(1, 8))
def test_the_rhythm_asks_for_as_many_visits_as_coverage_will_count(every: int, ago: int, weeks: int) -> None:
    one, what = customer(1, every_days=every, last_on=after(-ago)), asked(weeks)
    found = due_days(one, after(every - ago), (), what)
    assert len(found) == required(Course(every, before_on=one.last_on), what.first_on, what.last_on)
    assert found[0] == after(every - ago) if found else after(every - ago) > what.last_on
    assert found[1:] == tuple(max(found[0], MONDAY) + timedelta(days=every * n) for n in range(1, len(found)))


def test_what_was_due_before_is_wanted_once_and_keeps_its_day() -> None:
    late = customer(1, every_days=14, last_on=after(-40))
    assert due_days(late, after(-26), (), asked(3)) == (after(-26), after(14))


def test_a_booked_visit_takes_the_place_of_the_one_that_is_due() -> None:
    one = customer(1, every_days=14, last_on=after(-14))
    assert due_days(one, after(0), [after(3)], asked(4)) == (after(17),)
    assert due_days(one, after(0), [after(8)], asked(4)) == (after(0), after(22))
    assert due_days(one, after(10), [after(2)], asked(4)) == (after(16),)


def test_accounts_without_a_visit_are_spread_over_their_first_rhythm() -> None:
    new = [customer(number, every_days=28, value=number) for number in range(1, 5)]
    found = first_dues(new, asked())
    assert [found[each.account_id] for each in reversed(new)] == [after(0), after(7), after(14), after(21)]
    assert len(dues(work(*new), asked(1))) == 1
    assert len(dues(work(*new), asked(4))) == 4


def test_a_visit_is_never_sooner_than_half_a_rhythm_after_the_last() -> None:
    (due,) = dues(work(customer(1, every_days=10, last_on=after(-4))), asked(1))
    assert due.due_on == after(6)
    assert due.days == (after(1), after(2), after(3), after(4))
    assert gap_of(7) == 4


def test_the_days_are_open_worked_and_wished() -> None:
    (due,) = dues(work(customer(1, hours="Mon-Wed 09:00-18:00", wish="Tue, Thu", last_on=after(-28))), asked(2))
    assert due.days == (after(1), after(8))
    (due,) = dues(work(customer(1, hours="Mon, Wed 09:00-18:00", wish="Tue", last_on=after(-28))), asked(1))
    assert due.days == (after(0), after(2))  # no open day is with the wish
    absent = work(customer(1, last_on=after(-28)), absent=((after(1), after(3)),))
    assert dues(absent, asked(1))[0].days == (after(0), after(4))


def test_a_wish_is_held_after_the_period_rather_than_not_at_all() -> None:
    saturday = customer(1, every_days=7, wish="Tue", last_on=after(5 - 7))  # from Wednesday on
    found, missing = dues_of(work(saturday), asked(1), travel)
    assert (found, [each.reason for each in missing]) == ([], [Lack.WISH])
    assert dues(work(saturday), asked(2))[0].days == (after(8),)
    tuesdays_off = work(saturday, absent=((after(8), after(8)),))
    assert dues(tuesdays_off, asked(1))[0].days == (after(2), after(3), after(4))


def test_the_first_visit_of_all_can_be_as_soon_as_there_is_time() -> None:
    found = dues(work(*(customer(number, every_days=28, wish="Tue") for number in range(1, 5))), asked(4))
    assert [due.days for due in found] == [(after(1), after(8), after(15), after(22))] * 4


def test_a_visit_without_any_day_is_missing_with_the_reason() -> None:
    closed = work(customer(1, hours="Sat 09:00-12:00", last_on=after(-28)))
    assert [each.reason for each in dues_of(closed, asked(2), travel)[1]] == [Lack.CLOSED]
    short = work(customer(1, hours="Mon-Fri 09:00-09:20", last_on=after(-28)))
    assert [each.reason for each in dues_of(short, asked(2), travel)[1]] == [Lack.CLOSED]
    absent = work(customer(1, last_on=after(-28)), absent=((after(-3), after(30)),))
    assert [each.reason for each in dues_of(absent, asked(2), travel)[1]] == [Lack.NO_WORKDAY]


def test_wished_hours_hold_as_far_as_the_place_is_open() -> None:
    tuesday = after(1)
    both = welcome_on("Mon-Fri 10:00-18:00", "Tue 09:00-12:00", ZONE, tuesday)
    assert both == ((local(tuesday, 10), local(tuesday, 12)),)
    evening = welcome_on("Mon-Fri 10:00-18:00", "Tue 19:00-20:00", ZONE, tuesday)
    assert evening == ((local(tuesday, 10), local(tuesday, 18)),)
    assert welcome_on("", "Tue 09:00-12:00", ZONE, tuesday) == ((local(tuesday, 9), local(tuesday, 12)),)
    assert welcome_on("", "Tue 09:00-12:00", ZONE, after(2)) is None


def test_what_is_due_in_the_golden_week_is_tried_in_the_week_before() -> None:
    what = Asked(date(2026, 9, 21), 4, calendar=Calendar.CN)
    holder = work(customer(1, last_on=date(2026, 10, 2) - timedelta(days=28)))
    assert date(2026, 10, 2) not in days_worked(holder, what)
    (due,) = dues(holder, what)
    assert (due.due_on, due.week) == (date(2026, 10, 2), 1)


def test_a_week_that_is_too_full_begins_in_the_week_before() -> None:
    crowd = [customer(number, minutes=120, last_on=after(7 - 28)) for number in range(1, 31)]
    found = dues(work(*crowd), asked(2))
    weeks = [due.week for due in found]
    assert 13 <= weeks.count(0) <= 17
    assert [due.until for due in found] == [1] * 30


def test_a_short_rhythm_is_not_hurried_where_there_is_time() -> None:
    each = [customer(number, every_days=14, last_on=after(-7)) for number in range(1, 40)]
    assert {due.week for due in dues(work(*each), asked(2))} == {1}
    patient = [customer(number, every_days=28, last_on=after(7 - 28)) for number in range(1, 40)]
    assert {due.week for due in dues(work(*patient), asked(2))} == {0, 1}


def test_a_visit_is_tried_until_the_next_one_of_its_account() -> None:
    found = dues(work(customer(1, every_days=14, last_on=after(-11))), asked(6))
    assert [(due.due_on, due.week, due.until) for due in found] == [
        (after(3), 0, 1),
        (after(17), 2, 3),
        (after(31), 4, 5),
    ]


def test_a_visit_booked_beyond_the_period_keeps_others_away() -> None:
    own = booked(1, 1, after(9), position=BASE)
    assert [
        due.due_on for due in dues(work(customer(1, every_days=14, last_on=after(-14)), booked=(own,)), asked(1))
    ] == [after(0)]
    assert dues(work(customer(1, every_days=14, last_on=after(-14)), booked=(own,)), asked(1))[0].days[-1] == after(2)
