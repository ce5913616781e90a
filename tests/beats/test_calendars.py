"""Which days are worked: the real days off of 2026, and those that make up for them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.beats.calendars import Calendar, calendar_of, is_announced, special_days, workdays

WEEK = frozenset(range(5))


def days_of(calendar: Calendar, first: date, last: date, weekdays: frozenset[int] = WEEK) -> list[int]:
    return [day.day for day in workdays(calendar, weekdays, first, last)]


def test_china_works_weekends_for_its_golden_week() -> None:
    # 2026: off from 1 to 7 October, worked on Sunday 20 September and Saturday 10 October.
    assert days_of(Calendar.CN, date(2026, 9, 14), date(2026, 9, 20)) == [14, 15, 16, 17, 18, 20]
    assert days_of(Calendar.CN, date(2026, 10, 1), date(2026, 10, 11)) == [8, 9, 10]


def test_who_does_not_work_the_day_that_is_off_does_not_make_up_for_it() -> None:
    # Saturday 10 October stands for Wednesday the 7th.
    assert days_of(Calendar.CN, date(2026, 10, 10), date(2026, 10, 10), frozenset({2})) == [10]
    assert days_of(Calendar.CN, date(2026, 10, 10), date(2026, 10, 10), frozenset({0, 1})) == []
    assert days_of(Calendar.CN, date(2026, 10, 10), date(2026, 10, 10), frozenset({5})) == [10]


def test_taiwan_made_up_for_new_years_eve_in_2025_and_does_no_more() -> None:
    assert days_of(Calendar.TW, date(2025, 2, 3), date(2025, 2, 9)) == [3, 4, 5, 6, 7, 8]
    assert days_of(Calendar.TW, date(2026, 2, 16), date(2026, 2, 22)) == []
    assert days_of(Calendar.TW, date(2026, 2, 9), date(2026, 2, 15)) == [9, 10, 11, 12, 13]


@pytest.mark.parametrize(
    ("calendar", "day"),
    [(Calendar.GB, date(2026, 4, 6)), (Calendar.GB, date(2026, 8, 31)), (Calendar.US, date(2026, 11, 26))],
)
def test_bank_holidays_are_not_worked(calendar: Calendar, day: date) -> None:
    assert workdays(calendar, WEEK, day, day) == ()
    assert workdays(Calendar.NONE, WEEK, day, day) == (day,)


def test_the_page_hears_names_in_its_language_and_which_days_are_worked() -> None:
    found = special_days(Calendar.CN, date(2026, 10, 1), date(2026, 10, 10), "zh_Hans")
    assert [(each.day.day, each.works) for each in found] == [
        (1, False), (2, False), (3, False), (5, False), (6, False), (7, False), (10, True),
    ]  # fmt: skip
    assert found[0].name == "国庆节"
    assert special_days(Calendar.CN, date(2026, 10, 1), date(2026, 10, 1), "en")[0].name == "National Day"
    assert special_days(Calendar.TW, date(2026, 10, 10), date(2026, 10, 10), "zh_Hant")[0].name == "國慶日"
    assert special_days(Calendar.GB, date(2026, 12, 25), date(2026, 12, 25), "zh_Hans")[0].name == "Christmas Day"
    assert special_days(Calendar.NONE, date(2026, 12, 25), date(2026, 12, 25), "en") == ()


def test_china_has_to_announce_its_days_off() -> None:
    assert is_announced(Calendar.CN, 2026)
    assert not is_announced(Calendar.CN, 2099)
    assert all(is_announced(calendar, 2099) for calendar in (Calendar.NONE, Calendar.TW, Calendar.GB, Calendar.US))


def test_a_period_over_new_year_has_both_years() -> None:
    assert days_of(Calendar.CN, date(2025, 12, 31), date(2026, 1, 4)) == [31, 4]
    assert days_of(Calendar.US, date(2027, 12, 30), date(2028, 1, 3)) == [30, 3]  # New Year's Day is a Saturday


@pytest.mark.parametrize(
    ("zone", "calendar"),
    [
        ("Asia/Shanghai", Calendar.CN), ("Asia/Taipei", Calendar.TW), ("Europe/London", Calendar.GB),
        ("America/Los_Angeles", Calendar.US), ("America/Indiana/Knox", Calendar.US), ("Asia/Hong_Kong", Calendar.NONE),
        ("America/Toronto", Calendar.NONE), ("UTC", Calendar.NONE),
    ],
)  # fmt: skip
def test_the_zone_tells_the_calendar(zone: str, calendar: Calendar) -> None:
    assert calendar_of(zone) is calendar


@given(
    st.sampled_from(Calendar),
    st.frozensets(st.integers(0, 6)),
    st.dates(date(2024, 1, 1), date(2026, 12, 1)),
    st.integers(0, 60),
)
def test_every_day_worked_is_a_weekday_of_ones_own_or_made_up(
    calendar: Calendar, weekdays: frozenset[int], first: date, length: int
) -> None:
    last = first + timedelta(days=length)
    special = {each.day: each.works for each in special_days(calendar, first, last, "en")}
    found = workdays(calendar, weekdays, first, last)
    assert list(found) == sorted(set(found))
    for day in (first + timedelta(days=count) for count in range(length + 1)):
        if day.weekday() in weekdays and special.get(day) is not False:
            assert day in found
        elif day in found:
            assert special[day]
            assert weekdays
