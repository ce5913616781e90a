"""Links to navigation apps carry the coordinates that each app expects."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from app.accounts.navigation import directions_to
from app.kernel.geo import Position, distance_m

SHANGHAI, HONG_KONG, LONDON = Position(31.2304, 121.4737), Position(22.2819, 114.1582), Position(51.5074, -0.1278)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"


def mainland(position: Position) -> bool:
    return position == SHANGHAI


def points(position: Position) -> list[Position]:
    links = directions_to(position, "A, B & C", mainland)
    apple = parse_qs(urlsplit(links.apple).query)["daddr"][0].split(",")
    google = parse_qs(urlsplit(links.google).query)["destination"][0].split(",")
    lon, lat, _name = parse_qs(urlsplit(links.amap).query)["to"][0].split(",")
    return [Position(float(a), float(b)) for a, b in (apple, google, (lat, lon))]


@pytest.mark.parametrize("place", [HONG_KONG, LONDON])
def test_outside_the_mainland_they_are_as_stored(place: Position) -> None:
    assert points(place) == [place] * 3
    assert "coordinate=wgs84" in directions_to(place, "", mainland).amap


def test_in_the_mainland_they_are_shifted_once(place: Position = SHANGHAI) -> None:
    for point in points(place):
        assert 300 < distance_m(place, point) < 700
    assert "coordinate=gaode" in directions_to(place, "", mainland).amap


def test_one_is_suggested() -> None:
    assert "amap" in directions_to(SHANGHAI, "", mainland, IPHONE).suggested
    assert "apple" in directions_to(LONDON, "", mainland, IPHONE).suggested
    assert "google" in directions_to(LONDON, "", mainland, "Android").suggested


def test_a_name_is_written_so_that_no_address_breaks() -> None:
    amap = directions_to(LONDON, "A, B & C #1 茶行", mainland).amap
    assert re.fullmatch(r"https://uri\.amap\.com/navigation\?[\w=&%.,+-]+", amap)
    assert parse_qs(urlsplit(amap).query)["to"][0].endswith(",A  B & C #1 茶行")
