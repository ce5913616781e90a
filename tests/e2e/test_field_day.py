"""One day of a field-sales team, walked from end to end in the browser, in three languages.

The steps find their way by addresses and field names, not by words, so one walk serves all languages.
"""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.e2e.conftest import DESK, PHONE, Running, Visit, Visitor

WORDS = {
    "rep": ("简体中文", "zh-Hans", "产品买卖合同", "人民币"),
    "rep.taipei": ("繁體中文", "zh-Hant", "買賣合約", "TWD"),
    "rep.london": ("English", "en", "Contract of Sale", "GBP"),
}


def photo() -> bytes:
    tags = Image.Exif()
    tags[0x0110] = "Pocket 9"
    out = io.BytesIO()
    Image.new("RGB", (2000, 1500), "teal").save(out, "JPEG", exif=tags)
    return out.getvalue()


def check_in(page: Page) -> None:
    """Check in; where the position is not the customer's, say why (the demo's customers stand in three cities)."""
    page.click("[data-position-submit]")
    page.locator("html:not([data-kept-at]) :is(#photos, textarea[name=reason])").first.wait_for()  # the server's word
    if page.locator("textarea[name=reason]").count():
        page.fill("textarea[name=reason]", "Met at the fair 在展会上见面")
        page.click("[data-position-submit]")
    page.locator("html:not([data-kept-at]) #photos").wait_for()


def take_order(visitor: Visitor, account: str) -> str:
    page = visitor.go(f"/accounts/{account}/orders/new")
    page.locator("#matches [data-step='1']").first.click()
    page.locator("#matches [data-step='1']").first.click()
    with page.expect_response(lambda answer: "/orders/products" in answer.url):
        page.fill("input[name=q]", "TEA-00")
    expect(page.locator("#matches li").first).to_contain_text("TEA-00")
    page.locator("#matches [data-step='1']").nth(1).click()
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    page.fill("[name=delivery_on]", tomorrow.isoformat())
    page.fill("[name=customer_reference]", "PO-77/甲")
    page.click("[name=step][value=review]")
    page.locator("button[formaction$='/orders']").wait_for()
    visitor.fits()
    total = page.locator("dl.sums dd.total").last.inner_text()
    page.click(".dock .primary")
    page.wait_for_url(re.compile("/orders/[0-9a-f-]{36}$"))
    visitor.fits()
    assert page.locator("dl.sums dd.total").last.inner_text() == total, "the same total in the review and after it"
    return total


def make_contract(visitor: Visitor, tmp_path: Path) -> str:
    page = visitor.page
    page.locator("form[action$='/contract'] button.primary").click()
    link = page.locator("a[href*='/file.pdf']").first
    link.wait_for(timeout=60_000)  # the worker makes it, the page follows
    visitor.fits()
    with page.expect_download() as download:
        page.locator("a[href*='/file.pdf'][download]").first.click()
    target = tmp_path / "contract.pdf"
    download.value.save_as(target)
    return "".join("".join(p.extract_text() for p in PdfReader(target).pages).split())


