"""Outlines: what is read, what is mended, and what is refused in which words."""

import json
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from app.kernel.geo import EARTH_RADIUS_M, Position, distance_m
from app.territories import shapes
from app.territories.shapes import (
    Feature,
    Peopled,
    UnreadableShapesError,
    area_from,
    area_of,
    geojson_of,
    km2_of,
    name_choices,
    read_areas,
    read_file,
    read_typed,
    typed_of,
)
from tests.territories.stage import collection, feature, square

SQUARE = [[120, 30], [121, 30], [121, 31], [120, 31], [120, 30]]


def polygon(*rings: Any, kind: str = "Polygon") -> Feature:
    return Feature(1, {}, {"type": kind, "coordinates": list(rings)})


def told(found: Feature, peopled: Peopled | None = None) -> tuple[float | None, list[tuple[str, bool]]]:
    """Rough size in square degrees, and the problems."""
    area, problems = area_of(found, "", peopled)
    return (round(area.area, 3) if area else None), [(each.reason, each.mends) for each in problems]


@pytest.mark.parametrize(
    ("geometry", "size", "problems"),
    [
        (polygon(SQUARE), 1.0, []),
        (polygon(SQUARE[::-1]), 1.0, []),
        (polygon([SQUARE], [[[2, 2], [3, 2], [3, 3], [2, 2]]], kind="MultiPolygon"), 1.5, []),
        (polygon(SQUARE, [[120.2, 30.2], [120.8, 30.2], [120.8, 30.8], [120.2, 30.2]]), 0.82, []),
        (polygon([[*at, 7.5] for at in SQUARE]), 1.0, []),
        (polygon(SQUARE[:-1]), 1.0, [(shapes.UNCLOSED, True)]),
        (polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]), 0.5, [(shapes.CROSSES, True)]),
        (polygon(SQUARE, [[125, 30], [126, 30], [126, 31], [125, 30]]), 1.0, [(shapes.HOLE_OUTSIDE, True)]),
        (polygon([SQUARE], [SQUARE], kind="MultiPolygon"), 1.0, [(shapes.OVERLAID, True)]),
        (polygon([SQUARE], [[[x + 1, y] for x, y in SQUARE]], kind="MultiPolygon"), 2.0, []),
        (polygon([[y, x] for x, y in SQUARE]), 1.0, [(shapes.SWAPPED, True)]),
        (polygon([SQUARE], [[[1, 1], [2, 2], [1, 1]]], kind="MultiPolygon"), 1.0, [(shapes.THIN, True)]),
        (polygon([[1, 1], [2, 2], [1, 1]]), None, [(shapes.THIN, False), (shapes.EMPTY, False)]),
        (polygon([[1, 1], [1, 1], [1, 1], [1, 1]]), None, [(shapes.THIN, False), (shapes.EMPTY, False)]),
        (polygon([]), None, [(shapes.EMPTY, False)]),
        (polygon(), None, [(shapes.EMPTY, False)]),
        (Feature(1, {}, None), None, [(shapes.EMPTY, False)]),
        (Feature(1, {}, "nonsense"), None, [(shapes.EMPTY, False)]),
        (Feature(1, {}, {"type": "Point", "coordinates": [1, 2]}), None, [(shapes.NOT_AN_AREA, False)]),
        (Feature(1, {}, {"type": "LineString", "coordinates": SQUARE}), None, [(shapes.NOT_AN_AREA, False)]),
        (Feature(1, {}, {"type": "GeometryCollection", "geometries": [
            {"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon", "coordinates": [SQUARE]}]}), 1.0, []),
        (Feature(1, {}, {"type": "GeometryCollection", "geometries": 7}), None, [(shapes.NOT_AN_AREA, False)]),
        (polygon([[120, "30"], *SQUARE[1:]]), None, [(shapes.NOT_NUMBERS, False)]),
        (polygon([[120], *SQUARE[1:]]), None, [(shapes.NOT_NUMBERS, False)]),
        (polygon([True, False]), None, [(shapes.NOT_NUMBERS, False)]),
        (polygon({"a": 1}), None, [(shapes.NOT_NUMBERS, False)]),
        (Feature(1, {}, {"type": "MultiPolygon", "coordinates": 5}), None, [(shapes.NOT_NUMBERS, False)]),
        (polygon([[120, math.nan], *SQUARE[1:]]), None, [(shapes.NOT_FINITE, False)]),
        (polygon([[120, 10**400], *SQUARE[1:]]), None, [(shapes.NOT_FINITE, False)]),
        (polygon([[x * 111_000, y * 111_000] for x, y in SQUARE]), None, [(shapes.NOT_DEGREES, False)]),
        (polygon([[x, y + 150] for x, y in SQUARE]), None, [(shapes.OFF_EARTH, False)]),
        (polygon([[x + 500, y] for x, y in SQUARE]), None, [(shapes.OFF_EARTH, False)]),
        (polygon([[0, 0], [1e-9, 0], [1e-9, 1e-9], [0, 0]]), None, [(shapes.EMPTY, False)]),
    ],
)  # fmt: skip
def test_an_outline_is_taken_mended_or_refused(
    geometry: Feature, size: float | None, problems: list[tuple[str, bool]]
) -> None:
    assert told(geometry) == (size, problems)


