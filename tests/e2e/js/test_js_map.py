import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site

VENDOR = (
    'data-leaflet="/node_modules/leaflet/dist/leaflet.js" '
    'data-topojson="/node_modules/topojson-client/dist/topojson-client.min.js" '
)
OUTLINES = 'data-outlines="/node_modules/world-atlas/countries-50m.json" '
TEXTS = (
    'data-text-stale="Not fresh" data-text-zoom-in="Closer" data-text-zoom-out="Farther" '
    'data-text-close="Shut" data-text-off_site="off-site" '
)
PINS: list[dict[str, Any]] = [
    {"id": "a", "lat": 31.2304, "lon": 121.4737, "label": "Wuyuan Tea", "sub": "10:15", "url": "/a",
     "tone": "off_site"},
    {"id": "b", "lat": 31.2390, "lon": 121.4900, "label": "<b>Bold</b> & Co", "tone": "done", "n": "2"},
    {"id": "c", "lat": 31.2200, "lon": 121.4600, "label": "Third", "tone": "account", "class": "A"},
]  # fmt: skip


def on_page(attributes: str, beside: str = "") -> str:
    map_itself = (
        f'<div class="map" data-map tabindex="0" role="region" aria-label="Map" {VENDOR}{TEXTS}{attributes}></div>'
    )
    return map_itself + beside


def many(count: int) -> list[dict[str, Any]]:
    tones = ["planned", "done", "off_site", "missed", "account", "stop"]
    return [
        {"id": i, "lat": 31 + i % 20 / 50, "lon": 121 + i // 20 / 50, "label": f"P{i}", "tone": tones[i % 6]}
        for i in range(count)
    ]


def pin(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=re.compile(name))


def test_pins_on_outlines_without_any_tile_server(site: Site, new_page: Callable[..., Page]) -> None:
    you = {"lat": 31.23, "lon": 121.47, "accuracy_m": 80}
    lines = [[[31.2304, 121.4737], [31.239, 121.49]]]
    site.json("/pins", {"pins": PINS, "you": you, "lines": lines, "center": [31.23, 121.47], "radius_m": 2000})
    page = new_page()
    page.goto(site.page("/", on_page(OUTLINES + 'data-pins="/pins"'), "map.js"))
    expect(page.locator(".leaflet-marker-icon")).to_have_count(3)
    expect(page.locator(".map-land")).to_have_count(1)
    expect(page.locator(".map-border")).to_have_count(1)
    for shape in (".map-you", ".map-accuracy", ".map-area", ".map-line"):
        expect(page.locator(shape)).to_have_count(1)
    expect(page.locator(".leaflet-control-scale-line")).to_contain_text("m")
    expect(pin(page, "Wuyuan")).to_have_accessible_name("Wuyuan Tea, 10:15, off-site")
    assert page.locator(".pin span").all_text_contents() == ["!", "2", "A"]
    assert page.locator(".leaflet-tile").count() == 0
    box = page.locator(".map").bounding_box()
    assert box is not None
    for place in page.locator(".leaflet-marker-icon").all():
        at = place.bounding_box()
        assert at is not None
        assert box["x"] <= at["x"] <= box["x"] + box["width"] - 44
        assert (at["width"], at["height"]) == (44, 44)
    assert all(request.startswith("/") for request in site.gets)


def test_land_does_not_jump_across_the_antimeridian(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 900, "height": 844})
    page.goto(site.page("/", on_page(OUTLINES + 'data-lat="0" data-lon="0" data-zoom="1"'), "map.js"))
    path = page.locator(".map-land").get_attribute("d")
    assert path is not None
    assert len(path) > 10_000
    jumps = []
    for ring in re.findall(r"M([^Mz]+)", path):
        points = [
            tuple(map(float, point.split(","))) for point in re.findall(r"-?[\d.]+,-?[\d.]+", ring.replace(" ", ","))
        ]
        jumps += [(a, b) for a, b in pairwise(points) if abs(b[0] - a[0]) > 200]
    assert jumps == []  # the world is 512 wide here


