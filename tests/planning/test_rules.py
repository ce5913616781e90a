from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.planning.rules import (
    BREACH_NAMES,
    HINTS,
    Breach,
    Lunch,
    Shift,
    Stop,
    Travel,
    arrivals,
    moved,
    start_windows,
    with_stop,
)

OFFICE = Position(31.23, 121.47)
HOUR_NORTH = 35_000 / 1.4 / 111_195  # degrees of latitude that are an hour's estimated drive


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


def stop(number: int, north: float | None = 0, minutes: int = 30, windows: tuple[Interval, ...] | None = None) -> Stop:
    """A stop that lies `north` hours of driving from the office."""
    position = None if north is None else Position(OFFICE.lat + north * HOUR_NORTH, OFFICE.lon)
    return Stop(UUID(int=number), position, minutes, windows)


def shift(start: Position | None = OFFICE, end: Position | None = None, lunch: Lunch | None = None) -> Shift:
    return Shift(at(9), at(18), start, end, lunch)


def clock(moment: datetime) -> str:
    return (moment + timedelta(milliseconds=500)).strftime("%H:%M")


LUNCH = Lunch(at(12), at(13, 30), 45)

# --- Travel ----------------------------------------------------------------------------------------------------------


def island(*places: Position | None) -> Travel:
    """An hour from anywhere to anywhere, and no way to or from these."""
    return lambda origin, target: None if {origin, target} & set(places) else 3600 if origin != target else 0


def test_a_stop_without_a_way_is_told_and_not_driven_to() -> None:
    order = [stop(1, 1), stop(2, 2), stop(3, 3)]
    run = arrivals(order, shift(end=OFFICE), travel=island(order[1].position))
    assert [Breach.NO_WAY in times.breaches for times in run.stops] == [False, True, False]
    assert [times.travel_seconds for times in run.stops] == [3600, 0, 3600], "from the first to the third"
    assert run.travel_seconds == 3 * 3600 and not run.is_feasible


def test_a_day_whose_end_no_way_leads_to() -> None:
    end = Position(0.0, 0.0)
    run = arrivals([stop(1, 1)], shift(end=end), travel=island(end))
    assert run.breaches == (Breach.NO_WAY,) and run.finish_at == run.stops[0].leave_at


# --- The simulated day -----------------------------------------------------------------------------------------------


def test_a_plain_day() -> None:
    run = arrivals([stop(1, 0.5), stop(2, 1.0, minutes=60)], shift(end=OFFICE))
    first, second = run.stops
    assert (clock(first.arrive_at), clock(first.start_at), clock(first.leave_at)) == ("09:30", "09:30", "10:00")
    assert (clock(second.arrive_at), clock(second.leave_at)) == ("10:30", "11:30")
    assert clock(run.finish_at) == "12:30"
    assert run.travel_seconds == pytest.approx(7200, abs=3)
    assert run.is_feasible and run.breaches == () and run.lunch_at is None


def test_without_a_start_the_day_begins_at_the_first_stop() -> None:
    run = arrivals([stop(1, 5), stop(2, 5.5)], shift(start=None))
    assert [clock(times.arrive_at) for times in run.stops] == ["09:00", "10:00"]
    assert run.finish_at == run.stops[-1].leave_at


def test_a_day_without_stops_ends_where_it_begins() -> None:
    run = arrivals([], shift(end=OFFICE))
    assert (run.stops, run.finish_at, run.travel_seconds, run.broken) == ((), at(9), 0, ())


def test_unknown_hours_are_always_allowed() -> None:
    assert arrivals([stop(1, windows=None)], shift()).stops[0].breaches == ()


def test_who_comes_early_waits() -> None:
    (times,) = arrivals([stop(1, 0.5, windows=((at(10), at(12)),))], shift()).stops
    assert (clock(times.arrive_at), times.start_at, times.breaches) == ("09:30", at(10), (Breach.BEFORE_OPENING,))
    assert times.wait == times.start_at - times.arrive_at > timedelta(minutes=29)


def test_waiting_is_a_hint_and_breaks_nothing() -> None:
    assert arrivals([stop(1, windows=((at(15), at(16)),))], shift()).is_feasible


def test_a_visit_that_does_not_fit_before_the_noon_break_begins_after_it() -> None:
    windows = ((at(8), at(9, 20)), (at(13), at(18)))
    (times,) = arrivals([stop(1, windows=windows)], shift()).stops
    assert (times.start_at, times.breaches) == (at(13), (Breach.BEFORE_OPENING,))


