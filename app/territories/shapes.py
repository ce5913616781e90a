"""Outlines: from GeoJSON (RFC 7946) or typed coordinates to areas that can be computed with, and what is wrong with
those that cannot.

Areas are MultiPolygons in WGS-84 degrees, longitude first. A problem of an outline names its feature; what can be
mended without guessing (a ring that is not closed, a crossing, exchanged axes) is mended where the reader asks for it.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, cast

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon, affinity, box
from shapely.geometry.base import BaseGeometry

from app.kernel.geo import EARTH_RADIUS_M
from app.kernel.i18n import N_

MOST_FEATURES, MOST_CORNERS = 5000, 400_000
MOST_SHOWN = 100  # problems
LONGEST_NAME = 200
MOST_TYPED = 400  # corners shown one a line
KM_PER_DEGREE = math.radians(EARTH_RADIUS_M) / 1000
SMALLEST_KM2 = 1e-6  # a square metre
FAR = 540.0  # degrees of longitude that may be meant: some maps go on beyond 180

Area = MultiPolygon
Point = tuple[float, float]  # longitude, latitude
Convert = Callable[[float, float], Point]


class UnreadableShapesError(Exception):
    """The file or text holds nothing that could be used at all; `reason` is a msgid for `params`."""

    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(reason)
        self.reason, self.params = reason, params


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with feature `number` (from 1) of this `name`. `mends`: it can be taken all the same, mended."""

    number: int
    name: str
    reason: str  # msgid
    params: dict[str, Any] = field(default_factory=dict)
    mends: bool = False

    def plain(self) -> dict[str, Any]:
        return asdict(self)


CROSSES = N_("The outline crosses itself near %(place)s.")
OVERLAID = N_("Parts of the outline lie over each other near %(place)s.")
HOLE_OUTSIDE = N_("A hole lies outside its outline near %(place)s.")
UNCLOSED = N_("A ring is not closed: its last corner is not its first.")
THIN = N_("A ring has fewer than three corners.")
EMPTY = N_("It has no area.")
NOT_AN_AREA = N_("It is no area but a %(kind)s.")
NOT_NUMBERS = N_("A coordinate is no number.")
NOT_FINITE = N_("A coordinate is not finite (NaN or infinity).")
NOT_DEGREES = N_("Coordinates like %(value)s are no degrees. Export the file in WGS 84 (EPSG:4326).")
OFF_EARTH = N_("There is no such place on earth: %(value)s.")
SWAPPED = N_("Latitude and longitude are exchanged.")
SWAPPED_BY_ACCOUNTS = N_("Latitude and longitude seem to be exchanged: exchanged, it lies where your customers are.")
TOO_MANY_CORNERS = N_("It has more than %(most)s corners.")
NAMELESS = N_("It has no name.")
NAME_TWICE = N_("Another feature has the same name.")


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as the file has it, `number` from 1."""

    number: int
    properties: Mapping[str, Any]
    geometry: Any


# --- The file -----------------------------------------------------------------------------------------------


def read_file(content: bytes) -> list[Feature]:
    """The features of a GeoJSON file: of a collection, a single one, or a bare geometry. UnreadableShapesError."""
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableShapesError(N_("This is a ZIP archive (perhaps a shapefile). Export it as GeoJSON."))
    if not content.strip():
        raise UnreadableShapesError(N_("The file is empty."))
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableShapesError(N_("This is no GeoJSON: the file is not text in UTF-8.")) from None
    return read_text(text)


def read_text(text: str) -> list[Feature]:
    """As `read_file`, of text."""
    if text.lstrip().startswith("<"):
        raise UnreadableShapesError(N_("This is XML (perhaps KML). Export it as GeoJSON."))
    try:
        found = json.loads(text)
    except RecursionError:
        raise UnreadableShapesError(N_("The file is nested too deeply to be GeoJSON.")) from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise UnreadableShapesError(N_("This is no JSON: it breaks off or errs in line %(line)s."), line=line) from None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise UnreadableShapesError(N_("This is JSON but no GeoJSON."))
    if found["type"] == "Topology":
        raise UnreadableShapesError(N_("This is TopoJSON. Export it as GeoJSON."))
    _check_crs(found.get("crs"))
    if found["type"] == "FeatureCollection":
        features = found.get("features")
        if not isinstance(features, list):
            raise UnreadableShapesError(N_("This is JSON but no GeoJSON."))
    else:
        features = [found if found["type"] == "Feature" else {"properties": {}, "geometry": found}]
    if not features:
        raise UnreadableShapesError(N_("The file has no features."))
    if len(features) > MOST_FEATURES:
        reason = N_("The file has %(count)s features; at most %(most)s can be taken.")
        raise UnreadableShapesError(reason, count=len(features), most=MOST_FEATURES)
    return [_feature(number, each) for number, each in enumerate(features, 1)]


def _feature(number: int, found: Any) -> Feature:
    if not isinstance(found, dict):
        return Feature(number, {}, None)
    properties = found.get("properties")
    return Feature(number, properties if isinstance(properties, dict) else {}, found.get("geometry"))


# Degrees of WGS 84, or of a datum that is the same to about a metre: CGCS2000, NAD83, ETRS89.
_DEGREES = re.compile(r"(^|[:/])(CRS:?84|4326|4490|4269|4258|4979)$", re.IGNORECASE)


def _check_crs(crs: Any) -> None:
    """The `crs` member of GeoJSON 2008, which old programs still write."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str((properties or {}).get("name", "")) if isinstance(properties, dict) else ""
    if name and not _DEGREES.search(name):
        reason = N_("The coordinates are in %(name)s. Export the file in WGS 84 (EPSG:4326).")
        raise UnreadableShapesError(reason, name=name[:80])


