"""The plan of a day in the hand: its times at once when a stop is moved, with signal and without."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Running, Visit, Visitor
from tests.e2e.test_outbox import carried, offline, sent, until

WORDS = ["rep.london", "rep", "rep.taipei"]  # in English, and in either Chinese


def planned(visitor: Visitor, visits: int = 4) -> str:
    """The address of a day some days ahead, with its best order."""
    address = f"/plan?day={datetime.now(UTC).date() + timedelta(days=3)}"
    page = visitor.go(address)
    while page.locator("form[action$='/withdrawal']").count() < visits:
        before = page.locator("form[action$='/withdrawal']").count()
        page.locator("form[action='/plan/visits'] button").first.click()
        page.locator("form[action$='/withdrawal']").nth(before).wait_for(state="attached")
    sent(page)
    page.locator("form[action='/plan/best-order'] button").click()
    page.locator("ol[data-sortable] > [data-id]").nth(visits - 1).wait_for()
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
    moved = shown(page)
    assert moved["rows"] != before["rows"] and moved["sums"] != before["sums"]
    offline(rep, False)
    sent(page)
    rep.go(address)
    expect(page.locator(".is-lost, .card .note.is-kept")).to_have_count(0)
    assert shown(page) == moved


def test_the_times_are_there_before_the_server_answers(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE)
    rep.sign_in("rep2.london")
    carried(rep)
    address = planned(rep)
    page, before = rep.page, shown(rep.page)
    page.evaluate("document.addEventListener('submit', (event) => event.stopImmediatePropagation(), true)")
    page.evaluate("addEventListener('submit', (event) => event.preventDefault(), true)")
    drag(page, 0, 2)
    now = shown(page)
    assert now["rows"] != before["rows"] and now["sums"] != before["sums"]
    expect(page.locator("#outbox")).to_be_hidden()
    page.reload()
    assert shown(page) == before, "nothing was sent"
    drag(page, 0, 2)
    until(page, "(await outbox.list()).some(({url, state}) => url === '/plan/order' && state === 'sent')")
    rep.go(address)
    assert shown(page) == now
