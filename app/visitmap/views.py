"""The manager's map: the page with its list, and the pins of a view. Both read the same arguments."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from babel.numbers import format_compact_decimal, format_decimal
from flask import Blueprint, Response, jsonify, request
from flask_babel import get_locale
from flask_babel import gettext as _

from app.accounts.rules import RATINGS, address_line
from app.identity.permissions import P
from app.infra.db import AnyRow
from app.infra.looks import Seen, saw
from app.kernel.access import Actor
from app.kernel.dates import local, today_in
from app.kernel.geo import ZOOM, Box, Position, pixel, tile_box
from app.kernel.page import Page, page_number
from app.visitmap.queries import (
    Total,
    count_all,
    count_tiles,
    list_choices,
    list_last_seen,
    list_places,
    list_places_in,
    list_visits,
    list_visits_in,
)
from app.visitmap.rules import (
    CLOSE_ZOOM,
    LAYERS,
    MOST_PINS,
    NOW,
    SHADED_BELOW,
    UNCOVERED,
    VISITS,
    WORLD,
    Cluster,
    Count,
    MapFilters,
    View,
    bounds_of,
    clusters,
    coarser,
    counted_zoom,
    drawn_zoom,
    fitting,
    gathered,
    heat_step,
    is_covered,
    read_box,
    seen,
    shifted,
    spans,
)
from app.visits.rules import OUTCOMES, VERDICT_NAMES, Verdict
from app.web.actor import current_actor
from app.web.form import translated
from app.web.guard import needs
from app.web.htmx import page
from app.web.locale import city_elsewhere, day_text, local_time_text
from app.web.maps import off_map, on_map

blueprint = Blueprint("visitmap", __name__)

_MARGIN = 80  # pixels of a map that its outermost pins take
_SIZES = (200, 4000)  # pixels of its side
_USUAL_SIZE = (360, 360)
_REGIONS = 8  # zoom of tiles of 150 km
_TONES = {Verdict.OFF_SITE: "bad", Verdict.NO_POSITION: "warn"}


@blueprint.get("/map")
@needs(P.VISITS_TEAM)
def map_show() -> Response:
    actor, now = current_actor(), datetime.now(UTC)
    today, filters = today_in(actor.zone, now), MapFilters.read(request.args)
    choices = list_choices(actor)
    found, total = _found(actor, filters, now, today)
    if filters.layer in (NOW, VISITS):
        saw(actor, {row.rep_id for row in found.rows}, Seen.MAP, now)
    met = {row.rep_id for row in found.rows} if filters.layer == NOW else set()
    is_whole = filters.layer == NOW and not filters.number
    return page(
        "visitmap/show.html",
        "map_list",
        filters=filters,
        layers=_layers(filters),
        spans=_spans(filters, today) if filters.layer == VISITS or filters.verdict or filters.outcome else [],
        period=filters.period(today),
        beside=[_address(filters, first=days[0], last=days[1]) for days in _beside(filters, today)],
        now=now,
        found=found,
        total=total,
        absent=[(key, name) for key, name in choices.people if key not in met] if is_whole else [],
        pins_url=_address(filters, "/map/pins", at=None),
        clear=_address(MapFilters(filters.layer, filters.first, filters.last, at=filters.at)),
        choices=choices,
        verdicts=VERDICT_NAMES,
        outcomes=OUTCOMES,
        ratings=RATINGS,
        tones=_TONES,
        address_line=address_line,
        decimal=_number,
        clock=_clock,
    )


def _found(actor: Actor, filters: MapFilters, now: datetime, today: date) -> tuple[Page, Total]:
    """A page of the list, and how many there are in all."""
    number = page_number(request.args.get("page"))
    if filters.layer == NOW:
        rows = list_last_seen(actor, filters, now, today)
        on_map = sum(row.qk is not None for row in rows)
        return Page(rows, 1, more=False), Total(on_map, len(rows) - on_map)
    listed = list_visits if filters.layer == VISITS else list_places
    return listed(actor, filters, number, today), count_all(actor, filters, today)


def _clock(row: AnyRow) -> tuple[str, str]:
    """When a visit began by the clock of its place, and whose clock that is where the reader's shows another time."""
    return f"{local(row.at, row.zone):%H:%M}", city_elsewhere(row.zone, row.at)


# --- Addresses -------------------------------------------------------------------------------------------------------


def _address(filters: MapFilters, path: str = "/map", **changes: object) -> str:
    args = filters.args(**changes)
    return f"{path}?{urlencode(args)}" if args else path


def _layers(filters: MapFilters) -> list[tuple[str, str, bool]]:
    """(name, address, whether it is shown); where people are now is only asked of today."""
    return [(translated(name), _address(filters.on(layer)), layer == filters.layer) for layer, name in LAYERS.items()]


def _spans(filters: MapFilters, today: date) -> list[tuple[str, str, bool]]:
    """(label, address, whether it holds) of the periods that are offered."""
    chosen = (filters.first, filters.last)
    offered = [
        (translated(name), _address(filters, first=days[0], last=days[1]), chosen == days)
        for name, days in spans(today).items()
    ]
    return [(_("Today"), _address(filters, first=None, last=None), filters.is_live), *offered]


