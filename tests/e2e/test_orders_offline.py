"""Taking an order without signal: the kept form, its search, its review and the copy of the last order, in Chromium.

The phone's part is played here: the screen's slots are filled as the pack does it, and the form is told what app.js
tells it when the server does not answer ("look:offline").
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from uuid import UUID

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.catalogue.actions import PriceListInput, add_price_list, assign_price_list
from app.factory import create_app
from app.identity.models import Person
from app.identity.queries import actor_of
from app.infra.db import db, transact
from app.sales.models import Order
from app.sales.offline import addresses, rows, screens
from tests.conftest import settings_for
from tests.e2e.conftest import Running, Visit, Visitor, until

NO_ANSWER = """(value) => {
  const submitter = document.querySelector(`[value=${value}]`);
  const told = new CustomEvent("look:offline", { cancelable: true, bubbles: true, detail: { submitter } });
  return submitter.form.dispatchEvent(told);
}"""
REVIEWED = """() => [...document.querySelectorAll("[data-shown]")]
  .flatMap((shown) => [...shown.querySelectorAll("li, dt, dd, p")])
  .filter((each) => each.checkVisibility())
  .map((each) => each.innerText.replace(/\\s+/g, " "))"""
SENT = """(id) => {
  const fields = new FormData(document.getElementById(id));
  fields.delete("once");
  return Object.fromEntries(fields);
}"""


@dataclass
class Kept:
    """What the phone of a rep has: the `slots` of a customer, and the address of its screen."""

    account: UUID
    slots: dict[str, str]
    screen: str


def kept_of(running: Running, email: str) -> Kept:
    """From the running demo's database: the rep's customer with the latest order."""
    now = datetime.now(UTC)
    app = create_app(settings_for(running.data))
    with app.app_context():
        person = db.session.scalars(select(Person).where(Person.email == email)).one()
        actor = actor_of(person)
        accounts = db.session.scalars(
            select(Order.account_id).where(Order.rep_id == person.id).order_by(Order.created_at.desc()).limit(5)
        ).all()
        slots = rows(actor, now, accounts)
        account = next(each for each in accounts if slots[each].get("last_order"))
        found = slots[account]
        fitting = [
            each.address
            for each in screens(actor, now, accounts)
            if each.path == "/accounts/*/orders/new" and each.where == ("price_list", found["price_list"])
        ]
        assert {"/orders", "/quotes"} <= set(addresses(actor, now, accounts))
        db.session.remove()
        db.engine.dispose()
    return Kept(account, dict(found), fitting[0])


def filled(html: str, slots: dict[str, str]) -> str:
    def put(match: re.Match[str]) -> str:
        text = slots.get(match[1], "")
        return text if match[2] else escape(text)

    return re.sub(r"⟦(\w+)(\|html)?⟧", put, html)


def open_kept(visitor: Visitor, kept: Kept, query: str = "", **slots: str) -> Page:
    """The kept screen at the address of the customer's order form, with every search of the server cut off."""
    page = visitor.page
    html = page.request.get(visitor.base + kept.screen).text()
    body = filled(html, {"id": str(kept.account), "name": "A & B <Kitchen>", **kept.slots, **slots})

    def answer(route: Route) -> None:
        route.fulfill(body=body, content_type="text/html; charset=utf-8")

    page.route(f"**/accounts/{kept.account}/orders/new*", answer)
    page.route("**/orders/products*", lambda route: route.abort())
    return visitor.go(f"/accounts/{kept.account}/orders/new{query}")


@pytest.fixture(scope="module")
def kept(demo: Running) -> Iterator[dict[str, Kept]]:
    yield {name: kept_of(demo, f"{name}@demo.example") for name in ("rep", "rep.taipei", "rep.london")}