@pytest.mark.parametrize(
    ("windows", "start", "breaches"),
    [
        (((at(7), at(8)),), at(9), (Breach.AFTER_CLOSING,)),
        (((at(7), at(9, 20)),), at(9), (Breach.AFTER_CLOSING,)),
        (((at(7), at(9, 30)),), at(9), ()),
        ((), at(9), (Breach.CLOSED_THAT_DAY,)),
        (((at(10), at(10, 15)),), at(10), (Breach.BEFORE_OPENING, Breach.AFTER_CLOSING)),
    ],
)
def test_opening_hours_are_checked_against_the_whole_visit(
    windows: tuple[Interval, ...], start: datetime, breaches: tuple[Breach, ...]
) -> None:
    run = arrivals([stop(1, windows=windows), stop(2)], shift())
    assert (run.stops[0].start_at, run.stops[0].breaches) == (start, breaches)
    assert run.stops[1].start_at == start + timedelta(minutes=30)  # the day goes on
    assert run.is_feasible is not bool(set(breaches) - HINTS)


def test_the_stop_that_runs_past_the_shift_is_named_and_so_is_a_late_way_home() -> None:
    run = arrivals([stop(1, minutes=480), stop(2, minutes=61), stop(3)], shift())
    assert [times.breaches for times in run.stops] == [(), (Breach.AFTER_SHIFT_END,), (Breach.AFTER_SHIFT_END,)]
    late_home = arrivals([stop(1, 0.5, minutes=485)], shift(end=OFFICE))
    assert late_home.stops[0].breaches == ()
    assert late_home.breaches == late_home.broken == (Breach.AFTER_SHIFT_END,)


def test_a_stop_without_position_costs_no_travel_and_says_so() -> None:
    run = arrivals([stop(1, 0.5), stop(2, None), stop(3, 1.0)], shift())
    assert [clock(times.arrive_at) for times in run.stops] == ["09:30", "10:00", "11:00"]
    assert run.stops[1].breaches == (Breach.NO_POSITION,)
    assert run.is_feasible


# --- Lunch -----------------------------------------------------------------------------------------------------------


def test_lunch_is_taken_between_visits() -> None:
    order = [stop(1, minutes=120), stop(2, minutes=80), stop(3, minutes=90)]
    run = arrivals(order, shift(lunch=LUNCH))
    assert (run.lunch_at, run.lunch_after) == (at(12, 20), 2)
    assert run.stops[2].start_at == at(13, 5)
    assert run.is_feasible


def test_lunch_at_the_place_comes_before_the_visit() -> None:
    run = arrivals([stop(1, minutes=150), stop(2, minutes=240)], shift(lunch=LUNCH))
    assert (run.lunch_at, run.lunch_after) == (at(12), 1)
    assert (run.stops[1].arrive_at, run.stops[1].start_at) == (at(11, 30), at(12, 45))


def test_lunch_may_fall_on_the_way() -> None:
    run = arrivals([stop(1, 0, minutes=120), stop(2, 3)], shift(lunch=LUNCH))
    assert (run.lunch_at, run.lunch_after) == (at(12), 1)
    assert clock(run.stops[1].arrive_at) == "14:45"


def test_lunch_fills_a_wait_for_the_opening() -> None:
    run = arrivals([stop(1, minutes=180), stop(2, minutes=60, windows=((at(13), at(18)),))], shift(lunch=LUNCH))
    assert (run.lunch_at, run.stops[1].start_at) == (at(12), at(13))


def test_lunch_goes_where_it_breaks_no_opening_hours() -> None:
    order = [stop(1, minutes=180), stop(2, windows=((at(9), at(12, 30)),)), stop(3, minutes=90)]
    run = arrivals(order, shift(lunch=LUNCH))
    assert (run.lunch_at, run.lunch_after, run.is_feasible) == (at(12, 30), 2, True)
    forced = arrivals(order, shift(lunch=LUNCH), lunch_after=1)
    assert forced.broken == (Breach.AFTER_CLOSING,)


def test_a_lunch_that_nothing_lets_begin_in_time_is_late() -> None:
    order = [stop(1, minutes=330), stop(2)]
    run = arrivals(order, Shift(at(9), at(19), lunch=LUNCH))
    assert (run.broken, run.lunch_after, run.lunch_at) == ((), 0, at(12))  # the long visit waits for lunch
    assert arrivals(order, shift(lunch=LUNCH)).broken == (Breach.LUNCH_TOO_LATE,)  # then it would end too late
    forced = arrivals(order, Shift(at(9), at(19), lunch=LUNCH), lunch_after=1)
    assert forced.broken == (Breach.LUNCH_TOO_LATE,)


def test_a_day_that_is_over_by_lunch_or_begins_after_it_needs_none() -> None:
    assert arrivals([stop(1)], shift(lunch=LUNCH)).lunch_at is None
    afternoon = Shift(at(14), at(18), lunch=LUNCH)
    assert arrivals([stop(1, minutes=200)], afternoon).lunch_after is None


def test_a_lunch_of_no_length_is_no_lunch() -> None:
    run = arrivals([stop(1, minutes=300)], shift(lunch=Lunch(at(12), at(13), 0)))
    assert (run.lunch_at, run.finish_at) == (None, at(14))


