"""The plan of a day in the hand: its times at once when a stop is moved, with signal and without."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Running, Visit, Visitor, until
from tests.e2e.test_outbox import carried, offline, sent

WORDS = ["rep.london", "rep", "rep.taipei"]  # in English, and in either Chinese


def workday(ahead: int) -> date:
    """So many days ahead on which shops are open: not on weekends."""
    day = datetime.now(UTC).date()
    while ahead:
        day += timedelta(days=1)
        ahead -= day.weekday() < 5
    return day


def planned(visitor: Visitor, visits: int = 4, ahead: int = 3) -> str:
    """The address of a working day so many ahead, with its best order."""
    address = f"/plan?day={workday(ahead)}"
    page = visitor.go(address)
    while page.locator("form[action$='/withdrawal']").count() < visits:
        before = page.locator("form[action$='/withdrawal']").count()
        page.locator("form[action='/plan/visits'] button").first.click()
        page.locator("form[action$='/withdrawal']").nth(before).wait_for(state="attached")
    sent(page)
    page.locator("form[action='/plan/best-order'] button").click()
    until(page, "(await outbox.list()).some(({url, state}) => url === '/plan/best-order' && state === 'sent')")
    page.locator("ol[data-sortable] > [data-id]").first.wait_for()
    visitor.fits()  # the page that was drawn in place of the one with the button
    visitor.go(address)
    while page.locator("ol[data-sortable] > [data-id]").count() < visits:  # what does not fit goes in all the same
        page.locator("ul.order form[action$='/move'] button").first.click()
        until(page, "(await outbox.list()).some(({url}) => url.endsWith('/move'))")
        sent(page)
        visitor.go(address)
    return address


def shown(page: Page) -> dict[str, Any]:
    """Everything that the page says of times."""
    said: dict[str, Any] = page.evaluate(
        """() => {
          const text = (element) => {
            const copy = element.cloneNode(true);
            copy.querySelectorAll(".is-kept").forEach((each) => each.remove());
            return copy.textContent.replace(/\\s+/g, " ").trim();
          };
          return {
            rows: [...document.querySelectorAll("[data-sortable] > li")].map((row) =>
              [row.className, ...[...row.querySelectorAll(".lead, .when, .when + p, .remarks")].map(text),
               ...[...row.querySelectorAll("form:not([hidden]) > [type=hidden][name=time]:not([value=''])")]
                 .map((field) => field.value)]),
            sums: [...document.querySelectorAll(".plan-stats .stat")].map(text),
            notes: [...document.querySelectorAll(".plan-stats ~ .note:not(.is-kept)")].map(text),
          };
        }"""
    )
    return said


def drag(page: Page, place: int, to: int) -> None:
    """The handle of one stop, to the place of another."""
    handles = page.locator("[data-sortable-handle]")
    handles.nth(place).scroll_into_view_if_needed()
    for step, at in enumerate((place, to)):
        box = handles.nth(at).bounding_box()
        assert box
        page.mouse.move(box["x"] + 10, box["y"] + (30 if step and to > place else 10), steps=8)
        if not step:
            page.mouse.down()
    page.mouse.up()


@pytest.mark.parametrize("name", WORDS)
def test_without_signal_the_times_are_those_of_the_server(name: str, demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE)
    rep.sign_in(name)
    carried(rep)
    address = planned(rep)
    page, before = rep.page, shown(rep.page)
    offline(rep, True)
    rep.go(address)
    assert shown(page) == before, "nothing has changed yet"
    expect(page.locator(".is-lost").first).to_be_visible()
    stops = page.locator("[data-sortable] > [data-id]")

    def kept(number: int) -> None:
        expect(page.locator("#outbox b")).to_have_text(str(number))
        rep.go(address)
        page.locator(".card .note.is-kept").wait_for()

    drag(page, 0, 2)
    kept(1)
    stops.first.locator("[name=steps][value='1']").click()
    kept(2)
    stops.last.locator("summary").click()
    stops.last.locator("form[action$='/time'] [type=time]").fill("16:10")
    stops.last.locator("form[action$='/time'] .button").first.click()
    kept(3)
    stops.nth(1).locator("summary").click()
    stops.nth(1).locator("[name=minutes]").fill("125")
    stops.nth(1).locator("form[action$='/length'] button").click()
    kept(4)
    expect(page.locator("#next_leg b")).to_have_text(stops.first.locator("a").first.inner_text())
    expect(page.locator("[data-legs-stale]")).to_be_visible()
    expect(page.locator("[data-legs]")).to_be_hidden()
    pins = json.loads(page.locator("#plan_pins").text_content() or "")
    first = stops.first.get_attribute("data-id")
    assert [pin["id"] for pin in pins["pins"] if pin["n"] == "1"] == [first]
    moved = shown(page)
    assert moved["rows"] != before["rows"] and moved["sums"] != before["sums"]
    offline(rep, False)
    sent(page)
    rep.go(address)
    expect(page.locator(".is-lost, .card .note.is-kept")).to_have_count(0)
    assert shown(page) == moved
    expect(page.locator("[data-legs]")).to_be_visible()


def test_the_times_are_there_before_the_server_answers(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE)
    rep.sign_in("rep2.london")
    carried(rep)
    address = planned(rep)
    page, before = rep.page, shown(rep.page)
    page.evaluate("document.addEventListener('submit', (event) => event.stopImmediatePropagation(), true)")
    page.evaluate("addEventListener('submit', (event) => event.preventDefault(), true)")
    page.evaluate("document.getElementById('add').insertAdjacentHTML('beforeend', '<p data-fit>Fits in</p>')")
    expect(page.locator("#add [data-fit]").last).to_be_visible()
    drag(page, 0, 2)
    expect(page.locator("[data-fit]:visible")).to_have_count(0)  # it was said of the order before
    now = shown(page)
    assert now["rows"] != before["rows"] and now["sums"] != before["sums"]
    expect(page.locator("#outbox")).to_be_hidden()
    page.reload()
    assert shown(page) == before, "nothing was sent"
    drag(page, 0, 2)
    until(page, "(await outbox.list()).some(({url, state}) => url === '/plan/order' && state === 'sent')")
    rep.go(address)
    assert shown(page) == now


def test_where_the_rep_is_by_now_counts_without_signal(fresh_demo: Running, visitor: Visit) -> None:
    """Whoever has checked in drives on from there, and no time lies in the past."""
    rep = visitor(fresh_demo, PHONE, position=(51.5, -0.1))
    rep.sign_in("rep2.london")
    carried(rep)
    offline(rep, True)
    page = rep.go("/plan")
    stops = page.locator("[data-sortable] > [data-id]:visible")
    before = [stops.nth(n).get_attribute("data-id") for n in range(stops.count())]
    rep.go(f"/visits/{before[0]}")
    page.click("[data-position-submit]")
    page.locator("#report").wait_for()
    rep.go("/plan")
    expect(page.locator(f"[data-id='{before[0]}']")).to_be_hidden()
    expect(stops.first.locator(".lead")).to_have_text("1")
    now = page.evaluate(
        "new Date().toLocaleTimeString('en-GB', {timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit'})"
    )
    first = stops.first.locator(".when").inner_text().partition("–")[0]
    assert first > now or now > "22:00", "the visit that lasts comes first"
    expect(page.locator("#next_leg b")).to_have_text(stops.first.locator("a").first.inner_text())
    assert before[0] not in (page.locator("#plan_pins").text_content() or "")


@pytest.mark.parametrize("connected", [True, False])
def test_the_rest_of_the_day_begins_where_the_phone_is(connected: bool, fresh_demo: Running, visitor: Visit) -> None:
    """Asked for by the tap, also without signal; what was told is the rep's own to see."""
    lat = 51.52 if connected else 51.53
    rep = visitor(fresh_demo, PHONE, position=(lat, -0.12))
    rep.sign_in("rep2.london")
    carried(rep)
    page = rep.go("/plan")
    anew = page.get_by_role("button", name="Plan the rest of the day anew")
    if anew.count() == 0:  # before the day begins
        pins = json.loads(page.locator("#plan_pins").text_content() or "")["pins"]
        first = next(pin for pin in pins if "n" in pin)  # the first that has a position
        rep.context.set_geolocation({"latitude": first["lat"], "longitude": first["lon"], "accuracy": 12})
        rep.go(first["url"])
        page.click("[data-position-submit]")
        page.locator("#report").wait_for()
        sent(page)
        rep.context.set_geolocation({"latitude": lat, "longitude": -0.12, "accuracy": 12})
        rep.go("/plan")
    offline(rep, not connected)
    rep.go("/plan")
    anew.click()
    until(page, "(await outbox.list()).some(({url, state}) => url === '/plan/best-order' && state !== 'refused')")
    offline(rep, False)
    sent(page)
    expect(rep.go("/settings/stored/whereabouts").locator("main")).to_contain_text(str(lat))
    rep.fits()