@pytest.mark.parametrize("name", ["rep", "rep.taipei", "rep.london"])
def test_the_phone_s_review_says_what_the_server_s_says(
    name: str, demo: Running, visitor: Visit, kept: dict[str, Kept]
) -> None:
    rep = visitor(demo, service_workers="block")
    rep.sign_in(name)
    page = rep.go(f"/accounts/{kept[name].account}/orders/new")
    for place, quantity in enumerate((3, 1, 70, 12)):
        page.locator("#matches input[type=number]").nth(place).fill(str(quantity))
    page.locator(".discount input").first.fill("2.5")
    page.fill("[name=customer_reference]", "PO <7>")
    page.fill("[name=note]", "Ring twice.\nBack door.")
    page.fill("[name=delivery_on]", page.get_attribute("[name=delivery_on]", "max") or "")
    assert page.evaluate(NO_ANSWER, "review") is False, "the event was taken care of"
    shown, sent = page.evaluate(REVIEWED), page.evaluate(SENT, "placing")
    quote = page.locator("p.soft:visible", has_text=re.compile(r"\d{4}")).last.inner_text()
    rep.fits()
    page.go_back()
    expect(page.locator("#order [name=q]")).to_be_visible()
    assert page.locator("#matches input[type=number]").first.input_value() == "3"
    estimate = page.locator("#estimate b").inner_text()
    page.click("[name=step][value=review]")
    page.locator("button[formaction$='/orders']").wait_for()
    by_server = page.evaluate(SENT, "order")
    assert shown == page.evaluate(REVIEWED) and len(shown) > 12
    assert estimate in shown, "the estimate in the form is the total"
    assert quote == page.locator("p.soft").last.inner_text()
    assert sent == {**by_server, "note": sent["note"]} and sent["note"].split() == by_server["note"].split()
    of_form = page.locator("#order").evaluate("(form) => ({ ...form.dataset })")
    assert of_form == {"look": "edit", "opens": "{sale_id}", "single": ""}
    assert [each.get_attribute("data-to") for each in page.locator(".dock button").all()] == [
        "/quotes/{sale_id}", "/orders/{sale_id}",
    ]  # fmt: skip


def test_the_whole_price_list_is_found_without_the_server(demo: Running, visitor: Visit, kept: dict[str, Kept]) -> None:
    rep = visitor(demo, service_workers="block")
    rep.sign_in("rep.london")
    visit = "01890000-0000-7000-8000-000000000001"
    page = open_kept(rep, kept["rep.london"], f"?visit={visit}")
    assert page.locator("[name=visit_id]").input_value() == visit
    assert f"visit={visit}" in (page.locator("a[href*='copy=last']").get_attribute("href") or "")
    found = page.locator("#found li")
    expect(found).to_have_count(30)
    expect(page.locator("#more")).to_be_visible()
    page.fill("#q", "ｔｅａ-00 Pu'er")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("TEA-006")
    found.locator("[data-step='1']").click()
    expect(page.locator("#count")).to_have_text("1")
    page.fill("#q", "no such thing")
    expect(page.locator("#none")).to_be_visible()
    expect(page.locator("#chosen li")).to_contain_text("TEA-006")
    page.fill("#q", "")
    category = page.locator("[data-category]").nth(1)
    category.click()
    expect(category).to_have_attribute("aria-pressed", "true")
    few = found.count()
    assert 0 < few < 30
    page.locator("[data-category='']").click()
    expect(page.locator("#found [name^=quantity]")).to_have_count(30)
    assert page.locator("#place").input_value(), "the first address is chosen"


def test_the_last_order_is_copied_on_the_phone(demo: Running, visitor: Visit, kept: dict[str, Kept]) -> None:
    rep = visitor(demo, service_workers="block")
    rep.sign_in("rep.london")
    last = json.loads(kept["rep.london"].slots["last_order"])
    last["lines"] += [["01890000-0000-7000-8000-00000000dead", 4, "", "Old syrup"]]
    last["lines"][0][2] = "1.5"
    last |= {"note": "As always", "place": "Gate 7"}
    page = open_kept(rep, kept["rep.london"], "?copy=last", last_order=json.dumps(last))
    expect(page.locator("#told")).to_contain_text(f"Copied from {kept['rep.london'].slots['last_number']}")
    expect(page.locator("#told")).to_contain_text("No longer sold to this customer: Old syrup.")
    expect(page.locator("#chosen li")).to_have_count(len(last["lines"]) - 1)
    first, quantity, discount = last["lines"][0]
    expect(page.locator(f"[name=quantity-{first}]")).to_have_value(str(quantity))
    expect(page.locator(f"[name=discount-{first}]")).to_have_value(discount)
    expect(page.locator("[name=delivery_place]")).to_have_value("Gate 7")
    expect(page.locator("[name=note]")).to_have_value("As always")
    assert page.evaluate(NO_ANSWER, "review") is False
    sent = page.evaluate(SENT, "placing")
    assert sent[f"discount-{first}"] == "1.5" and sent["delivery_place"] == "Gate 7"
    page = open_kept(rep, kept["rep.london"], "?copy=01890000-0000-7000-8000-000000000002")
    expect(page.locator("#told")).to_contain_text("Only the customer's last order can be copied")


