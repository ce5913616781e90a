"""A list for another country has a tax rate of its own."""

from collections.abc import Callable
from typing import Any

from app.catalogue.actions import PriceInput, PriceListInput, add_price_list, set_prices
from app.catalogue.models import PriceList
from app.catalogue.queries import find_products, priced
from app.infra.db import db, transact
from tests.catalogue.conftest import Shelf
from tests.conftest import NOW, Browser, Cast

Open = Callable[[Any], Browser]


def test_the_list_rate_counts_instead_of_the_products(cast: Cast, shelf: Shelf) -> None:
    def make() -> Any:
        british = add_price_list(cast.ada, None, PriceListInput("Britain", "GBP", tax_rate=2000), NOW).id
        set_prices(cast.ada, british, [PriceInput(shelf.oil, None, 4_200), PriceInput(shelf.tea, None, 900)], NOW)
        return british

    british = transact(make)
    assert {row.tax_rate for row in find_products(cast.rita, british).rows} == {2000}
    assert priced(british, [shelf.oil], "en")[shelf.oil].tax_rate == 2000
    assert priced(shelf.standard, [shelf.oil, shelf.tea], "en")[shelf.tea].tax_rate == 900


def test_the_rate_is_written_as_a_percentage(cast: Cast, shelf: Shelf, browser: Open) -> None:
    ada = browser(cast.ada)
    sent = {"name": "Wholesale", "currency": "CNY", "version": 1}
    assert ada.post(f"/price-lists/{shelf.wholesale}", tax_rate="x", **sent).status_code == 422
    assert ada.post(f"/price-lists/{shelf.wholesale}", tax_rate="5.5", **sent).status_code == 303
    assert db.session.get_one(PriceList, shelf.wholesale).tax_rate == 550
    assert 'value="5.5"' in ada.get(f"/price-lists/{shelf.wholesale}/edit").text
    assert ada.post(f"/price-lists/{shelf.wholesale}", tax_rate="", **{**sent, "version": 2}).status_code == 303
    assert db.session.get_one(PriceList, shelf.wholesale).tax_rate is None