def test_a_problem_names_the_place() -> None:
    _area, (problem,) = area_of(polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]), "Bow")
    assert (problem.number, problem.name, problem.params) == (1, "Bow", {"place": "30.50000, 120.50000"})


def test_exchanged_axes_that_look_possible_are_told_by_where_the_customers_are() -> None:
    london = [[-0.2, 51.4], [0.1, 51.4], [0.1, 51.6], [-0.2, 51.6], [-0.2, 51.4]]
    exchanged = polygon([[y, x] for x, y in london])
    here = Peopled([(51.5, -0.1), (31.2, 121.4)])
    assert told(exchanged, here) == (0.06, [(shapes.SWAPPED_BY_ACCOUNTS, True)])
    area, _ = area_of(exchanged, "", here)
    assert area is not None and area.contains(Point(-0.1, 51.5))
    assert told(polygon(london), here) == (0.06, [])
    assert told(exchanged, Peopled([])) == (0.06, [])
    assert told(exchanged, Peopled([(0.0, 51.5), (51.5, 0.0)])) == (0.06, []), "customers at both: nobody can say"


@pytest.mark.parametrize(
    "ring",
    [
        [[170, 10], [-170, 10], [-170, 20], [170, 20], [170, 10]],
        [[170, 10], [190, 10], [190, 20], [170, 20], [170, 10]],
        [[-190, 10], [-170, 10], [-170, 20], [-190, 20], [-190, 10]],
        [[-170, 20], [170, 20], [170, 10], [-170, 10], [-170, 20]],
    ],
)
def test_what_crosses_the_antimeridian_is_cut_there(ring: Any) -> None:
    area, problems = area_of(polygon(ring), "")
    assert problems == [] and area is not None
    assert sorted(part.bounds for part in area.geoms) == [(-180, 10, -170, 20), (170, 10, 180, 20)]


def test_what_goes_round_the_pole_stays_as_it_is() -> None:
    antarctica = [[-180, -80], [0, -70], [180, -80], [180, -90], [-180, -90], [-180, -80]]
    area, problems = area_of(polygon(antarctica), "")
    assert problems == [] and area is not None
    assert area.contains(Point(50, -85)) and not area.contains(Point(50, -60))


def test_names_are_chosen_from_what_the_features_say() -> None:
    content = collection(
        feature("西区", *SQUARE[:3], id=1, note=None, NAME_EN="West", size=3.5, flag=True),  # type: ignore[arg-type]
        feature("东区", *SQUARE[:3], id=2, note=None, NAME_EN="East", size=3.5, flag=True),  # type: ignore[arg-type]
    )
    assert name_choices(read_file(content)) == [
        ("name", ["西区", "东区"]), ("NAME_EN", ["West", "East"]), ("id", ["1", "2"])
    ]  # fmt: skip
    assert name_choices(read_file(json.dumps({"type": "Polygon", "coordinates": [SQUARE]}).encode())) == []


