"""The shift of a day, one stop more, and links for several stops."""

from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from app.kernel.geo import Position
from app.planning.itinerary import route_links
from app.planning.rules import ESTIMATE, Shift, Stop, WorkingHours, arrivals, shift_on, with_stop
from app.planning.solver import what_fits
from app.routing.why import Reason

BASE = Position(31.2, 121.4)
DAY = date(2026, 11, 20)


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def hours(begin: int = 9, end: int = 18, lunch: int = 12, zone: str = "UTC") -> WorkingHours:
    return WorkingHours(zone, begin * 60, end * 60, lunch * 60, 45, BASE)


def test_a_plain_shift() -> None:
    shift = shift_on(DAY, hours())
    assert (shift.starts_at, shift.ends_at, shift.start, shift.end) == (at(9), at(18), BASE, BASE)
    assert shift.lunch and (shift.lunch.earliest, shift.lunch.latest) == (at(12), at(13, 30))


def test_it_is_in_the_persons_zone_also_where_clocks_change() -> None:
    assert shift_on(DAY, hours(zone="Asia/Shanghai")).starts_at == at(1)
    spring = shift_on(date(2026, 3, 29), hours(0, 8, 6, "Europe/London"))
    assert (spring.ends_at - spring.starts_at).total_seconds() == 7 * 3600


def test_a_night_shift_ends_on_the_next_day() -> None:
    shift = shift_on(DAY, hours(20, 4, 0))
    assert (shift.starts_at, shift.ends_at) == (at(20), at(4, day=21))
    assert shift.lunch and shift.lunch.earliest == at(0, day=21)


def test_what_is_left_of_a_day_begins_with_the_next_minute_where_one_is() -> None:
    shift = shift_on(DAY, hours(), datetime(2026, 11, 20, 11, 0, 1, tzinfo=UTC), Position(31, 121))
    assert (shift.starts_at, shift.start, shift.end) == (at(11, 1), Position(31, 121), BASE)
    assert shift_on(DAY, hours(), at(8)).starts_at == at(9)
    assert shift_on(DAY, hours(), at(20)).starts_at > shift_on(DAY, hours(), at(20)).ends_at


def test_lunch_after_work_is_none() -> None:
    assert shift_on(DAY, hours(6, 11)).lunch is None


def test_one_more_stop_goes_where_it_drives_least() -> None:
    order = [Stop(UUID(int=n), Position(31.2, 121.4 + n / 100), 30) for n in (1, 3)]
    extra = Stop(UUID(int=2), Position(31.2, 121.42), 30)
    run = with_stop(order, extra, Shift(at(9), at(18), BASE))
    assert run and [times.stop.id.int for times in run.stops] == [1, 2, 3]
    assert run == arrivals([order[0], extra, order[1]], Shift(at(9), at(18), BASE))
    assert with_stop(order, Stop(UUID(int=4), BASE, 500), Shift(at(9), at(18), BASE)) is None


def test_why_a_stop_is_left_out() -> None:
    shift, full = Shift(at(9), at(18), BASE), [Stop(UUID(int=1), BASE, 500, value=4)]
    stop, closed = Stop(UUID(int=2), BASE, 60, value=4), Stop(UUID(int=3), BASE, 60, ())
    assert what_fits(full, [stop, closed], shift) == [Reason.NO_TIME, Reason.CLOSED]
    assert what_fits([], [stop, closed], shift) == [0, Reason.CLOSED]
    assert what_fits(full, [], shift) == []


def test_an_order_made_by_hand_is_not_said_to_be_worth_more() -> None:
    shift, full = Shift(at(9), at(18), BASE), [Stop(UUID(int=1), BASE, 500, value=4)]
    for stop in (Stop(UUID(int=2), BASE, 60, value=5), Stop(UUID(int=2), BASE, 60, must=True)):
        assert what_fits(full, [stop], shift) == [Reason.AS_ORDERED]
        assert what_fits([replace(full[0], must=True)], [stop], shift) == [
            Reason.MUSTS_CLASH if stop.must else Reason.NO_TIME
        ]