def test_popup_is_text_and_a_link_and_the_keyboard_gets_there(site: Site, new_page: Callable[..., Page]) -> None:
    site.json(
        "/pins",
        {"pins": [*PINS, {"id": "x", "lat": 31.21, "lon": 121.5, "label": "Bad", "url": "javascript:alert(1)"}]},
    )
    page = new_page()
    page.goto(site.page("/", on_page('data-pins="/pins"'), "map.js"))
    pin(page, "Bold").click()
    expect(page.locator(".leaflet-popup-content")).to_have_text("<b>Bold</b> & Co")
    pin(page, "Wuyuan").focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Wuyuan Tea")
    expect(link).to_be_focused()
    expect(link).to_have_attribute("href", "/a")
    expect(page.get_by_role("button", name="Shut")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".leaflet-popup-content")).to_have_count(0)
    expect(pin(page, "Wuyuan")).to_be_focused()
    page.keyboard.press(" ")
    expect(link).to_be_focused()
    page.keyboard.press("Escape")
    pin(page, "Bad").press("Enter")
    expect(page.locator(".leaflet-popup-content a").last).not_to_have_attribute("href", re.compile("."))


def test_refresh_keeps_view_and_popup_and_changes_only_what_changed(site: Site, new_page: Callable[..., Page]) -> None:
    site.json("/pins", {"pins": PINS})
    page = new_page(reduced_motion="reduce")
    page.clock.install()
    page.goto(site.page("/", on_page('data-pins="/pins" data-refresh="30"'), "map.js"))
    pin(page, "Wuyuan").click()
    page.get_by_role("button", name="Closer").click()
    page.clock.run_for(1000)
    pin(page, "Third").evaluate("element => { element.dataset.kept = '1' }")
    before = pin(page, "Third").bounding_box()

    site.json(
        "/pins",
        {"pins": [{**PINS[0], "sub": "11:40", "tone": "done"}, PINS[2], {**PINS[1], "id": "new", "label": "New"}]},
    )
    page.clock.run_for(30_000)
    expect(page.locator(".leaflet-popup-content p")).to_have_text("11:40")
    expect(pin(page, "Wuyuan")).to_have_class(re.compile("pin-done"))
    expect(pin(page, "New")).to_have_count(1)
    expect(pin(page, "Bold")).to_have_count(0)
    expect(pin(page, "Third")).to_have_attribute("data-kept", "1")
    assert pin(page, "Third").bounding_box() == before

    site.answers["/pins"] = 500
    page.evaluate("document.body.dispatchEvent(new CustomEvent('map:refresh', { bubbles: true }))")
    expect(page.get_by_role("status").filter(has_text="Not fresh")).to_be_visible()
    expect(page.locator(".leaflet-marker-icon")).to_have_count(3)
    site.json("/pins", {"pins": PINS[:1]})
    page.evaluate("document.dispatchEvent(new CustomEvent('map:refresh'))")
    expect(page.locator(".leaflet-marker-icon")).to_have_count(1)
    expect(page.get_by_text("Not fresh")).to_have_count(0)


def test_hidden_page_does_not_ask(site: Site, new_page: Callable[..., Page]) -> None:
    site.json("/pins", {"pins": PINS})
    page = new_page(
        "let hidden = false;"
        "Object.defineProperty(document, 'hidden', { get: () => hidden, set: (on) => { hidden = on } })"
    )
    page.clock.install()
    page.goto(site.page("/", on_page('data-pins="/pins" data-refresh="30"'), "map.js"))
    expect(page.locator(".leaflet-marker-icon")).to_have_count(3)
    page.evaluate("document.hidden = true")
    page.clock.run_for(95_000)
    assert site.gets.count("/pins") == 1
    with page.expect_response("**/pins"):
        page.evaluate("document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))")


def test_many_pins_are_drawn_on_a_canvas(site: Site, new_page: Callable[..., Page]) -> None:
    site.json("/pins", {"pins": many(400)})
    page = new_page()
    page.goto(site.page("/", on_page('data-pins="/pins"'), "map.js"))
    canvas = page.locator(".map canvas")
    expect(canvas).to_have_count(1)
    expect(page.locator(".leaflet-marker-icon")).to_have_count(0)
    painted = (
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v).length"
    )
    assert canvas.evaluate(painted) > 10_000
    site.json("/pins", {"pins": [{"id": "one", "lat": 31.2, "lon": 121.2, "label": "Only"}]})
    page.evaluate("document.dispatchEvent(new CustomEvent('map:refresh'))")
    expect(pin(page, "Only")).to_have_count(1)
    assert canvas.evaluate_all("all => all.length") in (0, 1)
    site.json("/pins", {"pins": many(301)})
    page.evaluate("document.dispatchEvent(new CustomEvent('map:refresh'))")
    expect(page.locator(".leaflet-marker-icon")).to_have_count(0)