def test_an_impossible_lunch_is_refused() -> None:
    with pytest.raises(ValueError, match="lunch"):
        Lunch(at(13), at(12), 30)
    with pytest.raises(ValueError, match="lunch"):
        Lunch(at(12), at(13), -1)
    for place in (-1, 2):
        with pytest.raises(ValueError, match="lunch"):
            arrivals([stop(1)], shift(lunch=LUNCH), lunch_after=place)


# --- Properties ------------------------------------------------------------------------------------------------------


@st.composite
def stops(draw: st.DrawFn, number: int = 0) -> Stop:
    marks = sorted(draw(st.sets(st.integers(0, 47), max_size=4)))
    windows = tuple(
        (at(0) + timedelta(minutes=30 * opens), at(0) + timedelta(minutes=30 * closes))
        for opens, closes in zip(marks[::2], marks[1::2], strict=False)
    )
    return stop(
        draw(st.integers(1, 99)),
        draw(st.one_of(st.none(), st.floats(-1, 1))),
        draw(st.integers(0, 120)),
        draw(st.one_of(st.none(), st.just(windows))),
    )


@given(st.lists(stops(), max_size=6), st.booleans(), st.integers(0, 90))
def test_a_simulated_day_keeps_its_promises(order: list[Stop], from_office: bool, lunch_minutes: int) -> None:
    lunch = Lunch(at(12), at(13, 30), lunch_minutes)
    day = shift(OFFICE if from_office else None, OFFICE, lunch)
    run = arrivals(order, day)
    assert [times.stop for times in run.stops] == order
    before = day.starts_at
    for times in run.stops:
        assert before + timedelta(seconds=times.travel_seconds) <= times.arrive_at <= times.start_at
        assert times.leave_at - times.start_at == timedelta(minutes=times.stop.visit_minutes)
        windows = times.stop.windows
        inside = windows is None or any(
            opens <= times.start_at and times.leave_at <= closes for opens, closes in windows
        )
        assert inside is not bool({Breach.AFTER_CLOSING, Breach.CLOSED_THAT_DAY} & set(times.breaches))
        assert (times.leave_at > day.ends_at) == (Breach.AFTER_SHIFT_END in times.breaches)
        before = times.leave_at
    assert run.finish_at >= before
    if run.lunch_at is not None:
        end = run.lunch_at + timedelta(minutes=lunch_minutes)
        assert run.lunch_at >= lunch.earliest
        assert all(times.leave_at <= run.lunch_at or end <= times.start_at for times in run.stops)
        tried = [arrivals(order, day, lunch_after=after) for after in range(len(order) + 1)]
        assert len(run.broken) == min(len(one.broken) for one in tried)
    elif lunch_minutes:
        assert run.finish_at <= lunch.latest


@given(st.lists(stops(), max_size=4), stops(), st.integers(0, 60))
def test_one_stop_more_goes_where_trying_every_place_would_put_it(
    order: list[Stop], extra: Stop, lunch_minutes: int
) -> None:
    day = shift(end=OFFICE, lunch=Lunch(at(12), at(13, 30), lunch_minutes))
    tried = [arrivals([*order[:place], extra, *order[place:]], day) for place in range(len(order) + 1)]
    best = min(((run.travel_seconds, run.finish_at) for run in tried if run.is_feasible), default=None)
    run = with_stop(order, extra, day)
    assert (run and (run.travel_seconds, run.finish_at)) == best


def test_every_breach_has_a_name() -> None:
    assert set(BREACH_NAMES) == set(Breach)


def test_windows_for_the_start_leave_room_for_the_visit() -> None:
    windows = ((at(9), at(12)), (at(13), at(13, 20)), (at(14), at(14, 30)))
    assert start_windows(windows, 30) == ((at(9), at(11, 30)), (at(14), at(14)))
    assert start_windows((), 30) == ()


# --- By hand ---------------------------------------------------------------------------------------------------------


def test_moving_up_and_down() -> None:
    assert moved("abcd", "c", -1) == ("a", "c", "b", "d")
    assert moved("abcd", "c", 1) == ("a", "b", "d", "c")
    assert moved("abcd", "a", -1) == moved("abcd", "a", 0) == ("a", "b", "c", "d")
    assert moved("abcd", "d", 5) == ("a", "b", "c", "d")
    assert moved("abcd", "d", -9) == ("d", "a", "b", "c")
    with pytest.raises(ValueError):
        moved(["a"], "z", 1)


@given(st.lists(st.integers(), min_size=1, unique=True), st.data(), st.integers(-9, 9))
def test_moving_loses_nothing_and_keeps_the_others_in_order(order: list[int], data: st.DataObject, steps: int) -> None:
    item = data.draw(st.sampled_from(order))
    changed = moved(order, item, steps)
    assert [one for one in changed if one != item] == [one for one in order if one != item]
    assert changed.index(item) == min(max(order.index(item) + steps, 0), len(order) - 1)
