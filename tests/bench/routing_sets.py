"""The routing instances of the shared folder, read into problems. Its README tells each format and where it is from."""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.routing.dayfile import read_day
from app.routing.problem import UNREACHABLE, Day, Matrix, Orders, Problem, Visit, Windows, normal
from app.routing.simulator import simulate_all
from tests.shared import SHARED

FOLDER = SHARED / "routing"


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem with the value of the best plan known: the sum of prizes, or the travel where every visit is a must."""

    name: str
    problem: Problem
    reference: float
    least_travel: bool = False

    def value(self, orders: Orders) -> float:
        if self.least_travel:
            return sum(run.travel for run in simulate_all(self.problem, orders))
        return sum(self.problem.visits[number].prize for order in orders for number in order)

    def gap(self, orders: Orders) -> float:
        """How much worse than the reference, in percent; negative where better. Each missing must counts as 100."""
        missing = sum(visit.must for visit in self.problem.visits) - sum(
            self.problem.visits[number].must for order in orders for number in order
        )
        value = self.value(orders)
        off = value - self.reference if self.least_travel else self.reference - value
        return 100 * (off / self.reference + missing) if self.reference else 0.0


def optional_visits(days: int) -> Iterator[Instance]:
    """optw: one window each, the same on each of the days."""
    for row in _manifest("optw"):
        if row["objective"] == f"total score, m={days}":
            yield Instance(f"{row['file']} m={days}", _optw(FOLDER / "optw" / row["file"], days), float(row["value"]))


def two_windows() -> Iterator[Instance]:
    """mtw: two windows each, one day."""
    for row in _manifest("mtw"):
        yield Instance(row["file"], _mtw(FOLDER / "mtw" / row["file"]), float(row["value"]))


def every_visit() -> Iterator[Instance]:
    """tsptw: all musts, one window each, one day."""
    for row in _manifest("tsptw"):
        yield Instance(row["file"], _tsptw(FOLDER / "tsptw" / row["file"]), float(row["value"]), least_travel=True)


def rep_days() -> Iterator[tuple[Instance, int]]:
    """dayplan: a rep's day each, and the travel of its best plan known."""
    for path in sorted((FOLDER / "dayplan").glob("*.json")):
        content = json.loads(path.read_text())
        best = content["best_found"]
        yield Instance(path.name, read_day(content), best["prize"]), best["travel"]


def _manifest(folder: str) -> list[dict[str, str]]:
    with (FOLDER / "manifest.csv").open(newline="") as lines:
        return [
            row for row in csv.DictReader(lines) if row["set"] == folder and (FOLDER / folder / row["file"]).exists()
        ]


def _optw(path: Path, days: int) -> Problem:
    scale = 100 if path.name.startswith("pr") else 10
    rows = [line.split() for line in path.read_text().splitlines()[2:] if line.strip()]
    windows = [((_scaled(row[-2], scale), _scaled(row[-1], scale)),) for row in rows]
    return _euclidean(rows, windows, windows[0][0][1], days, scale)


def _mtw(path: Path) -> Problem:
    scale = 100 if "-pr" in path.name else 10
    rows = [line.split() for line in path.read_text().splitlines()[1:] if line.strip()]
    windows: list[Windows] = [()]
    for row in rows[1:]:
        times = [_scaled(text, scale) for text in row[5:10]]
        pairs = ((0, 1), (2, 3)) if row[10] == "1" else ((1, 2), (3, 4))
        windows.append(normal([(times[first], times[last]) for first, last in pairs]))
    return _euclidean(rows, windows, _scaled(rows[0][6], scale), 1, scale)


def _euclidean(rows: list[list[str]], windows: list[Windows], closes: int, days: int, scale: int) -> Problem:
    points = [(float(row[1]), float(row[2])) for row in rows]
    travel = [[math.floor(scale * math.dist(a, b) + 1e-9) for b in points] for a in points]
    visits = tuple(
        Visit(node, _scaled(row[3], scale), (windows[node],) * days, prize=round(float(row[4])))
        for node, row in enumerate(rows)
        if node
    )
    return Problem(visits, (Day(0, 0, 0, closes),) * days, travel)


def _tsptw(path: Path) -> Problem:
    numbers = iter(path.read_text().split())
    size = int(next(numbers))
    travel: Matrix = [[round(float(next(numbers))) for _ in range(size)] for _ in range(size)]
    windows = [(round(float(next(numbers))), round(float(next(numbers)))) for _ in range(size)]
    visits = tuple(Visit(node, 0, ((windows[node],),), must=True) for node in range(1, size))
    return Problem(visits, (Day(0, 0, windows[0][0], min(windows[0][1], UNREACHABLE)),), travel)


def _scaled(text: str, scale: int) -> int:
    return round(float(text) * scale)
