"""VROOM (Verroad, BSD 2-clause, as `pyvroom`): the orders with the greatest sum of priorities, then the least travel.

It knows several windows and breaks, and it drops what does not fit. It holds the interpreter's lock while it solves.
With one thread the same input has the same answer.
"""

from datetime import timedelta
from importlib import import_module
from typing import Any

from app.routing.clock import Clock
from app.routing.problem import Orders, Problem

vroom: Any = import_module("vroom")  # without types
MUST = 100  # VROOM's highest priority
_SEARCHES = (4, 8, 12, 16, 24, 32)  # at most, at each level; it divides its time among them beforehand


def solve(problem: Problem, clock: Clock, level: int, guard: timedelta) -> Orders:
    """Its orders of the visits; `level` 0 to 5 is its exploration, `guard` the time of each of its searches at most.

    So whoever got an answer sooner than after `guard` got the whole work of it.
    """
    matrix = [[min(seconds, clock.longest) for seconds in row] for row in problem.travel]
    solver = vroom.Input()
    solver.set_durations_matrix("car", matrix)
    for number, day in enumerate(problem.days):
        lunch = [vroom.TimeWindow(*window) for window in clock.lunch(number)]
        breaks = [vroom.Break(number, lunch, service=day.lunch.duration)] if day.lunch and lunch else []
        solver.add_vehicle(
            vroom.Vehicle(
                number,
                start=day.start,
                end=day.end,
                time_window=vroom.TimeWindow(clock.at(number, day.opens), clock.at(number, day.closes)),
                breaks=breaks,
                **({} if day.max_stops is None else {"max_tasks": day.max_stops}),
            )
        )
    most = max((visit.prize for visit in problem.visits if not visit.must), default=0)
    share = min(1.0, (9 if any(visit.must for visit in problem.visits) else MUST) / max(most, 1))
    jobs = []
    for number, visit in enumerate(problem.visits):
        windows = [vroom.TimeWindow(*window) for window in clock.windows(visit)]
        if windows:
            jobs.append(
                vroom.Job(
                    number,
                    visit.node,
                    default_service=visit.service,
                    priority=MUST if visit.must else max(1, round(share * visit.prize)),
                    time_windows=windows,
                )
            )
    orders: list[list[int]] = [[] for _ in problem.days]
    if jobs:
        solver.add_job(jobs)
        routes = solver.solve(exploration_level=level, nb_threads=1, timeout=_SEARCHES[level] * guard).routes
        # Without any job in the routes the table has no column `id`.
        for vehicle, kind, job in routes.reindex(columns=["vehicle_id", "type", "id"]).values.tolist():
            if kind == "job":
                orders[int(vehicle)].append(int(job))
    return tuple(map(tuple, orders))
