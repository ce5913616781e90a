"""What a plan is worth, and orders put right: without the visits that break a rule, with those that still fit in."""

from collections.abc import Iterator
from dataclasses import replace

from app.routing.problem import Order, Orders, Problem
from app.routing.simulator import simulate

Value = tuple[int, int, int]


def value(problem: Problem, orders: Orders) -> Value:
    """Musts, prizes of optional visits, travel (negative): the greater the better."""
    made = [problem.visits[visit] for order in orders for visit in order]
    travel = sum(sum(problem.legs(day, order)) for day, order in zip(problem.days, orders, strict=True))
    return sum(visit.must for visit in made), sum(visit.prize for visit in made if not visit.must), -travel


def mended(problem: Problem, orders: Orders) -> Orders:
    """The visits of the orders one after the other, without those that break a rule."""
    kept: list[Order] = []
    seen: set[int] = set()
    for number, order in enumerate(orders):
        good: Order = ()
        for visit in order:
            if visit not in seen and not simulate(problem, number, (*good, visit)).breaches:
                good = (*good, visit)
                seen.add(visit)
        kept.append(good)
    return tuple(kept)


def with_visit(problem: Problem, orders: Orders, visit: int) -> Iterator[Orders]:
    """The orders with one more visit, wherever that breaks no rule."""
    new = problem.visits[visit]
    for number, order in enumerate(orders):
        windows = new.windows[number]
        if not windows or len(order) == problem.days[number].max_stops:
            continue
        for place, ((leave, origin), (until, target)) in enumerate(_gaps(problem, number, order)):
            start = max(leave + problem.travel[origin][new.node], windows[0][0])
            if start > windows[-1][1] or start + new.service + problem.travel[new.node][target] > until:
                continue
            longer = (*order[:place], visit, *order[place:])
            if not simulate(problem, number, longer).breaches:
                yield (*orders[:number], longer, *orders[number + 1 :])


def _gaps(problem: Problem, number: int, order: Order) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """For each leg of the day without its lunch, which makes nothing earlier: from when one can leave which node, and
    until when one must arrive at which."""
    day, visits = problem.days[number], [problem.visits[visit] for visit in order]
    hungry = replace(problem, days=tuple(replace(each, lunch=None) for each in problem.days))
    leave = [(day.opens, day.start)]
    leave += [
        (stop.depart, visit.node) for stop, visit in zip(simulate(hungry, number, order).stops, visits, strict=True)
    ]
    until = [(day.closes, day.end)]
    for visit in reversed(visits):
        latest = until[-1][0] - problem.travel[visit.node][until[-1][1]] - visit.service
        until.append((max(min(last, latest) for first, last in visit.windows[number] if first <= latest), visit.node))
    return list(zip(leave, reversed(until), strict=True))