@pytest.mark.parametrize("name", WORDS)
def test_the_day_of_a_rep(name: str, demo: Running, visitor: Visit, tmp_path: Path) -> None:
    language, tag, contract_word, money_word = WORDS[name]
    rep = visitor(demo, PHONE, position=(31.2276, 121.4476))
    page = rep.sign_in(name)
    assert page.locator("html").get_attribute("lang") == tag, language
    # 1. Today, with the next stop.
    page.wait_for_url("**/today")
    # 5. Check in from there, photo, report, check out.
    check_in(page)
    rep.fits()
    page.fill("textarea[name=text]", "Two boxes of tea 茶两箱")
    page.set_input_files("#photo", {"name": "shot.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.locator("form[action$='/photos'] button").click()
    page.locator(".thumbs img").first.wait_for()
    assert page.input_value("textarea[name=text]"), "the photo left the half-written report alone"
    page.select_option("[name=outcome]", "order")
    page.click(".dock .primary")
    page.locator("form[action$='/report'] button.primary").wait_for()
    expect(page.locator("dl.facts").first).to_contain_text("min" if tag == "en" else "分")
    # 2. The account, 6. the order, 7. the contract.
    account = page.locator("a[href^='/accounts/']").first.get_attribute("href") or ""
    rep.go(account)
    page.locator("a[href^='tel:']").first.wait_for()
    total = take_order(rep, account.rsplit("/", 1)[1])
    text = make_contract(rep, tmp_path)
    assert contract_word.replace(" ", "") in text
    assert money_word in text
    assert re.sub(r"[^\d.,]", "", total) in text, "the total on the phone is the total on paper"
    assert "PO-77/甲" in text


def test_adding_a_customer_warns_before_typing_is_finished(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE, position=(31.2276, 121.4476))
    rep.sign_in("rep")
    name = rep.go("/accounts").locator("ul.rows a[href^='/accounts/']").first.inner_text()
    page = rep.go("/accounts/new")
    page.locator("input[name=name]").press_sequentially(name[:4], delay=30)
    page.locator("#duplicates a, #duplicates li").first.wait_for()
    page.fill("input[name=name]", "全新的小店 Brand New")
    page.locator("[data-position-ask]").click()
    expect(page.locator("input[name=lat]")).to_have_value(re.compile(r"^31\.22"))
    page.fill("input[name=address]", "南京西路 1 号")
    page.locator("button.primary").last.click()
    page.wait_for_url(re.compile("/accounts/[0-9a-f-]{36}$"))
    expect(page.locator("h1")).to_contain_text("全新的小店")


@pytest.mark.parametrize("name", WORDS)
def test_a_day_is_planned_from_who_is_near(name: str, demo: Running, visitor: Visit) -> None:
    place = {"rep": (31.2276, 121.4476), "rep.taipei": (25.0418, 121.5440), "rep.london": (51.5045, -0.0865)}[name]
    rep = visitor(demo, PHONE, position=place)
    page = rep.sign_in(name)
    rep.go("/nearby")
    page.locator("[data-position-ask]").first.click()
    page.wait_for_url("**/nearby?lat=*")
    rep.fits()
    assert page.locator("ul.rows > li").count() >= 10
    rep.go(page.url.removeprefix(rep.base) + "&view=map")
    page.locator(".leaflet-marker-icon, .leaflet-container canvas").first.wait_for()
    day = datetime.now(UTC).date() + timedelta(days=4)
    rep.go(f"/plan?day={day}")
    stops = page.locator("ol[data-sortable] > li[data-id]")
    before = stops.count()
    for number in range(1, 4):
        page.locator("form[action='/plan/visits'] button").first.click()
        page.locator("form[action$='/withdrawal']").nth(before + number - 1).wait_for(state="attached")
    page.locator("form[action='/plan/best-order'] button").click()
    stops.nth(before + 1).wait_for()
    rep.fits()
    first = stops.first.get_attribute("data-id")
    stops.first.locator("button[name=steps][value='1']").click()
    expect(stops.first).not_to_have_attribute("data-id", first or "")
    assert page.locator("a[href*='google.com/maps'], a[href*='maps.apple.com'], a[href*='amap.com']").count() >= 2


def test_the_manager_sees_the_day(demo: Running, visitor: Visit) -> None:
    manager = visitor(demo, DESK)
    page = manager.sign_in("manager")
    page.wait_for_url("**/board")
    page.locator(".leaflet-marker-icon, .leaflet-container canvas").first.wait_for()
    page.locator("a[href*='/days/']").first.click()
    page.wait_for_load_state()
    page.locator("ol.timeline li").first.wait_for()
    manager.fits()


def test_the_office_prints_several_as_one(demo: Running, visitor: Visit, tmp_path: Path) -> None:
    office = visitor(demo, DESK)
    page = office.sign_in("office")
    office.go("/contracts")
    boxes = page.locator("input[type=checkbox][name=contract], input[type=checkbox]")
    for number in range(2):
        boxes.nth(number).check()
    page.locator("button[name=scope][value=selected]").click()
    page.wait_for_load_state()
    page.locator("a[href*='/file.pdf'][download]").first.wait_for(timeout=120_000)
    with page.expect_download() as download:
        page.locator("a[href*='/file.pdf'][download]").first.click()
    download.value.save_as(tmp_path / "batch.pdf")
    assert len(PdfReader(tmp_path / "batch.pdf").pages) >= 2
    office.fits()


def test_the_administrator_adds_people_and_products(demo: Running, visitor: Visit) -> None:
    admin = visitor(demo, DESK)
    page = admin.sign_in("admin")
    for path in ("/people", "/teams", "/roles", "/products", "/price-lists", "/company"):
        admin.go(path)
        assert page.locator("h1").inner_text()
    page = admin.go("/people/new")
    page.fill("[name=name]", "Nina New")
    page.fill("[name=email]", "nina@demo.example")
    page.fill("[name=password]", "a fresh long password")
    page.locator("button.primary").last.click()
    page.wait_for_load_state()
    nina = visitor(demo, PHONE)
    nina.sign_in("nina", "a fresh long password")


@pytest.mark.parametrize("role", ["rep", "manager", "office", "admin"])
def test_tabs_stand_where_they_stay_while_the_page_arrives(role: str, demo: Running, visitor: Visit) -> None:
    """On a slow phone the bar of tabs is painted before its last tab is there: nothing of it may move then."""
    page = visitor(demo, PHONE).sign_in(role)
    tabs, bar = page.locator(".menu .tab"), page.locator(".menu")
    assert tabs.count() == 5
    first, whole = tabs.first.bounding_box(), bar.bounding_box()
    page.evaluate("[...document.querySelectorAll('.menu .tab')].slice(1).forEach((each) => each.remove())")
    assert [tabs.first.bounding_box(), bar.bounding_box()] == [first, whole]
    page.evaluate("document.querySelector('.menu').replaceChildren()")
    assert bar.bounding_box() == whole


def test_without_a_script_the_day_still_works(demo: Running, visitor: Visit) -> None:
    """No JavaScript: no position, so the check-in asks why; the order goes through its pages."""
    rep = visitor(demo, PHONE, java_script_enabled=False)
    page = rep.page
    page.goto(demo.url + "/sign-in")
    page.fill("[name=email]", "rep2@demo.example")
    page.fill("[name=password]", "fieldbook-demo")
    page.click("main button.primary")
    page.click("[data-position-submit]")
    page.fill("textarea[name=reason]", "手机没有脚本")
    page.click("[data-position-submit]")
    page.locator("#photos").wait_for()
    account = page.locator("a[href^='/accounts/']").first.get_attribute("href") or ""
    page.goto(f"{demo.url}{account}/orders/new")
    page.locator("#matches input[type=number]").first.fill("3")
    page.click("[name=step][value=review]")
    page.click(".dock .primary")
    page.wait_for_url(re.compile("/orders/[0-9a-f-]{36}$"))


def test_a_double_tap_makes_one_order(demo: Running, visitor: Visit) -> None:
    rep = visitor(demo, PHONE)
    rep.sign_in("rep2.london")
    page = rep.go("/accounts?owner=me")
    account = page.locator("ul.rows a[href^='/accounts/']").first.get_attribute("href") or ""

    def orders() -> int:
        return rep.go("/orders").locator("ul.rows > li").count()

    before = orders()
    page = rep.go(f"{account}/orders/new")
    page.locator("#matches [data-step='1']").first.click()
    page.click("[name=step][value=review]")
    page.locator(".dock .primary").dblclick()
    page.wait_for_url(re.compile("/orders/[0-9a-f-]{36}$"))
    assert orders() == min(before + 1, 50)


def test_the_day_on_postgresql(demo_on_postgres: Running, visitor: Visit, tmp_path: Path) -> None:
    rep = visitor(demo_on_postgres, PHONE, position=(31.2276, 121.4476))
    page = rep.sign_in("rep")
    check_in(page)
    page.click(".dock .primary")
    page.locator("form[action$='/report'] button.primary").wait_for()
    account = page.locator("a[href^='/accounts/']").first.get_attribute("href") or ""
    take_order(rep, account.rsplit("/", 1)[1])
    assert "人民币" in make_contract(rep, tmp_path)
