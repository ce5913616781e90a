from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from .conftest import Site

FIELDS = ("lat", "lon", "accuracy_m", "fix_at", "fix_count", "speed_mps", "position_error", "tapped_at")
TOO_LONG = "No position in time. Go on without, or try again under the open sky."
NO_POSITION = "No position here. Go on without, or try again under the open sky."
DENIED = "The phone does not give its position. Allow it in the browser's settings, or go on without."
HIDDEN = "".join(f'<input type="hidden" name="{name}">' for name in FIELDS)
CHECK_IN = f"""<form method="post" action="/check-in" data-position data-position-fresh="60">{HIDDEN}
  <input name="note" value="n"><button name="act" value="in" data-position-ask data-position-submit>Check in</button>
  <button name="act" value="skip">Skip</button><output data-position-status></output></form>"""
FILL = f"""<div data-position><form method="post" action="/accounts">{HIDDEN}
  <button type="button" data-position-ask hidden>My position</button>
  <output data-position-status></output></form></div>"""
COUNTED = """const real = navigator.geolocation.watchPosition.bind(navigator.geolocation);
  let seen = 0;
  navigator.geolocation.watchPosition = (fix, ...rest) =>
    real((at) => { fix(at); document.title = `seen ${++seen}` }, ...rest);"""
SHANGHAI = {"latitude": 31.2304, "longitude": 121.4737}


def value(page: Page, name: str) -> str:
    return page.locator(f"[name={name}]").input_value()


