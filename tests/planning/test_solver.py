"""The solver against brute force and against the simulator."""

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.planning.rules import ESTIMATE, Breach, DayRun, Lunch, Shift, Stop, arrivals
from app.planning.solver import best_day, order_of, proposals

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
def test_the_simulator_agrees_with_the_solvers_arrivals(seed: int) -> None:
    stops, shift = some_day(seed, most=12)
    for proposal in proposals(stops, shift):
        begun = Shift(proposal.leave_at, shift.ends_at, shift.start, shift.end, shift.lunch)
        run = arrivals(proposal.order, begun, lunch_after=proposal.lunch_after)
        for n, (times, said) in enumerate(zip(run.stops, proposal.arrive_at, strict=True)):
            if n != proposal.lunch_after:  # lunch on the way: VROOM counts it before the arrival, whatever the drive
                assert abs(times.arrive_at - said) <= timedelta(seconds=1), seed


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
    assert [stop.id.int for stop in order_of(best.run)] == [6]
    assert {stop.id.int: reason for stop, reason in best.left_out} == {
        1: Breach.CLOSED_THAT_DAY,
        2: Breach.AFTER_SHIFT_END,
        3: Breach.AFTER_CLOSING,
        4: Breach.AFTER_SHIFT_END,
        5: Breach.DAY_FULL,
    }


def test_nothing_to_plan_and_no_time_to_plan_in() -> None:
    assert best_day([], Shift(at(9), at(18))).run.stops == ()
    over = Shift(at(19), at(18), BASE, BASE, LUNCH)
    best = best_day([Stop(UUID(int=1), BASE, 30)], over)
    assert (best.run.stops, [reason for _, reason in best.left_out]) == ((), [Breach.AFTER_SHIFT_END])


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
    assert [(stop.id.int, reason) for stop, reason in best.left_out] == [(1, Breach.DAY_FULL)]


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
        (stop, Breach.NO_WAY) for stop in islands
    ]
