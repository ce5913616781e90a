"""WGS-84 and GCJ-02, the shifted coordinates which maps of mainland China must use.

We store WGS-84; Chinese map tiles and navigation apps (AMap, Tencent) expect GCJ-02 within the mainland, and only
there: Hong Kong, Macao and Taiwan are not shifted. Where the mainland ends is handed in, as a function of a position.
"""

import math
from collections.abc import Callable

from app.kernel.geo import Position

Mainland = Callable[[Position], bool]
"""Whether a WGS-84 position lies in mainland China."""

# The transformation is not published; constants and series are those in common use since 2010 ("EvilTransform"),
# agreeing with the official maps to about a metre. The ellipsoid is Krasovsky 1940.
_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY2 = 0.00669342162296594323
_ROUNDS = 4  # the shift changes by less than 1 % per metre moved: each round divides the error by more than a hundred


def to_gcj02(position: Position, mainland: Mainland) -> Position:
    """The GCJ-02 position of a WGS-84 one; itself outside the mainland."""
    return _shifted(position) if mainland(position) else position


def to_wgs84(position: Position, mainland: Mainland) -> Position:
    """The WGS-84 position of a GCJ-02 one, to about a micrometre; itself outside the mainland.

    Within a few hundred metres of the border the same numbers may mean both, a shifted position inside and an unshifted
    one outside; inside wins.
    """
    lat, lon = position.lat, position.lon
    for _ in range(_ROUNDS):
        found = _shifted(Position(lat, lon))
        lat, lon = lat + position.lat - found.lat, lon + position.lon - found.lon
    back = Position(lat, lon)
    return back if mainland(back) else position


def _shifted(position: Position) -> Position:
    x, y = position.lon - 105.0, position.lat - 35.0
    common = 20.0 * math.sin(6.0 * math.pi * x) + 20.0 * math.sin(2.0 * math.pi * x)
    root = 0.1 * math.sqrt(abs(x))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 2.0 * root
    north_m += (
        (common + _waves(y, 20.0, 1.0) + _waves(y, 40.0, 3.0) + _waves(y, 160.0, 12.0) + _waves(y, 320.0, 30.0))
        * 2.0
        / 3.0
    )
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + root
    east_m += (
        (common + _waves(x, 20.0, 1.0) + _waves(x, 40.0, 3.0) + _waves(x, 150.0, 12.0) + _waves(x, 300.0, 30.0))
        * 2.0
        / 3.0
    )
    lat = math.radians(position.lat)
    flattened = 1.0 - _ECCENTRICITY2 * math.sin(lat) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / flattened**1.5
    parallel_m = _SEMI_MAJOR_M / math.sqrt(flattened) * math.cos(lat)
    return Position(position.lat + math.degrees(north_m / meridian_m), position.lon + math.degrees(east_m / parallel_m))


def _waves(degrees: float, metres: float, halfwave: float) -> float:
    return metres * math.sin(math.pi * degrees / halfwave)
