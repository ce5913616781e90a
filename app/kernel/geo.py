"""Positions on the earth and the key by which they are searched.

A position is WGS-84 in degrees; a length is in metres on a sphere of the mean earth radius. The search key ("quadkey")
is the position's web-Mercator tile of zoom 26 (0.6 m at the equator) as a 52-bit Morton number: every tile of every
zoom is one range of keys, so that one B-tree serves circles, map views and map tiles on every database. The key only
narrows; exact order comes from the chord between unit vectors, which grows as the distance grows and is smooth at the
poles and at the antimeridian.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the WGS-84 ellipsoid, (2a + b) / 3 (Moritz, Geodetic Reference System 1980)."""
HALF_CIRCUMFERENCE_M = math.pi * EARTH_RADIUS_M
"""No two places are further apart."""

ZOOM = 26
_SIDE = 1 << ZOOM
LAST_KEY = _SIDE * _SIDE - 1
MERCATOR_LIMIT = math.degrees(math.atan(math.sinh(math.pi)))
"""Latitude at which the web-Mercator square ends, 85.0511 degrees; beyond it a position has the key of the edge."""

Vector = tuple[float, float, float]
KeyRange = tuple[int, int]
"""First and last key, both included."""

_COVER_RANGES = 9
_VIEW_RANGES = 16
_SLACK_RAD = 1e-9  # 6 mm: more than the rounding of the trigonometry below, less than a key


@dataclass(frozen=True, slots=True)
class Position:
    """A WGS-84 position in degrees; ValueError for what is no place on earth (NaN and infinity included)."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not -90.0 <= self.lat <= 90.0:
            raise ValueError(f"latitude {self.lat} is not within -90..90")
        if not -180.0 <= self.lon <= 180.0:
            raise ValueError(f"longitude {self.lon} is not within -180..180")


def unit_vector(position: Position) -> Vector:
    """The point of the unit sphere: x towards (0, 0), y towards (0, 90 E), z towards the north pole."""
    lat, lon = math.radians(position.lat), math.radians(position.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def distance_m(a: Position, b: Position) -> float:
    """Great-circle distance in metres."""
    (ax, ay, az), (bx, by, bz) = unit_vector(a), unit_vector(b)
    return arc_m((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2)


def chord2(metres: float) -> float:
    """Squared chord of the unit sphere under an arc of `metres`; 4 for the half circumference and beyond."""
    return float(4.0 * math.sin(min(metres, HALF_CIRCUMFERENCE_M) / (2.0 * EARTH_RADIUS_M)) ** 2)


def arc_m(squared_chord: float) -> float:
    """Metres of the arc over a squared chord; the inverse of `chord2`."""
    return 2.0 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(squared_chord) / 2.0))


def quadkey(position: Position) -> int:
    """The search key, 0..2**52 - 1. Digits from the top as in Bing's quadkeys: 2 * (south) + (east)."""
    return _morton(_column(position.lon), _row(position.lat))


