"""The outbox in the browser: what is refused, whose it is, and what the phone itself can do wrong."""

import io
import re
import time
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DEMO_PASSWORD, DESK, PHONE, Running, Visit, Visitor, entries, until


def carried(visitor: Visitor) -> None:
    """Wait until the phone carries its day."""
    until(visitor.page, "(await outbox.recall('pack'))?.pages > 5")


def sent(page: Page) -> None:
    """Wait until nothing waits any more."""
    until(page, "(await outbox.list()).every(({state}) => state === 'sent')")


@pytest.fixture
def rep(demo: Running, visitor: Visit) -> Visitor:
    """A rep at the phone, who carries the day."""
    person = visitor(demo)
    person.sign_in("rep.london")
    carried(person)
    return person


def offline(visitor: Visitor, is_offline: bool) -> None:
    visitor.without_network = True
    visitor.context.set_offline(is_offline)
    if not is_offline:
        until(visitor.page, "dispatchEvent(new Event('online'))")  # true; a kept page may be on its way to the new one


def an_account(visitor: Visitor) -> str:
    """The address of a carried customer."""
    return str(
        visitor.page.evaluate(
            "caches.open('pages').then((cache) => cache.keys()).then((keys) => "
            "keys.map(({url}) => new URL(url).pathname).find((path) => /^.accounts.[0-9a-f-]{36}$/.test(path)))"
        )
    )


def write_note(page: Page, text: str) -> None:
    page.fill("#account_notes textarea", text)
    page.click("#account_notes form button")


