"""How long a team drives: a source's travel times, made as fast as the team really drives, and parking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise

from app.kernel.errors import InvalidError
from app.kernel.geo import Position
from app.kernel.i18n import N_
from app.kernel.travel import (
    DETOUR,
    OSM,
    SPEED_KMH,
    Estimate,
    Leg,
    Matrix,
    NoWay,
    RoadsFailedError,
    Source,
    TravelTimes,
)

PARKING_MINUTES = 2

BOUNDS: Mapping[str, tuple[int, int]] = {
    "detour_percent": (100, 300), "speed_kmh": (5, 130), "parking_minutes": (0, 60),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TravelSettings:
    """What a company says of travel times. The estimate is `detour_percent` of the great circle at `speed_kmh`; to
    every drive come `parking_minutes`, whatever the source. `use_learned`: whether teams' own speeds count."""

    detour_percent: int = round(100 * DETOUR)
    speed_kmh: int = SPEED_KMH
    parking_minutes: int = PARKING_MINUTES
    use_learned: bool = True

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.detour_percent / 100, self.speed_kmh)

    def check(self) -> None:
        """InvalidError at the first number that is out of bounds."""
        for name, (least, most) in BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise InvalidError(name, N_("Number must be between %(min)s and %(max)s."), {"min": least, "max": most})


class Lack(StrEnum):
    """Why a better source was not used."""

    SERVER_FAILED = "server_failed"
    OFF_MAP = "off_map"


LACK_NAMES = {
    Lack.SERVER_FAILED: N_("The road server does not answer now."),
    Lack.OFF_MAP: N_("Some positions lie outside of the known roads."),
}


@dataclass(frozen=True, slots=True)
class Driving:
    """Travel between some positions, callable as rules.Travel: seconds with parking, 0 where an end is unknown, None
    where no way leads there. Between positions that are the same nobody drives or parks.

    `times` is the source, `lacks` why no better one; `speed_percent` what is taken of its seconds (100: as it says).
    """

    times: TravelTimes
    matrix: Matrix
    places: Mapping[Position, int]
    parking_seconds: int = 0
    speed_percent: int = 100
    lacks: tuple[Lack, ...] = ()

    @property
    def source(self) -> Source:
        return self.times.source

    @property
    def attribution(self) -> str:
        """Whom to name beside what is shown, '' where nobody."""
        return "" if self.source is Source.ESTIMATE else OSM

    def __call__(self, origin: Position | None, target: Position | None) -> int | None:
        if target is not None and self.places[target] in self.matrix.off:
            return None
        if origin is None or target is None or origin == target:
            return 0
        seconds = self.matrix.seconds[self.places[origin]][self.places[target]]
        return None if seconds is None else round(seconds * self.speed_percent / 100) + self.parking_seconds

    def also_at(self, positions: Sequence[Position | None]) -> "Driving":
        """The same source at the same speed, between these positions too (RoadsFailedError)."""
        places = Asked(positions, list(self.places)).places
        return replace(self, matrix=self.times.matrix(list(places)), places=places)

    def metres(self, route: Sequence[Position | None]) -> int:
        """Metres of driving along positions in their order; unknown ones, and those without a way, are left out."""
        total, here = 0, None
        for position in route:
            if position is None:
                continue
            metres = 0 if here is None else self.matrix.metres[self.places[here]][self.places[position]]
            total += metres or 0
            here = here if metres is None else position
        return total

    def legs(self, route: Sequence[Position]) -> list[Leg]:
        """The way from each position to the next, one fewer than the positions: what the source says, without parking
        and the team's speed."""
        return [self._leg(origin, target) for origin, target in pairwise(route)]

    def line(self, route: Sequence[Position]) -> list[Position]:
        """The line to draw along positions in their order: on the roads where the source knows them, else straight."""
        drawn = list(route[:1])
        for leg, target in zip(self.legs(route), route[1:], strict=True):
            drawn += leg.line[1:] or (target,)
        return drawn

    def _leg(self, origin: Position, target: Position) -> Leg:
        if origin == target:
            return Leg(0, 0, (origin, target))
        try:
            return self.times.leg(origin, target)
        except RoadsFailedError:  # it failed since the matrix was asked
            return Leg(None, None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Positions of a plan. `ends`: where the day begins and ends."""

    stops: Sequence[Position | None]
    ends: Sequence[Position | None] = field(default=())

    @property
    def places(self) -> Mapping[Position, int]:
        """Each known position once, with its place in the matrix."""
        known = dict.fromkeys(position for position in (*self.ends, *self.stops) if position is not None)
        return {position: place for place, position in enumerate(known)}


def drive(
    sources: Sequence[TravelTimes], asked: Asked, settings: TravelSettings, learned: Mapping[Source, int]
) -> Driving:
    """The travel times of the first source that answers and whose roads reach there; the last is the estimate, which
    always does. `learned`: percent of a source's seconds that the team really takes.

    A stop that no road leads to has no way; where that holds for an end of the day, or a whole region is missing, the
    source knows nothing of this day.
    """
    places, lacks = asked.places, []
    ends = {places[position] for position in asked.ends if position is not None}
    for times in sources:
        try:
            matrix = times.matrix(list(places))
        except RoadsFailedError:
            lacks.append(Lack.SERVER_FAILED)
            continue
        if ends & matrix.off.keys() or NoWay.OFF_MAP in matrix.off.values():
            lacks.append(Lack.OFF_MAP)
            continue
        percent = learned.get(times.source, 100) if settings.use_learned else 100
        return Driving(times, matrix, places, 60 * settings.parking_minutes, percent, tuple(dict.fromkeys(lacks)))
    raise ValueError("the last source is the estimate, which always answers")