def test_canvas_pin_opens_its_popup(site: Site, new_page: Callable[..., Page]) -> None:
    pins = [{"id": i, "lat": 31.2, "lon": 121.2, "label": "Here", "tone": "stop", "n": "1"} for i in range(301)]
    site.json("/pins", {"pins": pins})
    page = new_page()
    page.goto(site.page("/", on_page('data-pins="/pins"'), "map.js"))
    expect(page.locator(".map canvas")).to_have_count(1)
    page.locator(".map").click()
    expect(page.locator(".leaflet-popup-content")).to_have_text("Here")


def test_clusters_follow_the_view(site: Site, new_page: Callable[..., Page]) -> None:
    site.json(
        "/pins",
        {
            "pins": [{"id": "q", "lat": 31.2, "lon": 121.4, "label": "", "count": 87}],
            "center": [31.2, 121.4],
            "radius_m": 9000,
        },
    )
    page = new_page()
    page.goto(site.page("/", on_page('data-pins="/pins" data-follow'), "map.js"))
    expect(page.locator(".pin-cluster")).to_have_text("87")
    with page.expect_response(lambda answer: "box=" in answer.url) as asked:
        page.locator(".pin-cluster").click()
    assert re.search(r"/pins\?box=121\.\d+%2C3\d\.\d+%2C121\.\d+%2C31\.\d+&zoom=\d+$", asked.value.url)


def test_inline_pins_and_a_swap(site: Site, new_page: Callable[..., Page]) -> None:
    script = f'<script type="application/json" id="all">{json.dumps({"pins": PINS[:1]})}</script>'
    page = new_page()
    page.goto(site.page("/", on_page('data-pins-from="#all"', f'<div id="part">{script}</div>'), "map.js"))
    expect(page.locator(".leaflet-marker-icon")).to_have_count(1)
    page.evaluate(
        """(text) => { document.querySelector('#all').textContent = text;
        document.body.dispatchEvent(new CustomEvent('htmx:after:swap', { bubbles: true })) }""",
        json.dumps({"pins": PINS}),
    )
    expect(page.locator(".leaflet-marker-icon")).to_have_count(3)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:after:swap', { bubbles: true }))")
    expect(page.locator(".leaflet-map-pane")).to_have_count(1)


def test_hidden_map_costs_nothing_until_it_is_seen(site: Site, new_page: Callable[..., Page]) -> None:
    site.json("/pins", {"pins": PINS})
    page = new_page()
    page.goto(
        site.page("/", f"<details><summary>Map</summary>{on_page(OUTLINES + 'data-pins=/pins')}</details>", "map.js")
    )
    assert not [path for path in site.gets if "leaflet.js" in path or "pins" in path or "atlas" in path]
    page.get_by_text("Map").click()
    expect(page.locator(".leaflet-marker-icon")).to_have_count(3)
    page.get_by_text("Map").first.click()
    page.get_by_text("Map").first.click()
    expect(pin(page, "Third")).to_be_in_viewport()