def _beside(filters: MapFilters, today: date) -> list[tuple[date, date]]:
    """The periods before and after the one that is shown."""
    return [shifted(*filters.period(today), forward) for forward in (False, True)]


# --- Pins ------------------------------------------------------------------------------------------------------------


@blueprint.get("/map/pins")
@needs(P.VISITS_TEAM)
def pins_index() -> Response:
    """What static/js/map.js draws: of ?box= and ?zoom=, or of all there is, in a view that fits ?size=."""
    actor, now = current_actor(), datetime.now(UTC)
    today, filters = today_in(actor.zone, now), MapFilters.read(request.args)
    if filters.layer == NOW:
        rows = list_last_seen(actor, filters, now, today)
        saw(actor, {row.rep_id for row in rows}, Seen.MAP, now)
        return jsonify({"pins": [_rep_pin(row) for row in rows if row.qk is not None]})
    view = _asked()
    if view is not None:
        return jsonify(_drawn(actor, filters, view, _counts(actor, filters, view, today), today))
    view, counts = _whole(actor, filters, today)
    lat, lon = on_map((view.south + view.north) / 2, (view.west + view.east) / 2)
    there = {"view": {"lat": lat, "lon": lon, "zoom": view.zoom}}
    return jsonify(_drawn(actor, filters, view, counts, today) | there)


def _asked() -> View | None:
    """The view that the map is at, in WGS-84; None where it tells none, or nonsense."""
    try:
        zoom = int(request.args["zoom"][:4])
        return View.of(_off_map(View.of(read_box(request.args["box"]), zoom)), zoom)
    except (KeyError, ValueError):
        return None


def _off_map(view: View) -> Box:
    """The box in WGS-84 that holds a view in the datum of the tiles."""
    moves = []
    for lat in (view.south, view.north):
        for lon in (view.west, view.east):
            within = (lon + 180.0) % 360.0 - 180.0
            at = off_map(lat, within)
            moves.append((at.lat - lat, at.lon - within))
    lats, lons = zip(*moves, strict=True)
    return view.south + min(lats), view.west + min(lons), view.north + max(lats), view.east + max(lons)


def _whole(actor: Actor, filters: MapFilters, today: date) -> tuple[View, list[Count]]:
    """The closest view of everything that fits into the map, and what is counted in it: found among the tiles of
    regions, all at once; then, where it is one region, among smaller ones."""
    try:
        width, height = (min(max(int(side[:5]), _SIZES[0]), _SIZES[1]) for side in request.args["size"].split(","))
    except (KeyError, ValueError):
        width, height = _USUAL_SIZE
    view, counts = View.of(WORLD, 1), list[Count]()
    for tile_zoom in (_REGIONS, _REGIONS + 6):
        counts = seen(count_tiles(actor, filters, tile_zoom, view.ranges, today), tile_zoom, view)
        box = bounds_of(counts, tile_zoom)
        if box is None:
            return view, []
        view = View.of(box, fitting(box, width - _MARGIN, height - _MARGIN, 16))
        if (steps := tile_zoom - _tile_zoom(filters, view)) >= 0:
            return view, coarser(counts, steps)
    return view, _counts(actor, filters, view, today)


def _tile_zoom(filters: MapFilters, view: View) -> int:
    """Zoom of the tiles that are counted for a view."""
    return drawn_zoom(view.zoom) if filters.layer == UNCOVERED else counted_zoom(view.zoom)


def _counts(actor: Actor, filters: MapFilters, view: View, today: date) -> list[Count]:
    tile_zoom = _tile_zoom(filters, view)
    return seen(count_tiles(actor, filters, tile_zoom, view.ranges, today), tile_zoom, view)


def _drawn(actor: Actor, filters: MapFilters, view: View, counts: list[Count], today: date) -> dict[str, Any]:
    """Single pins where they are few, else clusters; of uncovered customers shaded tiles with their share."""
    tile_zoom = _tile_zoom(filters, view)
    is_shaded = filters.layer == UNCOVERED and view.zoom < SHADED_BELOW
    if sum(each.number for each in counts) <= MOST_PINS and not is_shaded:
        return {"pins": _single(actor, filters, view, today)}
    if filters.layer == UNCOVERED:
        return {
            "pins": [_share_pin(each, tile_zoom, view, filters) for each in counts],
            "cells": [_shade(each, tile_zoom, view) for each in counts if each.uncovered],
        }
    found = clusters(counts, tile_zoom, view.zoom)
    return {"pins": [_cluster_pin(f"c{view.zoom}-{each.tile}", each, view, filters) for each in found]}


