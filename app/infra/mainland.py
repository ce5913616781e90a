"""The outline of mainland China, within which maps use GCJ-02 (see app.kernel.datum).

Made once at set-up from Natural Earth's 1:10 million countries (npm world-atlas): China and the sea up to 10 km before
its coast, for ports, bridges, ferries and the coarseness of the outline. Sea belongs to the nearest shore, so that the
waters of Hong Kong, Macao, Kinmen and Matsu are theirs. Hong Kong, Macao and Taiwan are features of their own in the
source and therefore not in the outline.
"""

import json
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from app.kernel.geo import Position

_CHINA = "156"  # ISO 3166-1 numeric
_SEAWARD_KM = 10.0
_KM_PER_DEGREE = 111.2
_TAIWANS = (
    # Of Taiwan, before the mainland's coast, and missing or coarse in the source: boxes (west, south, east, north)
    # around the islands as Taiwan's county outlines (Ministry of the Interior, open data) have them, rounded outward.
    (118.27, 24.38, 118.48, 24.537),  # Kinmen
    (118.21, 24.40, 118.28, 24.46),  # Lieyu
    (118.15, 24.375, 118.175, 24.398),  # Dadan and Erdan
    (119.44, 24.975, 119.48, 25.003),  # Wuqiu
    (119.92, 25.945, 119.992, 25.985),  # Matsu: Juguang
    (119.905, 26.135, 119.98, 26.18),  # Matsu: Nangan
    (119.96, 26.19, 120.02, 26.26),  # Matsu: Beigan
    (119.975, 26.262, 119.995, 26.288),  # Matsu: Gaodeng
    (120.215, 26.333, 120.233, 26.35),  # Matsu: Liang
    (120.465, 26.353, 120.515, 26.387),  # Matsu: Dongyin
)
_OURS = (
    # Likewise of the mainland, from the outlines of its prefectures (npm echarts 4.9.0, turned to WGS-84).
    (118.28, 24.545, 118.41, 24.585),  # Xiamen: Dadeng, Xiaodeng, Jiao, two kilometres from Kinmen
    (121.95, 30.58, 122.15, 30.68),  # Yangshan, the port of Shanghai, 27 km from the shore
)


class Mainland:
    """Whether a position lies in mainland China; from the file that `build` wrote. Callable, as the kernel wants it."""

    def __init__(self, path: Path) -> None:
        self._area = shapely.from_wkb(path.read_bytes())
        shapely.prepare(self._area)

    def __call__(self, position: Position) -> bool:
        return bool(shapely.intersects_xy(self._area, position.lon, position.lat))


def build(topology: Path, out: Path) -> None:
    """Read world-atlas' countries-10m.json, write the outline of the mainland as WKB (degrees, longitude first)."""
    countries = _countries(json.loads(topology.read_text(encoding="utf-8")))
    islands = shapely.union_all([box(*bounds) for bounds in _TAIWANS])
    china = shapely.union_all([countries.pop(_CHINA), *(box(*bounds) for bounds in _OURS)]).difference(islands)
    near = box(*china.bounds).buffer(1.0)
    others = [country.intersection(near) for country in countries.values() if country.intersects(near)]
    abroad = shapely.union_all([*others, islands]).buffer(0)  # an intersection may leave lines; a buffer has areas only
    sea = _widened(china).difference(china).difference(abroad)
    mainland = shapely.union_all([china, _nearer(sea, china, abroad)])
    out.write_bytes(shapely.to_wkb(mainland))


def _countries(topology: dict[str, Any]) -> dict[str, BaseGeometry]:
    """The countries of a TopoJSON file (github.com/topojson/topojson-specification) by their numeric code.

    An arc is a list of steps in whole numbers from the one before; a ring is a list of arcs, ~n being arc n backwards.
    """
    scale, origin = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [np.cumsum(arc, axis=0) * scale + origin for arc in topology["arcs"]]

    def ring(numbers: list[int]) -> Any:
        parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])

    found: dict[str, BaseGeometry] = {}
    for number, country in enumerate(topology["objects"]["countries"]["geometries"]):
        polygons = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        # A few disputed territories have no code, and some share one (Australia and its islands).
        code = country.get("id", "")
        key = f"{code}/{number}" if not code or code in found else code
        rings = ([ring(numbers) for numbers in polygon] for polygon in polygons)
        # Rounding to the file's grid has left some islets with fewer points than an area has.
        areas = [
            Polygon(outer, [hole for hole in holes if len(hole) >= 4]) for outer, *holes in rings if len(outer) >= 4
        ]
        found[key] = shapely.make_valid(MultiPolygon(areas), method="structure", keep_collapsed=False)
    return found


def _widened(area: BaseGeometry) -> BaseGeometry:
    """The area and 10 km around it, degree by degree of latitude, since a degree of longitude shrinks northward."""
    west, south, east, north = area.bounds
    strips = []
    for low, high in pairwise(range(int(south) - 1, int(north) + 3)):
        shrink = cos(radians((low + high) / 2))
        part = area.intersection(box(west, low - 0.2, east, high + 0.2))
        flat = affinity.scale(part, shrink, 1.0, origin=(0, 0)).buffer(_SEAWARD_KM / _KM_PER_DEGREE)
        strips.append(
            affinity.scale(flat, 1 / shrink, 1.0, origin=(0, 0)).intersection(box(west - 1, low, east + 1, high))
        )
    return shapely.union_all(strips)


def _nearer(sea: BaseGeometry, ours: BaseGeometry, theirs: BaseGeometry) -> BaseGeometry:
    """The part of the sea that is nearer to our shore: the Voronoi cells of points 1 km apart on both, less theirs."""
    reach = 2 * _SEAWARD_KM / _KM_PER_DEGREE
    contested = sea.intersection(theirs.buffer(reach))

    def points(land: BaseGeometry) -> list[Point]:
        shore = land.boundary.intersection(contested.buffer(reach)).segmentize(1 / _KM_PER_DEGREE)
        return [Point(xy) for xy in np.unique(shapely.get_coordinates(shore), axis=0)]

    our_points, their_points = points(ours), points(theirs)
    cells = shapely.get_parts(shapely.voronoi_polygons(MultiPoint([*our_points, *their_points])))
    # Every cell holds exactly one of the points.
    foreign = np.unique(shapely.STRtree(their_points).query(cells, predicate="contains")[0])
    return sea.difference(shapely.union_all(cells[foreign]).intersection(contested))
