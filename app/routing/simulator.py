"""What an order makes of a day: every time, and every rule that it breaks.

It knows no solver, and shares no arithmetic with the search: every plan passes it before anyone sees it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.routing.problem import Lunch, Order, Orders, Problem, Windows


class Breach(StrEnum):
    """A rule that a plan breaks."""

    CLOSED = "closed"  # the visit has no window on that day
    TOO_LATE = "too_late"  # it begins after its last window
    AFTER_SHIFT = "after_shift"  # the day does not end in time
    LUNCH_TOO_LATE = "lunch_too_late"
    MAX_STOPS = "max_stops"
    TWICE = "twice"  # the same visit again


@dataclass(frozen=True, slots=True)
class StopTimes:
    """Seconds since midnight: arrive <= start (waiting, or lunch, lies between) <= depart."""

    visit: int
    travel: int
    arrive: int
    start: int
    depart: int


@dataclass(frozen=True, slots=True)
class Run:
    """A simulated day. `breaches` name the visit, or None where it is the day as a whole. `lunch_after` stops lunch is
    taken, None where the day needs none."""

    stops: tuple[StopTimes, ...]
    lunch_start: int | None
    lunch_after: int | None
    finish: int
    travel: int
    breaches: tuple[tuple[Breach, int | None], ...]

    @property
    def order(self) -> Order:
        return tuple(stop.visit for stop in self.stops)


def simulate(problem: Problem, number: int, order: Order) -> Run:
    """The day `number` of the problem in this order, leaving at once and beginning each visit as soon as it may.

    A broken rule does not stop the clock. Lunch is taken on the leg where it breaks the fewest rules and then ends the
    day soonest; the first of such legs.
    """
    day = problem.days[number]
    if day.lunch is None:
        return _run(problem, number, order, None)
    without = _run(problem, number, order, None)
    if day.lunch.unless_over and (without.finish <= day.lunch.latest or day.opens > day.lunch.latest):
        return without
    # Before a visit that is over by then one would sit and wait for lunch; after its latest time it is too late.
    first = sum(stop.depart <= day.lunch.earliest for stop in without.stops)
    last = max(first, sum(stop.depart <= day.lunch.latest for stop in without.stops))
    runs = (_run(problem, number, order, after) for after in range(first, last + 1))
    return min(runs, key=lambda run: (len(run.breaches), run.finish))


def simulate_all(problem: Problem, orders: Orders) -> tuple[Run, ...]:
    """Each day, one after the other; ValueError where there is not one order for each."""
    if len(orders) != len(problem.days):
        raise ValueError(f"{len(orders)} orders for {len(problem.days)} days")
    return tuple(simulate(problem, number, order) for number, order in enumerate(orders))


def breaches(problem: Problem, runs: tuple[Run, ...]) -> Iterator[tuple[Breach, int | None]]:
    """Every broken rule of the days, and of the visits that are made more than once among them."""
    seen: set[int] = set()
    for run in runs:
        yield from run.breaches
        yield from ((Breach.TWICE, visit) for visit in sorted(seen.intersection(run.order)))
        seen.update(run.order)


def _run(problem: Problem, number: int, order: Order, lunch_after: int | None) -> Run:
    day = problem.days[number]
    legs = problem.legs(day, order)
    clock, lunch_start = day.opens, None
    stops: list[StopTimes] = []
    broken: list[tuple[Breach, int | None]] = []
    for place, (visited, leg) in enumerate(zip(order, legs, strict=False)):
        visit = problem.visits[visited]
        arrive = ready = clock + leg
        if place == lunch_after and day.lunch:
            lunch_start, arrive, ready = _with_lunch(clock, arrive, day.lunch)
        start, late = _start(visit.windows[number], ready)
        clock = start + visit.service
        stops.append(StopTimes(visited, leg, arrive, start, clock))
        if late:
            broken.append((late, visited))
        if visited in order[:place]:
            broken.append((Breach.TWICE, visited))
    finish = clock + legs[-1]
    if lunch_after == len(order) and day.lunch:
        lunch_start, _, finish = _with_lunch(clock, finish, day.lunch)
    if finish > day.closes:
        broken.append((Breach.AFTER_SHIFT, None))
    if lunch_start is not None and day.lunch and lunch_start > day.lunch.latest:
        broken.append((Breach.LUNCH_TOO_LATE, None))
    if day.max_stops is not None and len(order) > day.max_stops:
        broken.append((Breach.MAX_STOPS, None))
    return Run(tuple(stops), lunch_start, lunch_after, finish, sum(legs), tuple(broken))


def _with_lunch(depart: int, arrive: int, lunch: Lunch) -> tuple[int, int, int]:
    """Start of lunch, arrival and readiness for the visit, on a leg with lunch. It is eaten as soon as it may: before
    the drive or on the way where its time has come by the arrival, else at the place."""
    at = max(depart, lunch.earliest)
    eaten = at + lunch.duration
    return (at, arrive + lunch.duration, arrive + lunch.duration) if at <= arrive else (at, arrive, eaten)


def _start(windows: Windows, ready: int) -> tuple[int, Breach | None]:
    """When a visit begins for someone who is there at `ready`, and which rule that breaks."""
    for first, last in windows:
        if ready <= last:
            return max(first, ready), None
    return ready, Breach.TOO_LATE if windows else Breach.CLOSED