def test_an_order_taken_without_signal_arrives_as_it_was_reviewed(demo: Running, visitor: Visit) -> None:
    """The real thing: service worker, pack and outbox."""
    rep = visitor(demo)
    page = rep.sign_in("rep.london")
    until(page, "navigator.serviceWorker.controller && await outbox.recall('pack')")
    rows = page.evaluate("async () => (await outbox.recall('pack')).rows")
    account = next(key for key, slots in rows.items() if slots.get("last_order"))
    rep.context.set_offline(True)
    page = rep.go(f"/accounts/{account}/orders/new?copy=last")
    expect(page.locator("#told")).to_contain_text("Copied from")
    page.click("[name=step][value=review]")
    expect(page.locator(".bar .back")).to_be_hidden()
    lines, total = page.evaluate(REVIEWED), page.locator("dd.total:visible").inner_text()
    page.locator("[data-change]").click()
    expect(page.locator("#q")).to_be_visible()
    page.click("[name=step][value=review]")
    page.locator("[data-change]").wait_for()
    assert page.evaluate(REVIEWED) == lines
    page.locator(".dock .primary:visible").click()
    page.wait_for_url(re.compile("/orders/[0-9a-f-]{36}$"))
    expect(page.locator("main")).to_contain_text("It gets its number when it is sent.")
    expect(page.locator("main")).to_contain_text(total)
    order = page.url.removeprefix(rep.base)
    page = rep.go(f"/accounts/{account}/orders/new")
    expect(page.locator("#count")).to_have_text("0")
    expect(page.locator("#found li")).to_have_count(30)
    rep.context.set_offline(False)
    until(page, "(navigator.serviceWorker.controller.postMessage({ type: 'send' }), true)")
    until(page, "(await outbox.list()).every(({ state }) => state === 'sent')")
    page = rep.go(order)
    expect(page.locator("h1")).to_have_text(re.compile("^O-"))
    assert page.locator("dl.sums dd.total").inner_text() == total
    rep.complaints.clear()  # Chromium's own, about the cut network


def two_new_customers(running: Running, email: str) -> tuple[UUID, UUID]:
    """In the running demo's database: a customer of the rep's who buys from the usual list, and one from its own."""
    now = datetime.now(UTC)
    app = create_app(settings_for(running.data))

    def make() -> tuple[UUID, UUID]:
        rep = actor_of(db.session.scalars(select(Person).where(Person.email == email)).one())
        ada = actor_of(db.session.scalars(select(Person).where(Person.email == "admin@demo.example")).one())
        place = PlaceInput("Europe/London", country="GB", address="1 Far Lane")
        usual, own = (
            add_account(rep, None, AccountInput(name), place, None, rep.id, now).id for name in ("Usual", "Own")
        )
        special = add_price_list(ada, None, PriceListInput("Special", "GBP"), now).id
        assign_price_list(ada, own, special, now)
        return usual, own

    with app.app_context():
        made = transact(make)
        db.session.remove()
        db.engine.dispose()
    return made


def test_a_customer_whose_prices_are_not_on_the_phone_gets_no_others(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo)
    page = rep.sign_in("rep.london")
    until(page, "navigator.serviceWorker.controller && await outbox.recall('pack')")
    usual, own = two_new_customers(demo, "rep.london@demo.example")
    for account in (usual, own):
        page = rep.go(f"/accounts/{account}")
        until(page, f"(await outbox.recall('rows'))?.['{account}']?.price_list")
    rows = page.evaluate("async () => (await outbox.recall('pack')).rows")
    assert str(usual) not in rows and str(own) not in rows
    rep.context.set_offline(True)
    for query in ("", "?copy=last"):
        page = rep.go(f"/accounts/{own}/orders/new{query}")
        expect(page.locator("h1")).to_have_text("No connection")
        assert page.locator("[data-price]").count() == 0
    page = rep.go(f"/accounts/{usual}/orders/new")
    expect(page.locator("#found li")).to_have_count(30)
    rep.context.set_offline(False)
    rep.complaints.clear()  # Chromium's own, about the cut network


