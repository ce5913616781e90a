"""The best plan that VROOM, PyVRP and a beam search find, side by side, for the work that some seconds allow.

Work is counted, not timed: the same problem has the same plan on every machine. How much of it fits into a second was
measured on one core of 2.3 GHz. The clock only guards: who hits it is told (`Plan.cut_short`), because then the next
run may differ. The simulator sees every proposal before it is compared, and has the last word.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import permutations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from app.routing import beam, by_pyvrp, by_vroom
from app.routing.candidates import part_of
from app.routing.clock import Clock
from app.routing.problem import UNREACHABLE, Order, Orders, Problem
from app.routing.simulator import Run, breaches, simulate, simulate_all
from app.routing.why import LeftOut, left_out

SECONDS = 0.1  # of one core, for a rep's day
GUARD = 10.0  # times the seconds that were asked for
LEAST_GUARD = 5.0

_BEAM_NS = 45  # for each label, candidate and stop; twice that with lunch
_VROOM_US = 70  # for each candidate and stop, at its most thorough, for one day
_PYVRP_US = (150, 10)  # an iteration, and for each stop of the plan
# What a second is thought to be worth, in prizes that the best plan has a second: where time is short, where stops are.
_EAGERNESS, _EAGERNESS_FULL = (1.0, 1.5, 0.7, 2.5), (0.2, 0.0, 0.5, 1.0)
_WIDTHS = (30, 1500)
_LEGS_PER_PRIZE = 8  # PyVRP: an average prize is worth so many average legs
_FIRST, _DAYS, _PAIRS = 0.3, 0.1, 0.15  # of several days, how much goes into the first plan and into each round
_ROUNDS = 3  # at most, of one day and of two days anew
_MOST_PAIRS = 20
_WHOLE = 14  # musts that a beam can put in order as well as PyVRP can

Value = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run for each day, which breaks no rule, and whoever is left out, with the reason.

    `hopeless` are days that are too short even without a visit: no lunch fits, or the way home; their runs are empty
    and the only ones that break rules. `seconds` is the time that solving took.
    """

    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]
    hopeless: tuple[int, ...]
    engine: str
    seconds: float
    cut_short: bool

    @property
    def orders(self) -> Orders:
        return tuple(run.order for run in self.runs)


def value(problem: Problem, orders: Orders) -> Value:
    """Musts, prizes of optional visits, travel (negative): the greater the better."""
    made = [problem.visits[visit] for order in orders for visit in order]
    travel = sum(sum(problem.legs(day, order)) for day, order in zip(problem.days, orders, strict=True))
    return sum(visit.must for visit in made), sum(visit.prize for visit in made if not visit.must), -travel


def plan(problem: Problem, seconds: float = SECONDS) -> Plan:
    """The best plan found, with work for about `seconds` on one core for each engine."""
    started = time.perf_counter()
    part = part_of(problem)
    search = _Search(part.problem, seconds, started + max(LEAST_GUARD, GUARD * seconds))
    search.run()
    orders = part.whole(search.best, len(problem.days))
    runs = simulate_all(problem, orders)
    return Plan(
        runs=runs,
        left_out=left_out(problem, orders),
        hopeless=tuple(number for number in range(len(problem.days)) if number not in part.days),
        engine=search.engine,
        seconds=time.perf_counter() - started,
        cut_short=search.cut_short,
    )


