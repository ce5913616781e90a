"""The hint to put Fieldbook on the home screen: only where it can be done, never in the installed app."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.assets import current_build

from .conftest import ROOT, Site

NewPage = Callable[..., Page]
CARD = "<section data-install hidden></section>"
TODAY = '<section data-install="later" hidden></section>'
OFFER = """() => {
  const offer = new Event("beforeinstallprompt", { cancelable: true });
  offer.prompt = async () => { document.title = "Asked" };
  window.prevented = !dispatchEvent(offer);
}"""
IPHONE = "Object.defineProperties(navigator, { standalone: { value: false }, maxTouchPoints: { value: 5 } })"
INSTALLED = (
    "const media = matchMedia; window.matchMedia = (q) => q.includes('standalone') ? { matches: true } : media(q)"
)


def test_the_button_comes_with_the_browser_s_offer(site: Site, new_page: NewPage) -> None:
    page = new_page()
    page.goto(site.page("/more", CARD, "install.js"))
    install = page.get_by_role("button", name="Install")
    expect(install).to_be_hidden()
    page.evaluate(OFFER)
    assert page.evaluate("prevented")
    expect(page.get_by_text("On an iPhone: Share, then Add")).to_be_hidden()
    install.click()
    expect(page).to_have_title("Asked")
    expect(install).to_be_hidden()  # an offer counts once
    page.evaluate(OFFER)
    expect(install).to_be_visible()
    page.evaluate("dispatchEvent(new Event('appinstalled'))")
    expect(install).to_be_hidden()


def test_on_an_iphone_a_hand_must_do_it(site: Site, new_page: NewPage) -> None:
    page = new_page(IPHONE)
    page.goto(site.page("/more", CARD, "install.js"))
    expect(page.get_by_text("On an iPhone: Share, then Add")).to_be_visible()
    expect(page.get_by_role("button", name="Install")).to_be_hidden()


@pytest.mark.parametrize("init", [INSTALLED, IPHONE.replace("value: false", "value: true")])
def test_the_installed_app_says_nothing(init: str, site: Site, new_page: NewPage) -> None:
    page = new_page(init)
    page.goto(site.page("/more", CARD, "install.js"))
    page.evaluate(OFFER)
    expect(page.locator("section")).to_be_hidden()


def test_today_says_it_once_something_was_kept_until_it_is_told_no(site: Site, new_page: NewPage) -> None:
    page = new_page(IPHONE)
    address = site.page("/today", TODAY, "install.js")
    hint = page.locator("section")
    page.goto(address)
    expect(hint).to_be_hidden()
    page.evaluate("localStorage.kept = 1")
    page.goto(address)
    expect(hint).to_be_visible()
    page.get_by_role("button", name="Not now").click()
    expect(hint).to_be_hidden()
    page.goto(address)
    page.evaluate("document.dispatchEvent(new CustomEvent('htmx:after:swap'))")
    expect(hint).to_be_hidden()


def test_it_speaks_the_language_of_the_page(site: Site, new_page: NewPage) -> None:
    built = ROOT / "static/built" / current_build()
    site.answers["/static/words/zh-Hans.js"] = ("text/javascript", (built / "words/zh-Hans.js").read_bytes())
    page = new_page(IPHONE)
    page.goto(site.page("/more", CARD, "install.js", lang="zh-Hans"))
    expect(page.get_by_role("heading")).to_have_text("添加到主屏幕")
