"""The best order of a day's stops: VROOM proposes, the simulator of rules.py decides.

VROOM (Verroad, BSD 2-clause, as `pyvroom`) runs in this process: some 20 ms for a day, in which it holds the
interpreter's lock. Its times are whole seconds, here from the start of the shift; its time windows are for the *start*
of a visit, both ends included. It visits as many stops as it can and then drives as little as it can. With one thread
the same stops get the same order.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from app.kernel.geo import Position
from app.kernel.hours import Interval
from app.planning.rules import (
    ESTIMATE,
    Breach,
    DayRun,
    Lunch,
    Shift,
    Stop,
    Travel,
    arrivals,
    start_windows,
    travel_matrix,
    with_stop,
)

EXPLORATION = 5  # VROOM's most thorough
EXCHANGES = 20_000  # simulated visits, roughly: a quarter of a second
TIME_BOX = timedelta(seconds=2)  # a hundred times what a day needs: only a guard
_START, _END, _FIRST = 0, 1, 2  # rows of the matrix


@dataclass(frozen=True, slots=True)
class BestDay:
    """A proposed day, simulated, and the stops that did not fit into it, each with the reason."""

    run: DayRun
    left_out: tuple[tuple[Stop, Breach], ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """VROOM's day: leaving the start at `leave_at`, and for each stop when it is reached; lunch after so many stops."""

    order: tuple[Stop, ...]
    leave_at: datetime
    arrive_at: tuple[datetime, ...]
    lunch_after: int | None


def best_day(stops: Sequence[Stop], shift: Shift, travel: Travel = ESTIMATE) -> BestDay:
    """The order in which most of the stops fit into the shift, and of such orders the one with the least driving.

    Each stop is in the order, which breaks no rule, or left out with the reason. Stops without a position, which VROOM
    cannot place, come in where they cost no other stop its place.
    """
    travel = _remembering(travel)
    located = [stop for stop in stops if stop.position is not None]
    runs = [_without_breaches(proposal.order, shift, travel) for proposal in proposals(located, shift, travel)]
    best = min(runs, key=_cost, default=arrivals((), shift, travel=travel))
    best = _exchanged(_filled(best, stops, shift, travel), stops, shift, travel)
    alone = [(stop, arrivals((stop,), shift, travel=travel).broken) for stop in _missing(best, stops)]
    return BestDay(best, tuple((stop, broken[0] if broken else Breach.DAY_FULL) for stop, broken in alone))


def order_of(run: DayRun) -> tuple[Stop, ...]:
    """The stops of a simulated day, in their order."""
    return tuple(times.stop for times in run.stops)


def proposals(stops: Sequence[Stop], shift: Shift, travel: Travel = ESTIMATE) -> Iterator[Proposal]:
    """What VROOM makes of the shift with its lunch and, as a short day needs none, of the time until the latest lunch.

    Every stop needs a position.
    """
    lunch = shift.lunch
    if lunch is None or lunch.minutes == 0 or shift.starts_at > lunch.latest:
        yield from _solved(stops, shift, None, travel)
        return
    if shift.ends_at > lunch.latest:
        yield from _solved(stops, shift, lunch, travel)
    yield from _solved(stops, replace(shift, ends_at=min(shift.ends_at, lunch.latest)), None, travel)


def _without_breaches(order: tuple[Stop, ...], shift: Shift, travel: Travel) -> DayRun:
    """The order without its end, as far as the simulator objects to it: it decides, where VROOM sees it otherwise."""
    run = arrivals(order, shift, travel=travel)
    while order and run.broken:
        order = order[:-1]
        run = arrivals(order, shift, travel=travel)
    return run


def _missing(run: DayRun, stops: Sequence[Stop]) -> list[Stop]:
    """The stops that are not in the day, the shortest visits first."""
    order = order_of(run)
    return sorted((stop for stop in stops if stop not in order), key=lambda stop: stop.visit_minutes)


def _filled(run: DayRun, stops: Sequence[Stop], shift: Shift, travel: Travel) -> DayRun:
    """The day with whatever of the stops still fits in."""
    for stop in _missing(run, stops):
        run = with_stop(order_of(run), stop, shift, travel) or run
    return run


