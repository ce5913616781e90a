from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import Site

BUTTON = """<a href="/c.pdf" download>PDF</a> <button type="button" hidden data-share data-share-url="/c.pdf"
  data-share-name="C-0001.pdf" data-share-title="Contract" data-share-text="Please sign" data-share-status="#said"
  data-text-busy="Busy" data-text-ready="Tap again" data-text-failed="Failed">Share</button>
  <output id="said"></output>"""
# The share sheet is the phone's own: this stands in for it. `answers` is how it ends, call by call.
SHEET = """window.shared = []; window.answers = [];
  navigator.canShare = ({ files }) => Boolean(files);
  navigator.share = async ({ files, ...rest }) => {
    const [file] = files ?? [];
    window.shared.push({ ...rest, file: file && [file.name, file.type, await file.text()] });
    document.title = "Shared";
    const name = window.answers.shift();
    if (name) throw new DOMException('', name);
  };"""
PDF = ("application/pdf", b"%PDF-1.7 here")


def test_the_file_goes_into_the_share_sheet(site: Site, new_page: Callable[..., Page]) -> None:
    site.answers["/c.pdf"] = PDF
    page = new_page(SHEET)
    page.goto(site.page("/", BUTTON, "share.js"))
    assert "/c.pdf" not in site.gets  # nothing before a hand is near
    page.get_by_role("button", name="Share").click()
    expect(page).to_have_title("Shared")
    assert page.evaluate("shared") == [
        {"title": "Contract", "text": "Please sign", "file": ["C-0001.pdf", "application/pdf", "%PDF-1.7 here"]}
    ]
    assert site.gets.count("/c.pdf") == 1
    expect(page.locator("#said")).to_have_text("")


def test_cancel_is_silent_and_a_lost_gesture_asks_again(site: Site, new_page: Callable[..., Page]) -> None:
    site.answers["/c.pdf"] = PDF
    page = new_page(SHEET)
    page.goto(site.page("/", BUTTON, "share.js"))
    page.evaluate("answers = ['NotAllowedError', 'AbortError']")
    page.get_by_role("button", name="Share").click()
    expect(page.locator("#said")).to_have_text("Tap again")
    page.get_by_role("button", name="Share").click()
    expect(page.locator("#said")).to_have_text("")
    assert site.gets.count("/c.pdf") == 1


def test_missing_document_says_so_and_can_be_tried_again(site: Site, new_page: Callable[..., Page]) -> None:
    site.answers["/c.pdf"] = 503
    page = new_page(SHEET)
    page.goto(site.page("/", BUTTON, "share.js"))
    page.get_by_role("button", name="Share").click()
    expect(page.locator("#said")).to_have_text("Failed")
    site.answers["/c.pdf"] = PDF
    page.get_by_role("button", name="Share").click()
    expect(page.locator("#said")).to_have_text("")
    assert page.evaluate("shared.length") == 1


def test_link_where_files_cannot_be_shared(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(SHEET + "navigator.canShare = () => false;")
    page.goto(site.page("/", BUTTON, "share.js"))
    page.get_by_role("button", name="Share").click()
    expect(page).to_have_title("Shared")
    assert page.evaluate("shared[0].url") == site.url + "/c.pdf"
    assert "/c.pdf" not in site.gets


def test_without_a_share_sheet_the_download_link_is_all(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page("delete Navigator.prototype.share")
    page.goto(site.page("/", BUTTON, "share.js"))
    expect(page.get_by_role("link", name="PDF")).to_be_visible()
    expect(page.locator("button")).to_be_hidden()
