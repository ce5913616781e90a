"""The best order of a rep's days: app.routing proposes, the simulator of rules.py decides.

Here a rep's stops and shifts become the engines' problem, in whole seconds from the beginning of each shift, and their
orders become days again.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.planning.rules import ESTIMATE, Breach, DayRun, Shift, Stop, Travel, arrivals, start_windows, with_stop
from app.routing.problem import ANY_TIME, UNREACHABLE, Day, Lunch, Problem, Visit, Windows, normal
from app.routing.simulator import simulate
from app.routing.why import Cause, Reason, causes, detours, left_out

_AROUND = timedelta(hours=6)  # of a shift: opening hours that near are those of its day


@dataclass(frozen=True, slots=True)
class BestDays:
    """A simulated day for each shift, and the stops that fit into none of them, each with the reason. `cut_short`: the
    clock ended the search, and the next one may find something else."""

    runs: tuple[DayRun, ...]
    left_out: tuple[tuple[Stop, Reason], ...]
    engine: str
    cut_short: bool


def best_days(
    stops: Sequence[Stop], shifts: Sequence[Shift], travel: Travel = ESTIMATE, seconds: float | None = None
) -> BestDays:
    """The plan with the most musts, then the greatest sum of values, then the least driving; with work for about
    `seconds` for each engine, None for those that a rep's day has.

    Windows are those of all days that the shifts span; a stop without (None) may be on any of them. Each stop is once
    in the plan, which breaks no rule, or left out with the reason. Where an agreed time cannot be kept the stop comes
    as soon after it as may be. Stops without a position, which no engine can place, come in where they cost no other
    stop its place.
    """
    from app.routing.solver import SECONDS, plan  # takes half a second, for three engines: only whoever plans pays it

    travel = cache(travel)  # the simulator asks again and again
    given = {stop.id: stop for stop in stops}
    asked = [_relaxed(stop, shifts, travel) for stop in stops]
    located = [stop for stop in asked if stop.position is not None]
    found = plan(problem_of(located, shifts, travel), SECONDS if seconds is None else seconds)
    orders = [tuple(located[number] for number in order) for order in found.orders]
    runs = [_kept(order, shift, travel) for order, shift in zip(orders, shifts, strict=True)]
    for stop in sorted((stop for stop in asked if stop.position is None), key=_most_wanted):
        _put_in(runs, stop, shifts, travel)
    orders = [order_of(run) for run in runs]
    made = {stop.id for order in orders for stop in order}
    reasons = _reasons(asked, orders, shifts, travel)
    return BestDays(
        tuple(
            arrivals([given[stop.id] for stop in order], shift, travel=travel)
            for order, shift in zip(orders, shifts, strict=True)
        ),
        tuple((given[stop.id], reasons[stop.id]) for stop in asked if stop.id not in made),
        found.engine,
        found.cut_short,
    )


def what_fits(
    order: Sequence[Stop], stops: Sequence[Stop], shift: Shift, travel: Travel = ESTIMATE
) -> list[int | Reason]:
    """For each of these stops the seconds of driving that it alone would add to the order, or why it does not fit."""
    travel = cache(travel)  # asked again and again
    before = arrivals(order, shift, travel=travel).travel_seconds
    runs = {stop.id: with_stop(order, stop, shift, travel) for stop in stops}
    outside = [stop for stop in stops if runs[stop.id] is None]
    reasons = _reasons([*order, *outside], [tuple(order)], [shift], travel) if outside else {}
    return [
        run.travel_seconds - before if (run := runs[stop.id]) else _as_ordered(order, stop, reasons[stop.id])
        for stop in stops
    ]


def _as_ordered(order: Sequence[Stop], stop: Stop, why: Reason) -> Reason:
    """Somebody's order may have no room for a stop that comes before what is in it."""
    optional = [each for each in order if not each.must and each.fixed_at is None]
    if why in (Reason.NO_TIME, Reason.MUSTS_CLASH) and any(stop.must or each.value < stop.value for each in optional):
        return Reason.AS_ORDERED
    return why


def why_here(order: Sequence[Stop], shift: Shift, travel: Travel = ESTIMATE) -> list[tuple[Cause, int]]:
    """Why each stop of a day is in its order, and the seconds of driving that it adds."""
    problem = problem_of(order, [shift], travel)
    run = simulate(problem, 0, tuple(range(len(order))))
    return list(zip(causes(problem, 0, run), detours(problem, 0, run), strict=True))


def order_of(run: DayRun) -> tuple[Stop, ...]:
    """The stops of a simulated day, in their order."""
    return tuple(times.stop for times in run.stops)