def name_choices(features: Sequence[Feature]) -> list[tuple[str, list[str]]]:
    """(property, up to three of its values) of what could name the features; the likeliest first."""
    found: dict[str, list[str]] = {}
    for feature in features:
        for name, value in feature.properties.items():
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                found.setdefault(name, []).append(str(value).strip())

    def likely(item: tuple[str, list[str]]) -> tuple[bool, bool, float]:
        name, values = item
        share = len(set(values)) / len(features)
        is_text = any(not value.replace(".", "").isdigit() for value in values[:20])
        return not is_text, "name" not in name.casefold() and "名" not in name, -share

    return [(name, list(dict.fromkeys(values))[:3]) for name, values in sorted(found.items(), key=likely)]


def text_of(feature: Feature, name: str) -> str:
    """What the feature says in this property, as one line; '' for nothing."""
    value = feature.properties.get(name)
    told = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return " ".join("".join(c for c in told if c.isprintable()).split())[:LONGEST_NAME]


# --- One outline --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """What is wrong with one geometry while it is read."""

    problems: list[tuple[str, dict[str, Any], bool]] = field(default_factory=list)

    def tell(self, reason: str, mends: bool, **params: Any) -> None:
        if all(known != reason for known, *_ in self.problems):
            self.problems.append((reason, params, mends))


class _NoAreaError(Exception):
    """Nothing of the geometry can be used; the reason was told."""


def area_of(feature: Feature, name: str, peopled: "Peopled | None" = None) -> tuple[Area | None, list[Problem]]:
    """The feature's area and what is wrong with it. With problems the area is the mended one, None where none mends."""
    found = _Found()
    area: Area | None = None
    try:
        rings = [[_ring(ring, found) for ring in polygon] for polygon in _polygons(feature.geometry, found)]
        rings = _turned(rings, found, peopled)
        area = _assembled(rings, found)
    except _NoAreaError:
        pass
    problems = [
        Problem(feature.number, name, reason, params, mends and area is not None)
        for reason, params, mends in found.problems
    ]
    return area, problems


