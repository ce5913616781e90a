"""From the customers that are due to the rep's phone: a manager plans the team's week, sees what is too much, publishes
it, and the rep has it, also without signal."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, Running, Visit
from tests.e2e.test_outbox import carried, offline

REP = "陆晓芸"


def test_from_who_is_due_to_the_phone(fresh_demo: Running, visitor: Visit) -> None:
    manager = visitor(fresh_demo, DESK)
    manager.sign_in("manager")
    page = manager.go("/coverage/accounts?show=overdue")
    page.click("a[href='/beat-plans/new']")
    page.wait_for_url("**/beat-plans/new")
    manager.fits()
    expect(page.locator("[name=reps]:checked")).to_have_count(6)
    for choice in page.locator("label", has=page.locator("[name=reps]")).all():
        choice.locator("input").set_checked(REP in choice.inner_text())
    for n in (5, 6):  # at the weekend, too: the demo is shown on any day
        page.check(f"[name=weekdays][value='{n}']")
    page.select_option("[name=first_on]", index=0)
    page.select_option("[name=weeks]", "2")
    page.fill("[name=minutes]", "150")
    page.click("main form button.primary")

    # The draft: what is too much stands above what publishes it.
    page.wait_for_url(re.compile("/beat-plans/[0-9a-f-]{36}$"))
    publish = page.locator("form[action$='/publication'] button")
    publish.wait_for(timeout=90_000)
    manager.fits()
    problem = page.locator(".note.bad").first
    expect(problem).to_contain_text("too many")
    expect(problem.locator("li").first).to_contain_text("gained")
    above, below = problem.bounding_box(), publish.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] < below["y"]
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    planned = page.locator("details ol.rows li", has_not=page.locator(".badge")).locator("a").all_inner_texts()
    assert len(planned) > 5
    publish.click()
    page.locator("form[action$='/withdrawal']").wait_for(state="attached", timeout=60_000)
    address = page.url.removeprefix(fresh_demo.url)
    plain = visitor(fresh_demo, PHONE, java_script_enabled=False)
    plain.sign_in("manager")
    expect(plain.go(address).locator("form[action$='/withdrawal']")).to_have_count(1)

    # The rep's phone.
    rep = visitor(fresh_demo, PHONE)
    rep.sign_in("rep")
    page = rep.go("/plan")
    page.click(".bar a[href='/plan/weeks']")
    page.wait_for_url("**/plan/weeks")
    rep.fits()
    expect(page.locator("main")).to_contain_text("Martin Shaw")
    cards = page.locator("section.card", has=page.locator("ol.rows"))
    seen = cards.locator("ol.rows li > div > a").all_inner_texts()
    following = page.locator("nav.chips a").nth(1).get_attribute("href")
    rep.go(f"/plan/weeks{following}")
    seen += cards.locator("ol.rows li > div > a").all_inner_texts()
    assert set(planned) <= set(seen)

    rep.go("/plan/weeks")
    day = cards.filter(has=page.locator("li:not(.ok) a", has_text=re.compile("|".join(map(re.escape, planned))))).first
    names = day.locator("ol.rows li:not(.ok) > div > a").all_inner_texts()
    link = day.locator("header a").get_attribute("href") or ""
    rep.go(link)
    stops = page.locator("ol.order li a[href^='/visits/']")
    assert set(names) <= set(stops.all_inner_texts())

    # Without signal.
    rep.go("/today")
    carried(rep)
    offline(rep, True)
    rep.go("/plan/weeks")
    expect(page.locator("main")).to_contain_text("Martin Shaw")
    rep.go(link)
    assert set(names) <= set(stops.all_inner_texts())
