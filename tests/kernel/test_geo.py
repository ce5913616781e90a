"""Distances, keys and covers, by example and by property (geopy is the oracle of the distance)."""

import math
from itertools import pairwise

import pytest
from geopy.distance import great_circle
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.kernel import geo
from app.kernel.geo import Position

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
positions = st.builds(Position, latitudes, longitudes)
radii = st.floats(0, 21_000_000) | st.floats(0, 5_000)


def is_in(key: int, ranges: list[tuple[int, int]]) -> bool:
    return any(low <= key <= high for low, high in ranges)


def moved(start: Position, bearing: float, metres: float) -> Position:
    """The place `metres` away along a great circle (Williams, Aviation Formulary)."""
    lat, lon, arc = math.radians(start.lat), math.radians(start.lon), metres / geo.EARTH_RADIUS_M
    sine = math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * math.cos(bearing)
    end_lat = math.asin(max(-1.0, min(1.0, sine)))
    turn = math.atan2(math.sin(bearing) * math.sin(arc) * math.cos(lat), math.cos(arc) - math.sin(lat) * sine)
    end_lon = (math.degrees(lon + turn) + 540.0) % 360.0 - 180.0
    return Position(max(-90.0, min(90.0, math.degrees(end_lat))), max(-180.0, min(180.0, end_lon)))


@pytest.mark.parametrize(
    ("lat", "lon"), [(90.1, 0), (-90.1, 0), (0, 180.1), (0, -180.1), (math.nan, 0), (0, math.nan), (math.inf, 0)]
)
def test_a_place_off_the_earth_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="is not within"):
        Position(lat, lon)


def test_known_distance() -> None:
    big_ben, taipei_101 = Position(51.50072, -0.12463), Position(25.03396, 121.56447)
    assert geo.distance_m(big_ben, taipei_101) == pytest.approx(9_787_900, rel=1e-3)
    assert geo.distance_m(big_ben, big_ben) == 0


@given(positions, positions)
def test_distance_agrees_with_geopy(a: Position, b: Position) -> None:
    oracle = great_circle((a.lat, a.lon), (b.lat, b.lon), radius=geo.EARTH_RADIUS_M / 1000).m
    # Near the antipode the arc sine of the chord is only good to about 0.2 m; elsewhere far below a millimetre.
    assert geo.distance_m(a, b) == pytest.approx(oracle, abs=1e-3 if oracle < 19_000_000 else 0.5)


@given(positions, positions)
def test_distance_is_symmetric(a: Position, b: Position) -> None:
    assert geo.distance_m(a, b) == geo.distance_m(b, a)


@given(st.floats(0, 19_000_000))
def test_arc_and_chord_are_inverse(metres: float) -> None:
    assert geo.arc_m(geo.chord2(metres)) == pytest.approx(metres, rel=1e-9, abs=1e-9)


def test_chord_never_shrinks_beyond_the_antipode() -> None:
    assert geo.chord2(50_000_000) == geo.chord2(geo.HALF_CIRCUMFERENCE_M) == pytest.approx(4)


@given(positions)
def test_key_is_the_tile_of_zoom_26(position: Position) -> None:
    key = geo.quadkey(position)
    assert 0 <= key <= geo.LAST_KEY < 2**63
    column = int("".join(str(key >> bit & 1) for bit in range(50, -1, -2)), 2)
    assert column == min(int((position.lon + 180) / 360 * 2**26), 2**26 - 1)


def test_known_keys() -> None:
    # The example of Microsoft's "Bing Maps Tile System": tile (3, 5) of zoom 3 is quadkey 213.
    assert geo.tile_range(3, 3, 5)[0] >> 2 * 23 == int("213", 4)
    assert geo.quadkey(Position(90, -180)) == 0
    assert geo.quadkey(Position(-90, 180)) == geo.LAST_KEY
    assert geo.quadkey(Position(89, 12)) == geo.quadkey(Position(86, 12))
    assert geo.tile_range(0, 0, 0) == (0, geo.LAST_KEY)


