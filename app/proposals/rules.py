"""Where check-ins say that a place is: a better position for it, or a place that nobody has entered yet.

A person adopts a proposal or not, so the rule asks for little, but for nothing that one odd fix or one long day at the
wrong door could bring about. Each day counts once, by its most accurate fix; the position is the median of the days
that agree, which a stray fix cannot pull away (a mean it can).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import atan2, degrees
from statistics import median
from uuid import UUID

from app.kernel.geo import Position, distance_m, unit_vector

ENOUGH_DAYS = 3  # twice may be chance; of five visits to a customer, three is most
GOOD_ACCURACY_M = 50.0  # as a phone has it outdoors; worse fixes are from cells and walls, wrong all in the same way
AGREE_M = 75.0  # how far from their median fixes of one door lie: two good fixes' errors, and a car park
MOVED_M = 40.0  # nearer than that to the stored position it is the same within a phone's error
MOVED_SHARE = 0.25  # of the radius: a place with a wide one is wide, and its position only its middle
APART_M = 50.0  # beyond a place's radius: nearer than that a check-in belongs to the place
SAME_M = 1.0  # a distance measured then and now differs by more only where the place has moved meanwhile


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place as it is stored: position WGS-84, None without one; `certainty` exact, approximate or none."""

    id: UUID
    position: Position | None
    certainty: str
    radius_m: float


@dataclass(frozen=True, slots=True)
class Witness:
    """A check-in with its fix, meant for the place `place_id`; `day` is the place's.

    `measured_m`: how far from the place it was found to be, None where the place had no position then. `is_trusted`:
    found on site, or nobody could judge, or a manager has accepted it (`is_accepted`).
    """

    visit_id: UUID
    place_id: UUID
    at: datetime
    day: date
    position: Position
    accuracy_m: float
    measured_m: float | None
    is_trusted: bool
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """`place_id` None: a new place. `visits`: what it rests on, by time. `shift_m`: from where the place is stored,
    None where it has no position or is new."""

    place_id: UUID | None
    position: Position
    visits: tuple[UUID, ...]
    days: tuple[date, ...]
    shift_m: float | None


def propose(
    known: Sequence[KnownPlace], witnesses: Iterable[Witness], settled: Mapping[UUID | None, datetime]
) -> list[Proposal]:
    """What the check-ins of one account propose: for each place at most one position, and at most one new place.

    `settled`: until when somebody has said "not now", by place, None for new places: what came before counts no more.
    """
    good = [each for each in witnesses if each.accuracy_m <= GOOD_ACCURACY_M and each.is_trusted]
    moved = [found for place in known if (found := _moved(place, good, settled.get(place.id))) is not None]
    used = {visit for each in moved for visit in each.visits}
    located = [place for place in known if place.position is not None]
    elsewhere = [
        each for each in good
        if each.is_accepted and each.visit_id not in used and _is_later(each, settled.get(None))
        and _is_away(each.position, located)
    ]  # fmt: skip
    new = _densest(elsewhere) if located else None
    return [*moved, new] if new is not None and _is_away(new.position, located) else moved


def bearing_of(start: Position, end: Position) -> int:
    """The direction from `start` to `end` in eighths of a turn from the north, clockwise: 0 north, 2 east. Good for
    places near each other."""
    (ax, ay, _), (bx, by, _) = unit_vector(start), unit_vector(end)
    east = ax * by - ay * bx  # on the unit sphere, times the cosine of the latitude, as the longitude's difference is
    north = end.lat - start.lat
    cosine = max((ax * ax + ay * ay) ** 0.5, 1e-9)
    return round(degrees(atan2(degrees(east) / cosine, north)) / 45) % 8


def _moved(place: KnownPlace, good: Sequence[Witness], settled_at: datetime | None) -> Proposal | None:
    fixes = _by_day(
        each for each in good
        if each.place_id == place.id and _is_later(each, settled_at) and _is_about(place, each)
    )  # fmt: skip
    agreeing = _agreeing(fixes)
    if len(agreeing) < ENOUGH_DAYS or 2 * len(agreeing) <= len(fixes):
        return None
    position = _middle(agreeing)
    shift = distance_m(position, place.position) if place.position else None
    least = max(MOVED_M, MOVED_SHARE * place.radius_m)
    if place.certainty == "exact" and shift is not None and shift <= least:
        return None
    return _proposal(place.id, agreeing, position, shift)


def _densest(fixes: Sequence[Witness]) -> Proposal | None:
    """The new place: around the fix that most days agree with."""
    around = [
        _by_day(other for other in fixes if distance_m(each.position, other.position) <= AGREE_M) for each in fixes
    ]  # fmt: skip
    best = _agreeing(max(around, key=len, default=[]))
    return _proposal(None, best, _middle(best), None) if len(best) >= ENOUGH_DAYS else None


def _proposal(
    place_id: UUID | None, fixes: Sequence[Witness], position: Position, shift: float | None
) -> Proposal:  # fmt: skip
    ordered = sorted(fixes, key=lambda each: (each.at, each.visit_id))
    visits, days = tuple(each.visit_id for each in ordered), tuple(each.day for each in ordered)
    return Proposal(place_id, position, visits, days, shift)


def _by_day(fixes: Iterable[Witness]) -> list[Witness]:
    best: dict[date, Witness] = {}
    for each in fixes:
        known = best.get(each.day)
        if known is None or (each.accuracy_m, each.at) < (known.accuracy_m, known.at):
            best[each.day] = each
    return list(best.values())


def _agreeing(fixes: Sequence[Witness]) -> list[Witness]:
    if not fixes:
        return []
    middle = _middle(fixes)
    return [each for each in fixes if distance_m(each.position, middle) <= AGREE_M]


def _middle(fixes: Sequence[Witness]) -> Position:
    """The median of latitudes and of longitudes, the latter counted from the first so that 180 degrees is no border."""
    first = fixes[0].position.lon
    lon = first + median((each.position.lon - first + 180.0) % 360.0 - 180.0 for each in fixes)
    return Position(median(each.position.lat for each in fixes), (lon + 180.0) % 360.0 - 180.0)


def _is_later(fix: Witness, settled_at: datetime | None) -> bool:
    return settled_at is None or fix.at > settled_at


def _is_about(place: KnownPlace, fix: Witness) -> bool:
    """Whether it was judged by the position that is stored now: what led to another one has had its say."""
    if place.position is None or fix.measured_m is None:
        return place.position is None and fix.measured_m is None
    return abs(distance_m(fix.position, place.position) - fix.measured_m) <= SAME_M


def _is_away(position: Position, places: Iterable[KnownPlace]) -> bool:
    return all(
        distance_m(position, place.position) > place.radius_m + APART_M
        for place in places
        if place.position is not None
    )