def test_good_fix_is_posted_with_the_button(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(geolocation={**SHANGHAI, "accuracy": 17.4}, permissions=["geolocation"])
    page.goto(site.page("/", CHECK_IN, "position.js"))
    assert value(page, "lat") == ""  # nothing before the tap
    page.get_by_role("button", name="Check in").click()
    page.wait_for_url("**/check-in")
    sent = site.posts[0].fields
    assert (sent["lat"], sent["lon"], sent["accuracy_m"]) == ("31.2304", "121.4737", "17.4")
    assert (sent["act"], sent["fix_count"], sent["speed_mps"], sent["position_error"]) == ("in", "1", "", "")
    assert sent["altitude_m"] == ""
    assert 0 <= int(sent["waited_ms"]) < 60_000
    for moment in ("fix_at", "tapped_at"):
        assert abs(datetime.fromisoformat(sent[moment]) - datetime.now(UTC)) < timedelta(minutes=5)


def test_fill_only_shows_the_accuracy_and_fires(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(geolocation={**SHANGHAI, "accuracy": 17.4}, permissions=["geolocation"])
    page.goto(site.page("/", FILL, "position.js"))
    page.evaluate("document.addEventListener('position:fix', e => window.fix = e.detail)")
    page.get_by_role("button").click()
    expect(page.locator("output")).to_have_text("Position found, ±18 m")
    assert page.evaluate("window.fix.lat") == 31.2304
    assert value(page, "fix_count") == "1"
    assert site.posts == []


def test_poor_fixes_wait_for_the_box_and_the_best_wins(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(COUNTED, geolocation={**SHANGHAI, "accuracy": 400}, permissions=["geolocation"])
    page.clock.install()
    page.goto(site.page("/", FILL, "position.js"))
    page.get_by_role("button").click()
    for count, (lat, accuracy) in enumerate([(31.24, 80), (31.25, 900)], 2):
        expect(page).to_have_title(f"seen {count - 1}")
        page.context.set_geolocation({**SHANGHAI, "latitude": lat, "accuracy": accuracy})
    expect(page).to_have_title("seen 3")
    page.clock.fast_forward(11_000)
    expect(page.locator("output")).to_have_text("Finding your position…")
    page.get_by_role("button").click()  # a second tap while asking does nothing
    page.clock.fast_forward(1_500)
    expect(page.locator("output")).to_have_text("Position found, ±80 m")
    assert (value(page, "lat"), value(page, "accuracy_m"), value(page, "fix_count")) == ("31.24", "80", "3")


def test_denied_is_posted_and_leaves_no_old_fix(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", CHECK_IN.replace('name="lat"', 'name="lat" value="1"'), "position.js"))
    page.get_by_role("button", name="Check in").click()
    page.wait_for_url("**/check-in")
    sent = site.posts[0].fields
    assert (sent["position_error"], sent["lat"], sent["act"]) == ("denied", "", "in")


def test_denied_keeps_a_place_picked_by_hand(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", FILL.replace('name="lat"', 'name="lat" value="1"'), "position.js"))
    page.get_by_role("button").click()
    expect(page.locator("output")).to_have_text(DENIED)
    assert (value(page, "lat"), value(page, "position_error")) == ("1", "denied")


def test_inputs_of_other_names(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(geolocation={**SHANGHAI, "accuracy": 5}, permissions=["geolocation"])
    page.goto(site.page("/", FILL.replace('name="lat"', 'name="start_lat" data-position-field="lat"'), "position.js"))
    page.get_by_role("button").click()
    expect(page.locator("[name=start_lat]")).to_have_value("31.2304")


def test_unavailable_and_timeout(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(
        "navigator.geolocation.watchPosition = async (_, error) => { await 0; if (location.hash) error({ code: 2 }) }",
        permissions=["geolocation"],
    )
    page.clock.install()
    for where, ms, text in (("/", 12_000, TOO_LONG), ("/#no", 3_000, NO_POSITION)):
        page.goto("about:blank")
        site.page("/", FILL, "position.js")
        page.goto(site.url + where)
        page.get_by_role("button").click()
        expect(page.locator("output")).to_have_text("Finding your position…")
        page.clock.fast_forward(ms)
        expect(page.locator("output")).to_have_text(text)


def test_the_box_starts_after_the_browsers_question(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(
        "navigator.geolocation.watchPosition = () => 1;"
        "navigator.permissions.query = async () => ({ state: 'prompt', "
        "set onchange(on) { window.answer = on; document.title = 'Prompt' } })"
    )
    page.clock.install()
    page.goto(site.page("/", FILL, "position.js"))
    page.get_by_role("button").click()
    expect(page).to_have_title("Prompt")
    page.clock.fast_forward(30_000)
    expect(page.locator("output")).to_have_text("Finding your position…")
    page.evaluate("window.answer()")
    page.clock.fast_forward(12_000)
    expect(page.locator("output")).to_have_text(TOO_LONG)


def test_insecure_page_still_posts(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(site.page("/", CHECK_IN, "position.js"))
    page.get_by_role("button", name="Check in").click()
    page.wait_for_url("**/check-in")
    assert site.posts[0].fields["position_error"] == "insecure"


def test_invalid_form_is_not_made_to_wait(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(geolocation={**SHANGHAI, "accuracy": 5}, permissions=["geolocation"])
    page.goto(site.page("/", CHECK_IN.replace('value="n"', 'value="" required'), "position.js"))
    page.get_by_role("button", name="Check in").click()
    expect(page.locator("[name=note]")).to_be_focused()
    assert value(page, "lat") == ""
    assert page.locator("output").text_content() == ""


def test_a_fresh_fix_is_sent_again_without_asking(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page("navigator.geolocation.watchPosition = () => { throw new Error('asked') }")
    page.goto(site.page("/", CHECK_IN, "position.js"))
    page.evaluate("document.querySelector('[name=fix_at]').value = new Date(Date.now() - 30_000).toISOString()")
    page.get_by_role("button", name="Check in").click()
    page.wait_for_url("**/check-in")
    assert site.posts[0].fields["act"] == "in"


def test_another_button_ends_the_asking(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page("navigator.geolocation.watchPosition = () => 1", permissions=["geolocation"])
    page.clock.install()
    page.goto(site.page("/", CHECK_IN.replace("/check-in", "/stay"), "position.js"))
    page.get_by_role("button", name="Check in").click()
    expect(page.locator("output")).to_have_text("Finding your position…")
    page.get_by_role("button", name="Skip").click()
    expect(page.locator("output")).to_have_text("")
    page.clock.fast_forward(20_000)
    expect(page.get_by_role("button", name="Check in")).to_be_enabled()
    assert [post.fields["act"] for post in site.posts] == ["skip"]


def test_without_javascript_the_form_posts_without_a_position(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(site.page("/", CHECK_IN + FILL, "position.js"))
    expect(page.get_by_role("button", name="My position")).to_be_hidden()
    page.get_by_role("button", name="Check in").click()
    page.wait_for_url("**/check-in")
    assert (site.posts[0].fields["lat"], site.posts[0].fields["act"]) == ("", "in")


def test_works_in_a_form_that_htmx_brings(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(geolocation={**SHANGHAI, "accuracy": 5}, permissions=["geolocation"])
    htmx = '<script src="/node_modules/htmx.org/dist/htmx.min.js"></script>'
    site.answers["/part"] = ("text/html", FILL.encode())
    bring = '<p id="box"></p><button hx-get="/part" hx-target="#box">Bring</button>'
    page.goto(site.page("/", htmx + bring, "position.js"))
    page.get_by_role("button", name="Bring").click()
    page.get_by_role("button", name="My position").click()
    expect(page.locator("output")).to_have_text("Position found, ±5 m")