@pytest.mark.parametrize("tile", [(-1, 0, 0), (27, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_a_tile_that_is_none_is_refused(tile: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no tile"):
        geo.tile_range(*tile)


@given(positions, st.integers(0, 26))
def test_a_position_lies_in_the_map_tile_that_shows_it(position: Position, z: int) -> None:
    # The tile formulas of the OpenStreetMap wiki, "Slippy map tilenames".
    lat = math.radians(max(-85.05, min(85.05, position.lat)))
    x = min(int((position.lon + 180) / 360 * 2**z), 2**z - 1)
    y = int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**z)
    clamped = Position(math.degrees(lat), position.lon)
    near = {min(max(y + step, 0), 2**z - 1) for step in (-1, 0, 1)}  # rounding may fall on the other side of a line
    holding = [row for row in near if is_in(geo.quadkey(clamped), [geo.tile_range(z, x, row)])]
    assert len(holding) == 1
    assert abs(holding[0] - y) <= (z > 20)


@given(positions, radii, st.floats(0, 2 * math.pi), st.floats(0, 1))
@example(Position(10, -180), 5_000.0, 1.5 * math.pi, 0.9)
@example(Position(10, 180), 5_000.0, 0.5 * math.pi, 0.9)
@example(Position(89.99, 0), 5_000.0, 0.0, 1.0)
@example(Position(-90, 0), 0.0, 0.0, 0.0)
def test_cover_holds_the_whole_circle(centre: Position, radius: float, bearing: float, share: float) -> None:
    target = moved(centre, bearing, min(radius, geo.HALF_CIRCUMFERENCE_M) * share)
    cover = geo.covering(centre, radius)
    assert 1 <= len(cover) <= 9
    assert all(low <= high for low, high in cover)
    assert all(before[1] < after[0] for before, after in pairwise(cover))
    if geo.distance_m(centre, target) <= radius:
        assert is_in(geo.quadkey(target), cover)
        # +180 and -180 are one meridian with two keys
        if abs(target.lon) == 180:
            assert is_in(geo.quadkey(Position(target.lat, -target.lon)), cover)


@given(positions, positions)
def test_cover_reaches_every_other_place(centre: Position, other: Position) -> None:
    assert is_in(geo.quadkey(other), geo.covering(centre, geo.distance_m(centre, other)))


@given(st.builds(Position, st.floats(-60, 60), longitudes), st.floats(100, 100_000))
def test_cover_is_not_much_larger_than_the_circle(centre: Position, radius: float) -> None:
    metres_per_key = geo.HALF_CIRCUMFERENCE_M * 2 / 2**26 * math.cos(math.radians(centre.lat))
    keys = sum(high - low + 1 for low, high in geo.covering(centre, radius))
    assert keys * metres_per_key**2 < 12 * math.pi * radius**2


def test_the_whole_world_is_one_range() -> None:
    assert geo.covering(Position(12, 34), 30_000_000) == [(0, geo.LAST_KEY)]
    assert geo.box_ranges(-90, -180, 90, 180) == [(0, geo.LAST_KEY)]


@given(latitudes, latitudes, longitudes, longitudes, st.floats(0, 1), st.floats(0, 1), st.integers(-2, 2))
def test_view_holds_all_its_places(
    lat1: float, lat2: float, west: float, east: float, down: float, across: float, turns: int
) -> None:
    assume((west > east) == (west + 360 * turns > east + 360 * turns))  # not so where a turn swallows the difference
    south, north = min(lat1, lat2), max(lat1, lat2)
    ranges = geo.box_ranges(south, west + 360 * turns, north, east + 360 * turns)
    assert 1 <= len(ranges) <= 16
    width = east - west if east >= west else east - west + 360
    lon = west + width * across
    lon = max(-180.0, min(180.0, lon - 360 if lon > 180 else lon))
    lat = min(north, south + (north - south) * down)
    if (west <= lon <= east) if west <= east else (lon >= west or lon <= east):
        assert is_in(geo.quadkey(Position(lat, lon)), ranges)


def test_view_across_the_antimeridian_is_narrow() -> None:
    ranges = geo.box_ranges(-20, 175, -15, -175)
    assert ranges == geo.box_ranges(-20, 175, -15, 185) == geo.box_ranges(-20, -185, -15, -175)
    assert is_in(geo.quadkey(Position(-17, 179)), ranges)
    assert is_in(geo.quadkey(Position(-17, -179)), ranges)
    assert not is_in(geo.quadkey(Position(-17, 0)), ranges)


@pytest.mark.parametrize("view", [(10, 0, 9, 1), (math.nan, 0, 9, 1), (0, 0, 9, math.inf)])
def test_a_view_that_is_none_is_refused(view: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="not a map view"):
        geo.box_ranges(*view)


@given(positions, positions, positions)
@example(Position(10, 179.99), Position(10, -179.99), Position(10, -179.98))
@example(Position(90, 0), Position(89, 100), Position(88, -100))
def test_span_holds_the_distances_to_all_in_the_tile(centre: Position, one: Position, other: Position) -> None:
    low, high = sorted((geo.quadkey(one), geo.quadkey(other)))
    near, far = geo.span_m(centre, low, high)
    for place in (one, other):
        assert near - 0.5 <= geo.distance_m(centre, place) <= far + 0.5


@given(positions, positions)
def test_span_of_one_key_is_its_distance(centre: Position, place: Position) -> None:
    if abs(place.lat) < 85:
        near, far = geo.span_m(centre, geo.quadkey(place), geo.quadkey(place))
        assert far - near < 2.5
        assert near - 0.5 <= geo.distance_m(centre, place) <= far + 0.5


@given(st.integers(0, geo.LAST_KEY), st.integers(0, geo.LAST_KEY))
def test_parts_are_the_whole(one: int, other: int) -> None:
    low, high = sorted((one, other))
    parts = geo.split(low, high)
    assert len(parts) <= 16
    assert (parts[0][0], parts[-1][1]) == (low, high)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(parts))
    assert len(parts) > 1 or low == high
