"""A shop: three products, two price lists, and accounts of Rita's and Ren's."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from app.accounts.actions import add_account, add_place
from app.accounts.rules import AccountInput, PlaceInput
from app.catalogue.actions import (
    PriceInput,
    PriceListInput,
    ProductInput,
    add_price_list,
    add_product,
    assign_price_list,
    set_prices,
)
from app.infra.db import transact
from app.kernel.ids import new_id
from app.sales.rules import LineInput, OrderInput
from tests.conftest import NOW, Cast

TODAY = date(2026, 3, 10)


@dataclass
class Shop:
    """`oil` costs 399.00 at 13 %, `tea` 88.50 at 9 %, `salt` has no price. `kitchen` is Rita's and buys in yuan;
    `tower` is Rita's in Taipei and buys in whole dollars (oil 1,290, tea 10); `thames` is Ren's."""

    oil: UUID
    tea: UUID
    salt: UUID
    standard: UUID
    kitchen: UUID
    tower: UUID
    thames: UUID


@pytest.fixture
def shop(cast: Cast) -> Shop:
    def open_up() -> Shop:
        products = [
            ProductInput(
                "OIL-5", "Olive oil 5 L", "橄榄油 5 升", "橄欖油 5 公升", "Oil | 油", "can | 桶", "6901234567892", 1300
            ),
            ProductInput("TEA-1", "Green tea", "绿茶", "綠茶", "Tea", "box", "", 900),
            ProductInput("SALT", "Sea salt", "海盐", "海鹽", "", "bag", "", 0),
        ]
        oil, tea, salt = (add_product(cast.ada, None, each, NOW).id for each in products)
        standard = add_price_list(cast.ada, None, PriceListInput("Standard", "CNY"), NOW).id
        taiwan = add_price_list(cast.ada, None, PriceListInput("Taiwan", "TWD"), NOW).id
        set_prices(cast.ada, standard, [PriceInput(oil, None, 39_900), PriceInput(tea, None, 8_850)], NOW)
        set_prices(cast.ada, taiwan, [PriceInput(oil, None, 1_290), PriceInput(tea, None, 10)], NOW)
        street = PlaceInput(address="1 Quay Road", city="Shanghai", zone="Asia/Shanghai")
        kitchen = add_account(cast.rita, None, AccountInput("Harbour Kitchen"), street, None, None, NOW).id
        add_place(cast.rita, kitchen, None, PlaceInput(label="Depot", address="2 Dock Lane", zone="Asia/Shanghai"), NOW)
        hall = PlaceInput(address="信義區松壽路12號", city="臺北市", zone="Asia/Taipei")
        tower = add_account(cast.rita, None, AccountInput("臺北永康", language="zh_Hant"), hall, None, None, NOW).id
        assign_price_list(cast.ada, tower, taiwan, NOW)
        river = PlaceInput(zone="Europe/London")
        thames = add_account(cast.ren, None, AccountInput("Thames Deli"), river, None, None, NOW).id
        return Shop(oil, tea, salt, standard, kitchen, tower, thames)

    return transact(open_up)


def basket(*lines: tuple[UUID, int] | tuple[UUID, int, int], **around: Any) -> OrderInput:
    """(product, quantity[, discount in basis points]) lines, and what stands around them."""
    return OrderInput(tuple(LineInput(*line) for line in lines), **around)


def fields(sale_id: UUID | None = None, prices: dict[UUID, int] | None = None, **quantities: Any) -> dict[str, str]:
    """The fields of a posted basket: `fields(prices={oil: 39900}, **{str(oil): 2})`."""
    posted = {"sale_id": str(sale_id or new_id())}
    posted |= {f"quantity-{product}": str(quantity) for product, quantity in quantities.items()}
    return posted | {f"price-{product}": str(price) for product, price in (prices or {}).items()}


def hidden_of(answer: TestResponse) -> dict[str, str]:
    """The hidden fields of the form `order`, as the browser sends them with the next step."""
    form = answer.text.partition('id="order"')[2].partition("</form>")[0]
    found = dict(re.findall(r'type="hidden"[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))
    found |= dict(re.findall(r'name="([^"]+)" type="hidden" value="([^"]*)"', form))
    return {name: value for name, value in found.items() if name != "once"}
