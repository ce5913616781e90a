"""What is planned: visits, the days (or reps) that can make them, and how long every way takes.

Times are whole seconds from the midnight of their own day. A node is a row of the travel matrix: seconds from row to
column, whatever parking costs included. Ways that do not exist are UNREACHABLE. No way is longer than one through a
third node, as fastest ways are: a visit that cannot be made alone is not tried beside others. A place that is nowhere
(a day without a known start) is a node of its own whose ways are all 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Window = tuple[int, int]
"""A visit may begin from the first to the last second, both included."""

Windows = tuple[Window, ...]
"""Those of one day, in their order, without overlap; () is a day on which it cannot be."""

Matrix = Sequence[Sequence[int]]
Order = tuple[int, ...]
"""Positions in `Problem.visits`, as one day visits them."""

Orders = tuple[Order, ...]
"""One order for each of `Problem.days`."""

UNREACHABLE = 10_000_000  # 115 days: longer than every shift, and small enough to be added up
ANY_TIME: Windows = ((0, UNREACHABLE),)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of `service` seconds at `node`. `windows` has one entry for each of the problem's days.

    A must has to be in the plan if that is possible at all. `prize` is what an optional visit is worth; those worth
    nothing are never driven to. Of a must it means nothing.
    """

    node: int
    service: int
    windows: tuple[Windows, ...]
    must: bool = False
    prize: int = 0


@dataclass(frozen=True, slots=True)
class Lunch:
    """A break of `duration` seconds that begins from `earliest` to `latest`, at any moment after leaving one node and
    before the visit at the next: it may interrupt the drive. With `unless_over`, a day needs none that has ended by
    `latest`, or begins after it."""

    earliest: int
    latest: int
    duration: int
    unless_over: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one rep: leaves `start` at `opens` or later, is at `end` by `closes`, makes `max_stops` at most."""

    start: int
    end: int
    opens: int
    closes: int
    lunch: Lunch | None = None
    max_stops: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """ValueError, which names the place, where it contradicts itself. That it cannot be solved is no contradiction.

    The best plan makes the most musts, then has the greatest sum of prizes of optional visits, then the least travel.
    """

    visits: tuple[Visit, ...]
    days: tuple[Day, ...]
    travel: Matrix

    def __post_init__(self) -> None:
        size = len(self.travel)
        for number, row in enumerate(self.travel):
            if len(row) != size:
                raise ValueError(f"travel: row {number} has {len(row)} columns, the matrix has {size} rows")
            if row and min(row) < 0:
                raise ValueError(f"travel: row {number} has a negative time")
        for number, day in enumerate(self.days):
            where = f"day {number}"
            _inside(day.start, size, f"{where}: start")
            _inside(day.end, size, f"{where}: end")
            if day.lunch is not None and day.lunch.duration < 0:
                raise ValueError(f"{where}: a lunch takes no negative time")
            if day.max_stops is not None and day.max_stops < 0:
                raise ValueError(f"{where}: max_stops is negative")
        for number, visit in enumerate(self.visits):
            where = f"visit {number}"
            _inside(visit.node, size, f"{where}: node")
            if len(visit.windows) != len(self.days):
                raise ValueError(f"{where}: has windows for {len(visit.windows)} of {len(self.days)} days")
            if visit.service < 0 or visit.prize < 0:
                raise ValueError(f"{where}: neither its length nor its prize can be negative")
            for windows in visit.windows:
                ends = [end for window in windows for end in window]
                if ends != sorted(ends):
                    raise ValueError(f"{where}: its windows overlap, or are not in order")

    def legs(self, day: Day, order: Order) -> list[int]:
        """Seconds of travel to each visit of the order, and last to the day's end."""
        nodes = [day.start, *(self.visits[number].node for number in order), day.end]
        return [self.travel[origin][target] for origin, target in pairwise(nodes)]


def _inside(node: int, size: int, what: str) -> None:
    if not 0 <= node < size:
        raise ValueError(f"{what} {node} is outside the matrix of {size} nodes")


def normal(windows: Sequence[Window]) -> Windows:
    """Windows in their order, those that touch or overlap joined, those that end before they begin left out."""
    joined: list[Window] = []
    for first, last in sorted(window for window in windows if window[0] <= window[1]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)
