"""A manager draws a territory on the map, sees what it does, applies it and takes it back."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, Running, Visit


def test_a_territory_is_drawn_previewed_applied_and_undone(demo: Running, visitor: Visit) -> None:
    manager = visitor(demo, DESK)
    manager.sign_in("manager")
    page = manager.go("/territories/new")
    page.fill("[name=name]", "Xuhui 徐汇")
    page.select_option("[name=owner]", index=1)
    area = page.locator("[data-map]")
    area.scroll_into_view_if_needed()
    page.locator(".leaflet-control-zoom-in").wait_for()
    shape = page.locator("[name=shape]")

    # Two corners by tap, one by key in the middle, then the field of coordinates takes over.
    box = area.bounding_box()
    assert box is not None
    for x, y in ((0.3, 0.3), (0.6, 0.3)):
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    area.focus()
    page.keyboard.press("Enter")
    expect(shape).to_have_value(re.compile(r"^(-?[\d.]+, -?[\d.]+\n){2}-?[\d.]+, -?[\d.]+$"))
    page.click("[data-draw-do=undo]")
    expect(shape).to_have_value(re.compile(r"^-?[\d.]+, -?[\d.]+\n-?[\d.]+, -?[\d.]+$"))
    shape.fill("31.0, 121.2\n31.0, 121.7\n31.4, 121.7\n31.4, 121.2")
    shape.blur()
    corners = page.locator(".corner:not(.is-between)")
    expect(corners).to_have_count(4)

    # A corner is dragged, one is put between, and removed again by key.
    at = corners.first.bounding_box()
    assert at is not None
    before = shape.input_value()
    page.mouse.move(at["x"] + 22, at["y"] + 22)
    page.mouse.down()
    page.mouse.move(at["x"] + 10, at["y"] + 34, steps=5)
    page.mouse.up()
    expect(shape).not_to_have_value(before)
    page.locator(".corner.is-between").first.click()
    expect(corners).to_have_count(5)
    area.focus()
    page.keyboard.press("Delete")
    expect(corners).to_have_count(4)
    manager.fits()
    page.click("main form button.primary")

    page.wait_for_url(re.compile("/territories/changes/"))
    page.locator("form[action$='/application']").wait_for(timeout=60_000)
    manager.fits()
    preview = page.locator("#change").inner_text()
    assert "Xuhui 徐汇" in preview
    moving = int(page.locator(".stat b").first.inner_text().replace(",", ""))
    assert moving > 100, "the demo's customers of Shanghai"
    page.locator("form[action$='/preview'] button").click()
    page.locator("form[action$='/preview'] input[name=hand_over][value='']").wait_for(state="attached", timeout=60_000)
    given = int(page.locator(".stat b").nth(1).inner_text().replace(",", ""))
    assert given > 0
    page.click("form[action$='/application'] button")
    page.locator("form[action$='/undoing']").wait_for(timeout=60_000)
    change = page.url

    page = manager.go("/territories")
    row = page.locator("ul.rows li", has_text="Xuhui 徐汇")
    assert int(row.locator(".end").inner_text().replace(",", "")) == moving
    page.locator("path.map-territory").first.wait_for()
    row.locator("a").click()
    expect(page.locator("main h1, .bar h1").first).to_contain_text("Xuhui 徐汇")
    manager.fits()

    page.goto(change)
    page.click("form[action$='/undoing'] button")
    page.wait_for_url(lambda url: url != change and "/territories/changes/" in url)
    page.locator("form[action$='/application']").wait_for(timeout=60_000)
    assert int(page.locator(".stat b").first.inner_text().replace(",", "")) == moving
    assert int(page.locator(".stat b").nth(1).inner_text().replace(",", "")) == given
    page.click("form[action$='/application'] button")
    page.locator("form[action$='/undoing']").wait_for(timeout=60_000)
    assert page.goto(f"{demo.url}/territories") is not None
    expect(page.locator("main")).not_to_contain_text("Xuhui 徐汇")


def test_without_a_script_coordinates_are_typed(demo: Running, visitor: Visit) -> None:
    manager = visitor(demo, PHONE, java_script_enabled=False)
    manager.page.goto(demo.url + "/sign-in")
    manager.page.fill("[name=email]", "manager@demo.example")
    manager.page.fill("[name=password]", "fieldbook-demo")
    manager.page.press("[name=password]", "Enter")
    manager.page.wait_for_url(lambda url: "/sign-in" not in url)
    page = manager.page
    page.goto(demo.url + "/territories/new")
    page.fill("[name=name]", "Typed")
    page.fill("[name=shape]", "51.4, -0.3\n51.6, -0.3\n51.6, 0.1\n51.4, 0.1")
    page.click("main form button.primary")
    page.wait_for_url(re.compile("/territories/changes/"))
    for _ in range(60):
        if page.locator("form[action$='/application']").count():
            break
        page.wait_for_timeout(1000)  # the page asks for itself every two seconds
    assert page.locator(".stat b").first.inner_text() != "0"
    page.locator("details.dialog summary").click()
    page.locator("form[action$='/discard'] button").click()
    page.wait_for_load_state()
    assert page.locator("form[action$='/application']").count() == 0