def _polygons(geometry: Any, found: _Found) -> list[list[Any]]:
    """The coordinates of its polygons, also within a collection."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind is None:
        found.tell(EMPTY, False)
        raise _NoAreaError
    if kind == "GeometryCollection":
        parts = geometry.get("geometries")
        areas = [each for each in parts if isinstance(each, dict) and "Polygon" in str(each.get("type"))] if isinstance(
            parts, list) else []  # fmt: skip
        if not areas:
            found.tell(NOT_AN_AREA, False, kind=str(kind)[:40])
            raise _NoAreaError
        return [polygon for each in areas for polygon in _polygons(each, found)]
    if kind not in ("Polygon", "MultiPolygon"):
        found.tell(NOT_AN_AREA, False, kind=str(kind)[:40])
        raise _NoAreaError
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not all(isinstance(each, list) for each in polygons):
        found.tell(NOT_NUMBERS, False)
        raise _NoAreaError
    polygons = [each for each in polygons if each]
    if not polygons:
        found.tell(EMPTY, False)
        raise _NoAreaError
    return polygons


def _ring(corners: Any, found: _Found) -> Any:
    """float64 (n, 2), longitude first, as written."""
    if not isinstance(corners, list):
        found.tell(NOT_NUMBERS, False)
        raise _NoAreaError
    if len(corners) > MOST_CORNERS:
        found.tell(TOO_MANY_CORNERS, False, most=MOST_CORNERS)
        raise _NoAreaError
    points = []
    for corner in corners:
        if (
            not isinstance(corner, list)
            or len(corner) < 2
            or any(isinstance(n, bool) or not isinstance(n, int | float) for n in corner[:2])
        ):
            found.tell(NOT_NUMBERS, False)
            raise _NoAreaError
        try:
            points.append((float(corner[0]), float(corner[1])))
        except OverflowError:
            points.append((math.inf, math.inf))
    ring = np.array(points, dtype=float).reshape(-1, 2)
    if not np.isfinite(ring).all():
        found.tell(NOT_FINITE, False)
        raise _NoAreaError
    return ring


class Peopled:
    """Where the company's accounts are, on a grid of one degree: tells exchanged axes that both look possible."""

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        """`points`: latitude and longitude of some thousand accounts."""
        self._cells = {
            (math.floor(lat) + y, math.floor(lon) + x) for lat, lon in points for y in (-1, 0, 1) for x in (-1, 0, 1)
        }

    def share(self, lats: Any, lons: Any) -> float:
        """The share of these positions (up to about a hundred of them are asked) with an account about."""
        step = max(1, len(lats) // 100)
        cells = [(math.floor(lat), math.floor(lon)) for lat, lon in zip(lats[::step], lons[::step], strict=True)]
        return sum(cell in self._cells for cell in cells) / max(1, len(cells))


def _turned(rings: list[list[Any]], found: _Found, peopled: Peopled | None) -> list[list[Any]]:
    """The rings with longitude first where they were exchanged; whether they are degrees at all."""
    every = np.concatenate([ring for polygon in rings for ring in polygon] or [np.empty((0, 2))])
    if not len(every):
        found.tell(EMPTY, False)
        raise _NoAreaError
    x, y = np.abs(every[:, 0]).max(), np.abs(every[:, 1]).max()
    value = f"{every[0][0]:.6g}, {every[0][1]:.6g}"
    swapped = ""
    if x <= FAR and y > 90:
        if x <= 90 and y <= FAR:
            swapped = SWAPPED
        else:
            found.tell(OFF_EARTH, False, value=value)
            raise _NoAreaError
    elif x > FAR or y > 90:
        found.tell(NOT_DEGREES if max(x, y) > 1000 else OFF_EARTH, False, value=value)
        raise _NoAreaError
    elif x <= 90 and peopled is not None:
        straight, turned = (peopled.share(every[:, a], every[:, b]) for a, b in ((1, 0), (0, 1)))
        if straight < 0.05 and turned > 0.5:
            swapped = SWAPPED_BY_ACCOUNTS
    if not swapped:
        return rings
    found.tell(swapped, True)
    return [[ring[:, ::-1] for ring in polygon] for polygon in rings]


def _assembled(rings: list[list[Any]], found: _Found) -> Area:
    """The area of the rings: closed, cut at the antimeridian, without crossings."""
    polygons = []
    for outer, *holes in rings:
        closed = _closed(outer, found)
        if closed is None:
            continue
        inner = [ring for hole in holes if (ring := _closed(hole, found)) is not None]
        polygons += _cut(_mended(Polygon(closed, inner), found))
    whole: BaseGeometry = MultiPolygon(polygons)
    if not whole.is_valid:
        joined = shapely.union_all(polygons)
        if whole.area - joined.area > 1e-9:  # parts that only touch each other are no harm
            _tell_why(OVERLAID, whole, found)
        whole = joined
    area = as_area(whole)
    if area is None:
        found.tell(EMPTY, False)
        raise _NoAreaError
    return area


def _mended(polygon: Polygon, found: _Found) -> BaseGeometry:
    """The polygon without crossings, and without holes that are none."""
    if polygon.is_valid:
        return polygon
    said = shapely.is_valid_reason(polygon)
    _tell_why(HOLE_OUTSIDE if "outside" in said else CROSSES if "ntersection" in said else OVERLAID, polygon, found)
    outer, *holes = (_sound(Polygon(ring)) for ring in (polygon.exterior, *polygon.interiors))
    return shapely.difference(outer, shapely.union_all(holes)) if holes else outer


def _sound(shape: BaseGeometry) -> BaseGeometry:
    return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def _closed(ring: Any, found: _Found) -> Any | None:
    """The ring, closed, starting on its own side of the antimeridian; None where it has no corners for an area."""
    if len(ring) and not np.array_equal(ring[0], ring[-1]):
        found.tell(UNCLOSED, True)
        ring = np.concatenate([ring, ring[:1]])
    if len(np.unique(ring, axis=0)) < 3:
        found.tell(THIN, True)
        return None
    steps = np.diff(ring[:, 0])
    # Beyond half the world it went round the other side. 360 itself is an edge along the pole, as Antarctica has it.
    turns = np.where((np.abs(steps) > 180) & (np.abs(steps) < 360), -360 * np.sign(steps), 0)
    if turns.any():
        ring = ring.copy()
        ring[1:, 0] += np.cumsum(turns)
    return ring


def _cut(shape: BaseGeometry) -> list[Polygon]:
    """The polygons of a shape, in parts that end at the antimeridian."""
    west, south, east, north = shape.bounds if not shape.is_empty else (0, 0, 0, 0)
    if west >= -180 and east <= 180:
        return _polygons_of(shape)
    parts: list[Polygon] = []
    for turn in (-720, -360, 0, 360, 720):
        part = shape.intersection(box(turn - 180, south - 1, turn + 180, north + 1))
        parts += _polygons_of(affinity.translate(part, -turn))
    return parts


def _polygons_of(shape: BaseGeometry) -> list[Polygon]:
    return [each for each in shapely.get_parts(shape) if isinstance(each, Polygon) and each.area > 0]


_PLACE = re.compile(r"\[(\S+) (\S+)\]")


def _tell_why(reason: str, shape: BaseGeometry, found: _Found) -> None:
    """GEOS says in English what is wrong, and where."""
    said = shapely.is_valid_reason(shape)
    match = _PLACE.search(said)
    if "Too few points" in said:
        found.tell(THIN, True)
    else:
        found.tell(reason, True, place=f"{float(match[2]):.5f}, {float(match[1]):.5f}" if match else "")


def as_area(shape: BaseGeometry) -> Area | None:
    """The polygons of a shape as a MultiPolygon; None where they have no area."""
    parts = _polygons_of(shape)
    area = MultiPolygon(parts)
    return area if parts and km2_of(area) >= SMALLEST_KM2 else None


@dataclass(frozen=True, slots=True)
class Read:
    """What a file gives: (name, code, area) of what can be taken; all problems. `mended`: of how many features."""

    taken: list[tuple[str, str, Area]]
    problems: list[Problem]

    @property
    def mends(self) -> int:
        """How many features have problems and can be taken all the same."""
        return len({each.number for each in self.problems} - self._lost)

    @property
    def lost(self) -> int:
        """How many cannot."""
        return len(self._lost)

    @property
    def _lost(self) -> set[int]:
        return {each.number for each in self.problems if not each.mends}


def read_areas(
    features: Sequence[Feature],
    name: str,
    code: str,
    peopled: Peopled | None,
    convert: Convert | None = None,
    say: Callable[[int, int], None] = lambda _done, _total: None,
) -> Read:
    """All features of a file, named by the property `name`; `convert` turns its coordinates into WGS-84."""
    taken: list[tuple[str, str, Area]] = []
    problems: list[Problem] = []
    names: set[str] = set()
    for feature in features:
        say(feature.number - 1, len(features))
        called = text_of(feature, name) if name else ""
        area, wrong = area_of(feature, called, peopled)
        problems += wrong
        if area is None:
            continue
        told = called or f"{feature.number}"
        if not called:
            if len(features) > 1:
                problems.append(Problem(feature.number, "", NAMELESS, {}, mends=True))
        elif called in names:
            problems.append(Problem(feature.number, called, NAME_TWICE, {}, mends=True))
            told = next(each for n in range(2, MOST_FEATURES + 2) if (each := f"{called} ({n})") not in names)
        names.add(told)
        taken.append((told, text_of(feature, code) if code else "", converted(area, convert)))
    return Read(taken, problems)


def converted(area: Area, convert: Convert | None) -> Area:
    """The area with each corner moved by `convert` (longitude, latitude)."""
    if convert is None:
        return area
    moved = shapely.transform(area, lambda points: np.array([convert(x, y) for x, y in points]))
    return as_area(_sound(moved)) or area


# --- Typed and drawn ----------------------------------------------------------------------------------------

_PAIR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,，;\s]\s*(-?\d+(?:\.\d+)?)\s*")


