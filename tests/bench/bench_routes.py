"""How far plans are from the best known, and how long they take, on the routing instances of the shared folder.

    python -m tests.bench.bench_routes [set...]

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared). The sets, each with its own `seconds` of work for each
engine: `optw` (optional visits, one window), `mtw` (two windows), `tsptw` (every visit a must), `days` (several days),
`dayplan` (a rep's day; from another program, as JSON). Prints name=value lines: `*_gap_percent` the mean gap to the
reference (negative: better than it), `*_at_reference` how many are as good, `*_of` how many there are, `*_cpu_s` the
mean time of all engines one after the other on one core, `*_cpu_p95_s` and `*_cpu_most_s`. Each plan passes the
simulator, or the bench fails. Ends with status 1 where a goal is missed.
"""

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.routing.simulator import breaches
from app.routing.solver import SECONDS, plan
from tests.bench import routing_sets
from tests.bench.routing_sets import Instance


@dataclass(frozen=True, slots=True)
class Goal:
    instances: Callable[[], Iterable[Instance]]
    seconds: float
    gap_percent: float
    p95: float = math.inf


GOALS = {
    "optw": Goal(lambda: routing_sets.optional_visits(1), 0.5, 0.15),
    "mtw": Goal(routing_sets.two_windows, 0.5, 0.6),
    "tsptw": Goal(routing_sets.every_visit, 1.0, 0.05),
    "days": Goal(lambda: (each for m in (2, 3, 4) for each in routing_sets.optional_visits(m)), 2.0, 0.5),
    "dayplan": Goal(lambda: (each for each, _ in routing_sets.rep_days()), SECONDS, 0.5, 0.3),
}


def main(names: list[str]) -> bool:
    """Whether every goal of these sets, or of all, is reached."""
    reached = [measured(name, GOALS[name]) for name in names or GOALS]
    return all(reached)


def measured(name: str, goal: Goal) -> bool:
    gaps, times = [], []
    for instance in goal.instances():
        began = time.process_time()
        found = plan(instance.problem, goal.seconds)
        times.append(time.process_time() - began)
        assert not list(breaches(instance.problem, found.runs)), instance.name
        gaps.append(instance.gap(found.orders))
        if gaps[-1] > 1e-9 or found.cut_short:
            print(f"# {instance.name}: gap {gaps[-1]:.3f} % by {found.engine}{', cut short' * found.cut_short}")
    p95 = sorted(times)[math.ceil(0.95 * len(times)) - 1]
    print(f"{name}_gap_percent={statistics.fmean(gaps):.3f}")
    print(f"{name}_at_reference={sum(gap <= 1e-9 for gap in gaps)}")
    print(f"{name}_of={len(gaps)}")
    print(f"{name}_cpu_s={statistics.fmean(times):.3f}")
    print(f"{name}_cpu_p95_s={p95:.3f}")
    print(f"{name}_cpu_most_s={max(times):.3f}", flush=True)
    return statistics.fmean(gaps) <= goal.gap_percent and p95 <= goal.p95


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
