"""Products, price lists and prices in a browser, and the list of an account on its page."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.catalogue.actions import PriceInput, ProductInput, add_product, assign_price_list, set_prices
from app.catalogue.models import PriceList, Product
from app.catalogue.queries import amounts_of, find_assignment, find_standard, get_product, price_list_for
from app.infra.db import db, transact
from app.kernel.ids import new_id
from tests.catalogue.conftest import Shelf
from tests.conftest import NOW, Browser, Cast

Open = Callable[[Any], Browser]
PRODUCT: dict[str, Any] = {
    "code": "JAM", "name": "Plum jam", "name_zh_hans": "李子酱", "name_zh_hant": "李子醬", "category": "Jam",
    "unit": "jar", "tax_rate": "8.5", "barcode": "4006381333931",
}  # fmt: skip
LIST: dict[str, Any] = {"name": "Hotels", "currency": "CNY", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


def names(text: str) -> list[str]:
    return re.findall(r'<div><a href="/products/[^"]+">([^<]+)</a>', text)


# --- Products


def test_everybody_finds_products_in_their_own_language(browser: Open, cast: Cast, shelf: Shelf) -> None:
    for actor in (cast.rita, cast.mona, cast.otto, cast.ada):
        text = browser(actor).get("/products").text
        assert names(text) == ["Green tea", "Olive oil 5 L", "Sea salt"]
        assert "CN¥399.00" in text
        assert ('href="/products/new"' in text) == (actor is cast.ada)
    rita = browser(cast.rita)
    assert names(rita.get("/products?q=橄榄").text) == names(rita.get("/products?q=6901234567892").text)
    assert names(rita.get("/products?q=oil-5").text) == ["Olive oil 5 L"]
    assert names(rita.get("/products?category=Tea").text) == ["Green tea"]
    assert "No product fits" in rita.get("/products?q=nothing").text
    assert "<html" not in rita.fragment("/products?q=tea").text
    for odd in ("?q=%00%25_'\"<b>", "?page=-1", "?page=99999999999", "?category=%F0%9F%8D%B5", "?q=" + "长" * 3000):
        assert rita.get("/products" + odd).status_code == 200


def test_units_and_categories_are_read_in_one_s_own_language(browser: Open, cast: Cast, shelf: Shelf) -> None:
    for path in ("/products", f"/products/{shelf.oil}", f"/price-lists/{shelf.standard}"):
        text = browser(cast.ada).get(path).text
        assert "can" in text and " | " not in text, path


def test_a_product_s_page_shows_what_it_costs(browser: Open, cast: Cast, shelf: Shelf) -> None:
    text = browser(cast.rita).get(f"/products/{shelf.oil}").text
    for words in ("OIL-5", "橄欖油 5 公升", "13%", "6901234567892", "CN¥350.00", "Wholesale"):
        assert words in text
    assert "/edit" not in text
    assert "/edit" in browser(cast.ada).get(f"/products/{shelf.oil}").text
    assert browser(cast.rita).get(f"/products/{new_id()}").status_code == 404


def test_a_product_is_added_changed_archived_and_restored(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada = browser(cast.ada)
    assert ada.get("/products/new").status_code == 200
    made = ada.post("/products", **PRODUCT)
    assert made.status_code == 303
    path = made.headers["Location"]
    jam = db.session.scalar(select(Product).where(Product.code == "JAM"))
    assert jam is not None
    assert (jam.tax_rate, jam.name_zh_hant, path) == (850, "李子醬", f"/products/{jam.id}")
    assert 'value="8.5"' in ada.get(f"{path}/edit").text
    changed = ada.post(path, **{**PRODUCT, "name": "Apricot jam", "version": "1"})
    assert changed.status_code == 303
    stale = ada.post(path, **{**PRODUCT, "name": "Quince jam", "version": "1"})
    assert stale.status_code == 409
    assert "Quince jam" in stale.text
    assert "Apricot jam" in stale.text and f'href="{path}/edit"' in stale.text
    assert ada.post(f"{path}/archive").status_code == 303
    assert "Archived" in ada.get(path).text
    assert names(ada.get("/products?archived=1").text) == ["Apricot jam"]
    assert "Apricot jam" not in names(ada.get("/products").text)
    assert "Apricot jam" not in names(browser(cast.rita).get("/products?archived=1").text)
    assert ada.post(f"{path}/restore").status_code == 303
    assert "Apricot jam" in names(ada.get("/products").text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": ""},
        {"code": "x" * 41},
        {"code": "oil-5"},
        {"name": " "},
        {"name": "x" * 201},
        {"tax_rate": "8,5"},
        {"tax_rate": "101"},
        {"tax_rate": ""},
        {"barcode": "4006381333932"},
        {"barcode": "6901234567892"},
        {"category": "x" * 81},
    ],
)
def test_a_wrong_product_comes_back_as_it_was_typed(
    browser: Open, cast: Cast, shelf: Shelf, wrong: dict[str, str]
) -> None:
    response = browser(cast.ada).post("/products", **{**PRODUCT, **wrong})
    assert response.status_code == 422
    assert f'href="#{next(iter(wrong))}"' in response.text
    assert 'value="李子醬"' in response.text
    assert db.session.scalar(select(func.count()).select_from(Product)) == 3


def test_the_same_post_again_adds_one_product(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada, key = browser(cast.ada), new_id()
    first, second = (ada.post("/products", once=key, **PRODUCT) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert db.session.scalar(select(func.count()).select_from(Product)) == 4


# --- Price lists


def test_a_list_is_made_changed_archived_and_restored(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada = browser(cast.ada)
    assert ada.get("/price-lists/new").status_code == 200
    path = ada.post("/price-lists", **LIST).headers["Location"]
    assert "Jan 1, 2026 – Dec 31, 2026" in ada.get("/price-lists").text
    assert 'value="2026-12-31"' in ada.get(f"{path}/edit").text
    assert (
        ada.post(path, **{**LIST, "name": "Hotels and cafés", "tax_included": "y", "version": "1"}).status_code == 303
    )
    saved = db.session.scalar(select(PriceList).where(PriceList.name == "Hotels and cafés"))
    assert saved is not None
    assert (saved.tax_included, saved.standard, saved.valid_until) == (True, False, date(2026, 12, 31))
    assert ada.post(path, **{**LIST, "version": "1"}).status_code == 409
    assert ada.post(f"{path}/archive").status_code == 303
    assert "Archived" in ada.get(path).text
    assert ada.post(f"{path}/restore").status_code == 303
    assert ada.post(path, name="Hotels", currency="CNY", standard="y", version="4").status_code == 303
    standard = find_standard("CNY")
    assert standard is not None
    assert standard.name == "Hotels"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Standard"}, "name"),
        ({"currency": "ZZZ"}, "currency"),
        ({"valid_until": "2025-12-31"}, "valid_until"),
        ({"valid_from": "tomorrow"}, "valid_from"),
        ({"standard": "y"}, "valid_from"),
    ],
)
def test_a_wrong_list_comes_back_as_it_was_typed(
    browser: Open, cast: Cast, shelf: Shelf, wrong: dict[str, str], field: str
) -> None:
    response = browser(cast.ada).post("/price-lists", **{**LIST, **wrong})
    assert response.status_code == 422
    assert f'href="#{field}"' in response.text
    assert 'value="2026-12-31"' in response.text or "valid_until" in wrong
    assert db.session.scalar(select(func.count()).select_from(PriceList)) == 2


def test_the_standard_list_stays_what_it_is(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada, path = browser(cast.ada), f"/price-lists/{shelf.standard}"
    assert "/archive" not in ada.get(path).text
    refused = ada.post(f"{path}/archive")
    assert refused.status_code == 422
    assert "The standard list cannot be archived." in refused.text
    assert ada.post(path, name="Standard", currency="TWD", standard="y").status_code == 422
    assert ada.post(path, name="Standard", currency="CNY").status_code == 422


# --- Prices


def prices(shelf: Shelf, **typed: str) -> dict[str, str]:
    """The form of the standard list as the browser sends it, some of it changed."""
    shown = {"oil": ("39900", "399.00"), "tea": ("8850", "88.50"), "salt": ("", "")}
    fields = {}
    for name, (was, text) in shown.items():
        product_id = getattr(shelf, name)
        fields[f"shown-{product_id}"] = was
        fields[f"price-{product_id}"] = typed.get(name, text)
    return fields


def now(shelf: Shelf) -> dict[str, int | None]:
    amounts = amounts_of(shelf.standard, [shelf.oil, shelf.tea, shelf.salt])
    return {name: amounts.get(getattr(shelf, name)) for name in ("oil", "tea", "salt")}


def test_prices_are_written_in_one_table(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada, path = browser(cast.ada), f"/price-lists/{shelf.standard}"
    table = ada.get(path).text
    assert f'name="price-{shelf.oil}" value="399.00"' in table
    assert f'name="price-{shelf.salt}" value=""' in table
    saved = ada.post(f"{path}/prices?q=o&page=1", **prices(shelf, oil="1,234.5", tea="", salt="¥０.８"))
    assert saved.headers["Location"] == f"{path}?q=o&page=1"
    assert now(shelf) == {"oil": 123_450, "tea": None, "salt": 80}
    assert "Prices changed: 3" in ada.get(path).text
    assert "Green tea" in ada.get(path).text  # no price, still in the table


def test_each_wrong_amount_is_told_at_its_own_field_and_nothing_is_written(
    browser: Open, cast: Cast, shelf: Shelf
) -> None:
    ada, path = browser(cast.ada), f"/price-lists/{shelf.standard}/prices"
    response = ada.post(path, **prices(shelf, oil="12,50", tea="-3", salt="5"))
    assert response.status_code == 422
    for product_id, typed, reason in (
        (shelf.oil, "12,50", "The commas in this amount are not thousands."),
        (shelf.tea, "-3", "The amount cannot be negative."),
    ):
        assert f'value="{typed}"' in response.text
        assert re.search(rf'id="error-{product_id}">{reason}', response.text)
        assert f'href="#price-{product_id}"' in response.text
    assert f"error-{shelf.salt}" not in response.text
    assert f'name="price-{shelf.salt}" value="5"' in response.text
    assert now(shelf) == {"oil": 39_900, "tea": 8_850, "salt": None}
    for absurd in ("9" * 17, "1.005", "free", "1e9", "9" * 5000):
        assert ada.post(path, **prices(shelf, oil=absurd)).status_code == 422


def test_somebody_else_s_price_is_shown_before_it_is_overwritten(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada, path = browser(cast.ada), f"/price-lists/{shelf.standard}/prices"
    transact(lambda: set_prices(cast.ada, shelf.standard, [PriceInput(shelf.tea, 8_850, 9_000)], NOW))
    mine = prices(shelf, tea="70", salt="5")
    refused = ada.post(path, **mine)
    assert refused.status_code == 422
    assert "Somebody changed this meanwhile to: 90.00" in refused.text
    assert f'name="shown-{shelf.tea}" value="9000"' in refused.text
    assert now(shelf) == {"oil": 39_900, "tea": 9_000, "salt": None}
    assert ada.post(path, **{**mine, f"shown-{shelf.tea}": "9000"}).status_code == 303
    assert now(shelf) == {"oil": 39_900, "tea": 7_000, "salt": 500}


def test_nonsense_and_foreign_ids_change_nothing(browser: Open, cast: Cast, shelf: Shelf) -> None:
    ada, path = browser(cast.ada), f"/price-lists/{shelf.standard}/prices"
    assert ada.post(path, **{f"price-{new_id()}": "5"}).status_code == 404
    assert ada.post(path, **{"price-x": "5", "price-": "1", "shown-": "x"}).status_code == 303
    assert ada.post(path, **{f"price-{new_id()}": "1" for _ in range(501)}).status_code == 422
    assert ada.post(f"/price-lists/{new_id()}/prices").status_code == 404
    assert now(shelf) == {"oil": 39_900, "tea": 8_850, "salt": None}


def test_fifty_products_stand_on_a_page_and_cost_no_more_statements(browser: Open, cast: Cast, shelf: Shelf) -> None:
    def fill() -> None:
        for number in range(60):
            product = add_product(cast.ada, None, ProductInput(f"W-{number:02}", f"Wine {number:02}"), NOW)
            set_prices(cast.ada, shelf.standard, [PriceInput(product.id, None, 100)], NOW)

    transact(fill)
    ada = browser(cast.ada)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    for path, row in (("/products", "<li>"), (f"/price-lists/{shelf.standard}", 'name="price-'), ("/price-lists", "")):
        statements.clear()
        event.listen(db.engine, "before_cursor_execute", note)
        text = ada.get(path).text
        event.remove(db.engine, "before_cursor_execute", note)
        assert len(statements) <= 4, statements  # the first reads who is signed in
        if row:
            assert text[text.index("<main") :].count(row) == 50
            assert "page=2" in text
    assert len(names(ada.get("/products?page=2").text)) == 13


# --- The list of an account


def test_the_account_s_page_shows_its_list_and_lets_some_choose_another(
    browser: Open, cast: Cast, shelf: Shelf
) -> None:
    rita, otto, path = browser(cast.rita), browser(cast.otto), f"/accounts/{shelf.harbour}/price-list"
    page = f"/accounts/{shelf.harbour}"
    assert "Standard list" in rita.get(page).text
    assert f'action="{path}"' not in rita.get(page).text
    assert f'action="{path}"' in otto.get(page).text
    assert otto.post(path, price_list_id=str(shelf.wholesale)).headers["Location"] == page
    assert price_list_for(cast.rita, shelf.harbour, date(2026, 3, 10)).id == shelf.wholesale
    assert "Wholesale" in rita.get(page).text
    assert rita.post(path, price_list_id="").status_code == 404
    assert otto.post(path, price_list_id=str(new_id())).status_code == 422
    assert otto.post(path, price_list_id="x").status_code == 422
    assert otto.post(f"/accounts/{new_id()}/price-list", price_list_id="").status_code == 404
    assert otto.post(path, price_list_id="").status_code == 303
    assert find_assignment(cast.otto, shelf.harbour) is None


def test_a_manager_assigns_lists_to_accounts_of_their_people_only(browser: Open, cast: Cast, shelf: Shelf) -> None:
    mona = browser(cast.mona)
    assert mona.post(f"/accounts/{shelf.harbour}/price-list", price_list_id=str(shelf.wholesale)).status_code == 303

    def move() -> None:
        from app.accounts.actions import assign_owner

        assign_owner(cast.ada, shelf.harbour, cast.ren.id, None, NOW)
        assign_price_list(cast.ada, shelf.harbour, None, NOW)

    transact(move)
    assert mona.post(f"/accounts/{shelf.harbour}/price-list", price_list_id=str(shelf.wholesale)).status_code == 404


# --- All of them


def test_only_administrators_manage_the_catalogue(browser: Open, cast: Cast, shelf: Shelf, app: Flask) -> None:
    pages = [
        "/products/new", f"/products/{shelf.oil}/edit", "/price-lists", "/price-lists/new",
        f"/price-lists/{shelf.standard}", f"/price-lists/{shelf.standard}/edit",
    ]  # fmt: skip
    posts = [
        "/products", f"/products/{shelf.oil}", f"/products/{shelf.oil}/archive", f"/products/{shelf.oil}/restore",
        "/price-lists", f"/price-lists/{shelf.standard}", f"/price-lists/{shelf.standard}/prices",
        f"/price-lists/{shelf.wholesale}/archive", f"/price-lists/{shelf.wholesale}/restore",
    ]  # fmt: skip
    for actor in (cast.rita, cast.mona, cast.otto):
        somebody = browser(actor)
        assert {somebody.get(path).status_code for path in pages} == {404}
        assert {somebody.post(path).status_code for path in posts} == {404}
    nobody, ada = browser(None), browser(cast.ada)
    assert {nobody.get(path).status_code for path in [*pages, "/products", f"/products/{shelf.oil}"]} == {302}
    assert {nobody.post(path).status_code for path in posts} == {401}
    assert {ada.get(path).status_code for path in pages} == {200}
    assert ada.get(f"/price-lists/{shelf.standard}/prices").status_code == 405
    assert ada.get(f"/products/{shelf.oil}/archive").status_code == 405
    assert get_product(cast.rita, shelf.oil).archived_at is None
