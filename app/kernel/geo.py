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
Box = tuple[float, float, float, float]
"""South, west, north and east edge, in degrees."""

_COVER_RANGES = 9
_VIEW_RANGES = 16
_SLACK_RAD = 1e-9  # 6 mm: more than the rounding of the trigonometry below, less than a key
_SLACK_DEG = math.degrees(_SLACK_RAD)


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


def tile_box(z: int, tile: int) -> Box:
    """South, west, north and east edge in degrees of the tile of zoom `z` whose keys begin with `tile`: those that are
    `tile` when shifted right by 2 * (26 - z). What lies beyond the Mercator square belongs to the outermost tiles all
    the same."""
    shift = ZOOM - z
    column, row = _gather(tile) << shift, _gather(tile >> 1) << shift
    side = 1 << shift
    west, east = column / _SIDE * 360.0 - 180.0, (column + side) / _SIDE * 360.0 - 180.0
    return _latitude(row + side), west, _latitude(row), east


def pixel(position: Position, zoom: int) -> tuple[float, float]:
    """Where a position lies on the map of the whole world at this zoom, in pixels (256 a tile): x from the antimeridian
    to the east, y from the north. Clamped at the edges of the Mercator square."""
    lat = math.radians(min(max(position.lat, -MERCATOR_LIMIT), MERCATOR_LIMIT))
    side = 256.0 * (1 << zoom)
    return (position.lon + 180.0) / 360.0 * side, (1.0 - math.asinh(math.tan(lat)) / math.pi) / 2.0 * side


def at_pixel(x: float, y: float, zoom: int) -> Position:
    """The inverse of `pixel`."""
    side = 256.0 * (1 << zoom)
    lat = math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * y / side))))
    return Position(lat, min(max(x / side * 360.0 - 180.0, -180.0), 180.0))


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
        width = math.degrees(math.asin(min(1.0, math.sin(reach) / math.cos(lat)))) + _SLACK_DEG
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
        west, east = west - turns - _SLACK_DEG, east - turns + _SLACK_DEG  # taking off the turns has rounded
    else:
        west, east = -180.0, 180.0
    return _ranges(_boxes(south, west, north, east), _VIEW_RANGES)


def join(ranges: Sequence[KeyRange], limit: int) -> list[KeyRange]:
    """At most `limit` ascending ranges over these disjoint ones: neighbours in one, and the smallest gaps closed."""
    ordered = sorted(ranges)
    gaps = sorted((after[0] - before[1], before[1], after[0]) for before, after in pairwise(ordered))
    cuts = sorted((end, start) for gap, end, start in gaps[-(limit - 1) :] if gap > 1)
    edges = [ordered[0][0], *(edge for cut in cuts for edge in cut), ordered[-1][1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def split(low: int, high: int) -> list[KeyRange]:
    """The range in up to 16 parts: the smallest tile which holds it, two zooms further in. Itself if it is one key."""
    bits = max(0, _tile_bits(low, high) - 4)
    starts = range(low >> bits << bits, high + 1, 1 << bits)
    return [(max(start, low), min(start + (1 << bits) - 1, high)) for start in starts]


def span_m(position: Position, low: int, high: int) -> tuple[float, float]:
    """How near and how far from `position`, in metres, the smallest tile which holds the key range begins and ends."""
    bits = _tile_bits(low, high)
    first = low >> bits << bits
    side = 1 << bits // 2
    column, row = _gather(first), _gather(first >> 1)
    west, east = column / _SIDE * 360.0 - 180.0, (column + side) / _SIDE * 360.0 - 180.0
    # The last rows on either side also have what lies beyond the Mercator square.
    north = 90.0 if row == 0 else _latitude(row)
    south = -90.0 if row + side == _SIDE else _latitude(row + side)
    opposite = Position(-position.lat, position.lon - math.copysign(180.0, position.lon))
    reach = [_nearest_m(place, south, west, north, east) for place in (position, opposite)]
    return reach[0], HALF_CIRCUMFERENCE_M - reach[1]


def _nearest_m(position: Position, south: float, west: float, north: float, east: float) -> float:
    """Distance from a position to a box of degrees, 0 inside."""
    if west <= position.lon <= east:
        return math.radians(max(south - position.lat, position.lat - north, 0.0)) * EARTH_RADIUS_M
    distances = []
    for lon in (west, east):
        # On a meridian the cosine of the distance is a sin(t) + b cos(t) of the latitude t: greatest at atan2(a, b).
        a = math.sin(math.radians(position.lat))
        b = math.cos(math.radians(position.lat)) * math.cos(math.radians(position.lon - lon))
        top = math.degrees(math.atan2(a, b))
        distances += [distance_m(position, Position(min(max(lat, south), north), lon)) for lat in (south, top, north)]
    return min(distances)


def _tile_bits(low: int, high: int) -> int:
    """Bits of the key which the smallest tile holding both keys leaves open; even."""
    return ((low ^ high).bit_length() + 1) // 2 * 2


def _latitude(row: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * row / _SIDE))))


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
    tiles = {_morton(x, y) for columns, rows in _grids(boxes, shift) for y in rows for x in columns}
    bits = 2 * shift
    return join([(tile << bits, ((tile + 1) << bits) - 1) for tile in tiles], limit)


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


def _gather(bits: int) -> int:
    """The even bits of a key, closed up; the inverse of `_spread`."""
    bits &= 0x5555555555555555
    bits = (bits | bits >> 1) & 0x3333333333333333
    bits = (bits | bits >> 2) & 0x0F0F0F0F0F0F0F0F
    bits = (bits | bits >> 4) & 0x00FF00FF00FF00FF
    bits = (bits | bits >> 8) & 0x0000FFFF0000FFFF
    return (bits | bits >> 16) & 0x00000000FFFFFFFF