def test_wrong_input_is_told_in_the_server_s_words(demo: Running, visitor: Visit, kept: dict[str, Kept]) -> None:
    rep = visitor(demo, service_workers="block")
    rep.sign_in("rep.taipei")
    page = open_kept(rep, kept["rep.taipei"])
    assert page.evaluate(NO_ANSWER, "review") is False
    expect(page.locator("#order > .errors")).to_contain_text("請至少選擇一項產品。")
    row = page.locator("#found li").first
    row.locator("input[type=number]").fill("1.5")
    row.locator(".discount input").fill("much")
    page.fill("[name=delivery_on]", "2020-01-01")
    for _ in range(2):
        page.evaluate(NO_ANSWER, "review")
    expect(page.locator("#order > .errors")).to_have_count(1)
    expect(page.locator("#order > .errors a")).to_have_attribute("href", "#delivery_on")
    expect(row.locator(".field-error")).to_have_count(2)
    by_phone = row.locator(".field-error").all_inner_texts() + page.locator("#delivery_on-error").all_inner_texts()
    described = row.locator("input[type=number]").get_attribute("aria-describedby")
    assert page.locator(f"[id='{described}']").inner_text() == by_phone[0]
    page.unroute_all()
    page.locator("[name=step][value=review]").click()
    page.wait_for_load_state()
    page.locator("#elsewhere").wait_for(state="attached")  # the server's page
    row = page.locator("#chosen li").first
    by_server = row.locator(".field-error").all_inner_texts()
    assert by_phone[:2] == by_server
    expect(page.locator("#order > .errors")).to_be_attached()


@pytest.mark.parametrize("online", [True, False])
def test_a_draft_brings_its_products(online: bool, demo: Running, visitor: Visit, kept: dict[str, Kept]) -> None:
    rep = visitor(demo, service_workers="block")
    rep.sign_in("rep.london")
    page = open_kept(rep, kept["rep.london"])
    page.fill("#q", "TEA-006")
    product = (page.locator("#found li").get_attribute("id") or "")[1:]
    if online:
        page.unroute_all()
        page = rep.go(f"/accounts/{kept['rep.london'].account}/orders/new")
        with page.expect_response(lambda answer: "/orders/products?q=" in answer.url):
            page.fill("#q", "COF")
        page.locator(f"#p{product}").wait_for(state="detached")
    else:
        page.fill("#q", "COF")
    draft = {f"quantity-{product}": ["", "7"], f"discount-{product}": ["2"], "note": ["x"], "quantity-nonsense": ["1"]}
    page.evaluate(
        "(detail) => document.getElementById('order').dispatchEvent(new CustomEvent('draft:restore', { detail }))",
        {"fields": draft},
    )
    expect(page.locator(f"#chosen [name=quantity-{product}]")).to_have_value("7")
    expect(page.locator(f"#chosen [name=discount-{product}]")).to_have_value("2")
    expect(page.locator("#count")).to_have_text("1")


def test_a_search_without_an_answer_shows_the_way_to_the_kept_list(
    demo: Running, visitor: Visit, kept: dict[str, Kept]
) -> None:
    rep = visitor(demo, service_workers="block")
    rep.sign_in("rep.london")
    page = rep.go(f"/accounts/{kept['rep.london'].account}/orders/new")
    page.wait_for_function("window.htmx")  # it comes after the page (app.js)
    rep.context.set_offline(True)
    page.fill("#q", "tea")
    expect(page.locator("#elsewhere")).to_be_visible()
    rep.context.set_offline(False)
    page.fill("#q", "te")
    expect(page.locator("#elsewhere")).to_be_hidden()
    rep.complaints.clear()
