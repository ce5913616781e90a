"""The manager's map in the browser: pins, clusters that open, filters by keyboard, an address that says it all, no
network."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, Running, Visit


def test_a_manager_looks_at_the_map(demo: Running, visitor: Visit) -> None:
    manager = visitor(demo, DESK)
    manager.sign_in("manager")
    page = manager.go("/map?layer=accounts")
    cluster = page.locator(".pin-cluster").first
    cluster.wait_for()

    # A cluster opens: the address tells where the map is now, and a reload shows the same.
    with page.expect_response(lambda answer: "box=" in answer.url) as told:
        cluster.click()
    assert told.value.json()["pins"]
    page.wait_for_url(re.compile("zoom="))
    zoom = parse_qs(urlsplit(page.url).query)["zoom"]
    with page.expect_response(lambda answer: "/map/pins" in answer.url) as again:
        page.reload()
    assert parse_qs(urlsplit(again.value.url).query)["zoom"] == zoom, "the view of the address is asked at once"

    # Another layer keeps the view; filters are chosen by keyboard, and hold on the map and in the list.
    page.get_by_role("link", name="Visits", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("layer=visits.*zoom=|zoom=.*layer=visits"))
    page.click("nav.chips a:last-child")
    page.wait_for_url(re.compile("from="))
    everything = int(re.sub(r"\D", "", page.locator("#map_list b").first.inner_text()))
    page.locator("summary", has_text="Filter").focus()
    page.keyboard.press("Enter")
    page.select_option("[name=verdict]", "off_site")
    with page.expect_response(lambda answer: "verdict=off_site" in answer.url and "/map/pins" in answer.url):
        page.locator("form.line .button").first.press("Enter")
    page.wait_for_url(re.compile("verdict=off_site"))
    assert 0 < int(re.sub(r"\D", "", page.locator("#map_list b").first.inner_text())) < everything
    manager.fits()

    # Without a network the map says so, and what is drawn stays.
    page.locator(".leaflet-marker-icon").first.wait_for()
    manager.without_network = True
    manager.context.set_offline(True)
    page.locator(".leaflet-control-zoom-in").click()
    expect(page.locator(".map-stale")).to_contain_text("No connection")
    manager.context.set_offline(False)
    manager.without_network = False
    page.locator(".leaflet-control-zoom-in").click()
    expect(page.locator(".map-stale")).to_be_empty()


def test_the_map_without_a_script_is_a_list(demo: Running, visitor: Visit) -> None:
    manager = visitor(demo, PHONE, java_script_enabled=False)
    page = manager.page
    page.goto(demo.url + "/sign-in")
    page.fill("[name=email]", "manager@demo.example")
    page.fill("[name=password]", "fieldbook-demo")
    page.press("[name=password]", "Enter")
    page.goto(demo.url + "/map?layer=uncovered")
    assert page.locator("#map_list .rows li").count() == 50
    page.click("a[rel=next]")
    assert "page=2" in page.url
    assert "layer=uncovered" in page.url


def test_a_waiting_map_says_that_it_counts(demo: Running, visitor: Visit) -> None:
    manager = visitor(demo, PHONE)
    manager.sign_in("manager")
    waiting = []
    manager.page.route("**/map/pins*", lambda route: waiting.append(route))
    page = manager.go("/map?layer=uncovered")
    page.locator(".map").scroll_into_view_if_needed()
    expect(page.locator(".map-stale")).to_have_text("Counting…")
    waiting[0].continue_()
    page.locator(".pin").first.wait_for()
    expect(page.locator(".map-stale")).to_be_empty()
    assert page.locator("path.map-heat").count() > 0
