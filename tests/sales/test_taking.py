"""Taking an order in the browser: the basket, the review, and what is refused there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.catalogue.actions import PriceInput, ProductInput, add_product, archive_product, set_prices
from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.sales.actions import place_order
from app.sales.models import Order, Quote
from tests.conftest import NOW, Browser, Cast
from tests.sales.conftest import Shop, basket, fields, hidden_of

Open = Callable[[Any], Browser]


def new(account: UUID) -> str:
    return f"/accounts/{account}/orders/new"


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def full_shop(cast: Cast, shop: Shop) -> Iterator[Shop]:
    """With two hundred further products, so that no page can show all of them."""

    def fill() -> None:
        ids = []
        for n in range(200):
            given = ProductInput(f"SPICE-{n:03}", f"Spice {n:03}", "", "", "Spices" if n % 2 else "Herbs", "", "", 900)
            ids.append(add_product(cast.ada, None, given, NOW).id)
        set_prices(cast.ada, shop.standard, [PriceInput(each, None, 1_000) for each in ids], NOW)

    transact(fill)
    yield shop


def test_the_form_shows_thirty_products_with_their_prices(cast: Cast, full_shop: Shop, browser: Open) -> None:
    answer = browser(cast.rita).get(new(full_shop.kitchen))
    assert answer.status_code == 200
    assert answer.text.count("data-price=") == 30
    assert "CN¥88.50 / box" in answer.text and "There are more." in answer.text
    assert len(answer.text.partition("</style>")[2]) < 60_000
    assert 'value="1 Quay Road, Shanghai"' in answer.text and "Depot: 2 Dock Lane" in answer.text


def test_units_and_categories_are_read_in_one_s_own_language(cast: Cast, shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    form = rita.get(new(shop.kitchen)).text
    assert "CN¥399.00 / can<" in form and ">Oil</button>" in form and ">can | " not in form
    answer = rita.post(new(shop.kitchen), step="review", **fields(new_id(), {shop.oil: 39_900}, **{str(shop.oil): 2}))
    assert "2 can ×" in answer.text and " | " not in answer.text


def test_a_search_answers_with_the_products_only(cast: Cast, full_shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    found = rita.fragment(f"/accounts/{full_shop.kitchen}/orders/products?q=spice+199")
    assert found.text.count("data-price=") == 1 and "<html" not in found.text
    by_category = rita.fragment(f"/accounts/{full_shop.kitchen}/orders/products?category=Tea&q=")
    assert by_category.text.count("data-price=") == 1
    assert "data-price=" not in rita.fragment(f"/accounts/{full_shop.kitchen}/orders/products?q=%00nothing").text


def test_quantities_of_several_searches_are_kept_without_a_script(cast: Cast, full_shop: Shop, browser: Open) -> None:
    rita, shop = browser(cast.rita), full_shop
    path, sale_id = new(shop.kitchen), new_id()
    first = rita.post(path, step="find", q="tea", **fields(sale_id, **{str(shop.oil): 3}))
    assert f'name="quantity-{shop.oil}" value="3"' in first.text and "Green tea" in first.text
    second = rita.post(
        path, step="find", pick="Herbs", q="", **fields(sale_id, **{str(shop.oil): 3, str(shop.tea): "x2"})
    )
    assert f'name="quantity-{shop.tea}" value="x2"' in second.text
    assert second.text.count("data-price=") == 2 + 30 and 'name="category" value="Herbs"' in second.text
    assert second.text.count(f"quantity-{shop.oil}") == 1  # not offered again
    assert count(Order) == 0


def test_the_review_has_the_totals_of_the_order(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, sale_id = browser(cast.rita), new_id()
    posted = fields(sale_id, {shop.oil: 39_900}, **{str(shop.oil): "３", str(shop.tea): 10})
    posted |= {f"discount-{shop.oil}": "5", "place": "2 Dock Lane", "customer_reference": "PO & 7", "note": "a\nb"}
    review = rita.post(new(shop.kitchen), step="review", **posted)
    assert review.status_code == 200
    for amount in ("CN¥1,137.15", "CN¥885.00", "CN¥2,022.15", "CN¥147.83", "CN¥79.65", "CN¥2,249.63", "−CN¥59.85"):
        assert amount in review.text
    sent = {name: unescape(value) for name, value in hidden_of(review).items()}
    assert sent["delivery_place"] == "2 Dock Lane" and sent[f"price-{shop.tea}"] == "8850"
    placed = rita.post(f"/accounts/{shop.kitchen}/orders", **sent)
    assert (placed.status_code, placed.location) == (303, f"/orders/{sale_id}")
    page = rita.get(placed.location).text
    for amount in ("CN¥1,137.15", "CN¥885.00", "CN¥2,022.15", "CN¥147.83", "CN¥79.65", "CN¥2,249.63"):
        assert amount in page
    assert "PO &amp; 7" in page and "2 Dock Lane" in page
    back = rita.post(new(shop.kitchen), step="edit", **sent)
    assert f'name="quantity-{shop.oil}" value="3"' in back.text and "PO &amp; 7" in back.text
    assert '<option selected value="2 Dock Lane">' in back.text


def test_a_quote_is_saved_from_the_same_review(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, sale_id = browser(cast.rita), new_id()
    saved = rita.post(f"/accounts/{shop.kitchen}/quotes", **fields(sale_id, **{str(shop.tea): 1}))
    assert (saved.status_code, saved.location) == (303, f"/quotes/{sale_id}")
    assert "Open quote" in rita.get(saved.location).text


def test_two_keys_and_one_form_make_one_order(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/orders"
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1})
    first, second = rita.post(path, **posted), rita.post(path, **posted)
    assert first.location == second.location and count(Order) == 1
    transact(lambda: set_prices(cast.ada, shop.standard, [PriceInput(shop.tea, 8_850, 9_000)], NOW))
    assert rita.post(path, **posted).location == first.location  # a late replay, after the price changed
    changed = rita.post(path, **{**posted, f"quantity-{shop.tea}": "2", f"price-{shop.tea}": "9000"})
    assert changed.status_code == 422 and "This form was sent before" in changed.text and count(Order) == 1


def test_the_same_key_replays_the_answer(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, key = browser(cast.rita), new_id()
    posted = fields(**{str(shop.tea): 1})
    for path, model in ((f"/accounts/{shop.kitchen}/orders", Order), (f"/accounts/{shop.kitchen}/quotes", Quote)):
        answers = {rita.post(path, once=key, **posted).location for _ in range(2)}
        assert len(answers) == 1 and count(model) == 1
        key = new_id()


def test_a_price_that_changed_is_shown_and_asked_again(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/orders"
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1})
    transact(lambda: set_prices(cast.ada, shop.standard, [PriceInput(shop.tea, 8_850, 9_000)], NOW))
    review = rita.post(new(shop.kitchen), step="review", **posted)
    assert review.status_code == 200 and "New price: CN¥90.00 instead of CN¥88.50" in review.text
    refused = rita.post(path, **posted)
    assert refused.status_code == 422 and "New price: CN¥90.00 instead of CN¥88.50" in refused.text
    assert count(Order) == 0
    assert rita.post(path, **hidden_of(refused)).status_code == 303
    cheap = fields(new_id(), {shop.tea: 1}, **{str(shop.tea): 1})  # a posted price is never taken
    assert rita.post(path, **cheap).status_code == 422


def test_what_is_no_longer_sold_is_named(cast: Cast, shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    transact(lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.oil, 2), (shop.tea, 4, 300)), NOW))
    transact(lambda: archive_product(cast.ada, shop.oil, NOW))
    copied = rita.get(new(shop.kitchen) + "?copy=last").text
    assert "Copied from O-2026-000001" in copied and "No longer sold to this customer: Olive oil 5 L." in copied
    assert f'name="quantity-{shop.tea}" value="4"' in copied and f'name="discount-{shop.tea}" value="3"' in copied
    posted = fields(**{str(shop.oil): 1, str(shop.tea): 4})
    review = rita.post(new(shop.kitchen), step="review", **posted)
    assert review.status_code == 200 and "No longer sold to this customer: Olive oil 5 L." in review.text
    refused = rita.post(f"/accounts/{shop.kitchen}/orders", **posted)
    assert refused.status_code == 422 and count(Order) == 1
    assert rita.post(f"/accounts/{shop.kitchen}/orders", **hidden_of(refused)).status_code == 303
    unknown = rita.post(f"/accounts/{shop.kitchen}/orders", **fields(**{str(new_id()): 1}))
    assert unknown.status_code == 422 and "Add at least one product." in unknown.text


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("quantity", "0.5", "Write a whole number."),
        ("quantity", "many", "Write a whole number."),
        ("quantity", "-3", "The quantity must be between 1 and 99999."),
        ("quantity", "9" * 30, "The quantity must be between 1 and 99999."),
        ("discount", "5.01", "Your limit is 5%."),
        ("discount", "-1", "Write a percentage from 0 to 100, with two decimals at most."),
        ("discount", "much", "Write a percentage from 0 to 100, with two decimals at most."),
    ],
)
@pytest.mark.parametrize("way", ["orders/new", "orders", "quotes"])
def test_a_bad_line_says_so_and_keeps_everything(
    cast: Cast, shop: Shop, browser: Open, way: str, field: str, typed: str, told: str
) -> None:
    posted = fields(**{str(shop.tea): 2, str(shop.oil): 1}) | {"note": "Ring twice", f"{field}-{shop.tea}": typed}
    answer = browser(cast.rita).post(f"/accounts/{shop.kitchen}/{way}", step="review", **posted)
    assert answer.status_code == 422
    row = answer.text.partition(f'id="p{shop.tea}"')[2].partition("</li>")[0]
    assert told in row and f'id="{field}-{shop.tea}-error"' in row and f'value="{typed}"' in row
    assert "Ring twice" in answer.text and f'name="quantity-{shop.oil}" value="1"' in answer.text
    assert count(Order) == count(Quote) == 0


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"delivery_on": "2020-01-01"}, "The delivery date is in the past."),
        ({"delivery_on": "soon"}, "Not a valid date value."),
        ({"delivery_place": "x" * 300}, "at most 200 characters"),
        ({"note": "x" * 5000}, "at most 4000 characters"),
        ({"customer_reference": "x" * 100}, "at most 80 characters"),
        ({"valid_until": "2020-01-01"}, "A quote is valid from today on"),
        ({"sale_id": "nonsense"}, "Not a valid choice."),
        ({"sale_id": ""}, "This field is required."),
    ],
)
def test_a_bad_field_says_so(cast: Cast, shop: Shop, browser: Open, values: dict[str, str], told: str) -> None:
    posted = fields(**{str(shop.tea): 2}) | values
    for way in ("orders/new", "orders", "quotes"):
        answer = browser(cast.rita).post(f"/accounts/{shop.kitchen}/{way}", step="review", **posted)
        assert answer.status_code == 422 and told in answer.text
        assert f'name="quantity-{shop.tea}" value="2"' in answer.text


def test_no_line_and_too_many_are_told(cast: Cast, full_shop: Shop, browser: Open) -> None:
    from app.catalogue.models import Price

    rita, shop = browser(cast.rita), full_shop
    assert "Add at least one product." in rita.post(new(shop.kitchen), step="review", **fields()).text
    ids = db.session.scalars(select(Price.product_id).where(Price.price_list_id == shop.standard)).all()
    answer = rita.post(new(shop.kitchen), step="review", **fields(**{str(each): 1 for each in ids[:201]}))
    assert answer.status_code == 422 and "An order has 200 lines at most; this one has 201." in answer.text
    assert answer.text.count('name="quantity-') == 201
    good = rita.post(new(shop.kitchen), step="review", **fields(**{str(each): 1 for each in ids[:200]}))
    assert good.status_code == 200


def test_today_is_a_possible_delivery_date(cast: Cast, shop: Shop, browser: Open) -> None:
    today = today_in("Asia/Shanghai", datetime.now(UTC))
    posted = fields(**{str(shop.tea): 1})
    late = browser(cast.rita).post(
        f"/accounts/{shop.kitchen}/orders", delivery_on=(today - timedelta(days=1)).isoformat(), **posted
    )
    assert late.status_code == 422
    answer = browser(cast.rita).post(f"/accounts/{shop.kitchen}/orders", delivery_on=today.isoformat(), **posted)
    assert answer.status_code == 303


def test_without_a_price_list_the_page_says_what_to_do(cast: Cast, shop: Shop, browser: Open) -> None:
    from sqlalchemy import update

    from app.catalogue.models import PriceList

    transact(lambda: db.session.execute(update(PriceList).values(standard=False)))
    answer = browser(cast.rita).get(new(shop.kitchen))
    assert answer.status_code == 422 and "No price list applies" in answer.text


def test_everybody_else_stays_out(cast: Cast, shop: Shop, browser: Open) -> None:
    posted = fields(**{str(shop.tea): 1})
    kitchen = f"/accounts/{shop.kitchen}"
    for path in (f"{kitchen}/orders/new", f"{kitchen}/orders/products"):
        assert browser(None).get(path).status_code == 302
        assert browser(cast.ren).get(path).status_code == 404
        assert browser(cast.rita).get(path + "?visit=nonsense&copy=nonsense&q=%25").status_code == 200
    for path in (f"{kitchen}/orders/new", f"{kitchen}/orders", f"{kitchen}/quotes"):
        assert browser(None).post(path, **posted).status_code == 401
        assert browser(cast.ren).post(path, **posted).status_code == 404
        assert browser(cast.ren).post(path, step="review").status_code == 404
    for path in (f"{kitchen}/orders", f"{kitchen}/quotes"):
        assert browser(cast.rita).get(path).status_code == 405
    foreign = browser(cast.rita).get(f"{kitchen}/orders/new?visit={new_id()}")
    assert foreign.status_code == 404
    assert browser(cast.rita).get(f"{kitchen}/orders/new?copy={new_id()}").status_code == 404
    assert browser(cast.rita).post(f"{kitchen}/orders", visit_id=str(new_id()), **posted).status_code == 404
    assert count(Order) == 0


def test_the_manager_and_the_office_take_orders_too(cast: Cast, shop: Shop, browser: Open) -> None:
    for actor in (cast.mona, cast.otto, cast.ada):
        answer = browser(actor).post(f"/accounts/{shop.kitchen}/orders", **fields(**{str(shop.tea): 1}))
        assert answer.status_code == 303


def test_the_form_asks_the_database_little(app: Flask, cast: Cast, full_shop: Shop, browser: Open) -> None:
    rita, seen = browser(cast.rita), []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        rita.fragment(f"/accounts/{full_shop.kitchen}/orders/products?q=spice")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([each for each in seen if each.startswith("SELECT")]) <= 9
