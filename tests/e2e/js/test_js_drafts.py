"""Drafts: what is half-written is there again, on the same page, for the same row and person, until it is kept."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import Site

NewPage = Callable[..., Page]
# What outbox.js gives: always the same promise of the database.
OUTBOX = """var outbox = { open: () => outbox.kept ??= new Promise((done) => {
  Object.assign(indexedDB.open("fieldbook", 1), {
    onupgradeneeded: ({ target: { result } }) => result.createObjectStore("draft"),
    onsuccess: ({ target: { result } }) => done(result),
  });
}) };"""
# All drafts, as soon as there are so many and the first says so.
DRAFTS = """async ([count, says]) => {
  for (let tries = 250; ; tries--) {
    const base = await outbox.open(), store = base.transaction("draft").objectStore("draft"), keys = store.getAllKeys();
    const found = await new Promise((done) => { store.getAll().onsuccess = ({ target }) => done(target.result); });
    const here = JSON.stringify(found[0] ?? {});
    if (found.length === count && here.includes(says) || !tries) {
      return found.map((draft, i) => ({ ...draft, key: keys.result[i] }));
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}"""
ROW, OTHER = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"
REPORT = f"""<form method="post" action="/stay" data-to="/visits/1"><input type="hidden" name="once" value="a">
  <input type="hidden" name="visit_id" value="{ROW}"><input type="hidden" name="sale_id" data-new-id value="{ROW}">
  <input type="hidden" name="version" value="3"><input type="hidden" name="lat" value="">
  <textarea name="text">Told</textarea> <input name="who" value=""> <input name="day" type="date">
  <select name="outcome"><option value="">-</option><option value="sold">Sold</option></select>
  <input type="radio" name="size" value="S" checked> <input type="radio" name="size" value="M">
  <input type="checkbox" name="call" checked> <input type="checkbox" name="tag" value="x">
  <input type="password" name="secret"><input type="search" name="q"><button>Save</button></form>"""


def put(site: Site, body: str, path: str = "/visit", person: str = "rita", *scripts: str) -> str:
    address = site.page(path, body, *(scripts or ("drafts.js",)))
    kind, content = site.answers[path]  # type: ignore[misc] # a page, no status
    head = f'<html data-person="{person}" ' if person else "<html "
    content = content.replace(b"<html ", head.encode()).replace(
        b"<script", b'<script src="/outbox.js"></script><script', 1
    )
    site.answers[path] = (kind, content)
    site.answers["/outbox.js"] = ("text/javascript", OUTBOX.encode())
    return address


def kept(page: Page, count: int, says: str = "") -> list[dict[str, Any]]:
    """The drafts on the phone, as soon as there are so many and the first holds this."""
    found: list[dict[str, Any]] = page.evaluate(DRAFTS, [count, says])
    assert len(found) == count
    return found


def back(page: Page) -> Any:
    return expect(page.locator("[data-draft=back]"))


def fill_all(page: Page) -> None:
    page.fill("[name=text]", "Told twice")
    page.fill("[name=who]", "Ms Li")
    page.fill("[name=day]", "2026-12-01")
    page.select_option("select", "sold")
    page.check("[value=M]")
    page.uncheck("[name=call]")
    page.check("[name=tag]")
    page.fill("[name=secret]", "mine")
    page.fill("[name=q]", "looked for")


def test_every_kind_of_field_is_back_with_a_line_that_says_so(site: Site, new_page: NewPage) -> None:
    page = new_page("addEventListener('change', ({ target }) => { (window.told ??= []).push(target.name) })")
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=who]", "Ms")
    kept(page, 1)
    fill_all(page)
    page.evaluate("document.querySelector('[name=lat]').value = '31.2'")
    page.goto(site.page("/elsewhere", "<p>Tapped on the bar at once</p>"))
    later = REPORT.replace('"once" value="a"', '"once" value="b"').replace(
        f'new-id value="{ROW}"', f'new-id value="{OTHER}"'
    )
    put(site, later)
    page.goto(address)
    back(page).to_contain_text("Your draft of ")
    values = page.evaluate("[...new FormData(document.forms[0])].filter(([name]) => name !== 'visit_id')")
    assert dict(values) == {
        "once": "b", "sale_id": OTHER, "version": "3", "lat": "31.2", "text": "Told twice", "who": "Ms Li", "q": "",
        "day": "2026-12-01", "outcome": "sold", "size": "M", "tag": "x", "secret": "",
    }  # fmt: skip
    assert {"text", "outcome", "tag"} <= set(page.evaluate("told"))  # sums and previews follow
    minutes = page.evaluate(
        """[0, 60_000].map((ago) => new Date(Date.now() - ago).toLocaleTimeString(
          "en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }))"""
    )
    assert page.locator("[data-draft] strong").text_content() in {f"Your draft of {each} is back." for each in minutes}
    [draft] = kept(page, 1)
    assert draft["key"] == ["rita", "/visit", f"/stay {ROW}"]
    assert not {"secret", "once", "sale_id", "q"} & draft["fields"].keys()


def test_what_is_kept_may_be_said_around_a_form(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, '<div data-to="">' + REPORT.replace(' data-to="/visits/1"', "") + "</div>")
    page.goto(address)
    page.fill("[name=text]", "Draft")
    kept(page, 1)
    with page.expect_response("**/stay"):
        page.get_by_role("button", name="Save").click()
    kept(page, 0)


def test_a_closed_tab_loses_nothing(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Half a sen")
    kept(page, 1)
    again = page.context.new_page()
    page.close()
    again.goto(address)
    back(again).to_be_visible()
    expect(again.locator("[name=text]")).to_have_value("Half a sen")


def test_nothing_is_kept_where_nothing_differs(site: Site, new_page: NewPage) -> None:
    page = new_page()
    page.goto(put(site, REPORT))
    page.fill("[name=text]", "Told twice")
    kept(page, 1)
    page.fill("[name=text]", "Told")
    kept(page, 0)


def test_discard_gives_what_the_server_sent(site: Site, new_page: NewPage) -> None:
    page = new_page("addEventListener('draft:discard', () => { document.title = 'Discarded' })")
    address = put(site, REPORT)
    page.goto(address)
    fill_all(page)
    kept(page, 1, '"tag"')
    put(site, REPORT.replace('value="3"', 'value="4"'))
    page.goto(address)
    expect(page.locator("[name=version]")).to_have_value(
        "3"
    )  # what was written to it: a conflict is the server's to see
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("[name=text]")).to_have_value("Told")
    expect(page.locator("[name=version]")).to_have_value("4")
    expect(page.locator("[value=S]")).to_be_checked()
    expect(page).to_have_title("Discarded")
    back(page).to_have_count(0)
    kept(page, 0)
    page.goto(address)
    back(page).to_have_count(0)


def test_another_row_and_another_person_get_nothing_of_it(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Rita's own")
    kept(page, 1)
    for body, person in (
        (REPORT.replace(f'visit_id" value="{ROW}', f'visit_id" value="{OTHER}'), "rita"),
        (REPORT, "remy"),
    ):
        put(site, body, person=person)
        page.goto(address)
        page.fill("[name=who]", "Somebody else")
        kept(page, 2)
        back(page).to_have_count(0)
        expect(page.locator("[name=text]")).to_have_value("Told")
        page.fill("[name=who]", "")
        kept(page, 1)
    put(site, REPORT)
    page.goto(address)
    expect(page.locator("[name=text]")).to_have_value("Rita's own")


def test_signing_out_removes_this_person_s_drafts_only(site: Site, new_page: NewPage) -> None:
    page = new_page()
    for person in ("rita", "rita2"):
        page.goto(put(site, REPORT, person=person))
        page.fill("[name=text]", f"{person}'s")
        kept(page, 1 if person == "rita" else 2)
    page.evaluate("import('/static/js/drafts.js').then(({ forget }) => forget('rita'))")
    assert [draft["key"][0] for draft in kept(page, 1)] == ["rita2"]


def test_a_page_that_was_refused_keeps_its_own_values(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Draft")
    page.fill("[name=who]", "Ms Li")
    kept(page, 1)
    refused = '<div class="errors">Please check</div><input'
    put(site, REPORT.replace("<input", refused, 1).replace(">Told<", ">As refused<"))
    page.goto(address)
    page.fill("[name=who]", "Mr Wu")
    [draft] = kept(page, 1, "Mr Wu")
    back(page).to_have_count(0)
    assert (draft["fields"]["text"], draft["fields"]["size"]) == (["As refused"], ["S"])  # all of it was the person's


def test_what_the_server_knows_already_is_not_announced(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Draft")
    kept(page, 1)
    put(site, REPORT.replace(">Told<", ">Draft<").replace('value="3"', 'value="4"'))
    page.goto(address)
    page.fill("[name=who]", "Ms Li")
    [draft] = kept(page, 1, "Ms Li")
    back(page).to_have_count(0)
    assert draft["fields"]["text"] == ["Draft"]  # stays part of it


def test_signing_out_is_noticed(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Draft")
    kept(page, 1)
    page.goto(put(site, '<form method="post" action="/sign-out"><button>Sign out</button></form>', "/more"))
    page.get_by_role("button").click()
    page.wait_for_url("**/sign-out")
    page.goto(address)
    kept(page, 0)


@pytest.mark.parametrize("how", ["kept", "posted"])
def test_a_draft_goes_with_its_post(how: str, site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Sent")
    kept(page, 1)
    if how == "kept":
        page.evaluate("document.forms[0].dispatchEvent(new CustomEvent('outbox:kept', { bubbles: true }))")
    else:
        with page.expect_response("**/stay"):
            page.get_by_role("button", name="Save").click()
    kept(page, 0)


def test_the_order_s_review_is_a_look_and_placing_it_ends_the_draft(site: Site, new_page: NewPage) -> None:
    basket = (
        f'<form id="order" method="post" action="/stay"><input type="hidden" name="visit_id" value="{ROW}">'
        '<input type="number" name="quantity-a"><button name="step" value="review">Review</button></form>'
    )
    hidden = basket.replace('type="number"', 'type="hidden" value="3"').replace(
        "<button", '<button data-to="/orders/1"'
    )
    page = new_page()
    address = put(site, basket)
    page.goto(address)
    page.fill("[name=quantity-a]", "3")
    with page.expect_response("**/stay"):
        page.get_by_role("button").click()
    kept(page, 1)
    put(site, hidden)
    page.goto(address)  # the review
    kept(page, 1)
    back(page).to_have_count(0)
    with page.expect_response("**/stay"):
        page.get_by_role("button").click()
    kept(page, 0)


def test_a_form_may_bring_its_draft_back_itself(site: Site, new_page: NewPage) -> None:
    page = new_page(
        "addEventListener('draft:restore', (event) => { window.got = event.detail.fields; event.preventDefault() })"
    )
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Draft")
    kept(page, 1)
    page.goto(address)
    back(page).to_be_visible()
    assert page.evaluate("got") == {"text": ["Draft"], "version": ["3"]}
    expect(page.locator("[name=text]")).to_have_value("Told")


def test_what_has_no_field_at_the_moment_stays_in_the_draft(site: Site, new_page: NewPage) -> None:
    """Products that a search brought are not on the page when it opens again."""
    basket = (
        f'<form id="order" method="post" action="/stay"><input type="hidden" name="visit_id" value="{ROW}">'
        '<input name="note"><input type="number" name="quantity-a"></form>'
    )
    page = new_page()
    address = put(site, basket)
    page.goto(address)
    page.fill("[name=quantity-a]", "3")
    kept(page, 1)
    put(site, basket.replace("quantity-a", "quantity-b"))
    page.goto(address)
    back(page).to_be_visible()
    page.fill("[name=note]", "Ring")
    [draft] = kept(page, 1, "Ring")
    assert draft["fields"] == {"quantity-a": ["3"], "note": ["Ring"]}


def test_what_was_typed_meanwhile_stays(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Old")
    page.fill("[name=who]", "Ms Li")
    kept(page, 1)
    page.add_init_script(
        "const real = IDBFactory.prototype.open; const gate = new Promise((go) => { window.go = go });"
        "IDBFactory.prototype.open = function (...all) { const asked = {};"
        "  gate.then(() => Object.assign(real.apply(this, all), asked)); return asked }"
    )
    page.goto(address)
    page.fill("[name=text]", "New")
    page.evaluate("go()")
    expect(page.locator("[name=who]")).to_have_value("Ms Li")
    expect(page.locator("[name=text]")).to_have_value("New")


def test_after_two_weeks_a_draft_goes(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT)
    page.goto(address)
    page.fill("[name=text]", "Old")
    [draft] = kept(page, 1)
    page.goto("about:blank")
    page.add_init_script(f"Date.now = () => {draft['at']} + 14 * 864e5 + 1")
    page.goto(address)
    kept(page, 0)
    expect(page.locator("[name=text]")).to_have_value("Told")


@pytest.mark.parametrize(
    "body",
    [
        REPORT.replace(' data-to="/visits/1"', ""),
        REPORT.replace("<button>", '<input type="file" name="table"><button>'),
        REPORT.replace('method="post"', 'method="get"'),
    ],
)
def test_other_forms_are_left_alone(body: str, site: Site, new_page: NewPage) -> None:
    page = new_page()
    page.goto(put(site, REPORT))
    page.fill("[name=text]", "Draft")
    kept(page, 1)
    page.goto(put(site, body, "/other"))
    page.fill("[name=text]", "Typed")
    page.goto(put(site, body, "/other"))
    assert [draft["key"][1] for draft in kept(page, 1)] == ["/visit"]


def test_nobody_s_page_keeps_nothing(site: Site, new_page: NewPage) -> None:
    page = new_page()
    address = put(site, REPORT, person="")
    page.goto(address)
    page.fill("[name=text]", "Typed")
    page.goto(address)
    kept(page, 0)


def test_where_nothing_can_be_kept_the_form_says_so(site: Site, new_page: NewPage) -> None:
    page = new_page("IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError') }")
    page.goto(put(site, REPORT))
    page.fill("[name=text]", "Typed")
    expect(page.locator("[data-draft=lost]")).to_contain_text("This phone cannot keep drafts now")


def test_a_taken_photo_is_back_and_not_scaled_twice(site: Site, new_page: NewPage) -> None:
    out = io.BytesIO()
    image = Image.effect_noise((900, 600), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x0110] = "Modell 7"
    image.save(out, "JPEG", exif=exif)
    form = """<form method="post" action="/photo" data-to="/visits/1" enctype="multipart/form-data">
      <input type="file" name="photo" data-photo data-photo-max="400" data-photo-exif="facts" data-photo-preview="#shot"
        data-photo-status="#said" data-text-busy="Busy" data-text-ready="%k KB">
      <input type="hidden" name="facts"><img id="shot" alt="Photo" hidden><output id="said"></output>
      <button>Save</button></form>"""
    page = new_page()
    address = put(site, form, "/visit", "rita", "photo.js", "drafts.js")
    page.goto(address)
    page.locator("[type=file]").set_input_files(
        [{"name": "IMG_1.jpeg", "mimeType": "image/jpeg", "buffer": out.getvalue()}]
    )
    kept(page, 1, '"ready":true')
    page.add_init_script("Worker.prototype.postMessage = () => { throw new Error('scaled again') }")
    page.goto(address)
    back(page).to_be_visible()
    expect(page.locator("#shot")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("KB")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/photo")
    [post] = site.posts
    assert (post.files["photo"][0], Image.open(io.BytesIO(post.files["photo"][1])).size) == ("IMG_1.jpg", (400, 267))
    assert post.fields["facts"] == '{"model":"Modell 7"}'
    page.goto(address)
    kept(page, 0)


def test_a_form_that_htmx_brings_has_its_draft_and_loses_it_with_its_post(site: Site, new_page: NewPage) -> None:
    htmx = '<script src="/node_modules/htmx.org/dist/htmx.min.js"></script>'
    part = REPORT.replace("<form", '<form hx-post="/stay" hx-target="#box"')
    site.answers["/part"] = ("text/html", part.encode())
    page = new_page()
    bring = f'{htmx}<p id="box"></p><button hx-get="/part" hx-target="#box">Bring</button>'
    for _ in range(2):
        page.goto(put(site, bring))
        page.get_by_role("button", name="Bring").click()
        page.wait_for_selector("[name=text]")
        if _ == 0:
            page.fill("[name=text]", "Draft")
            kept(page, 1)
    expect(page.locator("[name=text]")).to_have_value("Draft")
    with page.expect_response("**/stay"):
        page.get_by_role("button", name="Save").click()
    kept(page, 0)
