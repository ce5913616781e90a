"""What a map draws of territories: outlines with fewer corners, in the datum of the installation's tiles."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import current_app, url_for
from flask_babel import gettext as _

from app.territories.atlas import Atlas
from app.territories.queries import load_areas
from app.territories.rules import Definition
from app.territories.shapes import Area, Point, rings_of, simpler
from app.web.maps import off_map, on_map

WIDTH, LEAST = 2000, 60  # of the whole picture, and of each outline, in points: what is finer is left out
COARSE = 0.001  # degrees: above, ten metres more or less are nothing
MOST_CROSSINGS = 60


def areas_json(
    shown: Mapping[UUID, Definition],
    *,
    looks: Mapping[UUID, str] | None = None,
    accounts: Mapping[UUID, int] | None = None,
    crossings: Iterable[tuple[UUID, UUID]] = (),
    atlas: Atlas | None = None,
) -> list[dict[str, Any]]:
    """For static/js/map-areas.js. `looks`: territory -> "was" (an outline that is left) or "new" (one that comes)."""
    areas = load_areas([each.shape_id for each in shown.values() if each.shape_id is not None])
    step = _step(areas.values())
    drawn = []
    for key, each in shown.items():
        if each.shape_id is None or each.shape_id not in areas:
            continue
        fine = min(step, _step([areas[each.shape_id]], LEAST))
        text = {"label": each.name, "colour": each.colour, "rings": _rings(each.shape_id, fine, _datum())}
        if accounts is not None:
            text["sub"] = _("Customers: %(number)s", number=accounts.get(key, 0))
        if looks is not None and key in looks:
            text["look"] = looks[key]
        drawn.append({**text, "url": url_for("territories.territory_show", territory_id=key)})
    for one, other in list(crossings)[:MOST_CROSSINGS] if atlas else ():
        common = atlas.common(one, other) if atlas else None
        if common is not None:
            label = f"{shown[one].name} / {shown[other].name}" if {one, other} <= shown.keys() else ""
            drawn.append({"label": label, "look": "overlap", "rings": rings_of(simpler(common, step), on_map)})
    return drawn


def whole(area: Area) -> list[list[list[Point]]]:
    """All corners, to be drawn on."""
    return rings_of(area, on_map)


def from_map(lon: float, lat: float) -> Point:
    """WGS-84 of a corner that was drawn on the tiles."""
    position = off_map(lat, lon)
    return position.lon, position.lat


def _datum() -> str:
    datum: str = current_app.config["SETTINGS"].tiles_datum
    return datum


def _step(areas: Iterable[Area], width: int = WIDTH) -> float:
    """Degrees that make no difference on a map of all of these that is `width` points wide; a power of two, so that it
    seldom changes."""
    boxes = [area.bounds for area in areas]
    if not boxes:
        return 0.0
    wide = max(box[2] for box in boxes) - min(box[0] for box in boxes)
    high = max(box[3] for box in boxes) - min(box[1] for box in boxes)
    step: float = 1.0
    while step > max(wide, high) / width and step > 1e-6:
        step /= 2
    return step


@lru_cache(maxsize=2048)
def _rings(shape_id: UUID, step: float, _datum: str) -> list[list[list[Point]]]:
    digits = 4 if step > COARSE else 6

    def place(lat: float, lon: float) -> Point:
        y, x = on_map(lat, lon)
        return round(y, digits), round(x, digits)

    return rings_of(simpler(load_areas([shape_id])[shape_id], step), place)
