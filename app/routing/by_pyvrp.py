"""PyVRP (Wouda, Lan, Kool, MIT): iterated local search that looks for the least travel and lost prizes.

It knows neither several windows nor breaks. A visit with several windows is a group of twins, one for each, of which one is
made. Lunch is a group of twins, one at each node: eaten after a visit before leaving, or before the next on arrival. That
is as good as on the way, but where the drive is longer than the time in which lunch may begin.
The same seed and number of iterations have the same answer.
"""

from typing import Any

import numpy as np

from app.routing.clock import Clock
from app.routing.problem import Orders, Problem


def solve(problem: Problem, weight: int, iterations: int, start: Orders | None = None, seed: int = 1, ils: dict[str, Any] | None = None, must: int = 0, **kw: Any) -> Orders | None:
    import pyvrp
    from pyvrp.stop import MaxIterations

    clock = Clock(problem, apart=len(problem.days) > 1 and any(day.lunch for day in problem.days))
    matrix = np.minimum(np.array(problem.travel, dtype=np.int64), clock.longest)
    clients: list[Any] = []
    groups: list[Any] = []
    visits: list[int | None] = []
    limited = any(day.max_stops is not None for day in problem.days)

    def add(node: int, service: int, windows: Any, load: int, required: bool, prize: int, visit: int | None) -> None:
        single = len(windows) == 1
        if not single:
            groups.append(pyvrp.ClientGroup(required=required))
        for first, last in windows:
            if not single:
                groups[-1].add_client(len(clients))
            clients.append(
                pyvrp.Client(
                    node,
                    delivery=[load] if limited else [],
                    service_duration=service,
                    tw_early=first,
                    tw_late=last,
                    prize=prize,
                    required=required and single,
                    group=None if single else len(groups) - 1,
                )
            )
            visits.append(visit)

    for number, visit in enumerate(problem.visits):
        windows = clock.windows(visit)
        if windows:
            must_here = visit.must and not must
            add(visit.node, visit.service, windows, 1, must_here, (must if visit.must else visit.prize * weight) if not must_here else 0, number)
    nodes = sorted({visit.node for visit in problem.visits})
    for number, day in enumerate(problem.days):
        if day.lunch:
            groups.append(pyvrp.ClientGroup(required=True))
            for node in dict.fromkeys([day.start, *nodes, day.end]):
                groups[-1].add_client(len(clients))
                clients.append(
                    pyvrp.Client(
                        node,
                        delivery=[0] if limited else [],
                        service_duration=day.lunch.duration,
                        tw_early=clock.at(number, day.lunch.earliest),
                        tw_late=clock.at(number, day.lunch.latest),
                        required=False,
                        group=len(groups) - 1,
                    )
                )
                visits.append(None)
    depots, vehicles = [], []
    for number, day in enumerate(problem.days):
        vehicles.append(
            pyvrp.VehicleType(
                start_depot=len(depots),
                end_depot=len(depots) + 1,
                tw_early=clock.at(number, day.opens),
                tw_late=clock.at(number, day.closes),
                capacity=[len(clients) if day.max_stops is None else day.max_stops] if limited else [],
            )
        )
        depots += [pyvrp.Depot(day.start), pyvrp.Depot(day.end)]
    if not clients:
        return tuple(() for _ in problem.days)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in problem.travel], clients, depots, vehicles, [matrix], [matrix], groups
    )
    params = pyvrp.SolveParams(ils=pyvrp.IteratedLocalSearchParams(**(ils or dict(num_iters_no_improvement=1000, history_length=10))), **kw)
    result = pyvrp.solve(data, MaxIterations(iterations), seed=seed, collect_stats=False, display=False, params=params)
    if not result.best.is_feasible():
        return None
    orders: list[list[int]] = [[] for _ in problem.days]
    for route in result.best.routes():
        for activity in route:
            if activity.is_client() and visits[activity.idx] is not None:
                orders[route.vehicle_type()].append(visits[activity.idx])
    return tuple(map(tuple, orders))
