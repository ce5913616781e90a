"""What a page needs to work out a day's times itself (static/js/day-run.js), as compact JSON.

`arrivals` of app/planning/rules.py stays the authority: its answer replaces what the page shows meanwhile.
"""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from app.kernel.dates import at_local
from app.kernel.geo import Position
from app.planning.driving import Driving
from app.planning.queries import DayPlan
from app.planning.rules import BREACH_NAMES, HINTS, Shift, Stop, Travel
from app.web.form import translated
from app.web.locale import city_elsewhere


def times_of(plan: DayPlan, zone: str) -> dict[str, Any]:
    """The order of a plan, for a reader in `zone`; the words for broken rules are the reader's. Its shape is said in
    static/js/day-run.js and plan-times.js."""
    order = [plan.stop_of(line) for line in plan.ordered]
    places = places_of(order, plan.shift)
    day = day_of(order, plan.shift, places, plan.driving)
    for line in plan.ordered:
        zone_there = line.row.zone
        day["stops"][str(line.row.id)] |= {
            "zone": zone_there,
            "city": city_elsewhere(zone_there, plan.shift.starts_at),
            "must": line.row.must,
            "noon": int(at_local(line.row.planned_on, time(12), zone_there).timestamp()),
        }
    return {
        "day": plan.day.isoformat(),
        "zone": zone,
        "says": {breach: translated(name) for breach, name in BREACH_NAMES.items()},
        "metres": [[_metres(plan.driving, origin, target) for target in places] for origin in places],
        **day,
    }


def _metres(driving: Driving, origin: Position, target: Position) -> int | None:
    return None if driving(origin, target) is None else driving.metres((origin, target))


def places_of(order: Sequence[Stop], shift: Shift) -> Mapping[Position, int]:
    """Every known position once, with its place in the matrices."""
    positions = (shift.start, shift.end, *(stop.position for stop in order))
    return {each: place for place, each in enumerate(dict.fromkeys(filter(None, positions)))}


def day_of(order: Sequence[Stop], shift: Shift, places: Mapping[Position, int], travel: Travel) -> dict[str, Any]:
    """The day without its metres. Moments are whole seconds since 1970, lengths seconds."""
    lunch = shift.lunch

    def place_of(position: Position | None) -> int | None:
        return None if position is None else places[position]

    return {
        "from": int(shift.starts_at.timestamp()),
        "to": int(shift.ends_at.timestamp()),
        "start": place_of(shift.start),
        "end": place_of(shift.end),
        "most": shift.most_stops,
        "lunch": lunch and {
            "earliest": int(lunch.earliest.timestamp()),
            "latest": int(lunch.latest.timestamp()),
            "seconds": 60 * lunch.minutes,
        },
        "stops": {str(stop.id): _stop(stop, place_of(stop.position)) for stop in order},
        "drive": [[travel(origin, target) for target in places] for origin in places],
        "hints": sorted(HINTS),
    }  # fmt: skip


def _stop(stop: Stop, place: int | None) -> dict[str, Any]:
    windows = stop.windows
    return {
        "at": place,
        "seconds": 60 * stop.visit_minutes,
        "fixed": stop.fixed_at and int(stop.fixed_at.timestamp()),
        "windows": windows
        if windows is None
        else [[int(opens.timestamp()), int(closes.timestamp())] for opens, closes in windows],
    }
