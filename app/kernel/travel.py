"""How long it takes to drive, and how far it is: what every source of travel times answers, and the one without roads.

Positions are WGS-84. Seconds and metres are whole and None where a source knows no way: nobody makes a number up, and
`why` says what is wrong. Seconds are those of driving alone; looking for a place to park, and how fast a team really
drives, are added by whoever plans (app/planning/driving.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from app.kernel.geo import Position, distance_m

DETOUR = 1.4
"""A way by road over the great circle. With SPEED_KMH, plans made without roads missed a window in 5-8 % of the cases
on a real network; 1.3 at 50 km/h in 23-58 %."""
SPEED_KMH = 35

OSM = "© OpenStreetMap contributors"
"""What must stand wherever ways along the roads are shown (openstreetmap.org/copyright)."""


class Source(StrEnum):
    """Where travel times come from."""

    ESTIMATE = "estimate"
    ROADS = "roads"  # imported, in this process
    SERVER = "server"  # an OSRM server elsewhere


class NoWay(StrEnum):
    """Why a source has no number."""

    OFF_MAP = "off_map"  # its roads do not reach there
    OFF_ROAD = "off_road"  # they do, and none of them leads near
    NO_WAY = "no_way"  # a road on either side, and none between: an island


class RoadsFailedError(Exception):
    """A source does not answer now. Its text is for the log."""


Cells = tuple[tuple[int | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Whole seconds and metres from each position (row) to each (column). `off`: the positions that no road reaches,
    whose rows and columns are None."""

    seconds: Cells
    metres: Cells
    off: Mapping[int, NoWay] = field(default_factory=dict)

    def why(self, origin: int, target: int) -> NoWay | None:
        """Why there is no number from one position to the other, by their places in the matrix; None where there is."""
        if self.seconds[origin][target] is not None:
            return None
        return self.off.get(origin) or self.off.get(target) or NoWay.NO_WAY


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from one position to the next: seconds, metres, and the line along the road. Without a way only `why`."""

    seconds: int | None
    metres: int | None
    line: tuple[Position, ...] = ()
    why: NoWay | None = None


class TravelTimes(Protocol):
    """A source of travel times. Each method raises RoadsFailedError where it does not answer now."""

    @property
    def source(self) -> Source: ...

    @property
    def version(self) -> str:
        """What its answers are remembered under: another one where they may differ."""
        ...

    def matrix(self, positions: Sequence[Position]) -> Matrix:
        """From every position to every other. A list of none has an empty matrix."""
        ...

    def leg(self, origin: Position, target: Position) -> Leg:
        """The way from one position to another, with its line."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """Travel times without roads: `detour` x great circle at `speed_kmh`. It knows an answer for any two positions."""

    detour: float = DETOUR
    speed_kmh: float = SPEED_KMH

    @property
    def source(self) -> Source:
        return Source.ESTIMATE

    @property
    def version(self) -> str:
        return f"{self.detour}x{self.speed_kmh}"

    def between(self, origin: Position | None, target: Position | None) -> int:
        """Whole seconds from one position to another; 0 where either is unknown."""
        if origin is None or target is None:
            return 0
        return self._seconds(self.detour * distance_m(origin, target))

    def matrix(self, positions: Sequence[Position]) -> Matrix:
        ways = [[self.detour * distance_m(origin, target) for target in positions] for origin in positions]
        return Matrix(
            tuple(tuple(self._seconds(metres) for metres in row) for row in ways),
            tuple(tuple(round(metres) for metres in row) for row in ways),
        )

    def leg(self, origin: Position, target: Position) -> Leg:
        metres = self.detour * distance_m(origin, target)
        return Leg(self._seconds(metres), round(metres), (origin, target))

    def _seconds(self, metres: float) -> int:
        return round(metres * 3.6 / self.speed_kmh)