def tile_range(z: int, x: int, y: int) -> KeyRange:
    """All keys of the map tile z/x/y (XYZ scheme, y from the north); ValueError where there is no such tile."""
    if not (0 <= z <= ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise ValueError(f"no tile {z}/{x}/{y}")
    low, shift = _morton(x, y), 2 * (ZOOM - z)
    return low << shift, ((low + 1) << shift) - 1


def covering(position: Position, radius_m: float) -> list[KeyRange]:
    """At most 9 ascending, disjoint key ranges which hold every position within `radius_m` (and more around it)."""
    reach = radius_m / EARTH_RADIUS_M + _SLACK_RAD
    lat = math.radians(position.lat)
    south, north = math.degrees(lat - reach), math.degrees(lat + reach)
    if reach >= math.pi or south <= -90.0 or north >= 90.0:  # the circle holds a pole, and so every longitude
        west, east = -180.0, 180.0
    else:
        # Where the circle touches its outermost meridians: sin(width) = sin(reach) / cos(lat), from the right spherical
        # triangle of pole, centre and touching point (Napier).
        width = math.degrees(math.asin(min(1.0, math.sin(reach) / math.cos(lat)))) + math.degrees(_SLACK_RAD)
        west, east = position.lon - width, position.lon + width
    return _ranges(_boxes(max(south, -90.0), west, min(north, 90.0), east), _COVER_RANGES)


def box_ranges(south: float, west: float, north: float, east: float) -> list[KeyRange]:
    """At most 16 ascending, disjoint key ranges which hold every position of a map view (and more around it).

    Degrees. `west > east` is a view across the antimeridian; so is a view scrolled beyond +-180. Latitudes are clamped;
    ValueError for numbers that are not finite or a north below the south.
    """
    if not all(map(math.isfinite, (south, west, north, east))) or north < south:
        raise ValueError("not a map view")
    if east < west:
        east += 360.0
    if east - west < 360.0:
        turns = math.floor((west + 180.0) / 360.0) * 360.0
        west, east = west - turns, east - turns
    else:
        west, east = -180.0, 180.0
    return _ranges(_boxes(south, west, north, east), _VIEW_RANGES)


_Box = tuple[int, int, int, int]  # first column, first row, last column, last row, at ZOOM


def _boxes(south: float, west: float, north: float, east: float) -> list[_Box]:
    """The view in columns and rows, in two parts where it crosses the antimeridian; +-180 belongs to both sides."""
    top, bottom = _row(north), _row(south)
    if west <= -180.0 and east >= 180.0:
        return [(0, top, _SIDE - 1, bottom)]
    if west <= -180.0:
        return [(_column(west + 360.0), top, _SIDE - 1, bottom), (0, top, _column(east), bottom)]
    if east >= 180.0:
        return [(_column(west), top, _SIDE - 1, bottom), (0, top, _column(east - 360.0), bottom)]
    return [(_column(west), top, _column(east), bottom)]


def _ranges(boxes: Sequence[_Box], limit: int) -> list[KeyRange]:
    """Tiles of the finest zoom that needs few of them, neighbours joined, then the smallest gaps closed."""
    shift = 0
    while sum(len(columns) * len(rows) for columns, rows in _grids(boxes, shift)) > 4 * limit:
        shift += 1
    tiles = sorted({_morton(x, y) for columns, rows in _grids(boxes, shift) for y in rows for x in columns})
    gaps = sorted((after - before, before, after) for before, after in pairwise(tiles) if after - before > 1)
    kept = sorted(gaps[-(limit - 1) :], key=itemgetter(1))
    starts = [tiles[0], *(after for _, _, after in kept)]
    ends = [*(before for _, before, _ in kept), tiles[-1]]
    bits = 2 * shift
    return [(start << bits, ((end + 1) << bits) - 1) for start, end in zip(starts, ends, strict=True)]


def _grids(boxes: Sequence[_Box], shift: int) -> Iterator[tuple[range, range]]:
    """Columns and rows of each box, at the zoom `shift` levels above ZOOM."""
    for c0, r0, c1, r1 in boxes:
        yield range(c0 >> shift, (c1 >> shift) + 1), range(r0 >> shift, (r1 >> shift) + 1)


def _column(lon: float) -> int:
    return min(max(int((lon + 180.0) / 360.0 * _SIDE), 0), _SIDE - 1)


def _row(lat: float) -> int:
    """Row from the north of the spherical ("web") Mercator projection, EPSG:3857."""
    lat = math.radians(min(max(lat, -MERCATOR_LIMIT), MERCATOR_LIMIT))
    return min(max(int((1.0 - math.asinh(math.tan(lat)) / math.pi) / 2.0 * _SIDE), 0), _SIDE - 1)


def _morton(column: int, row: int) -> int:
    return _spread(column) | _spread(row) << 1


def _spread(bits: int) -> int:
    """Move bit n to place 2n (32 bits in, 64 out): the usual binary magic numbers."""
    bits = (bits | bits << 16) & 0x0000FFFF0000FFFF
    bits = (bits | bits << 8) & 0x00FF00FF00FF00FF
    bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0F
    bits = (bits | bits << 2) & 0x3333333333333333
    return (bits | bits << 1) & 0x5555555555555555
