"""What app.js does on every page: questions open in view, back keeps the filters, the chosen chip is seen."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.js.conftest import ROOT, Site

BAR = '<header class="bar"><a class="back" href="/list">Back</a></header><p id="offline" hidden></p>'
QUESTION = (
    '<details class="dialog"><summary class="button danger">Cancel it</summary><div><p>Sure?</p>'
    '<form><label>Why <textarea name="reason"></textarea></label></form>'
    '<button type="button" data-close>Keep it</button></div></details>'
)


def test_a_question_opens_in_view_and_goes_by_escape(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    low = "<p>line</p>" * 40
    page.goto(site.page("/order", BAR + low + QUESTION + low, "app.js"))
    page.locator("summary").click()
    expect(page.locator("textarea")).to_be_focused()
    expect(page.locator("textarea")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.locator("textarea")).to_be_hidden()
    expect(page.locator("summary")).to_be_focused()
    page.locator("summary").click()
    page.locator("[data-close]").click()
    expect(page.locator("textarea")).to_be_hidden()


def test_back_goes_to_the_list_as_it_was(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    site.page("/row", BAR, "app.js")
    page.goto(site.page("/list", '<a id="row" href="/row">row</a>', "app.js") + "?state=placed&page=2")
    page.click("#row")
    expect(page.locator(".back")).to_have_attribute("href", f"{site.url}/list?state=placed&page=2")
    page.goto(site.page("/elsewhere", '<a id="row" href="/row">row</a>', "app.js") + "?q=1")
    page.click("#row")
    expect(page.locator(".back")).to_have_attribute("href", "/list")


def test_the_chosen_chip_is_in_view(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    chips = "".join(f'<a href="#{n}"{" aria-current=true" if n == 20 else ""}>chip number {n}</a>' for n in range(30))
    page.goto(site.page("/chips", f'{BAR}<nav class="chips">{chips}</nav>', "app.js"))
    expect(page.locator("[aria-current]")).to_be_in_viewport(ratio=1)


def test_htmx_comes_where_a_page_has_work_for_it_and_finds_what_was_typed_before(
    site: Site, new_page: Callable[..., Page]
) -> None:
    address = "/static/vendor/htmx.org/htmx.min.js"
    script = (ROOT / "node_modules/htmx.org/dist/htmx.min.js").read_bytes()
    site.answers |= {address: ("text/javascript", script), "/found": ("text/html", b'<p id="list">found</p>')}
    page = new_page()
    page.goto(site.page("/plain", BAR, "app.js"))
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # when it would come
    assert page.locator("script[src*=htmx]").count() == 0
    box = '<input type="search" name="q" hx-get="/found" hx-trigger="input" hx-target="#list"><p id="list"></p>'
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.querySelector('[type=search]').value = 'early' })"
    )
    page.goto(site.page("/search", BAR + box, "app.js"))
    expect(page.locator("#list")).to_have_text("found")
    assert page.evaluate("htmx.config.defaultSwap") == "outerHTML"