def test_what_a_stop_more_drives() -> None:
    order = [Stop(UUID(int=1), Position(31.2, 121.5), 30)]
    shift, there = Shift(at(9), at(18), BASE, BASE), ESTIMATE(BASE, order[0].position)
    beyond = Stop(UUID(int=2), Position(31.2, 121.6), 30)
    on, back = ESTIMATE(order[0].position, beyond.position), ESTIMATE(beyond.position, BASE)
    assert there and on and back
    same = Stop(UUID(int=3), order[0].position, 30)
    assert what_fits(order, [same, beyond], shift) == [0, on + back - there]


# --- Links -----------------------------------------------------------------------------------------------------------


def nowhere(_position: Position) -> bool:
    return False


def everywhere(_position: Position) -> bool:
    return True


def args(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_links_take_as_many_stops_as_each_app_can() -> None:
    stops = [(Position(31 + n / 100, 121), f"Shop {n}") for n in range(23)]
    links = route_links(stops, nowhere)
    assert [(link.first, link.last) for link in links.google] == [(1, 10), (11, 20), (21, 23)]
    assert [(link.first, link.last) for link in links.apple] == [(1, 14), (15, 23)]
    assert [(link.first, link.last) for link in links.amap][-2:] == [(21, 22), (23, 23)]
    first = args(links.google[0].url)
    assert len(first["waypoints"][0].split("|")) == 9 and first["destination"] == ["31.090000,121.000000"]
    assert len(args(links.apple[0].url)["waypoint"]) == 13
    assert args(links.amap[0].url)["via"] == ["121.000000,31.000000,Shop 0"]
    assert route_links([], nowhere).google == ()


@pytest.mark.parametrize(
    ("device", "begins"), [("Android 16", "amapuri://route/plan/?"), ("iPhone", "iosamap://path?")]
)
def test_the_app_of_amap_takes_a_whole_day(device: str, begins: str) -> None:
    stops = [(Position(31 + n / 100, 121), f"店|{n}&") for n in range(18)]
    first, last = route_links(stops, nowhere, f"Mozilla/5.0 ({device})").amap_app
    assert ((first.first, first.last), (last.first, last.last)) == ((1, 17), (18, 18))
    assert first.url.startswith(begins)
    said = args(first.url)
    assert (said["vian"], said["dlat"], said["dev"]) == (["16"], ["31.160000"], ["1"])
    assert [len(said[name][0].split("|")) for name in ("vialons", "vialats", "vianames")] == [16, 16, 16]
    assert said["vianames"][0].split("|")[0] == "店 0&"
    assert "slat" not in said, "it begins where the phone is"
    assert args(route_links(stops[:1], everywhere, device).amap_app[0].url)["dev"] == ["0"]
    assert route_links(stops, nowhere, "Windows").amap_app == ()


def test_links_name_stops_by_their_numbers_in_the_plan() -> None:
    stops = [(Position(31, 121), "a"), (Position(32, 121), "c")]
    assert [(link.first, link.last) for link in route_links(stops, nowhere, numbers=[1, 3]).google] == [(1, 3)]


def test_links_carry_the_datum_of_the_app() -> None:
    stop = [(Position(31.2304, 121.4737), "a,b")]
    inside, outside = route_links(stop, everywhere), route_links(stop, nowhere)
    assert args(outside.google[0].url)["destination"] == ["31.230400,121.473700"]
    for links in (inside.google, inside.apple):
        lat, lon = map(float, args(links[0].url)["destination"][0].split(","))
        assert (round(lat - 31.2304, 3), round(lon - 121.4737, 3)) == (-0.002, 0.005)
    assert (args(inside.amap[0].url)["coordinate"], args(outside.amap[0].url)["coordinate"]) == (["gaode"], ["wgs84"])
    assert args(outside.amap[0].url)["to"] == ["121.473700,31.230400,a b"]


def test_a_route_across_the_border_is_in_one_datum() -> None:
    stops = [(Position(22.55, 114.1), "Shenzhen"), (Position(22.3, 114.17), "Kowloon")]
    link = args(route_links(stops, lambda position: position.lat > 22.5).amap[0].url)
    assert (link["coordinate"], link["via"][0][:19]) == (["wgs84"], "114.100000,22.55000")