def test_every_day_that_can_be_chosen_is_there_without_signal(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE)
    rep.sign_in("rep.london")
    carried(rep)
    offline(rep, True)
    page = rep.go("/plan")
    days = page.locator(".chips a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert len(days) == 7
    for day in days:
        rep.go(day)
        expect(page.locator(".chips [aria-current]")).to_have_attribute("href", day)
        expect(page.locator("#add")).to_be_visible()


def test_a_visit_later_in_the_week_is_known_without_signal(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE, position=(51.5, -0.1))
    rep.sign_in("rep2.london")
    carried(rep)
    address = planned(rep, 2, ahead=4)
    page = rep.page
    page.evaluate("navigator.serviceWorker.controller.postMessage({ type: 'pack', force: true })")
    visit = page.locator("[data-sortable] > [data-id]").first.get_attribute("data-id")
    until(page, f"(await outbox.recall('pack')).rows['{visit}']?.ahead")
    offline(rep, True)
    rep.go(address)
    link = page.locator("[data-sortable] a[href^='/visits/']").first
    name = link.inner_text()
    link.click()
    page.wait_for_url("**/visits/*")
    expect(page.locator("h1")).to_have_text(name)
    expect(page.get_by_role("button", name="Check in")).to_be_visible()
    rep.fits()


@pytest.mark.parametrize("name", WORDS)
def test_twelve_visits_print_on_one_page(name: str, demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE, color_scheme="dark")
    rep.sign_in(name)
    address = planned(rep, 12, ahead=5)
    page = rep.go(address.replace("/plan?", "/plan/print?"))
    assert page.locator(".on-paper tbody tr").count() >= 12
    for paper in ("A4", "Letter"):
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))) == 1, paper


def test_without_a_script_a_calendar_gets_its_address(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE, java_script_enabled=False)
    rep.sign_in("rep2.london")
    page = rep.go("/plan/calendar")
    page.click("form[action='/plan/calendar'] button")
    address = page.locator("textarea.secret").input_value()
    answer = rep.context.request.get(address)
    assert answer.status == 200 and answer.text().startswith("BEGIN:VCALENDAR")
    rep.fits()
    page.reload()
    expect(page.locator("textarea.secret")).to_have_count(0)
