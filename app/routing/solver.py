"""The best plan that VROOM, PyVRP and a beam search find, for the work that some seconds allow.

Work is counted, not timed: the same problem has the same plan on every machine. How much of it fits into a second was
measured on one core of 2.3 GHz. The clock only guards: who hits it is told (`Plan.cut_short`), because then the next
run may differ. The simulator sees every proposal before it is compared, and has the last word.
"""

import time
from dataclasses import dataclass

from app.routing.candidates import part_of
from app.routing.problem import Orders, Problem
from app.routing.search import Search
from app.routing.simulator import Run, simulate_all
from app.routing.why import LeftOut, left_out

SECONDS = 0.05  # of one core, for a rep's day; with 0.08 more was found on 2 of 72
GUARD = 10.0  # times the seconds that were asked for
LEAST_GUARD = 5.0


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


def plan(problem: Problem, seconds: float = SECONDS) -> Plan:
    """The best plan found, with work for about `seconds` on one core for each engine."""
    started = time.perf_counter()
    part = part_of(problem)
    search = Search(part.problem, seconds, started + max(LEAST_GUARD, GUARD * seconds))
    search.run()
    orders = part.whole(search.best, len(problem.days))
    runs = simulate_all(problem, orders)
    return Plan(
        runs=runs,
        left_out=left_out(problem, orders),
        hopeless=tuple(number for number, run in enumerate(runs) if run.breaches),
        engine=search.engine,
        seconds=time.perf_counter() - started,
        cut_short=search.cut_short,
    )
