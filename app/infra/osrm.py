"""What an OSRM engine answers, read in one way wherever it runs: in this process or behind an address.

`ask` puts one question of OSRM's table or route service (its HTTP API, version 1: services `table` and `route`) and
gives the answer as mappings and lists: JSON, or the bindings' objects, which look alike. None where OSRM says NoRoute;
RoadsFailedError where it does not answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

from app.kernel.geo import Position
from app.kernel.travel import Leg, Matrix, NoWay, RoadsFailedError, Source

NEAR_ROAD_M = 1_000  # a position further from any road is on none
ON_MAP_M = 20_000  # further still, the roads of that country are missing
_NONSENSE = (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError)  # what reading any other answer raises


class Ask(Protocol):
    """One question about positions; `options` as the HTTP API calls them."""

    def __call__(self, service: str, positions: Sequence[Position], **options: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class OsrmTimes:
    """Travel times of an OSRM engine, which takes at most `most` positions in one question."""

    source: Source
    version: str
    ask: Ask
    most: int

    def matrix(self, positions: Sequence[Position]) -> Matrix:
        count = len(positions)
        seconds: list[list[int | None]] = [[None] * count for _ in positions]
        metres: list[list[int | None]] = [[None] * count for _ in positions]
        off: dict[int, NoWay] = {}
        for rows, columns in _blocks(count, self.most):
            answer = self._table([positions[n] for n in rows], [positions[n] for n in columns], rows == columns)
            try:
                for numbers, waypoints in ((rows, answer["sources"]), (columns, answer["destinations"])):
                    off |= {n: why for n, at in zip(numbers, waypoints, strict=True) if (why := _off(at))}
                for table, name in ((seconds, "durations"), (metres, "distances")):
                    for n, row in zip(rows, answer[name], strict=True):
                        table[n][columns.start : columns.stop] = _whole(row, len(columns))
            except _NONSENSE as error:
                raise RoadsFailedError(f"an answer that is no table: {error}") from error
        for n in off:
            for table in (seconds, metres):
                table[n] = [None] * count
                for row in table:
                    row[n] = None
        return Matrix(tuple(map(tuple, seconds)), tuple(map(tuple, metres)), off)

    def leg(self, origin: Position, target: Position) -> Leg:
        answer = self.ask("route", [origin, target], overview="simplified", geometries="geojson")
        if answer is None:
            return Leg(None, None, why=self.matrix([origin, target]).why(0, 1) or NoWay.NO_WAY)
        try:
            off = [why for at in answer["waypoints"] if (why := _off(at))]
            if off:
                return Leg(None, None, why=off[0])
            route = answer["routes"][0]
            line = tuple(Position(lat, lon) for lon, lat in route["geometry"]["coordinates"])
            return Leg(round(route["duration"]), round(route["distance"]), line)
        except _NONSENSE as error:
            raise RoadsFailedError(f"an answer that is no route: {error}") from error

    def _table(self, origins: list[Position], targets: list[Position], same: bool) -> Any:
        if same and len(origins) > 1:  # OSRM asks for two positions at least
            return self.ask("table", origins, annotations=("duration", "distance"))
        first = len(origins)
        return self.ask(
            "table",
            [*origins, *targets],
            annotations=("duration", "distance"),
            sources=range(first),
            destinations=range(first, first + len(targets)),
        )


def _blocks(count: int, most: int) -> Iterator[tuple[range, range]]:
    """The matrix in parts, rows and columns of each, none of which names more than `most` positions."""
    size = count if count <= most else most // 2
    parts = [range(start, min(start + size, count)) for start in range(0, count, max(1, size))]
    yield from product(parts, parts)


def _whole(row: Any, length: int) -> list[int | None]:
    numbers = [None if number is None else round(number) for number in row]
    if len(numbers) != length:
        raise ValueError("a row of another length")
    return numbers


def _off(waypoint: Any) -> NoWay | None:
    """Whether a position lies off the roads, by how far it is to the road that OSRM took for it."""
    metres = waypoint["distance"]
    return None if metres <= NEAR_ROAD_M else NoWay.OFF_ROAD if metres <= ON_MAP_M else NoWay.OFF_MAP
