"""What a plan changes, and what can be asked for."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.beats.rules import Asked, BeatVisit, difference
from tests.beats.works import MONDAY, local


def visit(account: int, after: int, hour: int = 10) -> BeatVisit:
    day = MONDAY + timedelta(days=after)
    return BeatVisit(UUID(int=account), UUID(int=account), day, 1, local(day, hour), 30)


def test_the_difference_says_what_is_new_gone_and_on_another_day() -> None:
    found = difference(
        [visit(1, 0), visit(2, 1), visit(3, 2), visit(3, 9)], [visit(1, 0, 15), visit(2, 3), visit(3, 9), visit(4, 4)]
    )
    assert found.added == (visit(4, 4),)
    assert found.dropped == (visit(3, 2),)
    assert found.moved == ((visit(2, 1), visit(2, 3)),)
    assert found.kept == 2


plans = st.lists(
    st.builds(visit, st.integers(1, 4), st.integers(0, 13)), max_size=12, unique_by=lambda v: (v.account_id, v.day)
)


@given(plans, plans)
def test_nothing_is_lost_between_two_plans(old: list[BeatVisit], new: list[BeatVisit]) -> None:
    found = difference(old, new)
    assert len(old) == found.kept + len(found.moved) + len(found.dropped)
    assert len(new) == found.kept + len(found.moved) + len(found.added)
    assert all(was.account_id == now.account_id and was.day != now.day for was, now in found.moved)
    back = difference(new, old)
    assert (back.added, back.dropped, back.kept) == (found.dropped, found.added, found.kept)
    assert difference(old, old).kept == len(old)


@pytest.mark.parametrize(
    ("first_on", "weeks", "weekdays"),
    [(date(2026, 12, 1), 1, {0}), (MONDAY, 0, {0}), (MONDAY, 9, {0}), (MONDAY, 1, {7})],
)
def test_a_period_is_whole_weeks(first_on: date, weeks: int, weekdays: set[int]) -> None:
    with pytest.raises(ValueError, match="Monday"):
        Asked(first_on, weeks, frozenset(weekdays))


def test_a_period_ends_on_a_sunday() -> None:
    assert Asked(MONDAY, 8).last_on == date(2027, 1, 24)
