from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import Site

HTMX = (
    '<meta name="htmx-config" content="includeIndicatorCSS:false, defaultSwap:outerHTML">'
    '<script src="/node_modules/htmx.org/dist/htmx.min.js"></script>'
)


def row(name: str, price: int, tax: int, quantity: str = "", discount: str = "") -> str:
    return (
        f'<li id="p{name}" data-price="{price}" data-tax="{tax}">{name} <label class="discount" hidden>'
        f'<input name="discount-{name}" value="{discount}"></label>'
        f'<input type="hidden" name="price-{name}" value="{price}">'
        f'<input type="number" name="quantity-{name}" value="{quantity}"></li>'
    )


def matches(*rows: str) -> str:
    return f'<div id="matches"><ul>{"".join(rows)}</ul></div>'


def body(found: str, chosen: str = "", *, digits: int = 2, included: str = "") -> str:
    return f"""{HTMX}<form id="order" method="post" action="/stay">
      <details open><summary>Basket <output id="count"></output></summary>
      <ul id="chosen">{chosen}</ul></details>
      <input id="q" name="q" hx-get="/products" hx-target="#matches" hx-trigger="input delay:1ms">
      <button name="step" value="find">Find</button>{found}</form>
      <output id="estimate" data-sign="CN¥" data-digits="{digits}" data-included="{included}"><b></b></output>"""


def test_the_estimate_follows_quantities_and_discounts(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", body(matches(row("oil", 39_900, 1300), row("tea", 8_850, 900))), "basket.js"))
    total = page.locator("#estimate b")
    expect(total).to_have_text("CN¥0.00")
    expect(page.locator(".discount").first).to_be_hidden()
    page.fill("[name=quantity-oil]", "3")
    expect(total).to_have_text("CN¥1,352.61")
    page.fill("[name=discount-oil]", "5")
    page.fill("[name=quantity-tea]", "10")
    expect(total).to_have_text("CN¥2,249.63")  # as the review has it: tests/sales/test_taking.py
    expect(page.locator("#count")).to_have_text("2")
    page.fill("[name=quantity-oil]", "0")
    expect(total).to_have_text("CN¥964.65")


def test_prices_with_tax_and_currencies_without_cents(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", body(matches(row("tea", 1_290, 500, "2")), digits=0, included="1"), "basket.js"))
    expect(page.locator("#estimate b")).to_have_text("CN¥2,580")


def test_a_search_keeps_what_has_a_quantity_and_offers_it_once(site: Site, new_page: Callable[..., Page]) -> None:
    site.answers["/products"] = (
        "text/html; charset=utf-8", matches(row("oil", 39_900, 1300), row("salt", 500, 0)).encode()
    )  # fmt: skip
    page = new_page()
    page.goto(site.page("/", body(matches(row("oil", 39_900, 1300), row("tea", 8_850, 900))), "basket.js"))
    page.fill("[name=quantity-oil]", "3")
    page.fill("#q", "s")
    expect(page.locator("#psalt")).to_be_visible()
    expect(page.locator("#chosen li")).to_have_count(1)
    expect(page.locator("[name=quantity-oil]")).to_have_count(1)
    expect(page.locator("[name=quantity-oil]")).to_have_value("3")
    expect(page.locator("[name=quantity-tea]")).to_have_count(0)
    expect(page.locator("#estimate b")).to_have_text("CN¥1,352.61")
    page.press("#q", "Enter")  # finds, and does not send the form
    with page.expect_response("**/stay"):
        page.click("button")
    assert [post.fields["quantity-oil"] for post in site.posts] == ["3"]
