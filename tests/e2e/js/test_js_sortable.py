from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site


def body(count: int) -> str:
    items = "".join(
        f'<li data-id="{n}"><span class="button" data-sortable-handle hidden aria-hidden="true">=</span> Stop {n} '
        f'<button form="up" name="id" value="{n}">Up</button></li>'
        for n in range(1, count + 1)
    )
    return f"""<form id="up" method="post" action="/stay"></form>
      <form id="order" method="post" action="/stay"><input type="hidden" name="order"></form>
      <ol data-sortable data-sortable-form="#order" data-sortable-status="#moved" data-text="Now %n of %m">{items}</ol>
      <output id="moved"></output>"""


def order(page: Page) -> str:
    return ",".join(page.locator("li").evaluate_all("items => items.map((item) => item.dataset.id)"))


def grab(page: Page, number: int) -> tuple[float, float]:
    box = page.locator(f"li[data-id='{number}'] [data-sortable-handle]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


def middle(page: Page, number: int) -> float:
    box = page.locator(f"li[data-id='{number}']").bounding_box()
    assert box is not None
    return box["y"] + box["height"] / 2


@pytest.mark.parametrize(
    ("moved", "to", "expected", "said"),
    [(1, 3, "2,3,1,4", "Now 3 of 4"), (4, 1, "4,1,2,3", "Now 1 of 4"), (2, 3, "1,3,2,4", "Now 3 of 4")],
)
def test_drag_posts_the_order(
    moved: int, to: int, expected: str, said: str, site: Site, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(site.page("/", body(4), "sortable.js"))
    x, y = grab(page, moved)
    goal = middle(page, to) + (8 if to > moved else -8)
    page.mouse.move(x, (y + goal) / 2)
    page.mouse.move(x, goal)
    expect(page.locator("li.is-dragging")).to_have_attribute("data-id", str(moved))
    with page.expect_response("**/stay"):
        page.mouse.up()
    assert order(page) == expected
    expect(page.locator("#moved")).to_have_text(said)
    assert [post.fields["order"] for post in site.posts] == [expected]
    assert page.locator("li").evaluate_all("items => items.every((item) => !item.style.transform)")


def test_escape_puts_everything_back(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", body(4), "sortable.js"))
    x, _ = grab(page, 1)
    page.mouse.move(x, middle(page, 4) + 20)
    assert order(page) == "2,3,4,1"
    page.keyboard.press("Escape")
    assert order(page) == "1,2,3,4"
    page.mouse.up()
    expect(page.locator(".is-dragging")).to_have_count(0)
    assert site.posts == []


def test_a_drop_in_the_same_place_posts_nothing(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", body(4), "sortable.js"))
    x, y = grab(page, 2)
    page.mouse.move(x, y + 5)
    page.mouse.up()
    expect(page.locator(".is-dragging")).to_have_count(0)
    assert (order(page), site.posts) == ("1,2,3,4", [])


def test_page_scrolls_at_its_edge(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(site.page("/", body(40), "sortable.js"))
    x, _ = grab(page, 1)
    page.mouse.move(x, 830)
    expect(page.locator("li").last).to_have_attribute("data-id", "1")
    with page.expect_response("**/stay"):
        page.mouse.up()
    assert site.posts[0].fields["order"].endswith(",40,1")


def test_finger(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(has_touch=True, is_mobile=True)
    page.goto(site.page("/", body(4), "sortable.js"))
    box = page.locator("li[data-id='1'] [data-sortable-handle]").bounding_box()
    assert box is not None
    x, y = box["x"] + 10, box["y"] + 10
    cdp = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})

    touch("touchStart", (x, y))
    for step in range(1, 6):
        touch("touchMove", (x, y + (middle(page, 4) - y) * step / 4))
    with page.expect_response("**/stay"):
        touch("touchEnd")
    assert site.posts[0].fields["order"] == "2,3,4,1"
    assert page.evaluate("scrollY") == 0


def test_up_button_is_the_way_without_javascript(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(site.page("/", body(4), "sortable.js"))
    expect(page.locator("[data-sortable-handle]").first).to_be_hidden()
    with page.expect_response("**/stay"):
        page.get_by_role("button", name="Up").nth(1).click()
    assert site.posts[0].fields == {"id": "2"}
