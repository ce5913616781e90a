"""The solver against brute force and against the simulator."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.planning.rules import ESTIMATE, Breach, DayRun, Lunch, Shift, Stop, Travel, arrivals
from app.planning.solver import best_days, order_of, problem_of
from app.routing.simulator import simulate_all
from app.routing.why import Reason

BASE = Position(31.2, 121.4)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


LUNCH = Lunch(at(12), at(13, 30), 45)
WINDOWS: tuple[tuple[Interval, ...] | None, ...] = (
    None, None, None, ((at(9), at(12)), (at(13), at(18))), ((at(11), at(13)),), ((at(15), at(17)),), (),
)  # fmt: skip


def some_day(seed: int, most: int = 5, *, everywhere_open: bool = False) -> tuple[list[Stop], Shift]:
    dice = random.Random(seed)
    stops = [
        Stop(
            UUID(int=n),
            Position(31.2 + dice.random() * 0.3, 121.3 + dice.random() * 0.4),
            dice.choice((15, 30, 60, 90)),
            None if everywhere_open else dice.choice(WINDOWS),
        )
        for n in range(dice.randint(1, most))
    ]
    start = dice.choice((None, BASE))
    ends = at(18) if everywhere_open else at(dice.choice((12, 14, 18)))
    return stops, Shift(at(9), ends, start, dice.choice((None, start)), dice.choice((None, LUNCH)))


@dataclass
class BestDay:
    run: DayRun
    left_out: tuple[tuple[Stop, Reason], ...]


def best_day(stops: Sequence[Stop], shift: Shift, travel: Travel = ESTIMATE) -> BestDay:
    """The plan of a single day."""
    found = best_days(stops, [shift], travel)
    assert not found.cut_short
    return BestDay(found.runs[0], found.left_out)


def brute_force(stops: list[Stop], shift: Shift) -> DayRun:
    """Of all orders of all choices: most stops, then least driving."""
    for number in range(len(stops), -1, -1):
        runs = [run for order in permutations(stops, number) if (run := arrivals(order, shift)).is_feasible]
        if runs:
            return min(runs, key=lambda run: run.travel_seconds)
    return arrivals((), shift)


def test_as_many_stops_as_brute_force_and_as_little_driving() -> None:
    fewer = 0
    for seed in range(120):
        stops, shift = some_day(seed)
        best, perfect = best_day(stops, shift), brute_force(stops, shift)
        fewer += len(best.run.stops) < len(perfect.stops)
        assert len(best.run.stops) >= len(perfect.stops) - 1
        if len(perfect.stops) == len(stops):
            assert len(best.run.stops) == len(stops), seed
            assert best.run.travel_seconds <= perfect.travel_seconds + len(stops), seed  # drives are whole seconds
    assert fewer <= 1


def test_a_day_of_seven_stops_drives_as_little_as_it_can() -> None:
    stops, shift = some_day(11, most=5, everywhere_open=True)
    more = [Stop(UUID(int=90 + n), Position(31.25 + n / 50, 121.5), 15) for n in range(7 - len(stops))]
    best = best_day([*stops, *more], shift)
    assert len(best.run.stops) == 7
    assert best.run.travel_seconds <= brute_force([*stops, *more], shift).travel_seconds + 7


@pytest.mark.parametrize("seed", range(40))
def test_no_stop_is_lost_and_no_rule_is_broken(seed: int) -> None:
    stops, shift = some_day(seed, most=40)
    best = best_day(stops, shift)
    named = [*order_of(best.run), *(stop for stop, _ in best.left_out)]
    assert sorted(stop.id for stop in named) == sorted(stop.id for stop in stops)
    assert best.run.is_feasible
    assert best.run == arrivals(order_of(best.run), shift), "what is shown is what the simulator says"


@pytest.mark.parametrize("seed", range(40))
def test_both_simulators_see_the_same_day(seed: int) -> None:
    stops, shift = some_day(seed, most=12)
    for order in (order_of(best_day(stops, shift).run), tuple(stops)):
        run = arrivals(order, shift)
        (other,) = simulate_all(problem_of(order, [shift], ESTIMATE), (tuple(range(len(order))),))
        if run.broken:
            assert other.breaches
            continue
        assert not other.breaches
        seen = [(shift.starts_at + timedelta(seconds=each.start)) for each in other.stops]
        assert seen == [times.start_at for times in run.stops]
        assert other.travel == run.travel_seconds and (other.lunch_start is None) is (run.lunch_at is None)


def test_the_same_stops_get_the_same_order() -> None:
    stops, shift = some_day(5, most=30)
    assert best_day(stops, shift) == best_day(list(stops), shift)


def test_reasons_are_told() -> None:
    stops = [
        Stop(UUID(int=1), BASE, 30, ()),
        Stop(UUID(int=2), BASE, 30, ((at(20), at(22)),)),
        Stop(UUID(int=3), BASE, 60, ((at(10), at(10, 30)),)),
        Stop(UUID(int=4), Position(39.9, 116.4), 30),
        Stop(UUID(int=5), BASE, 500),
        Stop(UUID(int=6), BASE, 480),
    ]
    best = best_day(stops, Shift(at(9), at(18), BASE, BASE))
    assert [stop.id.int for stop in order_of(best.run)] == [5]
    assert {stop.id.int: reason for stop, reason in best.left_out} == {
        1: Reason.CLOSED,
        2: Reason.OUTSIDE_SHIFT,
        3: Reason.CLOSES_TOO_SOON,
        4: Reason.OUTSIDE_SHIFT,
        6: Reason.NO_TIME,
    }


def test_what_is_worth_more_goes_first_and_a_must_before_it() -> None:
    stops = [Stop(UUID(int=n), BASE, 200, value=n) for n in (1, 5, 3)]
    hours = Shift(at(9), at(18), BASE, BASE)
    best = best_day(stops, hours)
    assert sorted(stop.id.int for stop in order_of(best.run)) == [3, 5]
    assert [(stop.id.int, reason) for stop, reason in best.left_out] == [(1, Reason.NO_TIME)]
    best = best_day([replace(stops[0], must=True), *stops[1:]], hours)
    assert sorted(stop.id.int for stop in order_of(best.run)) == [1, 5]


def test_musts_that_do_not_fit_together_say_so() -> None:
    stops = [Stop(UUID(int=n), BASE, 300, must=True) for n in (1, 2)]
    best = best_day(stops, Shift(at(9), at(18), BASE, BASE))
    assert [reason for _, reason in best.left_out] == [Reason.MUSTS_CLASH]


def test_an_agreed_time_is_kept_to_the_minute() -> None:
    closed: tuple[Interval, ...] = ()
    stops = [Stop(UUID(int=n), Position(31.2 + n / 50, 121.4), 45) for n in range(1, 6)]
    fixed = Stop(UUID(int=9), Position(31.25, 121.5), 30, closed, fixed_at=at(14, 40))
    best = best_day([*stops, fixed], Shift(at(9), at(18), BASE, BASE, LUNCH))
    (times,) = (times for times in best.run.stops if times.stop == fixed)
    assert times.start_at == at(14, 40) and len(best.run.stops) == 6 and best.run.is_feasible


def test_who_is_late_goes_there_first_and_the_day_says_how_late() -> None:
    late = Stop(UUID(int=9), Position(31.25, 121.5), 30, fixed_at=at(13))
    others = [Stop(UUID(int=n), Position(31.2 + n / 50, 121.4), 45) for n in range(1, 4)]
    best = best_day([*others, late], Shift(at(13, 10), at(18), BASE, BASE))
    assert order_of(best.run) and not best.left_out
    (times,) = (times for times in best.run.stops if times.stop == late)
    assert best.run.broken == (Breach.AFTER_FIXED,) == times.breaches


def test_no_more_stops_than_the_shift_takes() -> None:
    stops = [Stop(UUID(int=n), BASE, 10, value=n) for n in range(1, 9)]
    best = best_day(stops, Shift(at(9), at(18), BASE, BASE, most_stops=3))
    assert sorted(stop.value for stop in order_of(best.run)) == [6, 7, 8]
    assert {reason for _, reason in best.left_out} == {Reason.MAX_STOPS}
    assert arrivals(stops, Shift(at(9), at(18), most_stops=3)).broken == (Breach.TOO_MANY,)


def test_several_days_share_the_stops() -> None:
    def on(day: int) -> Interval:
        return at(9) + timedelta(days=day), at(18) + timedelta(days=day)

    shifts = [Shift(*on(day), BASE, BASE) for day in range(3)]
    stops = [Stop(UUID(int=n), BASE, 240) for n in range(5)]
    stops += [Stop(UUID(int=8), BASE, 240, (on(1),)), Stop(UUID(int=9), BASE, 30, ())]
    best = best_days(stops, shifts)
    assert [len(run.stops) for run in best.runs] == [2, 2, 2]
    assert UUID(int=8) in {stop.id for stop in order_of(best.runs[1])}
    assert [(stop.id.int, reason) for stop, reason in best.left_out] == [(9, Reason.CLOSED)]
    for shift, run in zip(shifts, best.runs, strict=True):
        assert all(shift.starts_at <= times.start_at <= shift.ends_at for times in run.stops)


def test_nothing_to_plan_and_no_time_to_plan_in() -> None:
    assert best_day([], Shift(at(9), at(18))).run.stops == ()
    over = Shift(at(19), at(18), BASE, BASE, LUNCH)
    best = best_day([Stop(UUID(int=1), BASE, 30)], over)
    assert (best.run.stops, [reason for _, reason in best.left_out]) == ((), [Reason.NO_DAY])


def test_one_place_many_times_and_no_place_at_all() -> None:
    same = [Stop(UUID(int=n), BASE, 10) for n in range(40)]
    assert len(best_day(same, Shift(at(9), at(18), BASE, BASE, LUNCH)).run.stops) == 40
    unknown = [Stop(UUID(int=n), None, 30) for n in range(5)]
    best = best_day(unknown, Shift(at(9), at(18)))
    assert (len(best.run.stops), best.run.travel_seconds, best.left_out) == (5, 0, ())


def test_a_stop_without_position_pushes_no_other_out() -> None:
    stops = [Stop(UUID(int=1), None, 480), Stop(UUID(int=2), BASE, 120)]
    best = best_day(stops, Shift(at(9), at(18), BASE, BASE))
    assert [stop.id.int for stop in order_of(best.run)] == [2]
    assert [(stop.id.int, reason) for stop, reason in best.left_out] == [(1, Reason.NO_TIME)]


def test_a_short_day_needs_no_lunch_where_that_lets_more_in() -> None:
    stops = [Stop(UUID(int=n), BASE, 60, ((at(9), at(13, 30)),)) for n in range(4)]
    best = best_day(stops, Shift(at(9), at(18), BASE, BASE, Lunch(at(11), at(13, 30), 60)))
    assert (len(best.run.stops), best.run.lunch_at) == (4, None)


def test_a_night_shop_after_midnight() -> None:
    night = (datetime(2026, 11, 20, 22, tzinfo=UTC), datetime(2026, 11, 21, 3, tzinfo=UTC))
    best = best_day([Stop(UUID(int=1), BASE, 30, (night,))], Shift(at(21), at(21) + timedelta(hours=8), BASE, BASE))
    assert best.run.stops[0].start_at == night[0]


@pytest.mark.parametrize("seed", range(10))
def test_stops_without_a_way_cost_the_others_nothing(seed: int) -> None:
    stops, shift = some_day(seed, everywhere_open=True)
    islands = [Stop(UUID(int=70 + n), Position(30.0 + n, 120.0), 15) for n in range(2)]
    off = {stop.position for stop in islands}

    def travel(origin: Position | None, target: Position | None) -> int | None:
        return None if {origin, target} & off else ESTIMATE(origin, target)

    best = best_day([*islands, *stops], shift, travel)
    assert order_of(best.run) == order_of(best_day(stops, shift).run)
    assert [(stop, reason) for stop, reason in best.left_out if stop in islands] == [
        (stop, Reason.UNREACHABLE) for stop in islands
    ]
