import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import Site

FORM = """<form method="post" action="/photo" enctype="multipart/form-data">
  <input type="file" name="photo" accept="image/*" capture="environment" data-photo data-photo-max="400"
    data-photo-exif="facts" data-photo-preview="#shot" data-photo-status="#said"
    data-photo-most="1000000" data-text-too-large="%m MB is too large"
    data-text-busy="Busy" data-text-ready="%k KB" data-text-kept="Kept">
  <input type="hidden" name="facts"><img id="shot" alt="Photo" hidden><output id="said"></output>
  <button name="act" value="save">Save</button><button type="reset">Clear</button></form>"""


def jpeg(*, orientation: int = 1, south_west: bool = False) -> bytes:
    """A photo of 1200 x 800 (as stored), the left half red, the right half blue, with all that a camera writes."""
    image = Image.new("RGB", (1200, 800), (220, 0, 0))
    image.paste((0, 0, 220), (600, 0, 1200, 800))
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Fabrikat", "Modell 7", orientation
    exif.get_ifd(0x8769).update({0x9003: "2026:11:21 10:03:05", 0x9011: "+08:00"})
    exif.get_ifd(0x8825).update(
        {1: "S" if south_west else "N", 2: (31.0, 13.0, 49.44), 3: "W" if south_west else "E", 4: (121.0, 28.0, 25.32)}
    )
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=90)
    return out.getvalue()


def choose(page: Page, content: bytes, name: str = "IMG_1.jpeg", kind: str = "image/jpeg") -> None:
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": kind, "buffer": content}])


def posted(page: Page, site: Site) -> tuple[Image.Image, dict[str, Any], str]:
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/photo")
    name, content = site.posts[0].files["photo"]
    return Image.open(io.BytesIO(content)), json.loads(site.posts[0].fields["facts"]), name


def test_photo_is_scaled_stripped_and_its_facts_kept(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg())
    expect(page.locator("#said")).to_contain_text("KB")
    expect(page.locator("#shot")).to_be_visible()
    image, facts, name = posted(page, site)
    assert facts == {
        "taken_local": "2026-11-21T10:03:05",
        "offset": "+08:00",
        "lat": 31.230400,
        "lon": 121.473700,
        "make": "Fabrikat",
        "model": "Modell 7",
    }
    assert (image.size, image.format, name, dict(image.getexif())) == ((400, 267), "JPEG", "IMG_1.jpg", {})
    assert site.posts[0].fields["act"] == "save"


def test_south_and_west_are_negative(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg(south_west=True))
    _, facts, _ = posted(page, site)
    assert (facts["lat"], facts["lon"]) == (-31.2304, -121.4737)


def test_turned_photo_is_made_upright(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg(orientation=6))  # to be turned by 90 degrees clockwise: the red left becomes the top
    image, _, _ = posted(page, site)
    assert image.size == (267, 400)
    top, bottom = image.getpixel((130, 50)), image.getpixel((130, 350))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 180, bottom[2] > 180) == (True, True)


def test_submit_waits_for_the_scaling(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(
        "const send = Worker.prototype.postMessage; const gate = new Promise((open) => { window.open_gate = open });"
        "Worker.prototype.postMessage = function (task) { gate.then(() => send.call(this, task)) }"
    )
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg())
    expect(page.locator("#said")).to_have_text("Busy")
    page.get_by_role("button", name="Save").click()
    page.evaluate("window.open_gate()")
    page.wait_for_url("**/photo")
    assert len(site.posts) == 1
    assert Image.open(io.BytesIO(site.posts[0].files["photo"][1])).size == (400, 267)
    assert site.posts[0].fields["act"] == "save"


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64])
def test_what_the_browser_cannot_read_is_left(content: bytes, site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, content, "IMG_1.HEIC", "image/heic")
    expect(page.locator("#said")).to_have_text("Kept")
    expect(page.locator("#shot")).to_be_hidden()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/photo")
    assert site.posts[0].files["photo"] == ("IMG_1.HEIC", content)


def noisy(width: int, height: int) -> bytes:
    """A photo as large as phones make them, with a sensor's noise, so that its bytes are many."""
    noise = Image.effect_noise((width, height), 90)
    out = io.BytesIO()
    Image.merge("RGB", [noise, noise.transpose(Image.Transpose.ROTATE_180), noise]).save(out, "JPEG", quality=85)
    return out.getvalue()