def test_features_without_a_name_or_with_the_same_one_are_told_apart() -> None:
    corners: Any = SQUARE[:3]
    content = collection(feature("A", *corners), feature("A", *corners), feature("", *corners), feature("A", *corners))
    read = read_areas(read_file(content), "name", "", None)
    assert [name for name, *_ in read.taken] == ["A", "A (2)", "3", "A (3)"]
    assert [(each.number, each.reason) for each in read.problems] == [
        (2, shapes.NAME_TWICE), (3, shapes.NAMELESS), (4, shapes.NAME_TWICE)
    ]  # fmt: skip
    assert (read.mends, read.lost) == (3, 0)


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", True), ("EPSG:4326", True), ("urn:ogc:def:crs:EPSG::4490", True),
        ("urn:ogc:def:crs:EPSG:6.18.3:4326", True), ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", True), ("", True),
        ("EPSG:3857", False), ("urn:ogc:def:crs:EPSG::27700", False), ("EPSG:14326", False),
        ("EPSG:3826", False),
    ],
)  # fmt: skip
def test_the_coordinate_system_that_a_file_names(name: str, is_taken: bool) -> None:
    content = collection(feature("A", *SQUARE[:3]), crs={"type": "name", "properties": {"name": name}})  # type: ignore[arg-type]
    if is_taken:
        assert len(read_file(content)) == 1
    else:
        with pytest.raises(UnreadableShapesError) as refused:
            read_file(content)
        assert refused.value.params == {"name": name}


def test_files_of_other_programs() -> None:
    text = collection(feature("A", *SQUARE[:3])).decode()  # type: ignore[arg-type]
    for content in (text.encode("utf-8-sig"), text.encode("utf-16"), json.dumps(json.loads(text), indent=1).encode()):
        assert len(read_file(content)) == 1
    single = json.dumps(json.loads(text)["features"][0]).encode()
    assert read_file(single)[0].properties == {"name": "A"}
    assert read_file(b'{"type": "FeatureCollection", "features": [null, 7]}')[1].geometry is None
    many = json.dumps({"type": "FeatureCollection", "features": [1] * 5001}).encode()
    with pytest.raises(UnreadableShapesError) as refused:
        read_file(many)
    assert refused.value.params == {"count": 5001, "most": 5000}


def test_what_is_typed_and_what_is_shown_to_be_typed() -> None:
    area = read_typed("31.2, 121.4\n31.2 121.5\n31.3，121.5\n\n\n40;100\n40;101\n41;101\n")
    assert area is not None and len(area.geoms) == 2
    assert read_typed(typed_of(area)) == area
    assert read_typed("  \n ") is None
    holed = read_typed(json.dumps({"type": "Polygon", "coordinates": [SQUARE, [
        [120.2, 30.2], [120.8, 30.2], [120.8, 30.8], [120.2, 30.2]]]}))  # fmt: skip
    assert holed is not None and typed_of(holed).startswith("{")
    assert read_typed(typed_of(holed)) == holed
    two = read_typed(collection(feature("A", *SQUARE[:3]), feature("B", *SQUARE[1:4])).decode())  # type: ignore[arg-type]
    assert two is not None and two.area == pytest.approx(0.75)


def test_square_kilometres() -> None:
    """Against the formula of a zone of the sphere: R² Δλ (sin φ2 - sin φ1)."""
    radius = EARTH_RADIUS_M / 1000
    exact = radius**2 * math.radians(2) * (math.sin(math.radians(32)) - math.sin(math.radians(30)))
    assert km2_of(square(120, 30, 122, 32)) == pytest.approx(exact)
    whole = km2_of(square(-180, -90, 180, 90))
    assert whole == pytest.approx(4 * math.pi * radius**2)
    side = distance_m(Position(31, 121), Position(31, 121.01)) * distance_m(Position(31, 121), Position(31.01, 121))
    assert km2_of(square(121, 30.995, 121.01, 31.005)) == pytest.approx(side / 1e6, rel=1e-4)


coordinate = st.tuples(st.floats(100, 130), st.floats(20, 50))


@settings(max_examples=150)
@given(st.lists(coordinate, min_size=3, max_size=12))
def test_whatever_is_drawn_becomes_a_sound_area_or_a_told_problem(corners: list[tuple[float, float]]) -> None:
    ring = [list(at) for at in (*corners, corners[0])]
    area, problems = area_of(polygon(ring), "")
    assert (area is None) <= bool(problems)
    if area is None:
        return
    assert area.is_valid and area.area > 0
    back = area_from(geojson_of(area))
    assert back.is_valid
    assert shapely.symmetric_difference(back, area).area < 1e-4
    if not problems:
        whole = Polygon(corners)
        probe = np.random.default_rng(len(corners)).uniform([100, 20], [130, 50], (40, 2))
        far = [at for at in probe if whole.exterior.distance(Point(at)) > 1e-6]
        assert [area.contains(Point(at)) for at in far] == [whole.contains(Point(at)) for at in far]
