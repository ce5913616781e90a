"""A manager asks about a check-in, the rep answers without signal, the manager accepts; the rep sees who looked.

The steps find their way by addresses and field names, so that one walk serves the languages of rep and manager.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESK, PHONE, Running, Visitor
from tests.e2e.conftest import Visit as Open
from tests.e2e.test_outbox import carried, offline, sent

QUESTION, ANSWER = 'Why 2,000 km away? <看起来很远> "?"', "They were at the fair & so was I 在展会上"
FAR = (40.0, 100.0)


def check_in_far_away(rep: Visitor) -> str:
    """An unplanned visit from the desert; returns its address."""
    rep.go("/accounts")
    account = rep.page.locator("#account_list .rows a[href^='/accounts/']").first.get_attribute("href")
    page = rep.go(f"{account}/check-in")
    page.click("[data-position-submit]")
    page.locator("textarea[name=reason]").wait_for()
    page.fill("textarea[name=reason]", "At the fair")
    page.click("[data-position-submit]")
    page.wait_for_url(re.compile("/visits/[0-9a-f-]{36}"))
    page.locator("html:not([data-kept-at]) #photos").wait_for()
    sent(page)
    return re.sub("[#?].*", "", page.url.removeprefix(rep.base))


@pytest.mark.parametrize("name", ["rep.london", "rep"])
def test_a_question_its_answer_without_signal_and_the_decision(fresh_demo: Running, visitor: Open, name: str) -> None:
    rep = visitor(fresh_demo, PHONE, position=FAR)
    rep.sign_in(name)
    carried(rep)
    visit = check_in_far_away(rep)

    manager = visitor(fresh_demo, DESK)
    manager.sign_in("manager")
    page = manager.go("/reviews?filter=open")
    page.locator(f".rows a[href='{visit}']").click()
    page.fill("#review textarea", QUESTION)
    page.click("#review [value=queried]")
    expect(page.locator("#reviews .timeline")).to_contain_text(QUESTION)
    manager.fits()
    assert page.locator(f".rows a[href='{visit}']").count() == 0
    manager.go("/reviews?filter=queried")
    expect(page.locator(f".rows a[href='{visit}']")).to_be_visible()

    # The rep hears of it on Today, then loses the signal and answers.
    phone = rep.go("/today")
    phone.locator("main a[href='/visits/queried']").click()
    phone.locator(f".rows a[href^='{visit}']").click()
    expect(phone.locator("#reviews .timeline")).to_contain_text(QUESTION)
    rep.fits()
    offline(rep, True)
    rep.go(visit)
    phone.fill("#reply textarea", ANSWER)
    phone.click("#reply button")
    expect(phone.locator("#outbox b")).to_have_text("1")
    expect(phone.locator("#reply")).to_be_hidden()
    rep.fits()
    offline(rep, False)
    sent(phone)
    phone = rep.go(visit)
    expect(phone.locator("#reviews .timeline")).to_contain_text(ANSWER)

    page = manager.go("/reviews?filter=answered")
    row = page.locator(".rows li", has=page.locator(f"a[href='{visit}']"))
    expect(row).to_contain_text(ANSWER)
    row.locator("[type=checkbox]").check()
    page.click(".dock .primary")
    page.locator(".note.ok").wait_for()
    expect(page.locator(f".rows a[href='{visit}']")).to_have_count(0)
    manager.fits()

    # The rep sees the decision, and that the manager looked.
    phone = rep.go(visit)
    expect(phone.locator("#reviews .timeline li")).to_have_count(3)
    expect(phone.locator("#reply")).to_have_count(0)
    expect(rep.go("/today").locator("main a[href='/visits/queried']")).to_have_count(0)
    phone = rep.go("/settings/stored/looks")
    manager_name = manager.go("/more").locator("main h2").last.inner_text()
    expect(phone.locator(".rows li").first).to_contain_text(manager_name)
    rep.fits()


def test_it_works_without_a_script(fresh_demo: Running, visitor: Open) -> None:
    """Manager and rep with JavaScript switched off: the check-in has no position, which is asked about."""
    rep = visitor(fresh_demo, PHONE, java_script_enabled=False)
    rep.sign_in("rep.taipei")
    rep.go("/accounts")
    account = rep.page.locator("#account_list .rows a[href^='/accounts/']").nth(3).get_attribute("href")
    page = rep.go(f"{account}/check-in")
    page.click("[data-position-submit]")
    page.fill("textarea[name=reason]", "No signal here")
    page.click("[data-position-submit]")
    visit = page.url.removeprefix(rep.base)
    manager = visitor(fresh_demo, DESK, java_script_enabled=False)
    manager.sign_in("manager")
    desk = manager.go(visit)
    desk.click("#review [value=queried]")
    expect(desk.locator(".errors")).to_be_visible()
    desk.fill("#review textarea", QUESTION)
    desk.click("#review [value=queried]")
    rep.go(visit)
    page.fill("#reply textarea", ANSWER)
    page.click("#reply button")
    expect(page.locator("#reviews .timeline")).to_contain_text(ANSWER)
    manager.go(visit)
    desk.click("#review [value=accepted]")
    expect(desk.locator("#reviews .timeline li")).to_have_count(3)
