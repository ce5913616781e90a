"""Small days for the tests, drawn by hypothesis, and every plan that there is for them."""

from collections.abc import Iterator
from itertools import permutations, product

from hypothesis import strategies as st

from app.routing.problem import Day, Lunch, Matrix, Order, Orders, Problem, Visit, Windows, normal

SHIFT = 60

windows = st.lists(st.tuples(st.integers(0, SHIFT), st.integers(0, SHIFT)), max_size=2).map(normal)
lunches = st.builds(
    lambda earliest, length, duration, unless_over: Lunch(earliest, earliest + length, duration, unless_over),
    st.integers(0, SHIFT),
    st.integers(0, 15),
    st.integers(0, 10),
    st.booleans(),
)


@st.composite
def problems(draw: st.DrawFn, most: int = 4, days: int = 1) -> Problem:
    """Places on a grid, between which one drives along the streets, and parks."""
    size = draw(st.integers(2, most + 2))
    points = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=size, max_size=size))
    parking = draw(st.integers(0, 3))
    travel: Matrix = [
        [
            0 if a == b else parking + abs(points[a][0] - points[b][0]) + abs(points[a][1] - points[b][1])
            for b in range(size)
        ]
        for a in range(size)
    ]
    visits = []
    for node in range(2, size):
        each: tuple[Windows, ...] = tuple(draw(windows) for _ in range(days))
        visits.append(Visit(node, draw(st.integers(0, 12)), each, draw(st.booleans()), draw(st.integers(0, 9))))
    ends = [draw(st.integers(10, SHIFT)) for _ in range(days)]
    limits = [draw(st.none() | st.integers(0, most)) for _ in range(days)]
    breaks = [draw(st.none() | lunches) for _ in range(days)]
    return Problem(
        tuple(visits),
        tuple(Day(0, 1, 0, ends[n], breaks[n], limits[n]) for n in range(days)),
        travel,
    )


def finishes(problem: Problem, number: int, order: Order) -> set[int]:
    """When the day can be over without breaking a rule: for every leg, and every second at which lunch may begin."""
    day = problem.days[number]
    if len(set(order)) < len(order) or (day.max_stops is not None and len(order) > day.max_stops):
        return set()
    ends: set[int | None] = set()
    if day.lunch is None or day.lunch.unless_over:
        ends = {_walked(problem, number, order, None, 0)}
    if day.lunch and day.lunch.unless_over and day.opens <= day.lunch.latest:
        latest = day.lunch.latest
        ends = {end for end in ends if end is not None and end <= latest}
    if day.lunch:
        begun = range(day.lunch.earliest, day.lunch.latest + 1)
        ends |= {_walked(problem, number, order, leg, second) for leg in range(len(order) + 1) for second in begun}
    return {end for end in ends if end is not None and end <= day.closes}


def _walked(problem: Problem, number: int, order: Order, lunch_leg: int | None, lunch_at: int) -> int | None:
    """When the day is over with lunch on that leg at that second; None where a rule breaks."""
    day = problem.days[number]
    clock, here = day.opens, day.start
    for leg, visited in enumerate((*order, None)):
        node = day.end if visited is None else problem.visits[visited].node
        ready = clock + problem.travel[here][node]
        if leg == lunch_leg and day.lunch:
            if lunch_at < clock:
                return None
            ready = max(ready, lunch_at) + day.lunch.duration
        if visited is None:
            return ready
        visit = problem.visits[visited]
        begun = [second for first, last in visit.windows[number] for second in range(max(first, ready), last + 1)]
        if not begun:
            return None
        clock, here = min(begun) + visit.service, node
    return clock


def every_plan(problem: Problem) -> Iterator[Orders]:
    """Each way to spread some of the visits over the days, in each order."""
    days = len(problem.days)
    for place in product(range(days + 1), repeat=len(problem.visits)):
        parts = [[visit for visit, day in enumerate(place) if day == number] for number in range(days)]
        yield from product(*(permutations(part) for part in parts))