def read_typed(text: str, convert: Convert | None = None) -> Area | None:
    """The area of a form's field: GeoJSON, or a line "latitude, longitude" for each corner with an empty line between
    outlines. None for an empty one. UnreadableShapesError for the first thing that is wrong."""
    if not text.strip():
        return None
    if text.lstrip()[:1] in "{[<":
        features = read_text(text)
    else:
        features = [Feature(1, {}, {"type": "MultiPolygon", "coordinates": list(_typed_rings(text))})]
    areas = []
    for feature in features:
        area, problems = area_of(feature, "")
        if problems or area is None:
            raise UnreadableShapesError(problems[0].reason, **problems[0].params)
        areas.append(area)
    whole = as_area(shapely.union_all(areas)) if len(areas) > 1 else areas[0]
    return converted(whole, convert) if whole is not None else None


def typed_of(area: Area) -> str:
    """What `read_typed` reads as this area: a line for each corner where there are no holes and few corners, which
    people can change, else GeoJSON."""
    rings = [polygon.exterior.coords[:-1] for polygon in area.geoms]
    if sum(map(len, rings)) > MOST_TYPED or any(polygon.interiors for polygon in area.geoms):
        return geojson_of(area)
    return "\n\n".join("\n".join(f"{lat:.6f}, {lon:.6f}" for lon, lat in ring) for ring in rings)


