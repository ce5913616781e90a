"""A day's stops as links that open a navigation app with several of them at once.

How many stops an address takes:
- Google Maps: nine waypoints and the destination ("Maps URLs", developers.google.com/maps/documentation/urls; a browser
  on a phone, without the app, shows three of them);
- Apple Maps: as many `waypoint`s as the app can plan, which is fourteen stops (Apple, "Adopting unified Maps URLs",
  from iOS 18.4);
- AMap (高德): one `via` and the destination (its URI API, uri.amap.com/navigation).

Every link begins where the phone is. Which datum an app takes is said in app/accounts/navigation.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.kernel.datum import Mainland, to_gcj02
from app.kernel.geo import Position

GOOGLE_STOPS, APPLE_STOPS, AMAP_STOPS = 10, 14, 2

Waypoint = tuple[Position, str]
"""A WGS-84 position and its name."""


@dataclass(frozen=True, slots=True)
class RouteLink:
    """An address for the stops `first` to `last`, counted from 1."""

    first: int
    last: int
    url: str


@dataclass(frozen=True, slots=True)
class RouteLinks:
    """For each app the links that together lead to every stop, in order."""

    google: tuple[RouteLink, ...]
    apple: tuple[RouteLink, ...]
    amap: tuple[RouteLink, ...]


def route_links(stops: Sequence[Waypoint], mainland: Mainland) -> RouteLinks:
    """The links for these stops; none without stops."""
    return RouteLinks(
        _in_parts(stops, GOOGLE_STOPS, lambda part: _google(part, mainland)),
        _in_parts(stops, APPLE_STOPS, lambda part: _apple(part, mainland)),
        _in_parts(stops, AMAP_STOPS, lambda part: _amap(part, mainland)),
    )


def _in_parts(
    stops: Sequence[Waypoint], size: int, address: Callable[[Sequence[Waypoint]], str]
) -> tuple[RouteLink, ...]:
    parts = [(start, stops[start : start + size]) for start in range(0, len(stops), size)]
    return tuple(RouteLink(start + 1, start + len(part), address(part)) for start, part in parts)


def _google(stops: Sequence[Waypoint], mainland: Mainland) -> str:
    *between, last = [_point(position, mainland) for position, _ in stops]
    args = {"api": "1", "destination": last, "waypoints": "|".join(between), "travelmode": "driving"}
    return "https://www.google.com/maps/dir/?" + urlencode({k: v for k, v in args.items() if v}, safe=",|")


def _apple(stops: Sequence[Waypoint], mainland: Mainland) -> str:
    *between, last = [_point(position, mainland) for position, _ in stops]
    args = [*(("waypoint", point) for point in between), ("destination", last), ("mode", "driving")]
    return "https://maps.apple.com/directions?" + urlencode(args, safe=",")


def _amap(stops: Sequence[Waypoint], mainland: Mainland) -> str:
    inside = all(mainland(position) for position, _ in stops)

    def point(waypoint: Waypoint) -> str:
        position, name = waypoint
        shown = to_gcj02(position, mainland) if inside else position
        return f"{shown.lon:.6f},{shown.lat:.6f},{name.replace(',', ' ')[:60]}"

    args = {
        "to": point(stops[-1]),
        "via": point(stops[0]) if len(stops) > 1 else "",
        "mode": "car",
        "coordinate": "gaode" if inside else "wgs84",
        "src": "fieldbook",
        "callnative": "1",
    }
    return "https://uri.amap.com/navigation?" + urlencode({k: v for k, v in args.items() if v}, safe=",")


def _point(position: Position, mainland: Mainland) -> str:
    shown = to_gcj02(position, mainland)
    return f"{shown.lat:.6f},{shown.lon:.6f}"
