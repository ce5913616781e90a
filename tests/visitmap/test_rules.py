"""What a map shows: arguments, periods, views at the edges of the world, and pins that lose nobody."""

import math
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.geo import ZOOM, Position, pixel, quadkey, tile_box
from app.visitmap.rules import (
    LARGEST_ZOOM,
    WORLD,
    Count,
    MapFilters,
    View,
    bounds_of,
    clusters,
    counted_zoom,
    drawn_zoom,
    fitting,
    heat_step,
    is_covered,
    month_end,
    read_box,
    seen,
    shifted,
    spans,
    whole_months,
)

TODAY = date(2026, 11, 22)
days = st.dates(date(2020, 1, 1), date(2027, 12, 31))


# --- Arguments -------------------------------------------------------------------------------------------------------


def test_an_address_says_all_and_is_read_again() -> None:
    said = {
        "layer": "visits", "from": "2026-01-01", "to": "2026-02-01", "rep": "none",
        "team": "00000000-0000-0000-0000-000000000001", "verdict": "off_site", "outcome": "order", "rating": "A",
        "days": "45", "lat": "31.2", "lon": "121.4", "zoom": "9",
    }  # fmt: skip
    assert MapFilters.read(said).args() == said
    assert MapFilters.read({}).args() == {}


@pytest.mark.parametrize(
    "nonsense",
    [
        {"layer": "x", "from": "yesterday", "to": "2026-02-31", "rep": "1", "team": "2", "verdict": "3"},
        {"outcome": "4", "rating": "D", "days": "-1", "lat": "nan", "lon": "0", "zoom": "3"},
        {"days": "9" * 9, "lat": "0", "lon": "0", "zoom": "x", "from": "0001-01-01"},
        {"days": "0", "lat": "1", "lon": "inf", "zoom": "3", "to": "9999-12-31"},
        {"rep": "\0", "days": "٣", "zoom": "3"},
    ],
)
def test_nonsense_says_nothing(nonsense: dict[str, str]) -> None:
    assert MapFilters.read(nonsense) == MapFilters()


def test_a_view_is_clamped_to_the_world() -> None:
    assert MapFilters.read({"lat": "99", "lon": "190", "zoom": "99"}).at == (85.05113, -170.0, LARGEST_ZOOM)


def test_days_the_wrong_way_round_and_one_day_alone() -> None:
    turned = MapFilters.read({"from": "2026-02-01", "to": "2026-01-01"})
    assert turned.period(TODAY) == (date(2026, 1, 1), date(2026, 2, 1))
    assert MapFilters.read({"to": "2026-01-05"}).period(TODAY) == (date(2026, 1, 5), date(2026, 1, 5))
    assert turned.layer == "visits", "who is where is asked of today alone"
    assert turned.on("now").is_live


# --- Days ------------------------------------------------------------------------------------------------------------


def test_the_periods_that_are_offered() -> None:
    assert list(spans(TODAY).values()) == [
        (date(2026, 11, 21), date(2026, 11, 21)),
        (date(2026, 11, 16), date(2026, 11, 22)),
        (date(2026, 11, 1), date(2026, 11, 30)),
        (date(2025, 12, 1), date(2026, 11, 30)),
    ]


@given(days)
def test_twelve_months_are_twelve_months(today: date) -> None:
    first, last = spans(today)["12 months"]
    whole, edges = whole_months(first, last, today)
    assert (whole, edges) == ((first, last), [])
    assert (last.year * 12 + last.month) - (first.year * 12 + first.month) == 11


@given(days, st.integers(0, 800), days)
def test_months_and_edges_are_the_period(first: date, length: int, today: date) -> None:
    last = first + timedelta(days=length)
    whole, edges = whole_months(first, last, today)
    parts = sorted([*edges, *([whole] if whole else [])])
    assert parts[0][0] == first
    assert parts[-1][1] == last or parts[-1][1] == month_end(last) >= last >= today
    assert all(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(parts))
    if whole:
        assert whole[0].day == 1
        assert whole[1] == month_end(whole[1])
    assert all((end - begin).days < 62 for begin, end in edges)


def test_the_period_beside() -> None:
    january, february = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))
    assert (shifted(*january, True), shifted(*february, False)) == (february, january)
    week = (date(2026, 11, 16), date(2026, 11, 22))
    assert shifted(*week, False) == (date(2026, 11, 9), date(2026, 11, 15))
    assert shifted(TODAY, TODAY, True) == (date(2026, 11, 23), date(2026, 11, 23))


# --- Views -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "a,b,c,d", "nan,0,1,1", "0,5,1,4", "5,0,4,1", "0,0,inf,1", "1,2,3,4,5", "1e99,0,1e99,1"]
)
def test_what_is_no_view(text: str) -> None:
    with pytest.raises(ValueError):
        View.of(read_box(text), 3)