def problem_of(stops: Sequence[Stop], shifts: Sequence[Shift], travel: Travel) -> Problem:
    """The same for the engines. Each position is a node, and so is "unknown", from and to which no drive is counted."""
    places = dict.fromkeys((*(end for shift in shifts for end in (shift.start, shift.end)), *_positions(stops)))
    node = {place: number for number, place in enumerate(places)}
    ways = [[travel(origin, target) for target in places] for origin in places]
    return Problem(
        visits=tuple(
            Visit(
                node[stop.position],
                60 * stop.visit_minutes,
                tuple(_starts(stop, shift) for shift in shifts),
                stop.must or stop.fixed_at is not None,
                stop.value,
            )
            for stop in stops
        ),
        days=tuple(_day(shift, node[shift.start], node[shift.end]) for shift in shifts),
        travel=[[UNREACHABLE if seconds is None else seconds for seconds in row] for row in ways],
    )


def _positions(stops: Sequence[Stop]) -> list[Position | None]:
    return [stop.position for stop in stops]


def _day(shift: Shift, start: int, end: int) -> Day:
    closes, lunch = _seconds(shift.ends_at, shift, math.floor), None
    if shift.lunch is not None and shift.lunch.minutes and shift.lunch.latest >= shift.starts_at:
        earliest = max(0, _seconds(shift.lunch.earliest, shift, math.ceil))
        latest = _seconds(shift.lunch.latest, shift, math.floor)
        lunch = Lunch(earliest, latest, 60 * shift.lunch.minutes, unless_over=True)
    return Day(start, end, 0, closes, lunch, shift.most_stops)


def _starts(stop: Stop, shift: Shift) -> Windows:
    """When the visit may begin on that day."""
    if stop.allowed is None:
        return ANY_TIME
    near = [each for each in stop.allowed if _is_near(each, shift)]
    return normal(
        [
            (_seconds(first, shift, math.ceil), _seconds(last, shift, math.floor))
            for first, last in start_windows(near, stop.visit_minutes)
        ]
    )


def _is_near(interval: Interval, shift: Shift) -> bool:
    return interval[0] <= shift.ends_at + _AROUND and interval[1] >= shift.starts_at - _AROUND


def _seconds(moment: datetime, shift: Shift, rounded: Callable[[float], int]) -> int:
    return rounded((moment - shift.starts_at).total_seconds())


def _relaxed(stop: Stop, shifts: Sequence[Shift], travel: Travel) -> Stop:
    """A stop whose agreed time nobody can keep any more may begin later."""
    if stop.fixed_at is None:
        return stop
    for shift in shifts:
        alone = arrivals((stop,), shift, travel=travel)
        if Breach.AFTER_FIXED in alone.broken and shift.starts_at - _AROUND <= stop.fixed_at < shift.ends_at:
            return replace(stop, fixed_at=None, must=True, windows=((stop.fixed_at, shift.ends_at + _AROUND),))
    return stop


def _kept(order: tuple[Stop, ...], shift: Shift, travel: Travel) -> DayRun:
    """The order without its end, as far as the simulator objects to it: it decides, where an engine sees it
    otherwise."""
    run = arrivals(order, shift, travel=travel)
    while order and run.broken:
        order = order[:-1]
        run = arrivals(order, shift, travel=travel)
    return run


def _put_in(runs: list[DayRun], stop: Stop, shifts: Sequence[Shift], travel: Travel) -> None:
    """The stop on the first day that has room for it, if any has."""
    for number, shift in enumerate(shifts):
        if stop.allowed is not None and not any(_is_near(each, shift) for each in stop.allowed):
            continue
        run = with_stop(order_of(runs[number]), stop, shift, travel)
        if run is not None:
            runs[number] = run
            return


def _most_wanted(stop: Stop) -> tuple[bool, int, int]:
    return not stop.must, -stop.value, stop.visit_minutes


def _reasons(
    stops: Sequence[Stop], orders: Sequence[tuple[Stop, ...]], shifts: Sequence[Shift], travel: Travel
) -> dict[UUID, Reason]:
    """Of every stop that is in none of the orders."""
    number = {stop.id: place for place, stop in enumerate(stops)}
    problem = problem_of(stops, shifts, travel)
    taken = tuple(tuple(number[stop.id] for stop in order) for order in orders)
    reasons = {stops[each.visit]: each.reason for each in left_out(problem, taken)}
    return {stop.id: Reason.CLOSES_TOO_SOON if _opens(stop, shifts, why) else why for stop, why in reasons.items()}


def _opens(stop: Stop, shifts: Sequence[Shift], why: Reason) -> bool:
    """Whether a place that is closed to a visit is open after all, but not long enough."""
    return why is Reason.CLOSED and any(_is_near(each, shift) for each in stop.allowed or () for shift in shifts)
