"""What a page needs to work out a day's times itself (static/js/day-run.js), as compact JSON.

`arrivals` of app/planning/rules.py stays the authority: its answer replaces what the page shows meanwhile.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.kernel.geo import Position
from app.planning.driving import Driving
from app.planning.rules import HINTS, Shift, Stop, Travel


def times_of(order: Sequence[Stop], shift: Shift, driving: Driving) -> dict[str, Any]:
    """The day of these stops. The shape is said in day-run.js; `zone` and `city` of a stop are the page's to add."""
    places = places_of(order, shift)
    known = list(places)
    return {
        **day_of(order, shift, places, driving),
        "metres": [[driving.metres((origin, target)) if driving(origin, target) is not None else None
                    for target in known] for origin in known],
    }  # fmt: skip


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
        "windows": windows
        if windows is None
        else [[int(opens.timestamp()), int(closes.timestamp())] for opens, closes in windows],
    }
