"""Links that open a navigation app at a place, in the coordinates that each app takes for plain numbers.

Places are stored in WGS-84. The street maps of mainland China must be published in GCJ-02 (Surveying and Mapping Law of
the PRC), 100 to 700 m aside, and an app sets its pin where the numbers say on the map that it draws. Therefore:

- Apple Maps draws the mainland from AutoNavi's survey, in GCJ-02, and the rest of the world in WGS-84; links take the
  numbers as they are (Apple, "Map Links"; the datum as reported by developers, e.g. blog.markmiao.com/2020/11/28/map).
- Google Maps draws streets of the mainland in GCJ-02 while its satellite pictures stay in WGS-84 (gearthblog.com,
  August 2015, "Chinese map offsets"). People drive by streets, so links carry GCJ-02 there; "Maps URLs" (Google,
  developers.google.com/maps/documentation/urls) have no word for a datum.
- AMap (高德) takes either and is told which (its URI API, uri.amap.com/navigation, argument `coordinate`: gaode is
  GCJ-02, wgs84 is GPS). Inside the mainland we convert ourselves, by the outline that all of Fieldbook uses; outside we
  say wgs84, and AMap does what its own maps of Hong Kong, Macao and Taiwan need.

Hong Kong, Macao and Taiwan are not shifted (app.kernel.datum).
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from app.kernel.datum import Mainland, to_gcj02
from app.kernel.geo import Position

_APPLE_DEVICES = ("iPhone", "iPad", "Macintosh")


@dataclass(frozen=True, slots=True)
class Directions:
    """Addresses that start driving directions to one place, from where the phone is; `suggested` is one of them."""

    apple: str
    google: str
    amap: str
    suggested: str


def directions_to(position: Position, name: str, mainland: Mainland, user_agent: str = "") -> Directions:
    """The links to a WGS-84 position. Suggested is AMap in mainland China, else Apple on its devices, else Google."""
    in_mainland = mainland(position)
    shown = to_gcj02(position, mainland)
    point = f"{shown.lat:.6f},{shown.lon:.6f}"
    apple = "https://maps.apple.com/?" + urlencode({"daddr": point, "dirflg": "d"}, safe=",")
    google = "https://www.google.com/maps/dir/?" + urlencode(
        {"api": 1, "destination": point, "travelmode": "driving"}, safe=","
    )
    amap = "https://uri.amap.com/navigation?" + urlencode(
        {
            "to": f"{shown.lon:.6f},{shown.lat:.6f},{name.replace(',', ' ')[:60]}",
            "mode": "car",
            "coordinate": "gaode" if in_mainland else "wgs84",
            "src": "fieldbook",
            "callnative": 1,
        },
        safe=",",
    )
    on_apple = any(device in user_agent for device in _APPLE_DEVICES)
    return Directions(apple, google, amap, amap if in_mainland else apple if on_apple else google)