def _exchanged(best: DayRun, stops: Sequence[Stop], shift: Shift, travel: Travel) -> DayRun:
    """A better day, found by taking out one stop after the other and filling up again: where time is short, VROOM
    leaves out more than it must."""
    tries, since = EXCHANGES, 0
    while since < len(best.stops):
        missing, order = _missing(best, stops), order_of(best)
        tries -= (len(missing) + 1) * (len(order) + 1) ** 2
        if tries < 0:
            break
        rest = arrivals((*order[:since], *order[since + 1 :]), shift, travel=travel)
        other = _filled(rest, [*missing, *order], shift, travel)
        best, since = (other, 0) if _cost(other) < _cost(best) else (best, since + 1)
    return best


def _cost(run: DayRun) -> tuple[int, int, datetime]:
    return -len(run.stops), run.travel_seconds, run.finish_at


def _remembering(travel: Travel) -> Travel:
    """The same, each drive worked out once: the simulator asks again and again."""
    known: dict[tuple[Position | None, Position | None], int | None] = {}

    def remembered(origin: Position | None, target: Position | None) -> int | None:
        if (origin, target) not in known:
            known[origin, target] = travel(origin, target)
        return known[origin, target]

    return remembered


def _solved(stops: Sequence[Stop], shift: Shift, lunch: Lunch | None, travel: Travel) -> Iterator[Proposal]:
    """One proposal; none where there is nothing to plan or no time for it."""
    vroom: Any = import_module("vroom")  # takes half a second, for pandas: only whoever plans pays it

    def seconds(moment: datetime, rounded: Any) -> int:
        return int(rounded((moment - shift.starts_at).total_seconds()))

    def windows(intervals: Sequence[Interval]) -> list[Any]:
        """Those of the intervals that VROOM can use, within the shift."""
        inside = ((max(0, seconds(a, math.ceil)), min(length, seconds(b, math.floor))) for a, b in intervals)
        return [vroom.TimeWindow(first, last) for first, last in inside if first <= last]

    length = seconds(shift.ends_at, math.floor)
    jobs = []
    for n, stop in enumerate(stops):
        starts = None if stop.windows is None else windows(start_windows(stop.windows, stop.visit_minutes))
        if starts != []:
            jobs.append(vroom.Job(n, _FIRST + n, default_service=60 * stop.visit_minutes, time_windows=starts or ()))
    if not jobs or length <= 0:
        return
    breaks = []
    if lunch is not None:
        breaks = [vroom.Break(0, windows([(lunch.earliest, lunch.latest)]), service=60 * lunch.minutes)]
    # Without a start (end) the matrix has 0 from (to) it: the day begins (ends) at the first (last) stop.
    problem = vroom.Input()
    points = [shift.start, shift.end, *(stop.position for stop in stops)]
    problem.set_durations_matrix("car", travel_matrix(points, travel))
    window = vroom.TimeWindow(0, length)
    problem.add_vehicle(vroom.Vehicle(0, start=_START, end=_END, time_window=window, breaks=breaks))
    problem.add_job(jobs)
    routes = problem.solve(exploration_level=EXPLORATION, nb_threads=1, timeout=TIME_BOX).routes
    # Without any job in the routes the table has no column `id`.
    yield _read(routes.reindex(columns=["type", "id", "arrival"]).values.tolist(), stops, shift)


def _read(steps: Sequence[tuple[str, Any, int]], stops: Sequence[Stop], shift: Shift) -> Proposal:
    jobs = [(stops[int(number)], arrival) for kind, number, arrival in steps if kind == "job"]
    kinds = [kind for kind, _, _ in steps]
    return Proposal(
        order=tuple(stop for stop, _ in jobs),
        leave_at=shift.starts_at + timedelta(seconds=steps[0][2] if steps else 0),
        arrive_at=tuple(shift.starts_at + timedelta(seconds=arrival) for _, arrival in jobs),
        lunch_after=kinds[: kinds.index("break")].count("job") if "break" in kinds else None,
    )