class _Search:
    """The best orders so far of a problem."""

    def __init__(self, problem: Problem, seconds: float, deadline: float) -> None:
        self.problem = problem
        self.travel: NDArray[np.int64] = np.array(problem.travel, dtype=np.int64)
        self.seconds, self.deadline = seconds, deadline
        self.best: Orders = tuple(() for _ in problem.days)
        self.worth = value(problem, self.best)
        self.engine = "none"
        self.cut_short = False

    def run(self) -> None:
        """Engine after engine, then what the others overlooked."""
        if not self.problem.visits:
            return
        musts = sum(visit.must for visit in self.problem.visits)
        for orders in self._vroom():
            self._offer("vroom", orders)
        optional = musts < len(self.problem.visits)
        if optional or musts <= _WHOLE:
            self._beams()
        self._pyvrp(musts)
        for turn in range(_ROUNDS):
            before = self.worth
            self._days_anew(turn)
            if optional:
                self._pairs_anew(turn)
            if self.worth == before:
                break
        self._fill()

    def _offer(self, engine: str, orders: Orders) -> None:
        """Take these orders where they are better, as far as the simulator agrees with them."""
        runs = simulate_all(self.problem, orders)
        if any(breaches(self.problem, runs)):
            orders = _mended(self.problem, orders)
        worth = value(self.problem, orders)
        if worth > self.worth:
            self.best, self.worth, self.engine = orders, worth, engine

    def _left(self) -> float:
        """Seconds until the guard ends the search."""
        left = self.deadline - time.perf_counter()
        self.cut_short = self.cut_short or left <= 0
        return max(left, 0.0)

    def _vroom(self) -> Iterator[Orders]:
        level = self._level()
        for problem in _lunches(self.problem):
            guard = self._left()
            if guard:
                began = time.perf_counter()
                yield by_vroom.solve(problem, Clock(problem), level, timedelta(seconds=guard))
                self.cut_short = self.cut_short or time.perf_counter() - began >= guard

    def _level(self) -> int:
        """VROOM's most thorough exploration that this much work allows: it takes about n x stops x (level + 1)."""
        size = len(self.problem.visits)
        near = float(np.partition(self.travel, min(2, len(self.travel) - 1), axis=1)[:, :3].mean())
        each = near + fmean(visit.service for visit in self.problem.visits)
        stops = [min(day.max_stops or size, (day.closes - day.opens) / max(each, 1)) for day in self.problem.days]
        whole = _VROOM_US * size * min(sum(stops), size) * (2 + len(stops)) / 3
        return int(min(max(6e6 * self.seconds * 2 / whole - 1, 0), 5))

    def _pyvrp(self, musts: int) -> None:
        stops = sum(map(len, self.best))
        prizes = [visit.prize for visit in self.problem.visits if not visit.must]
        legs = self.travel[self.travel < UNREACHABLE]
        leg = float(legs.mean()) if legs.size else 1.0
        weight = max(1, round(_LEGS_PER_PRIZE * leg / (fmean(prizes) if prizes else 1)))
        each, per_stop = _PYVRP_US
        iterations = round(1e6 * self.seconds / (each + per_stop * max(stops, 1)))
        for soft in (False, True) if musts else (True,):
            guard = self._left()
            if not guard:
                return
            began = time.perf_counter()
            orders = by_pyvrp.solve(self.problem, weight, max(iterations, 50), guard, soft=soft)
            self.cut_short = self.cut_short or time.perf_counter() - began >= guard
            if orders is not None:
                self._offer("pyvrp", orders)
            if self.worth[0] == musts:
                return

    def _beams(self) -> None:
        """Each day anew, from both ends, with different ideas of what time is worth."""
        days = len(self.problem.days)
        width = self._width(self.seconds * (1 if days == 1 else _FIRST) / (2 * len(_EAGERNESS) * days))
        for turn in range(len(_EAGERNESS)):
            for number in range(len(self.problem.days)):
                self._day_anew(number, turn, width)

    def _days_anew(self, turn: int) -> None:
        """Each day once more with what the others leave over, then only its own visits by the least travel."""
        for number, _ in enumerate(self.problem.days):
            if len(self.problem.days) > 1:
                self._day_anew(number, turn, self._width(self.seconds * _DAYS / (2 * len(self.problem.days))))
            own = self.best[number]
            if 1 < len(own) <= _WHOLE and self._left():
                day = beam.table(self.problem, self.travel, number, own, frozenset(own))
                self._offer_day(self.best, number, [beam.best(day, 100, 1e-6, 1.0)])

    def _pairs_anew(self, turn: int) -> None:
        """Two days from the beginning, one and then the other: alone, neither gives up what the other needs."""
        days = range(len(self.problem.days))
        pairs = sorted(permutations(days, 2), key=lambda pair: abs(pair[0] - pair[1]))[:_MOST_PAIRS]
        width = self._width(self.seconds * _PAIRS / max(4 * len(pairs), 1))
        for pair in pairs:
            orders = list(self.best)
            for number in pair:
                orders[number] = tuple(visit for visit in orders[number] if self.problem.visits[visit].must)
            for number in pair:
                found = self._found(tuple(orders), number, turn, width)
                self._offer_day(tuple(orders), number, found)
                orders[number] = max(found, key=partial(self._worth, orders, number), default=orders[number])

    def _worth(self, orders: Sequence[Order], number: int, order: Order) -> Value:
        return value(self.problem, (*orders[:number], order, *orders[number + 1 :]))

    def _width(self, seconds: float) -> int:
        stops = max(map(len, self.best)) + 1
        least, most = _WIDTHS
        lunches = 2 if any(day.lunch for day in self.problem.days) else 1
        each = _BEAM_NS * lunches * len(self.problem.visits) * stops
        return int(min(max(1e9 * seconds / each, least), most))

    def _day_anew(self, number: int, turn: int, width: int) -> None:
        self._offer_day(self.best, number, self._found(self.best, number, turn, width))

    def _found(self, orders: Orders, number: int, turn: int, width: int) -> list[Order]:
        """What beams from both ends make of a day, beside the orders of the others."""
        if not self._left():
            return []
        visits, day = self.problem.visits, self.problem.days[number]
        others = {visit for other, order in enumerate(orders) if other != number for visit in order}
        free = [visit for visit in range(len(visits)) if visit not in others]
        optional = [visits[visit].prize for visit in self.best[number] if not visits[visit].must]
        prizes = sum(optional) or max((visits[visit].prize for visit in free), default=0) or 1
        full = len(self.best[number]) == day.max_stops
        rate = (_EAGERNESS_FULL if full else _EAGERNESS)[turn] * prizes / max(day.closes - day.opens, 1)
        per_must = prizes / max(len(optional), 1)
        missing = frozenset(visit for visit in free if visits[visit].must)
        own = missing.intersection(orders[number])
        for musts in dict.fromkeys((missing, own)):
            # A must that does not fit is no optional visit either.
            chosen = [visit for visit in free if visit in musts or visit not in missing]
            table = beam.table(self.problem, self.travel, number, chosen, musts)
            found = beam.best(table, width, rate, per_must=per_must)
            back = beam.best(table.mirrored(), width, rate, per_must=per_must)
            if found is not None or back is not None:
                return [order for order in (found, back and back[::-1]) if order is not None]
        return []

    def _offer_day(self, orders: Orders, number: int, found: Iterable[Order | None]) -> None:
        """The orders with another one for that day."""
        for order in found:
            if order is not None:
                self._offer("beam", (*orders[:number], order, *orders[number + 1 :]))

    def _fill(self) -> None:
        """Whatever still fits in, the most valuable first: nobody shall find a gap that the plan has left."""
        made = {visit for order in self.best for visit in order}
        visits = self.problem.visits
        missing = (visit for visit in range(len(visits)) if visit not in made)
        for visit in sorted(missing, key=lambda visit: (not visits[visit].must, -visits[visit].prize)):
            fitting = list(_with(self.problem, self.best, visit))
            if fitting:
                self._offer(self.engine, max(fitting, key=lambda orders: value(self.problem, orders)))


def _lunches(problem: Problem) -> Iterator[Problem]:
    """The problem, and where lunch may be left out because the day is over, a single day that is."""
    yield problem
    for day in problem.days[: 2 - len(problem.days)]:
        if day.lunch and day.lunch.unless_over:
            closes = day.closes if day.opens > day.lunch.latest else min(day.closes, day.lunch.latest)
            yield replace(problem, days=(replace(day, closes=closes, lunch=None),))


def _mended(problem: Problem, orders: Orders) -> Orders:
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


def _with(problem: Problem, orders: Orders, visit: int) -> Iterator[Orders]:
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
