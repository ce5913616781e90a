"""PyVRP (Wouda, Lan and Kool 2024, MIT): iterated local search for the least travel and the fewest lost prizes.

It knows neither several windows nor breaks. A visit with several windows is a group of twins, one for each, of which
one is made. Lunch is a group of twins, one at each node: eaten after a visit before leaving it, or on arrival before
the next. That is as good as on the way, but where the drive takes longer than the time in which lunch may begin.
The same seed and number of iterations have the same answer.
"""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyvrp
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria

from app.routing.clock import Clock
from app.routing.problem import Orders, Problem, Windows

logging.getLogger("pyvrp").handlers.clear()  # it writes to the standard output, which is not its own

# A short search restarts soon and accepts little that is worse.
_SEARCH = pyvrp.IteratedLocalSearchParams(num_iters_no_improvement=1000, history_length=10)


@dataclass(slots=True)
class _Model:
    """The problem in PyVRP's words. `visits` says for each client which visit it is a twin of; None is a lunch."""

    limited: bool
    clients: list[pyvrp.Client] = field(default_factory=list)
    groups: list[pyvrp.ClientGroup] = field(default_factory=list)
    visits: list[int | None] = field(default_factory=list)

    def add(
        self, places: Sequence[tuple[int, Windows]], service: int, visit: int | None, *, prize: int, required: bool
    ) -> None:
        """One client for each node and window, of which one is made."""
        twins = [(node, window) for node, windows in places for window in windows]
        group = None
        if len(twins) > 1:
            group = len(self.groups)
            first = len(self.clients)
            self.groups.append(pyvrp.ClientGroup(list(range(first, first + len(twins))), required=required))
        for node, (opens, closes) in twins:
            self.visits.append(visit)
            self.clients.append(
                pyvrp.Client(
                    node,
                    delivery=[int(visit is not None)] if self.limited else [],
                    service_duration=service,
                    tw_early=opens,
                    tw_late=closes,
                    prize=prize,
                    required=required and group is None,
                    group=group,
                )
            )


def solve(
    problem: Problem, weight: int, iterations: int, guard: float, *, soft: bool = False, seed: int = 1
) -> Orders | None:
    """Its orders of the visits; None where it found none that keeps all rules.

    `weight` is how many seconds of travel a prize of 1 is worth; `guard` its seconds at most. With `soft`, musts may be
    left out, which costs more than every prize; else it has no answer without all of them.
    """
    clock = Clock(problem, apart=any(day.lunch for day in problem.days))
    model = _Model(limited=any(day.max_stops is not None for day in problem.days))
    most = 1 + sum(visit.prize for visit in problem.visits if not visit.must)
    for number, visit in enumerate(problem.visits):
        required = visit.must and not soft
        prize = 0 if required else weight * (most if visit.must else visit.prize)
        model.add([(visit.node, clock.windows(visit))], visit.service, number, prize=prize, required=required)
    nodes = [visit.node for visit in problem.visits]
    for number, day in enumerate(problem.days):
        begun = clock.lunch(number)
        if day.lunch and begun:
            places = [(node, begun) for node in dict.fromkeys([day.start, *nodes, day.end])]
            model.add(places, day.lunch.duration, None, prize=0, required=True)
    if not model.clients:
        return tuple(() for _ in problem.days)
    stop = MultipleCriteria([MaxIterations(iterations), MaxRuntime(guard)])
    params = pyvrp.SolveParams(ils=_SEARCH)
    with warnings.catch_warnings():
        # Where no plan keeps the rules, breaking them gets as dear as it can: that is an answer, not an accident.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        best = pyvrp.solve(_data(problem, model, clock), stop, seed, collect_stats=False, params=params).best
    return _read(best, model, len(problem.days)) if best.is_feasible() else None


def _data(problem: Problem, model: _Model, clock: Clock) -> pyvrp.ProblemData:
    matrix: Any = np.minimum(np.array(problem.travel, dtype=np.int64), clock.longest)
    np.fill_diagonal(matrix, 0)  # it refuses others; the simulator knows what parking again costs
    depots: list[pyvrp.Depot] = []
    vehicles: list[pyvrp.VehicleType] = []
    for number, day in enumerate(problem.days):
        stops = len(model.clients) if day.max_stops is None else day.max_stops
        vehicles.append(
            pyvrp.VehicleType(
                capacity=[stops] if model.limited else [],
                start_depot=len(depots),
                end_depot=len(depots) + 1,
                tw_early=clock.at(number, day.opens),
                tw_late=clock.at(number, day.closes),
            )
        )
        depots += [pyvrp.Depot(day.start), pyvrp.Depot(day.end)]
    nowhere = [pyvrp.Location(0, 0)] * len(problem.travel)
    return pyvrp.ProblemData(nowhere, model.clients, depots, vehicles, [matrix], [matrix], model.groups)


def _read(best: pyvrp.Solution, model: _Model, days: int) -> Orders:
    orders: list[list[int]] = [[] for _ in range(days)]
    for route in best.routes():
        made = (model.visits[step.idx] for step in route if step.is_client())
        orders[route.vehicle_type()].extend(visit for visit in made if visit is not None)
    return tuple(map(tuple, orders))
