"""A small country of our own, as an OpenStreetMap file: a town of straight streets, and one on an island without a
bridge. Enough for the road engine, and free of anybody's data."""

import bz2
import gzip
from pathlib import Path

import pytest

from app.infra.road_import import import_roads
from app.infra.roads import has_engine
from app.kernel.geo import Position

SOUTH, WEST, STEP, BLOCKS = 47.0, 9.0, 0.002, 12
"""The town's corner, the length of a block in degrees, and how many blocks it has in either direction."""
ISLAND_WEST = WEST + 0.1


def corner(row: int, column: int, *, island: bool = False) -> Position:
    """A crossing of the town, counted from the south west."""
    return Position(SOUTH + row * STEP, (ISLAND_WEST if island else WEST) + column * STEP)


def streets(highway: str = "residential") -> str:
    """The country as OSM XML, all of its ways of this kind."""
    nodes, ways, side = [], [], BLOCKS + 1
    for island in (False, True):
        first = 1 + island * side * side
        for row in range(side):
            for column in range(side):
                at = corner(row, column, island=island)
                nodes.append(f'<node id="{first + row * side + column}" lat="{at.lat:.6f}" lon="{at.lon:.6f}"/>')
        for line in range(side):
            for refs in (
                [first + line * side + n for n in range(side)],
                [first + n * side + line for n in range(side)],
            ):
                nds = "".join(f'<nd ref="{ref}"/>' for ref in refs)
                ways.append(f'<way id="{len(ways) + 1}">{nds}<tag k="highway" v="{highway}"/></way>')
    return f'<?xml version="1.0"?><osm version="0.6" generator="tests">{"".join([*nodes, *ways])}</osm>'


def write_streets(path: Path, highway: str = "residential") -> Path:
    """The file, compressed where its name says so."""
    content = streets(highway).encode()
    packed = {".gz": gzip.compress, ".bz2": bz2.compress}
    path.write_bytes(packed[path.suffix](content) if path.suffix in packed else content)
    return path


def needs_engine() -> None:
    """Skip the test, and say why, where the road engine cannot be installed."""
    if not has_engine():
        pytest.skip("no road engine: osrm-bindings needs Python 3.12 or newer")


def quiet(_step: str, _percent: int | None) -> None:
    """Of an import that tells nobody how far it is."""


def make_roads(folder: Path) -> Path:
    """The town's roads, in use in this folder of roads. Skips where there is no engine."""
    needs_engine()
    folder.parent.mkdir(parents=True, exist_ok=True)
    import_roads(write_streets(folder.parent / "town.osm"), folder, quiet)
    return folder
