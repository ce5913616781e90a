"""VROOM (Verroad, BSD 2-clause, as `pyvroom`): the orders with the greatest sum of priorities, then the least travel.

It knows several windows and breaks, and it drops what does not fit. It holds the interpreter's lock while it solves.
It makes one search only, which `vroom.Input.solve` cannot ask for: that begins 4 to 32, each in a thread of its own,
however few may run at once. Which of two equal ones went on was up to the system, so the same day had two plans
(VROOM's issue 1276), and they waited for each other at a semaphore that may sleep for ever (GCC's bug 98033).
"""

from datetime import timedelta
from importlib import import_module
from typing import Any

import numpy as np

from app.routing.clock import Clock
from app.routing.problem import Orders, Problem

vroom: Any = import_module("vroom")  # without types
MUST = 100  # VROOM's highest priority
_DEPTH = 5  # its most thorough exploration, and for all that a week can hold quicker than the other engines


def solve(problem: Problem, clock: Clock, guard: timedelta) -> Orders:
    """Its orders of the visits; `guard` is its time at most."""
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
        timeout = guard + timedelta(milliseconds=1)  # it drops what is less, and would stop before the guard
        found = solver._solve(nb_searches=1, depth=_DEPTH, nb_threads=1, timeout=timeout)
        steps = np.asarray(found._routes_numpy())
        for vehicle, job in steps[steps["type"] == b"job"][["vehicle_id", "id"]].tolist():
            orders[vehicle].append(job)
    return tuple(map(tuple, orders))
