from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.dates import (
    ZoneError,
    as_utc,
    at_local,
    day_bounds,
    is_zone,
    local,
    today_in,
    zone_of,
)

ZONES = ["Asia/Shanghai", "Asia/Taipei", "Europe/London", "America/New_York", "Africa/Cairo", "Pacific/Apia", "UTC"]
zones = st.sampled_from(ZONES)
days = st.dates(date(1990, 1, 1), date(2040, 12, 31))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/London", date(2026, 3, 29), utc(2026, 3, 29), 23),
        ("Europe/London", date(2026, 10, 25), utc(2026, 10, 24, 23), 25),
        ("Europe/London", date(2026, 7, 1), utc(2026, 6, 30, 23), 24),
        ("America/New_York", date(2026, 3, 8), utc(2026, 3, 8, 5), 23),
        ("America/New_York", date(2026, 11, 1), utc(2026, 11, 1, 4), 25),
        ("Asia/Shanghai", date(2026, 3, 29), utc(2026, 3, 28, 16), 24),
        ("Asia/Taipei", date(2026, 10, 25), utc(2026, 10, 24, 16), 24),
        ("Africa/Cairo", date(2026, 4, 24), utc(2026, 4, 23, 22), 23),  # midnight itself is in the gap
        ("Pacific/Apia", date(2011, 12, 30), utc(2011, 12, 30, 10), 0),  # the day that never was
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(zone: str, day: date, start: datetime, hours: int) -> None:
    assert day_bounds(day, zone) == (start, start + timedelta(hours=hours))


def test_a_time_in_the_gap_moves_forward_by_the_gap() -> None:
    assert at_local(date(2026, 3, 29), time(1, 30), "Europe/London") == utc(2026, 3, 29, 1, 30)
    assert local(utc(2026, 3, 29, 1, 30), "Europe/London").time() == time(2, 30)
    assert at_local(date(2026, 3, 8), time(2, 30), "America/New_York") == utc(2026, 3, 8, 7, 30)


def test_a_time_in_the_fold_is_the_first_of_the_two() -> None:
    assert at_local(date(2026, 10, 25), time(1, 30), "Europe/London") == utc(2026, 10, 25, 0, 30)
    assert at_local(date(2026, 10, 25), time(1, 30, fold=1), "Europe/London") == utc(2026, 10, 25, 0, 30)
    assert at_local(date(2026, 11, 1), time(1, 30), "America/New_York") == utc(2026, 11, 1, 5, 30)


def test_a_manager_in_london_looks_at_a_day_in_shanghai() -> None:
    now = utc(2026, 3, 28, 17)  # Saturday 17:00 in London, Sunday 01:00 in Shanghai
    assert today_in("Europe/London", now) == date(2026, 3, 28)
    assert today_in("Asia/Shanghai", now) == date(2026, 3, 29)
    start, end = day_bounds(today_in("Asia/Shanghai", now), "Asia/Shanghai")
    assert (start, end) == (utc(2026, 3, 28, 16), utc(2026, 3, 29, 16))
    # On the London clock the rep's day runs from 16:00 to 17:00: London loses an hour within it.
    assert [local(at, "Europe/London").hour for at in (start, end)] == [16, 17]


def test_an_instant_has_a_zone() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    for refuses in (lambda: as_utc(naive), lambda: today_in("UTC", naive)):
        with pytest.raises(ValueError, match="zone"):
            refuses()
    in_tokyo = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert as_utc(in_tokyo) == utc(2026, 1, 1) and as_utc(in_tokyo).tzinfo is UTC


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Asia", "asia/shanghai\0"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(ZoneError):
        zone_of(name)


@given(days, zones)
def test_days_meet_without_gap_or_overlap(day: date, zone: str) -> None:
    start, end = day_bounds(day, zone)
    assert end == day_bounds(day + timedelta(days=1), zone)[0]
    if start < end:
        assert today_in(zone, start) == today_in(zone, end - timedelta(microseconds=1)) == day
        assert today_in(zone, end) != day


@given(days, st.times(), zones)
def test_the_clock_shows_the_time_asked_for_or_the_gap_was_jumped(day: date, at: time, zone: str) -> None:
    shown = local(at_local(day, at, zone), zone).replace(tzinfo=None)
    jumped = shown - datetime.combine(day, at)
    assert timedelta(0) <= jumped <= timedelta(hours=24)
    if zone in ("Asia/Taipei", "UTC"):
        assert not jumped