def test_twelve_million_pixels_are_scaled_beside_the_page(site: Site, new_page: Callable[..., Page]) -> None:
    """At a quarter of the machine's speed that held the page for 160 ms; now nothing is drawn in it."""
    page = new_page("HTMLCanvasElement.prototype.getContext = () => { throw new Error('drawn in the page') }")
    page.goto(site.page("/", FORM.replace('photo-max="400"', 'photo-max="1600"'), "photo.js"))
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    content = noisy(4000, 3000)
    assert len(content) > 4_000_000
    choose(page, content)
    expect(page.locator("#said")).to_contain_text("KB", timeout=30_000)
    assert page.locator("input[type=file]").get_attribute("data-photo-state") == "ready"
    image, _, _ = posted(page, site)
    assert image.size == (1600, 1200)


def test_without_workers_that_draw_the_page_scales(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page("delete window.Worker")
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg())
    image, _, _ = posted(page, site)
    assert (image.size, dict(image.getexif())) == ((400, 267), {})


def test_a_photo_of_30_mb_is_scaled_like_any_other(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg() + b"\0" * 30_000_000)
    image, _, _ = posted(page, site)
    assert image.size == (400, 267)


def test_what_stays_too_large_is_said_and_not_sent_until_another_is_chosen(
    site: Site, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    field, said = page.locator("input[type=file]"), page.locator("#said")
    choose(page, b"no picture" * 1_250_000, "IMG_2.HEIC", "image/heic")
    expect(said).to_have_text("13 MB is too large")
    expect(said).to_have_class("field-error")
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Save").click()
    expect(field).to_be_focused()
    assert (site.posts, field.evaluate("field => field.files[0].name")) == ([], "IMG_2.HEIC")
    choose(page, jpeg())
    expect(said).to_contain_text("KB")
    expect(said).to_have_class("")
    image, _, _ = posted(page, site)
    assert image.size == (400, 267)
    assert len(site.posts) == 1


def test_what_was_scaled_before_is_not_scaled_again(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    page.evaluate(
        """async () => {
          const [field, box] = [document.querySelector("[data-photo]"), new DataTransfer()];
          const canvas = Object.assign(document.createElement("canvas"), { width: 800, height: 20 });
          const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg"));
          box.items.add(new File([blob], "mine.jpg", { type: "image/jpeg" }));
          field.files = box.files;
          document.querySelector("[name=facts]").value = '{"make": "kept"}';
          field.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: { ready: true } }));
        }"""
    )
    expect(page.locator("#shot")).to_be_visible()
    image, facts, name = posted(page, site)
    assert (image.size, facts, name) == ((800, 20), {"make": "kept"}, "mine.jpg")


def test_broken_exif_gives_what_can_be_read(site: Site, new_page: Callable[..., Page]) -> None:
    """Every entry of the EXIF block is bent in turn; no page error, and the photo is scaled all the same."""
    page = new_page()
    page.goto(site.page("/", "<p></p>"))
    whole = jpeg()
    start, end = whole.index(b"Exif\0\0"), whole.index(b"\xff\xdb")
    bent = [whole[:place] + b"\xff\xff" + whole[place + 2 :] for place in range(start, end, 7)]
    bent += [whole[:length] for length in range(0, end, 23)]
    results = page.evaluate(
        """async (files) => {
          const { exif } = await import("/static/js/exif.js");
          return Promise.all(files.map((bytes) => exif(new Blob([new Uint8Array(bytes)]))));
        }""",
        [list(content[: end + 10]) for content in bent],
    )
    assert len(results) == len(bent)
    assert any(found.get("make") == "Fabrikat" and "lat" not in found for found in results)
    for found in results:
        assert -90 <= found.get("lat", 0) <= 90
        assert found.get("taken_local", "2026-11-21T10:03:05")[10] == "T"


def test_transparent_picture_becomes_white(site: Site, new_page: Callable[..., Page]) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(out, "PNG")
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, out.getvalue(), "a.png", "image/png")
    image, facts, name = posted(page, site)
    assert (image.size, image.getpixel((5, 5)), facts, name) == ((40, 20), (255, 255, 255), {}, "a.jpg")


def test_clear_takes_the_preview_away(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM, "photo.js"))
    choose(page, jpeg())
    expect(page.locator("#shot")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#shot")).to_be_hidden()
    expect(page.locator("[name=facts]")).to_have_value("")


def test_several_photos(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FORM.replace("data-photo ", "data-photo multiple "), "photo.js"))
    page.locator("input[type=file]").set_input_files(
        [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": jpeg()} for n in range(2)]
    )
    expect(page.locator("#said")).to_contain_text("KB")
    facts = json.loads(page.locator("[name=facts]").input_value())
    assert [found["model"] for found in facts] == ["Modell 7", "Modell 7"]
    assert page.locator("input[type=file]").evaluate("field => field.files.length") == 2