def _typed_rings(text: str) -> Iterator[list[list[list[float]]]]:
    ring: list[list[float]] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            match = _PAIR.fullmatch(line)
            if match is None:
                reason = N_("Line %(line)s is no position. Write latitude, longitude, like 31.23, 121.47.")
                raise UnreadableShapesError(reason, line=number)
            ring.append([float(match[2]), float(match[1])])
        elif ring:
            yield [ring if ring[0] == ring[-1] else [*ring, ring[0]]]
            ring = []


# --- Measures -----------------------------------------------------------------------------------------------


def km2_of(area: BaseGeometry) -> float:
    """Square kilometres, on a sphere: by the equal-area cylinder of Lambert, whose x is the longitude and y the sine of
    the latitude. Edges are straight there and not on the map: for edges up to 50 km less than 0.1 % off."""
    flat = shapely.transform(area, lambda at: np.column_stack([np.radians(at[:, 0]), np.sin(np.radians(at[:, 1]))]))
    return float(flat.area) * (EARTH_RADIUS_M / 1000) ** 2


def simpler(area: Area, degrees: float) -> Area:
    """The area with fewer corners, none moved further than `degrees`: to be drawn small."""
    return as_area(shapely.simplify(area, degrees)) or area


def geojson_of(area: Area) -> str:
    """A GeoJSON geometry; coordinates to a tenth of a metre."""
    return str(shapely.to_geojson(shapely.set_precision(area, 1e-6, mode="pointwise")))


def area_from(geojson: str) -> Area:
    """Back from `geojson_of`, ready to be asked often."""
    area = shapely.from_geojson(geojson)
    if not area.is_valid:  # by the rounding of its corners
        area = as_area(_sound(area)) or area
    shapely.prepare(area)
    return cast(Area, area)


def rings_of(area: Area, place: Callable[[float, float], Point]) -> list[list[list[Point]]]:
    """Polygons > rings > (latitude, longitude), each corner as `place(latitude, longitude)` has it on the map."""
    at = partial(_placed, place=place)
    return [[at(ring) for ring in (polygon.exterior, *polygon.interiors)] for polygon in area.geoms]


def _placed(ring: Any, place: Callable[[float, float], Point]) -> list[Point]:
    return [place(lat, lon) for lon, lat in ring.coords[:-1]]
