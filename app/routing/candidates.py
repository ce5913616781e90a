"""The part of a problem that a search has to look at: visits that can be made, days that have time, their nodes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.routing.problem import UNREACHABLE, Orders, Problem
from app.routing.simulator import simulate
from app.routing.why import impossible

MOST = 200  # visits for each day; beyond, the least promising are not looked at


@dataclass(frozen=True, slots=True)
class Part:
    """A smaller problem, whose visits and days are those of these numbers in the whole."""

    problem: Problem
    visits: tuple[int, ...]
    days: tuple[int, ...]

    def whole(self, orders: Orders, days: int) -> Orders:
        """Orders of the part in the numbers of the whole, which has so many days."""
        found = {
            day: tuple(self.visits[visit] for visit in order) for day, order in zip(self.days, orders, strict=True)
        }
        return tuple(found.get(day, ()) for day in range(days))


def part_of(problem: Problem) -> Part:
    """What can be planned of it."""
    days = tuple(day for day in range(len(problem.days)) if _has_time(problem, day))
    visits = [
        number
        for number, visit in enumerate(problem.visits)
        if (visit.must or visit.prize > 0) and impossible(problem, number) is None
    ]
    if len(visits) > MOST * len(days):
        visits = _promising(problem, visits, days)
    chosen = [problem.days[day] for day in days]
    nodes = sorted(
        {node for day in chosen for node in (day.start, day.end)}.union(problem.visits[v].node for v in visits)
    )
    row = {node: place for place, node in enumerate(nodes)}
    smaller = Problem(
        visits=tuple(
            replace(visit, node=row[visit.node], windows=tuple(visit.windows[day] for day in days))
            for visit in (problem.visits[number] for number in visits)
        ),
        days=tuple(replace(day, start=row[day.start], end=row[day.end]) for day in chosen),
        travel=[[min(problem.travel[origin][target], UNREACHABLE) for target in nodes] for origin in nodes],
    )
    return Part(smaller, tuple(visits), days)


def _has_time(problem: Problem, day: int) -> bool:
    """Whether any plan of the day keeps the rules: without a visit, or with one."""
    orders = ((), *((visit,) for visit in range(len(problem.visits))))
    return any(not simulate(problem, day, order).breaches for order in orders)


def _promising(problem: Problem, visits: Sequence[int], days: Sequence[int]) -> list[int]:
    """Of too many visits all musts, and those with the greatest prize for their length and way."""
    travel = np.array(problem.travel, dtype=np.int64)
    rows = [problem.visits[number] for number in visits]
    nodes = np.array([row.node for row in rows])
    near = np.sort(travel[np.ix_(nodes, nodes)], axis=0)[1:6].mean(axis=0)
    ends = [problem.days[day] for day in days]
    ways = np.min([travel[day.start, nodes] + travel[nodes, day.end] for day in ends], axis=0)
    cost = 1 + np.array([row.service for row in rows]) + near + ways / 10  # the way is shared with others
    prize = np.array([row.prize for row in rows])
    optional = np.array([not row.must for row in rows])
    order = np.lexsort((-prize / cost, optional))
    return sorted(visits[place] for place in order[: MOST * len(days)])
