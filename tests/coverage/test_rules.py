"""What a period asks for, as a rule: written cases, and what holds of all."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coverage.rules import (
    SPANS,
    Course,
    Coverage,
    State,
    counted_until,
    covered,
    required,
    share,
    states_of,
    whole,
)
from app.dashboards.rules import Span

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def march(day: int) -> date:
    return date(2026, 3, 1) + timedelta(days=day - 1)


@given(st.sampled_from(list(SPANS)), st.dates(date(2, 1, 1), date(9998, 12, 31)))
def test_a_day_is_in_its_period_and_periods_follow_each_other(span: Span, day: date) -> None:
    period = whole(span, day)
    assert period.first <= day <= period.last
    assert whole(span, period.first) == whole(span, period.last) == period
    assert whole(span, period.last + timedelta(days=1)).first == period.last + timedelta(days=1)


def test_the_days_that_are_over_count() -> None:
    period = whole(Span.MONTH, FIRST)
    assert counted_until(period, march(10)) == march(9)
    assert counted_until(period, date(2026, 7, 1)) == LAST
    assert counted_until(period, FIRST) == counted_until(period, date(2026, 1, 1)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("course", "needed"),
    [
        (Course(14), 0),  # never visited
        (Course(14, date(2026, 2, 20)), 2),  # due on 6 and 20 March
        (Course(14, date(2025, 6, 1)), 3),  # the backlog once, on the first; then 15 and 29
        (Course(60, date(2026, 2, 20)), 0),
        (Course(30, date(2026, 1, 30)), 2),  # due on the first itself, and the last
        (Course(7, date(2026, 2, 22)), 5),
        (Course(None, date(2026, 2, 20)), 0),  # no plan
        (Course(None, date(2026, 2, 20), agreed_on=march(9)), 1),  # but a promise
        (Course(14, date(2026, 2, 20), agreed_on=march(28)), 1),  # a promise takes the place of the rhythm
        (Course(14, date(2026, 2, 20), agreed_on=date(2026, 4, 2)), 0),
        (Course(14, None, agreed_on=march(3)), 3),  # agreed without any visit: 3, 17, 31
        (Course(14, None, first_on=march(10), latest_on=march(10), made=1), 2),  # made in the period: 10 and 24
        (Course(None, None, first_on=march(10), latest_on=march(10), made=1), 0),
        # Visited on 6 March as due; agreed for 30 March: 20 March is not asked for.
        (Course(14, date(2026, 2, 20), None, march(6), march(6), 1, agreed_next=march(30)), 2),
        (Course(14, date(2026, 2, 20), None, march(6), march(6), 1, agreed_next=date(2026, 5, 1)), 1),
        # Two days early: that visit did what the 6th asked for.
        (Course(14, date(2026, 2, 20), None, march(4), march(4), 1, agreed_next=date(2026, 5, 1)), 1),
    ],
)  # fmt: skip
def test_what_march_asks_for(course: Course, needed: int) -> None:
    assert required(course, FIRST, LAST) == needed


def test_clocks_do_not_matter_for_days() -> None:
    """The nights in which Europe and America change their clocks are days like the others."""
    course = Course(7, date(2026, 3, 22))  # due on the 29th, when Europe changes
    assert required(course, FIRST, date(2026, 3, 28)) == 0
    assert required(course, FIRST, date(2026, 3, 29)) == 1
    assert required(Course(7, march(1)), FIRST, march(8)) == 1  # when America does


days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
maybe = st.none() | days


@st.composite
def courses(draw: st.DrawFn) -> Course:
    made = sorted(draw(st.sets(days.filter(lambda day: FIRST <= day <= LAST), max_size=4)))
    return Course(
        draw(st.none() | st.integers(7, 730)),
        draw(st.none() | st.dates(date(2024, 1, 1), date(2026, 2, 28))),
        draw(maybe),
        made[0] if made else None,
        made[-1] if made else None,
        len(made),
        draw(maybe) if made else None,
    )


@given(courses(), st.dates(date(2026, 2, 1), LAST))
def test_never_negative_and_never_more_than_the_days(course: Course, until: date) -> None:
    needed = required(course, FIRST, until)
    assert 0 <= needed <= max(0, (until - FIRST).days + 1)
    assert (needed == 0) or until >= FIRST
    assert 0 <= covered(needed, course.made) <= min(needed, course.made)


@given(courses(), st.dates(FIRST, LAST), st.dates(FIRST, LAST))
def test_a_longer_period_asks_for_no_less(course: Course, one: date, other: date) -> None:
    assert required(course, FIRST, min(one, other)) <= required(course, FIRST, max(one, other))


@given(st.integers(7, 730), st.dates(date(2024, 1, 1), date(2026, 2, 28)), st.integers(0, 30))
def test_who_comes_on_each_due_day_covers_all(days_: int, before: date, until: int) -> None:
    """The visits that the rule asks for are those of a rep who is there whenever one is due."""
    made, due_on, last = [], before + timedelta(days=days_), FIRST + timedelta(days=until)
    while (day := max(due_on, FIRST)) <= last:
        made.append(day)
        due_on = day + timedelta(days=days_)
    assert required(Course(days_, before), FIRST, last) == len(made)


def test_share() -> None:
    assert share(0, 0) is None
    assert (share(0, 3), share(2, 3), share(299, 300), share(3, 3)) == (0, 66, 99, 100)


def test_states() -> None:
    period, today = whole(Span.MONTH, FIRST), march(10)

    def states(
        due_on: date | None, planned: bool = False, skipped: int = 0, needed: int = 0, made: int = 0
    ) -> set[State]:
        stands = Coverage(due_on, True, march(12) if planned else None, skipped, needed, made)
        return set(states_of(stands, period, today))

    assert states(march(9)) == {State.OVERDUE}
    assert states(march(10)) == states(march(31)) == {State.DUE}
    assert states(date(2026, 4, 1)) == states(None) == set()
    assert states(march(9), planned=True, skipped=1, needed=2, made=1) == {
        State.OVERDUE, State.PLANNED, State.SKIPPED, State.VISITED, State.MISSING,
    }  # fmt: skip
    assert states_of(Coverage(None, False, None, 0, 0, 0), period, today) == {State.NEVER}
