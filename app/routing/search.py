"""VROOM, PyVRP and a beam search side by side: what one finds the others have to beat."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import permutations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from app.routing import beam, by_pyvrp, by_vroom
from app.routing.clock import Clock
from app.routing.problem import UNREACHABLE, Order, Orders, Problem
from app.routing.repair import Value, mended, value, with_visit
from app.routing.simulator import breaches, simulate_all

_BEAM_NS = 45  # for each label, candidate and stop; twice that with lunch
_PYVRP_US = (150, 10)  # an iteration, and for each stop of the plan
# What a second is thought to be worth, in prizes that the best plan has a second: where time is short, where stops are.
_EAGERNESS, _EAGERNESS_FULL = (1.0, 1.5, 0.7, 2.5), (0.2, 0.0, 0.5, 1.0)
_WIDTHS = (30, 1500)
_LEGS_PER_PRIZE = 50  # PyVRP: an average prize is worth so many average legs
_FIRST, _DAYS, _PAIRS = 0.3, 0.1, 0.15  # of several days, how much goes into the first plan and into each round
_ROUNDS = 3  # at most, of one day and of two days anew
_MOST_PAIRS = 20
_WHOLE = 14  # musts that a beam can put in order as well as PyVRP can


class Search:
    """The best orders of a problem so far, which break no rule; `run` looks for better ones until its work is done.

    `seconds` is the work for each engine, `deadline` (of time.perf_counter) the guard; `cut_short` where it was hit.
    """

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
            orders = mended(self.problem, orders)
        worth = value(self.problem, orders)
        if worth > self.worth:
            self.best, self.worth, self.engine = orders, worth, engine

    def _left(self) -> float:
        """Seconds until the guard ends the search."""
        left = self.deadline - time.perf_counter()
        self.cut_short = self.cut_short or left <= 0
        return max(left, 0.0)

    def _vroom(self) -> Iterator[Orders]:
        for problem in _lunches(self.problem):
            guard = self._left()
            if guard:
                began = time.perf_counter()
                yield by_vroom.solve(problem, Clock(problem), timedelta(seconds=guard))
                self.cut_short = self.cut_short or time.perf_counter() - began >= guard

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
        every = frozenset(visit for visit in free if visits[visit].must)
        own = every.intersection(orders[number])
        for musts in dict.fromkeys((every, own)):
            # A must that does not fit is no optional visit either.
            chosen = [visit for visit in free if visit in musts or visit not in every]
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
            fitting = list(with_visit(self.problem, self.best, visit))
            if fitting:
                self._offer(self.engine, max(fitting, key=lambda orders: value(self.problem, orders)))


def _lunches(problem: Problem) -> Iterator[Problem]:
    """The problem, and where lunch may be left out because the day is over, a single day that is."""
    yield problem
    for day in problem.days if len(problem.days) == 1 else ():
        if day.lunch and day.lunch.unless_over:
            closes = day.closes if day.opens > day.lunch.latest else min(day.closes, day.lunch.latest)
            yield replace(problem, days=(replace(day, closes=closes, lunch=None),))
