"""Three products, a standard list in yuan and one for wholesale, and an account of Rita's."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.catalogue.actions import (
    PriceInput,
    PriceListInput,
    ProductInput,
    add_price_list,
    add_product,
    set_prices,
)
from app.infra.db import transact
from tests.conftest import NOW, Cast


@dataclass
class Shelf:
    oil: UUID
    tea: UUID
    salt: UUID
    standard: UUID
    wholesale: UUID
    harbour: UUID  # an account of Rita's


@pytest.fixture
def shelf(cast: Cast) -> Shelf:
    def fill() -> Shelf:
        products = [
            ProductInput(
                "OIL-5", "Olive oil 5 L", "橄榄油 5 升", "橄欖油 5 公升", "Oil | 油", "can | 桶", "6901234567892", 1300
            ),
            ProductInput("TEA-1", "Green tea", "", "綠茶", "Tea", "box", "", 900),
            ProductInput("SALT", "Sea salt", "海盐", "海鹽", "", "bag", "", 0),
        ]
        oil, tea, salt = (add_product(cast.ada, None, each, NOW).id for each in products)
        standard = add_price_list(cast.ada, None, PriceListInput("Standard", "CNY"), NOW).id
        wholesale = add_price_list(cast.ada, None, PriceListInput("Wholesale", "CNY"), NOW).id
        set_prices(cast.ada, standard, [PriceInput(oil, None, 39_900), PriceInput(tea, None, 8_850)], NOW)
        set_prices(cast.ada, wholesale, [PriceInput(oil, None, 35_000)], NOW)
        account = add_account(
            cast.rita, None, AccountInput("Harbour Kitchen"), PlaceInput(zone="Asia/Shanghai"), None, None, NOW
        )
        return Shelf(oil, tea, salt, standard, wholesale, account.id)

    return transact(fill)
