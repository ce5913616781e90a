"""A day's stops as links that open a navigation app with several of them at once.

How many stops an address takes:
- Google Maps: nine waypoints and the destination ("Maps URLs", developers.google.com/maps/documentation/urls; a browser
  on a phone, without the app, shows three of them);
- Apple Maps: as many `waypoint`s as the app can plan, which is fourteen stops (Apple, "Adopting unified Maps URLs",
  from iOS 18.4);
- AMap (高德): one `via` and the destination by its web address (URI API, uri.amap.com/navigation), which opens the app
  or its pages. By the app's own scheme sixteen and the destination, as many as AMap's routing takes anywhere; without
  the app that does nothing.

Every link begins where the phone is. Which datum an app takes is said in app/accounts/navigation.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from app.kernel.datum import Mainland, to_gcj02
from app.kernel.geo import Position

GOOGLE_STOPS, APPLE_STOPS, AMAP_STOPS, AMAP_APP_STOPS = 10, 14, 2, 17
_AMAP_SCHEMES = {"Android": "amapuri://route/plan/", "iPhone": "iosamap://path", "iPad": "iosamap://path"}

Waypoint = tuple[Position, str]
"""A WGS-84 position and its name."""


@dataclass(frozen=True, slots=True)
class RouteLink:
    """An address for the stops `first` to `last`, by their numbers in the plan."""

    first: int
    last: int
    url: str


@dataclass(frozen=True, slots=True)
class RouteLinks:
    """For each app the links that together lead to every stop, in order. `amap_app`: by the scheme of AMap's app, on
    phones."""

    google: tuple[RouteLink, ...]
    apple: tuple[RouteLink, ...]
    amap: tuple[RouteLink, ...]
    amap_app: tuple[RouteLink, ...]


def route_links(
    stops: Sequence[Waypoint], mainland: Mainland, user_agent: str = "", numbers: Sequence[int] = ()
) -> RouteLinks:
    """The links for these stops; none without stops. `numbers`: of the stops in the plan, else counted from 1."""
    scheme = next((scheme for device, scheme in _AMAP_SCHEMES.items() if device in user_agent), "")

    def in_parts(size: int, address: Callable[[Sequence[Waypoint]], str]) -> tuple[RouteLink, ...]:
        known = numbers or range(1, len(stops) + 1)
        parts = [(start, stops[start : start + size]) for start in range(0, len(stops), size)]
        return tuple(RouteLink(known[start], known[start + len(part) - 1], address(part)) for start, part in parts)

    return RouteLinks(
        in_parts(GOOGLE_STOPS, lambda part: _google(part, mainland)),
        in_parts(APPLE_STOPS, lambda part: _apple(part, mainland)),
        in_parts(AMAP_STOPS, lambda part: _amap(part, mainland)),
        in_parts(AMAP_APP_STOPS, lambda part: _amap_app(scheme, part, mainland)) if scheme else (),
    )


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


def _amap_app(scheme: str, stops: Sequence[Waypoint], mainland: Mainland) -> str:
    inside = all(mainland(position) for position, _ in stops)
    shown = [to_gcj02(position, mainland) if inside else position for position, _ in stops]
    names = [quote(name.replace("|", " ")[:60], safe="") for _, name in stops]
    args = {
        "sourceApplication": "fieldbook",
        "dlat": f"{shown[-1].lat:.6f}",
        "dlon": f"{shown[-1].lon:.6f}",
        "dname": names[-1],
        "dev": "0" if inside else "1",  # 1: the numbers are WGS-84
        "t": "0",  # by car
    }
    if len(stops) > 1:
        args |= {
            "vian": str(len(stops) - 1),
            "vialons": "|".join(f"{each.lon:.6f}" for each in shown[:-1]),
            "vialats": "|".join(f"{each.lat:.6f}" for each in shown[:-1]),
            "vianames": "|".join(names[:-1]),
        }
    return f"{scheme}?" + "&".join(f"{name}={text}" for name, text in args.items())


def _point(position: Position, mainland: Mainland) -> str:
    shown = to_gcj02(position, mainland)
    return f"{shown.lat:.6f},{shown.lon:.6f}"