def test_a_view_as_leaflet_tells_it() -> None:
    view = View.of(read_box("121.0,31.0,121.5,31.5"), 11)
    assert (view.south, view.west, view.north, view.east, view.zoom) == (31.0, 121.0, 31.5, 121.5, 11)
    assert view.ranges is not None


@pytest.mark.parametrize("zoom", [-5, 0, 1, 19, 99, 10**9])
def test_the_world_is_never_counted_in_houses(zoom: int) -> None:
    view = View.of((-95.0, -400.0, 95.0, 400.0), zoom)
    assert 1 <= view.zoom <= 4
    assert view.ranges is None
    assert counted_zoom(View.of((0.0, 0.0, 0.0, 0.0), zoom).zoom) <= ZOOM


def test_a_view_across_the_antimeridian_sees_both_sides() -> None:
    view = View.of((-20.0, 175.0, -10.0, 190.0), 5)
    zoom = counted_zoom(view.zoom)
    for lon, is_seen, drawn in (
        (178.0, True, 178.0),
        (-178.0, True, 182.0),
        (100.0, False, 100.0),
        (-100.0, False, 260.0),
    ):
        key = quadkey(Position(-17.0, lon))
        assert any(low <= key <= high for low, high in view.ranges or []) is is_seen
        assert bool(seen([Count(key >> 2 * (ZOOM - zoom), 1)], zoom, view)) is is_seen
        assert view.beside(lon) == pytest.approx(drawn)
    scrolled = View.of((-20.0, 535.0, -10.0, 550.0), 5)
    assert scrolled.ranges == view.ranges, "another turn round the world is the same view"
    assert scrolled.beside(-178.0) == pytest.approx(542.0), "and its pins are drawn there"


def test_the_poles_lie_at_the_edge() -> None:
    view = View.of((80.0, -10.0, 89.9, 10.0), 4)
    zoom = counted_zoom(view.zoom)
    pole = Count(quadkey(Position(90.0, 0.0)) >> 2 * (ZOOM - zoom), 3)
    assert seen([pole], zoom, view) == [pole]
    (pin,) = clusters([pole], zoom, view.zoom)
    assert pin.lat < 85.06


def test_the_zoom_that_fits() -> None:
    assert fitting(WORLD, 256, 256, 16) == 1
    assert fitting((31.0, 121.0, 31.2, 121.2), 300, 300, 16) == 10
    assert fitting((31.0, 121.0, 31.0, 121.0), 300, 300, 16) == 16


# --- Pins ------------------------------------------------------------------------------------------------------------

positions = st.builds(Position, st.floats(-89, 89), st.floats(-180, 179.9))


@given(st.lists(st.tuples(positions, st.integers(1, 50)), max_size=40), st.integers(1, 19))
def test_no_point_is_lost_and_no_pin_covers_another(points: list[tuple[Position, int]], zoom: int) -> None:
    tile_zoom = counted_zoom(zoom)
    counts = [Count(quadkey(at) >> 2 * (ZOOM - tile_zoom), number) for at, number in points]
    pins = clusters(counts, tile_zoom, zoom)
    assert sum(pin.number for pin in pins) == sum(number for _, number in points)
    at = [pixel(Position(pin.lat, pin.lon), zoom) for pin in pins]
    assert all(math.dist(a, b) > 43.9 for n, a in enumerate(at) for b in at[:n])
    assert len({pin.tile for pin in pins}) == len(pins), "each has a name of its own"


def test_a_pin_stands_amid_its_points() -> None:
    zoom, tile_zoom = 5, counted_zoom(5)
    (pin,) = clusters([Count(quadkey(Position(31.2, 121.4)) >> 2 * (ZOOM - tile_zoom), 9)], tile_zoom, zoom)
    x, y = pixel(Position(31.2, 121.4), zoom)
    assert math.dist(pixel(Position(pin.lat, pin.lon), zoom), (x, y)) < 32
    assert drawn_zoom(zoom) < tile_zoom


def test_the_box_around_tiles() -> None:
    tile = quadkey(Position(31.2, 121.4)) >> 2 * (ZOOM - 10)
    assert bounds_of([Count(tile, 1)], 10) == tile_box(10, tile)
    assert bounds_of([], 10) is None


def test_heat_and_cover() -> None:
    assert [heat_step(part, 10) for part in (0, 1, 2, 3, 10)] == [0, 1, 1, 2, 5]
    assert heat_step(0, 0) == 0
    assert [is_covered(day, 30, TODAY) for day in (None, TODAY, TODAY - timedelta(days=29))] == [False, True, True]
    assert not is_covered(TODAY - timedelta(days=30), 30, TODAY)