def _single(actor: Actor, filters: MapFilters, view: View, today: date) -> list[dict[str, Any]]:
    """A pin for each visit or place, with what it is; where they would lie over each other, one for several."""
    listed = list_visits_in if filters.layer == VISITS else list_places_in
    rows = listed(actor, filters, view.ranges, today, 2 * MOST_PINS)
    if filters.layer == VISITS:
        saw(actor, {row.rep_id for row in rows}, Seen.MAP, datetime.now(UTC))
    at = [_middle(ZOOM, row.qk) for row in rows]
    pixels = [pixel(Position(*each), view.zoom) for each in at]
    groups = [[n] for n in range(len(rows))] if view.zoom >= CLOSE_ZOOM else gathered(pixels)
    pins = []
    for group in groups:
        row = rows[group[0]]
        if len(group) > 1:
            several = Cluster(*at[group[0]], len(group), row.qk)
            pins.append(_cluster_pin(f"s{view.zoom}-{row.id}", several, view, filters))
        elif filters.layer == VISITS:
            pins.append(_visit_pin(row, view))
        else:
            pins.append(_place_pin(row, view, filters, today))
    return pins


def _cluster_pin(key: str, each: Cluster, view: View, filters: MapFilters) -> dict[str, Any]:
    said = _("%(number)s visits") if filters.layer == VISITS else _("%(number)s customers' places")
    label = said % {"number": _number(each.number)}
    return _pin(key, each.lat, each.lon, view, label) | {"count": each.number, "n": _short(each.number)}


def _pin(key: str, lat: float, lon: float, view: View | None, label: str) -> dict[str, Any]:
    lat, lon = on_map(lat, lon)
    return {"id": key, "lat": lat, "lon": view.beside(lon) if view else lon, "label": label}


def _middle(tile_zoom: int, tile: int) -> tuple[float, float]:
    south, west, north, east = tile_box(tile_zoom, tile)
    return (south + north) / 2, (west + east) / 2


def _rep_pin(row: AnyRow) -> dict[str, Any]:
    said = [row.name, local_time_text(row.at, row.zone), translated(VERDICT_NAMES[Verdict(row.verdict)])]
    return _pin(str(row.rep_id), *_middle(ZOOM, row.qk), None, row.rep) | {
        "sub": " · ".join(said),
        "url": f"/reps/{row.rep_id}/days/{row.day}",
        "tone": _tone(row.verdict),
        "n": row.rep[:1],
    }


def _visit_pin(row: AnyRow, view: View) -> dict[str, Any]:
    said = [row.rep, day_text(row.day), local_time_text(row.at, row.zone)]
    said += [translated(VERDICT_NAMES[Verdict(row.verdict)]), translated(OUTCOMES[row.outcome]) if row.outcome else ""]
    return _pin(str(row.id), *_middle(ZOOM, row.qk), view, row.name) | {
        "sub": " · ".join(filter(None, said)),
        "url": f"/visits/{row.id}",
        "tone": _tone(row.verdict),
    }


def _tone(verdict: str) -> str:
    return "off_site" if verdict == Verdict.OFF_SITE else "done"


def _place_pin(row: AnyRow, view: View, filters: MapFilters, today: date) -> dict[str, Any]:
    visited = _("Last visit %(day)s", day=day_text(row.last_visit_on)) if row.last_visit_on else _("Never visited")
    shown: dict[str, Any] = {"tone": "account", "class": row.rating}
    if filters.layer == UNCOVERED:
        shown = {"tone": "covered" if is_covered(row.last_visit_on, filters.stale_days, today) else "uncovered"}
    return (
        _pin(str(row.id), *_middle(ZOOM, row.qk), view, row.name)
        | shown
        | {
            "sub": " · ".join(filter(None, [row.label, row.rep or _("Public pool"), visited])),
            "url": f"/accounts/{row.account_id}",
        }
    )


def _share_pin(each: Count, tile_zoom: int, view: View, filters: MapFilters) -> dict[str, Any]:
    share = f"{round(100 * each.uncovered / each.number)}%"
    label = _("%(share)s uncovered", share=share)
    said = _(
        "%(uncovered)s of %(number)s not visited for %(days)s days", uncovered=_number(each.uncovered),
        number=_number(each.number), days=filters.stale_days,
    )  # fmt: skip
    pin = _pin(f"h{tile_zoom}-{each.tile}", *_middle(tile_zoom, each.tile), view, label)
    return pin | {"sub": said, "count": each.number, "n": share, "tone": "share"}


def _shade(each: Count, tile_zoom: int, view: View) -> dict[str, Any]:
    south, west, north, east = tile_box(tile_zoom, each.tile)
    corners = [on_map(south, west), on_map(north, east)]
    turn = view.beside((west + east) / 2) - (west + east) / 2
    return {"box": [(lat, lon + turn) for lat, lon in corners], "step": heat_step(each.uncovered, each.number)}


def _number(value: int) -> str:
    return str(format_decimal(value, locale=get_locale()))


def _short(value: int) -> str:
    """A number that fits onto a pin: 1.2K, 1.2万."""
    if value < 1000:
        return _number(value)
    return str(format_compact_decimal(value, locale=get_locale(), fraction_digits=value < 100_000))