def test_map_says_so_when_its_library_does_not_come(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    site.answers["/node_modules/leaflet/dist/leaflet.js"] = 503
    page.goto(site.page("/", on_page('data-pins="/pins"'), "map.js"))
    expect(page.locator(".map")).to_have_text("Not fresh")


def test_map_that_is_gone_stops_asking(site: Site, new_page: Callable[..., Page]) -> None:
    site.json("/pins", {"pins": PINS})
    page = new_page()
    page.clock.install()
    page.goto(site.page("/", on_page('data-pins="/pins" data-refresh="30"'), "map.js"))
    expect(page.locator(".leaflet-marker-icon")).to_have_count(3)
    page.evaluate("document.querySelector('.map').remove()")
    page.clock.run_for(95_000)
    page.evaluate("document.dispatchEvent(new CustomEvent('map:refresh'))")
    page.clock.run_for(1_000)
    assert site.gets.count("/pins") == 1


def test_tiles_of_the_company(site: Site, new_page: Callable[..., Page]) -> None:
    site.json("/pins", {"pins": PINS})
    page = new_page()
    tiles = 'data-tiles="/tiles/{z}/{x}/{y}.png" data-attribution="Map: Example" data-pins="/pins" '
    page.goto(site.page("/", on_page(tiles + OUTLINES), "map.js"))
    expect(page.locator(".leaflet-control-attribution")).to_have_text("Map: Example")
    expect(page.locator(".leaflet-tile").first).to_be_attached()
    assert [path for path in site.gets if path.startswith("/tiles/")]
    assert not [path for path in site.gets if "world-atlas" in path]


PICK = """<form data-position method="post" action="/accounts"><input id="lat" name="lat"><input id="lon" name="lon">
  <input id="datum" name="datum"><input name="accuracy_m" value="12"></form>"""
PICKED = 'data-pick="#lat #lon #datum" data-lat="31.2" data-lon="121.4" data-zoom="15" '


def picked(page: Page) -> tuple[float, float, str]:
    lat, lon, datum = (page.locator(f"#{name}").input_value() for name in ("lat", "lon", "datum"))
    return float(lat or 0), float(lon or 0), datum


@pytest.mark.parametrize("way", ["tap", "key"])
def test_place_is_picked(way: str, site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", PICK + on_page(PICKED), "map.js", "position.js"))
    expect(page.locator(".leaflet-map-pane")).to_have_count(1)
    expect(page.locator(".is-picking")).to_have_count(1)
    expect(page.locator(".pin-pick")).to_have_count(0)
    page.evaluate("document.addEventListener('change', () => { document.title = 'changed' })")
    if way == "tap":
        page.locator(".map").click()
    else:
        page.locator(".map").press("Enter")
    expect(page).to_have_title("changed")
    lat, lon, datum = picked(page)
    assert (lat, lon) == pytest.approx((31.2, 121.4), abs=1e-4)
    assert datum == "wgs84"
    assert page.locator("[name=accuracy_m]").input_value() == ""  # what a hand picks has no accuracy

    box = page.locator(".pin-pick").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 22, box["y"] + 22)
    page.mouse.down()
    page.mouse.move(box["x"] + 62, box["y"] + 22, steps=4)
    page.mouse.up()
    assert picked(page)[1] == pytest.approx(121.4 + 40 * 360 / 2**15 / 256, abs=1e-4)


def test_the_circle_around_a_picked_place_is_as_wide_as_the_field_says(
    site: Site, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    field = '<input id="radius" value="150">'
    page.goto(site.page("/", PICK + field + on_page(PICKED + 'data-around="#radius" '), "map.js"))
    expect(page.locator(".is-picking")).to_have_count(1)
    expect(page.locator("path.map-area")).to_have_count(0)
    page.locator(".map").click()
    circle = page.locator("path.map-area")
    expect(circle).to_have_count(1)
    narrow = circle.bounding_box()
    page.fill("#radius", "300")
    wide = circle.bounding_box()
    assert narrow is not None
    assert wide is not None
    assert wide["width"] == pytest.approx(2 * narrow["width"], rel=0.05)


@pytest.mark.parametrize(("datum", "project"), [("wgs84", False), ("gcj02", True), ("gcj02", False)])
def test_fix_of_the_phone_moves_the_marker(
    datum: str, project: bool, site: Site, new_page: Callable[..., Page]
) -> None:
    site.json("/point", {"lat": 31.5, "lon": 121.5})
    page = new_page()
    more = f'data-datum="{datum}" ' + ('data-project="/point"' if project else "")
    page.goto(site.page("/", PICK + on_page(PICKED + more), "map.js"))
    page.locator(".map.is-picking").press("Enter")
    expect(page.locator(".pin-pick")).to_have_count(1)
    assert picked(page)[2] == datum
    page.evaluate(
        """document.querySelector('form').dispatchEvent(
        new CustomEvent('position:fix', { bubbles: true, detail: { lat: 31.3, lon: 121.3 } }))"""
    )
    expect(page.locator("#datum")).to_have_value("wgs84")
    expect(page.locator(".pin-pick")).to_have_count(1 if project or datum == "wgs84" else 0)
    if project or datum == "wgs84":
        page.locator(".map").press("Enter")  # the view went there too
        lat, lon, _ = picked(page)
        assert (lat, lon) == pytest.approx((31.5, 121.5) if project else (31.3, 121.3), abs=1e-4)
