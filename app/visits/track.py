"""A rep's day as a way: from each visit to the next, as far as it is known. Positions are known at check-ins only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from app.kernel.geo import Position, distance_m
from app.kernel.i18n import N_
from app.kernel.travel import DETOUR

LONGEST_LEG = timedelta(hours=3)  # who was under way for longer was somewhere else in between


class Gap(StrEnum):
    """Why two visits are not joined."""

    NO_POSITION = "no_position"
    TOO_LONG = "too_long"


GAP_NAMES = {
    Gap.NO_POSITION: N_("Gap: a position is not known"),
    Gap.TOO_LONG: N_("Gap: more than three hours from one visit to the next"),
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit that took place. `left_at` None: nobody checked out. Position WGS-84."""

    arrived_at: datetime
    left_at: datetime | None
    position: Position | None


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from one stop to the next: `metres` by road, estimated (DETOUR x great circle), 0 in a gap; `minutes`
    between leaving and arriving, 0 where the next visit began before the one before was over."""

    metres: float
    minutes: int
    gap: Gap | None = None


def legs_of(stops: Sequence[Stop]) -> list[Leg]:
    """The ways between neighbours, one fewer than the stops, which are in the order of their arrivals."""
    return [_leg(here, there) for here, there in pairwise(stops)]


def _leg(here: Stop, there: Stop) -> Leg:
    away = max(there.arrived_at - (here.left_at or here.arrived_at), timedelta(0))
    minutes = away // timedelta(minutes=1)
    if here.position is None or there.position is None:
        return Leg(0.0, minutes, Gap.NO_POSITION)
    if away > LONGEST_LEG:
        return Leg(0.0, minutes, Gap.TOO_LONG)
    return Leg(DETOUR * distance_m(here.position, there.position), minutes)


def joined(stops: Sequence[Stop], legs: Sequence[Leg]) -> list[list[Position]]:
    """The lines to draw: each ends at a gap, and none goes over it. A stop between two gaps is on no line."""
    lines: list[list[Position]] = []
    line: list[Position] = [stop.position for stop in stops[:1] if stop.position]
    for leg, stop in zip(legs, stops[1:], strict=True):
        if leg.gap:
            lines.append(line)
            line = []
        if stop.position:
            line.append(stop.position)
    return [each for each in [*lines, line] if len(each) > 1]