def test_a_note_is_kept_shown_and_sent(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    expect(page.locator("#age")).to_be_visible()
    write_note(page, "Without signal 1")
    expect(page.locator(".is-kept", has_text="Without signal 1")).to_be_visible()
    expect(page.locator("#outbox b")).to_have_text("1")
    write_note(page, "Without signal 2")
    expect(page.locator("#outbox b")).to_have_text("2")
    rep.fits()
    offline(rep, False)
    sent(page)
    page = rep.go(address)
    notes = page.locator("#account_notes .timeline li")
    expect(notes.nth(0)).to_contain_text("Without signal 2")
    expect(notes.nth(1)).to_contain_text("Without signal 1")
    expect(page.locator("#outbox")).to_be_hidden()
    assert page.locator(".is-kept").count() == 0


def test_a_double_tap_is_one_entry(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    page.fill("#account_notes textarea", "Tapped twice")
    page.evaluate(
        """() => { const form = document.querySelector('#account_notes form');
          form.requestSubmit(); form.requestSubmit(); }"""
    )
    expect(page.locator("#outbox b")).to_have_text("1")
    assert len(entries(page)) == 1
    offline(rep, False)
    sent(page)


def test_what_is_refused_is_corrected_and_sent(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(f"{address}/contacts/new")
    page.fill("[name=title]", "Buyer of Nothing")
    page.click(".dock .primary")  # without a name
    expect(page.locator("#outbox b")).to_have_text("1")
    offline(rep, False)
    expect(page.locator("#outbox.bad")).to_be_visible()
    page = rep.go("/outbox")
    expect(page.locator("#entries .why")).to_have_text("Name of the person: This field is required.")  # said once
    rep.fits()
    page.click("[data-act=correct]")
    expect(page.locator("[name=title]")).to_have_value("Buyer of Nothing")
    page.fill("[name=name]", "Ann Other")
    page.click(".dock .primary")
    sent(page)
    assert len(entries(page)) == 1, "the correction took the place of what was refused"
    expect(rep.go(address).locator("main")).to_contain_text("Ann Other")


def test_what_is_corrected_keeps_its_place(rep: Visitor) -> None:
    """A new customer without a name is refused, and its note waits for it; corrected, the customer goes first."""
    offline(rep, True)
    page = rep.go("/accounts/new")
    page.fill("[name=address]", "77 Nameless Row")
    page.click(".dock .primary")
    page.wait_for_url(re.compile("/accounts/[0-9a-f-]{36}$"))
    write_note(page, "Of the nameless")
    expect(page.locator("#outbox b")).to_have_text("2")
    offline(rep, False)
    until(page, "(await outbox.list())[0].state === 'refused'")
    page = rep.go("/outbox")
    expect(page.locator("#entries")).to_contain_text("Waits for the entry before it")
    page.click("[data-act=correct]")
    page.fill("[name=name]", "Named at last")
    page.click(".dock .primary")
    sent(page)
    assert [entry["url"].count("/") for entry in entries(page)] == [1, 3], "the customer stands before its note"
    assert all(entry["tries"] < 3 for entry in entries(page))


def test_what_is_refused_can_be_thrown_away_after_a_question(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(f"{address}/contacts/new")
    page.click(".dock .primary")
    offline(rep, False)
    page = rep.go("/outbox")
    page.locator("#entries .dialog summary").click()
    page.click("[data-act=remove]")
    expect(page.locator("#nothing")).to_be_visible()
    assert entries(page) == []


def test_a_conflict_shows_both_values_and_takes_mine(rep: Visitor) -> None:
    address = an_account(rep)
    page = rep.go(f"{address}/edit")
    offline(rep, True)
    page = rep.go(f"{address}/edit")
    page.fill("[name=category]", "Mine without signal")
    page.click(".dock .primary")
    expect(page.locator("#outbox b")).to_have_text("1")
    other = rep.context.browser.new_context()  # type: ignore[union-attr]
    theirs = other.new_page()
    theirs.goto(f"{rep.base}/sign-in")
    theirs.fill("[name=email]", "rep.london@demo.example")
    theirs.fill("[name=password]", "fieldbook-demo")
    theirs.press("[name=password]", "Enter")
    theirs.wait_for_url("**/today")
    theirs.goto(f"{rep.base}{address}/edit")
    theirs.fill("[name=category]", "Theirs meanwhile")
    theirs.click(".dock .primary")
    theirs.wait_for_url(f"**{address}")
    expect(theirs.locator("main")).to_contain_text("Theirs meanwhile")
    other.close()
    offline(rep, False)
    expect(page.locator("#outbox.bad")).to_be_visible()
    page = rep.go("/outbox")
    expect(page.locator("#entries table")).to_contain_text("Mine without signal")
    expect(page.locator("#entries table")).to_contain_text("Theirs meanwhile")
    expect(page.locator("#entries .why")).to_contain_text("Compare both")
    expect(page.locator("[data-act=again]")).to_be_hidden()
    page.click("[data-act=correct]")
    page.wait_for_url(f"**{address}/edit")
    expect(page.locator("[name=category]")).to_have_value("Mine without signal")
    page.click(".dock .primary")
    sent(page)
    expect(rep.go(address).locator("main")).to_contain_text("Mine without signal")


def test_a_second_person_neither_sends_nor_sees_the_first_ones_entries(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    write_note(page, "Of the first person")
    expect(page.locator("#outbox b")).to_have_text("1")
    page = rep.go("/more")
    rep.context.route("**/notes", lambda route: route.abort())  # nothing leaves meanwhile
    offline(rep, False)
    sign_out = page.locator("form[action='/sign-out'] button")
    sign_out.click()
    expect(page.locator("main")).to_contain_text("not sent yet")
    sign_out.click()
    page.wait_for_url("**/sign-in")
    rep.context.unroute("**/notes")
    rep.sign_in("rep.taipei")
    carried(rep)
    page = rep.go("/outbox")
    expect(page.locator("#other")).to_be_visible()
    assert "Of the first person" not in page.content()
    expect(page.locator("#outbox")).to_be_hidden()
    assert [entry["state"] for entry in entries(page)] == ["waiting"]
    assert not page.evaluate(f"caches.open('pages').then((cache) => cache.match('{address}')).then(Boolean)")
    rep.go("/more").locator("form[action='/sign-out'] button").click()
    page.wait_for_url("**/sign-in")
    rep.sign_in("rep.london")
    sent(page)
    expect(rep.go(address).locator("#account_notes")).to_contain_text("Of the first person")


def test_signing_out_with_nothing_unsent_asks_nothing(rep: Visitor) -> None:
    page = rep.go("/more")
    page.locator("form[action='/sign-out'] button").click()
    page.wait_for_url("**/sign-in")


def test_a_lost_sign_in_keeps_everything_and_says_so(rep: Visitor) -> None:
    address = an_account(rep)
    page = rep.go(address)
    rep.context.clear_cookies()
    write_note(page, "After the session")
    until(page, "await outbox.recall('signedOut')")
    expect(page.locator("#outbox.bad")).to_have_attribute("aria-label", re.compile("Sign in again"))
    rep.sign_in("rep.london")
    sent(page)
    expect(rep.go(address).locator("#account_notes")).to_contain_text("After the session")


def test_a_changed_key_is_refused_and_not_dropped(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    write_note(page, "Tampered")
    expect(page.locator("#outbox b")).to_have_text("1")
    page.evaluate(
        "outbox.list().then(([entry]) => outbox.change(entry.seq, {fields: entry.fields.map(([name, value]) => "
        "[name, name === 'once' ? 'not-a-key' : value])}))"
    )
    offline(rep, False)
    expect(page.locator("#outbox.bad")).to_be_visible()
    assert [(entry["state"], entry["status"]) for entry in entries(page)] == [("refused", 400)]
    expect(rep.go("/outbox").locator("#entries")).to_contain_text("Needs you")
    send_anew(rep)
    expect(rep.go(address).locator("#account_notes .timeline")).to_contain_text("Tampered")


def test_the_same_key_with_other_words_is_refused(rep: Visitor) -> None:
    address = an_account(rep)
    page = rep.go(address)
    write_note(page, "First words")
    sent(page)
    page.evaluate(
        """outbox.list().then(async ([{ seq, ...entry }]) => {
          await outbox.remove(seq);
          const fields = entry.fields.map(([name, value]) => [name, name === 'text' ? 'Other words' : value]);
          await outbox.keep({ ...entry, fields, state: 'waiting' });
          dispatchEvent(new Event('online'));
        })"""
    )
    until(page, "(await outbox.list())[0].state === 'refused'")
    assert entries(page)[0]["status"] == 409
    rep.go("/outbox")
    expect(page.locator("#entries")).to_contain_text("Needs you")
    send_anew(rep)
    notes = rep.go(address).locator("#account_notes .timeline li")
    expect(notes.nth(0)).to_contain_text("Other words")
    expect(notes.nth(1)).to_contain_text("First words")


def send_anew(rep: Visitor) -> None:
    """What has no form to correct is sent under a key of its own, after a look at both."""
    page = rep.page
    expect(page.locator("[data-act=correct]")).to_be_hidden()
    expect(page.locator("[data-act=again]")).to_be_hidden()
    page.click(".anew summary")
    expect(page.locator(".anew a")).to_have_attribute("href", re.compile("^/accounts/"))
    rep.fits()
    page.click("[data-act=anew]")
    sent(page)
    assert len(entries(page)) == 1


def keep_note(page: Page, address: str, text: str, **values: Any) -> None:
    """A note in the outbox that the open page does not know of; `address` of its customer."""
    page.evaluate(
        """async ([to, text, values]) => {
          const key = outbox.newId(), { person } = document.documentElement.dataset;
          const fields = [["once", key], ["text", text.repeat(values.times ?? 1)]];
          await outbox.keep({ key, person, fields, to, url: to + "/notes", from: "", opens: "", ids: outbox.idsIn(to),
            at: new Date().toISOString(), label: "Note", about: "", says: [["Note", text]], ...values });
        }""",
        [address, text, values],
    )


@pytest.mark.parametrize(("status", "why"), [(404, "is gone|not yours"), (413, "too large")])
def test_what_nobody_can_correct_says_why_and_offers_nothing_in_vain(status: int, why: str, rep: Visitor) -> None:
    address, page = an_account(rep), rep.page
    if status == 404:
        address = f"/accounts/{page.evaluate('outbox.newId()')}"
    keep_note(page, address, "Not to be taken. ", times=1 if status == 404 else 100_000)
    page = rep.go("/outbox")
    expect(page.locator("#entries .why")).to_contain_text(re.compile(why, re.I))
    assert entries(page)[0]["status"] == status
    expect(page.locator("[data-act=correct]")).to_be_hidden()
    assert page.locator(".anew").count() == 0
    expect(page.locator("#entries .dialog summary")).to_be_visible()


REFUSED = {
    "state": "refused",
    "status": 422,
    "answer": '<main><section id="error"><p class="note">No.</p></section></main>',
}


def test_a_refusal_without_a_form_opens_the_page_of_the_form(rep: Visitor) -> None:
    address = an_account(rep)
    keep_note(rep.page, address, "Taken up again", **REFUSED, **{"from": address})
    page = rep.go("/outbox")
    page.click("[data-act=correct]")
    page.wait_for_url(f"**{address}")
    expect(page.locator("#account_notes textarea")).to_have_value("Taken up again")
    page.click("#account_notes form button")
    sent(page)
    assert len(entries(page)) == 1, "it took the place of what was refused"
    expect(page.locator("#account_notes .timeline")).to_contain_text("Taken up again")


def test_a_form_that_is_gone_is_said_to_be_gone(rep: Visitor) -> None:
    keep_note(rep.page, an_account(rep), "Nowhere to go", **REFUSED, **{"from": "/plan"})
    page = rep.go("/outbox")
    page.click("[data-act=correct]")
    page.wait_for_url("**/plan")
    expect(page.locator("#main")).to_contain_text("still in the outbox")
    assert entries(page)[0]["state"] == "refused"


def test_the_outbox_says_what_an_entry_says(rep: Visitor) -> None:
    address = an_account(rep)
    rep.go(f"{address}/edit")
    offline(rep, True)
    page = rep.go(f"{address}/edit")
    page.fill("[name=category]", "Says what it says")
    page.click(".dock .primary")
    expect(page.locator("#outbox b")).to_have_text("1")
    rep.go(f"{address}/orders/new")
    product = page.locator("#matches li strong").first.inner_text()
    page.locator("#matches [data-step='1']").first.click()
    page.fill("[name=customer_reference]", "PO-77")
    page.click("[name=step][value=review]")
    page.locator("button[formaction$='/orders']:visible").click()
    expect(page.locator("#outbox b")).to_have_text("2")
    page = rep.go("/outbox")
    for summary in page.locator(".content summary:visible").all():  # a short entry says it at once
        summary.click()
    first, second = page.locator("#entries li[data-seq]").all()
    expect(first).to_contain_text(re.compile("Category.*Says what it says", re.S))
    expect(second).to_contain_text(product)
    expect(second).to_contain_text("PO-77")
    assert not re.search("[0-9a-f]{8}-", page.locator("#entries").inner_text()), "no ids"
    rep.fits()


def test_the_sign_says_how_many_wait_and_how_long(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    write_note(page, "Old")
    expect(page.locator("#outbox b")).to_have_text("1")
    expect(page.locator("#outbox small")).to_be_empty()
    page.evaluate(
        "outbox.list().then(([{seq}]) => outbox.change(seq, {at: new Date(Date.now() - 150 * 60e3).toISOString()}))"
    )
    write_note(page, "New")
    expect(page.locator("#outbox b")).to_have_text("2")
    expect(page.locator("#outbox small")).to_have_text("2h")
    expect(page.locator("#outbox")).to_have_attribute("aria-label", re.compile(r"on this phone: 2 .* 2 hours"))
    rep.fits()


def test_an_open_page_shows_what_was_sent_of_it(rep: Visitor) -> None:
    """Once a round, where it was, and not from under the fingers."""
    address = an_account(rep)
    page, asked = rep.go(address), []
    page.on("request", lambda request: asked.append(1) if request.url == rep.base + address else None)
    page.evaluate("scrollTo(0, 120)")
    for number in (1, 2):
        keep_note(page, address, f"In the background {number}")
    page.evaluate("dispatchEvent(new Event('online'))")
    notes = page.locator("#account_notes .timeline li")
    expect(notes.nth(0)).to_contain_text("In the background 2")
    assert page.locator(".is-kept").count() == 0
    assert page.evaluate("scrollY") == 120
    assert len(asked) == 1
    page.locator("#account_notes textarea").press_sequentially("Half a wo")
    keep_note(page, address, "While somebody writes")
    page.evaluate("dispatchEvent(new Event('online'))")
    sent(page)
    expect(page.locator(".is-kept .ok")).to_contain_text("While somebody writes")
    expect(page.locator("#account_notes textarea")).to_have_value("Half a wo")


def test_a_row_of_the_phone_is_shown_right_after_the_sign_in(rep: Visitor) -> None:
    offline(rep, True)
    page = rep.go("/accounts/new")
    page.fill("[name=name]", "Before anybody said hello")
    page.click(".dock .primary")
    page.wait_for_url(re.compile("/accounts/[0-9a-f-]{36}$"))
    address = page.url.removeprefix(rep.base)
    rep.context.route("**/accounts", lambda route: route.abort())  # nothing leaves meanwhile
    rep.go("/more")
    offline(rep, False)
    sign_out = page.locator("form[action='/sign-out'] button")
    sign_out.click()
    expect(page.locator("main")).to_contain_text("not sent yet")
    sign_out.click()
    page.wait_for_url("**/sign-in")
    rep.go(f"/sign-in?next={address}")
    page.fill("[name=email]", "rep.london@demo.example")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(rep.base + address)
    expect(page.locator("h1")).to_have_text("Before anybody said hello")
    rep.context.unroute("**/accounts")
    sent(page)


def test_a_photo_form_without_a_photo_says_so_at_once(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE, position=(51.5, -0.1))
    rep.sign_in("rep.taipei")
    carried(rep)
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(f"{address}/check-in")
    page.click("[data-position-submit]")
    page.locator("#report").wait_for()
    expect(page.locator("#outbox b")).to_have_text("1")
    button, before = page.locator("form[action$='/photos'] .button:not(label)"), len(entries(page))
    button.click()
    expect(page.locator("#shot_status")).to_have_text("請先選擇圖片。")
    assert len(entries(page)) == before
    page.set_input_files("#photo", {"name": "shot.png", "mimeType": "image/png", "buffer": picture()})
    expect(page.locator("#shot_status")).not_to_have_class(re.compile("field-error"))
    page.locator("#shot:not([hidden])").wait_for()
    button.click()
    expect(page.locator("#outbox b")).to_have_text("2")
    page = rep.go("/outbox")
    page.locator(".content:not([hidden]) summary").first.click()
    expect(page.locator("#entries img.thumb").first).to_be_visible()
    rep.fits()
    offline(rep, False)
    sent(page)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#875").save(out, "PNG")
    return out.getvalue()


def test_nobody_conflicts_with_what_the_same_phone_did_before(rep: Visitor) -> None:
    """The version of what was archived before is not that of the carried page."""
    address = an_account(rep)
    rep.go(f"{address}/edit")
    offline(rep, True)
    page = rep.go(address)
    page.locator(f"details:has(form[action='{address}/archive']) summary").click()
    page.click(f"form[action='{address}/archive'] button")
    expect(page.locator("#outbox b")).to_have_text("1")
    page = rep.go(f"{address}/edit")
    page.fill("[name=category]", "Archived, then mended")
    page.click(".dock .primary")
    expect(page.locator("#outbox b")).to_have_text("2")
    offline(rep, False)
    sent(page)
    page = rep.go(address)
    expect(page.locator("main")).to_contain_text("Archived, then mended")
    page.click(f"form[action='{address}/restore'] button")
    sent(page)


FULL = "IDBObjectStore.prototype.add = function () { throw new DOMException('full', 'QuotaExceededError') }"


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_full_phone_loses_nothing(is_offline: bool, rep: Visitor) -> None:
    address = an_account(rep)
    rep.context.add_init_script(FULL)
    page = rep.go(address)
    if is_offline:
        offline(rep, True)
    write_note(page, "On a full phone")
    if is_offline:
        expect(page.locator("#offline")).to_contain_text("storage of this phone is full")
        expect(page.locator("#account_notes textarea")).to_have_value("On a full phone")
    else:
        expect(page.locator("#account_notes .timeline")).to_contain_text("On a full phone")
    assert entries(page) == []


def test_on_a_full_phone_nothing_overtakes_what_still_waits(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    write_note(page, "Kept before")
    expect(page.locator("#outbox b")).to_have_text("1")
    page.evaluate(f"void ({FULL})")
    rep.context.route("**/notes", lambda route: route.abort())
    offline(rep, False)
    write_note(page, "On a full phone")
    expect(page.locator("#offline")).to_contain_text("what you entered before is not sent yet")
    expect(page.locator("#account_notes textarea")).to_have_value("On a full phone")
    assert [entry["state"] for entry in entries(page)] == ["waiting"]
    rep.context.unroute("**/notes")
    page.click("#account_notes form button")
    notes = page.locator("#account_notes .timeline li")
    expect(notes.nth(0)).to_contain_text("On a full phone")
    expect(notes.nth(1)).to_contain_text("Kept before")


def test_a_queue_of_500_is_shown_and_sent_in_order(rep: Visitor) -> None:
    address = an_account(rep)
    offline(rep, True)
    page = rep.go(address)
    page.evaluate(
        """async ([url, person]) => {
          for (let n = 0; n < 500; n++) {
            const key = outbox.newId();
            await outbox.keep({ key, person, url: url + "/notes", fields: [["once", key], ["text", `queued ${n}`]],
              at: new Date().toISOString(), to: url, opens: "", ids: outbox.idsIn(url), label: "Note", about: "" });
          }
        }""",
        [address, page.evaluate("document.documentElement.dataset.person")],
    )
    page = rep.go("/outbox")
    expect(page.locator("#entries h2")).to_contain_text("500")
    expect(page.locator("#entries li")).to_have_count(500)
    offline(rep, False)
    end = time.monotonic() + 120
    while page.evaluate("outbox.list().then((all) => all.some(({state}) => state !== 'sent'))"):
        assert time.monotonic() < end
        time.sleep(0.5)
    notes = rep.go(address).locator("#account_notes .timeline li p")
    expect(notes.first).to_have_text("queued 499")


def test_without_a_kept_page_the_phone_says_so(rep: Visitor) -> None:
    offline(rep, True)
    page = rep.go("/orders?state=none&q=nothing")
    expect(page.locator("main")).to_contain_text("This page is not on the phone")


def test_customers_are_found_without_signal(rep: Visitor) -> None:
    name = rep.go(an_account(rep)).locator(".bar h1").inner_text()
    offline(rep, True)
    page = rep.go(f"/accounts?q={name.split()[0]}")
    expect(page.locator("#carried li", has_text=name)).to_be_visible()
    page = rep.go("/nearby?lat=51.5055&lon=-0.0754")
    expect(page.locator("#carried li").first).to_contain_text(re.compile(r"\d+(\.\d)? (k?m)"))


def test_a_form_whose_screen_is_not_on_the_phone_takes_a_second_entry(rep: Visitor) -> None:
    """It stays after the tap; under the key of the first, the second was taken for a double tap and was gone."""
    page = rep.go(f"{an_account(rep)}/contacts/new")
    page.evaluate("Promise.all([caches.delete('pages'), outbox.remember('pack', null)])")
    offline(rep, True)
    for number, name in enumerate(("First Person", "First Person", "Second Person")):
        page.fill("[name=name]", name)
        page.locator(".dock button[form=contact]").click()
        until(page, f"(await outbox.list()).length === {max(1, number)} && !document.querySelector('form[aria-busy]')")
    assert len({entry["key"] for entry in entries(page)}) == 2, "the same again is one tap, something else is not"
    offline(rep, False)
    sent(page)


def take_away(desk: Visitor) -> None:
    page = desk.go("/settings/devices")
    page.locator("summary", has_text="Take it away").first.click()
    page.locator("form[action$='/revocation'] button:visible").click()
    expect(page.locator("main")).to_contain_text("The device is taken away.")


def test_a_phone_that_was_taken_away_is_wiped_and_says_why(rep: Visitor, demo: Running, visitor: Visit) -> None:
    offline(rep, True)
    page = rep.go(an_account(rep))
    write_note(page, "Never sent")
    expect(page.locator("#outbox b")).to_have_text("1")
    desk = visitor(demo, DESK)
    desk.sign_in("rep.london")
    take_away(desk)
    offline(rep, False)
    page.wait_for_url(re.compile("/sign-in"))  # the outbox is what makes contact first
    expect(page.locator("main")).to_contain_text("This device was taken away")
    rep.fits()
    assert entries(page) == []
    page = rep.sign_in("rep.london")
    assert "Never sent" not in page.content()
    carried(rep)
    take_away(desk)
    page.evaluate("location.assign('/accounts')")  # with nothing to send
    page.wait_for_url(re.compile("/sign-in"))
    expect(page.locator("main")).to_contain_text("This device was taken away")
    assert not page.evaluate("caches.has('pages')")
