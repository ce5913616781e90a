"""Products, lists, prices and assignments, as the administrator changes them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.actions import add_account
from app.accounts.rules import AccountInput, PlaceInput
from app.catalogue.actions import (
    PriceConflictError,
    PriceInput,
    PriceListInput,
    ProductInput,
    add_price_list,
    add_product,
    archive_price_list,
    archive_product,
    assign_price_list,
    change_price_list,
    change_product,
    restore_price_list,
    restore_product,
    set_prices,
)
from app.catalogue.models import PriceList, Product
from app.catalogue.queries import (
    amounts_of,
    find_assignment,
    find_products,
    find_standard,
    get_price_list,
    get_product,
    list_categories,
    list_prices,
    list_prices_of,
    list_products,
    price_list_for,
    priced,
)
from app.identity.administration import CompanyInput, change_company
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.ids import new_id
from tests.catalogue.conftest import Shelf
from tests.conftest import NOW, Cast

TODAY = date(2026, 3, 10)


def do(action: Any, *args: Any) -> Any:
    return transact(lambda: action(*args))


def events(subject: UUID) -> list[str]:
    told = select(JournalEntry.event).where(JournalEntry.subject_id == subject).order_by(JournalEntry.id)
    return list(db.session.scalars(told))


# --- Products


def test_a_product_is_found_by_code_barcode_and_every_name(cast: Cast, shelf: Shelf) -> None:
    for text in ("oil-5", "OIL", "olive", "5 l olive", "橄榄", "橄欖油", "6901234567892", "690 1234", "６９０１"):
        assert [row.id for row in find_products(cast.rita, shelf.standard, text).rows] == [shelf.oil], text
    assert not find_products(cast.rita, shelf.standard, "olive tea").rows


def test_only_priced_and_live_products_are_for_sale(cast: Cast, shelf: Shelf) -> None:
    assert {row.id for row in find_products(cast.rita, shelf.standard).rows} == {shelf.oil, shelf.tea}
    do(archive_product, cast.ada, shelf.tea, NOW)
    assert {row.id for row in find_products(cast.rita, shelf.standard).rows} == {shelf.oil}
    assert set(priced(shelf.standard, [shelf.oil, shelf.tea, shelf.salt], "en")) == {shelf.oil}
    do(restore_product, cast.ada, shelf.tea, NOW)
    assert set(priced(shelf.standard, [shelf.oil, shelf.tea], "en")) == {shelf.oil, shelf.tea}
    assert events(shelf.tea)[-2:] == ["ProductArchived", "ProductRestored"]


def test_names_follow_the_language_and_fall_back(cast: Cast, shelf: Shelf) -> None:
    assert priced(shelf.standard, [shelf.oil], "zh_Hans")[shelf.oil].name == "橄榄油 5 升"
    assert priced(shelf.standard, [shelf.oil], "zh_Hant")[shelf.oil].name == "橄欖油 5 公升"
    tea = priced(shelf.standard, [shelf.tea], "zh_Hans")[shelf.tea]
    assert (tea.name, tea.code, tea.unit, tea.tax_rate, tea.amount) == ("Green tea", "TEA-1", "box", 900, 8_850)
    chinese = replace(cast.rita, language="zh_Hant")
    assert {row.name for row in find_products(chinese, shelf.standard).rows} == {"橄欖油 5 公升", "綠茶"}
    assert priced(shelf.standard, [], "en") == {}


def test_categories_are_those_on_sale(cast: Cast, shelf: Shelf) -> None:
    assert list_categories(cast.rita) == ["Oil | 油", "Tea"]
    assert list_categories(cast.rita, shelf.wholesale) == ["Oil | 油"]
    assert [row.id for row in find_products(cast.rita, shelf.standard, category="Tea").rows] == [shelf.tea]


def test_a_code_and_a_live_barcode_stand_once(cast: Cast, shelf: Shelf) -> None:
    for given, field in (
        (ProductInput("oil-5", "Other"), "code"),
        (ProductInput("NEW", "Other", barcode="6901234567892"), "barcode"),
        (ProductInput("", "Other"), "code"),
        (ProductInput("NEW", " "), "name"),
        (ProductInput("NEW", "Other", tax_rate=10_001), "tax_rate"),
    ):
        with pytest.raises(InvalidError) as refused:
            do(add_product, cast.ada, None, given, NOW)
        assert refused.value.field == field
    do(archive_product, cast.ada, shelf.oil, NOW)
    do(add_product, cast.ada, None, ProductInput("NEW", "Oil again", barcode="6901234567892"), NOW)
    with pytest.raises(InvalidError):
        do(restore_product, cast.ada, shelf.oil, NOW)


def test_the_same_row_id_makes_one_product_and_one_list(cast: Cast, shelf: Shelf) -> None:
    row_id = new_id()
    for _ in range(2):
        assert do(add_product, cast.ada, row_id, ProductInput("ONE", "One"), NOW).id == row_id
    assert db.session.scalar(select(func.count()).select_from(Product)) == 4
    for _ in range(2):
        assert do(add_price_list, cast.ada, row_id, PriceListInput("Twice", "CNY"), NOW).id == row_id
    assert db.session.scalar(select(func.count()).select_from(PriceList)) == 3


def test_a_change_raises_the_version_and_an_old_one_is_refused(cast: Cast, shelf: Shelf) -> None:
    given = ProductInput("OIL-5", "Oil, extra virgin", tax_rate=900)
    do(change_product, cast.ada, shelf.oil, given, 1, NOW)
    product = get_product(cast.rita, shelf.oil)
    assert (product.name, product.tax_rate, product.version) == ("Oil, extra virgin", 900, 2)
    assert [row.id for row in list_products(cast.rita, "virgin").rows] == [shelf.oil]
    assert not list_products(cast.rita, "olive").rows
    with pytest.raises(StaleError):
        do(change_product, cast.ada, shelf.oil, given, 1, NOW)


def test_the_catalogue_page_shows_the_standard_price(cast: Cast, shelf: Shelf) -> None:
    amounts = {row.id: row.amount for row in list_products(cast.otto).rows}
    assert amounts == {shelf.oil: 39_900, shelf.tea: 8_850, shelf.salt: None}
    prices = [(row.name, row.amount) for row in list_prices_of(cast.otto, shelf.oil)]
    assert prices == [("Standard", 39_900), ("Wholesale", 35_000)]


# --- Lists


def test_the_first_list_of_a_currency_is_its_standard_and_there_is_ever_only_one(cast: Cast, shelf: Shelf) -> None:
    dollars = do(add_price_list, cast.ada, None, PriceListInput("Taiwan", "TWD"), NOW)
    assert dollars.standard
    do(change_price_list, cast.ada, shelf.wholesale, PriceListInput("Wholesale", "CNY", standard=True), None, NOW)
    standards = db.session.execute(select(PriceList.currency, PriceList.name).where(PriceList.standard)).all()
    assert sorted(map(tuple, standards)) == [("CNY", "Wholesale"), ("TWD", "Taiwan")]
    do(add_price_list, cast.ada, None, PriceListInput("Newest", "CNY", standard=True), NOW)
    found = find_standard("CNY")
    assert found is not None
    assert found.name == "Newest"


def test_the_database_too_keeps_one_standard_of_a_currency(cast: Cast, shelf: Shelf) -> None:
    def force() -> None:
        db.session.add(PriceList(name="Second", currency="CNY", standard=True))
        db.session.flush()

    with pytest.raises(IntegrityError):
        transact(force)


def test_the_standard_stays_until_another_takes_its_place(cast: Cast, shelf: Shelf) -> None:
    plain = PriceListInput("Standard", "CNY", standard=True)
    for given, field in (
        (replace(plain, standard=False), "standard"),
        (replace(plain, valid_until=TODAY), "valid_until"),
        (replace(plain, currency="TWD"), "currency"),
        (replace(plain, name="Wholesale"), "name"),
        (replace(plain, name=""), "name"),
    ):
        with pytest.raises(InvalidError) as refused:
            do(change_price_list, cast.ada, shelf.standard, given, None, NOW)
        assert refused.value.field == field
    with pytest.raises(InvalidError):
        do(archive_price_list, cast.ada, shelf.standard, NOW)
    with pytest.raises(StaleError):
        do(change_price_list, cast.ada, shelf.standard, plain, 7, NOW)


def test_an_archived_list_takes_no_prices_and_cannot_be_the_standard(cast: Cast, shelf: Shelf) -> None:
    do(archive_price_list, cast.ada, shelf.wholesale, NOW)
    with pytest.raises(InvalidError):
        do(set_prices, cast.ada, shelf.wholesale, [PriceInput(shelf.tea, None, 1)], NOW)
    with pytest.raises(InvalidError) as refused:
        do(change_price_list, cast.ada, shelf.wholesale, PriceListInput("W", "CNY", standard=True), None, NOW)
    assert refused.value.field == "standard"
    do(restore_price_list, cast.ada, shelf.wholesale, NOW)
    assert get_price_list(cast.ada, shelf.wholesale).archived_at is None


# --- Prices


def test_only_changed_prices_are_written(cast: Cast, shelf: Shelf) -> None:
    given = [
        PriceInput(shelf.oil, 39_900, 39_900),
        PriceInput(shelf.tea, 8_850, 9_000),
        PriceInput(shelf.salt, None, 500),
    ]
    assert do(set_prices, cast.ada, shelf.standard, given, NOW) == 2
    assert amounts_of(shelf.standard, [shelf.oil, shelf.tea, shelf.salt]) == {
        shelf.oil: 39_900,
        shelf.tea: 9_000,
        shelf.salt: 500,
    }
    facts = db.session.scalars(
        select(JournalEntry.facts).where(JournalEntry.subject_id == shelf.tea, JournalEntry.event == "PriceChanged")
    ).all()
    assert {"before": 8_850, "after": 9_000, "price_list_id": str(shelf.standard)} in facts


def test_a_product_without_a_price_cannot_be_sold(cast: Cast, shelf: Shelf) -> None:
    do(set_prices, cast.ada, shelf.standard, [PriceInput(shelf.tea, 8_850, None)], NOW)
    assert shelf.tea not in priced(shelf.standard, [shelf.tea], "en")
    rows = {row.id: row.amount for row in list_prices(cast.ada, shelf.standard).rows}
    assert rows == {shelf.oil: 39_900, shelf.tea: None, shelf.salt: None}


def test_a_price_changed_by_somebody_else_is_not_overwritten(cast: Cast, shelf: Shelf) -> None:
    do(set_prices, cast.ada, shelf.standard, [PriceInput(shelf.tea, 8_850, 9_000)], NOW)
    mine = [PriceInput(shelf.tea, 8_850, 7_000), PriceInput(shelf.oil, 39_900, 1)]
    with pytest.raises(PriceConflictError) as clash:
        do(set_prices, cast.ada, shelf.standard, mine, NOW)
    assert clash.value.current == {shelf.tea: 9_000}
    assert amounts_of(shelf.standard, [shelf.oil, shelf.tea]) == {shelf.oil: 39_900, shelf.tea: 9_000}
    untouched = [PriceInput(shelf.tea, 8_850, 8_850), PriceInput(shelf.oil, 39_900, 40_000)]
    assert do(set_prices, cast.ada, shelf.standard, untouched, NOW) == 1  # mine was not about the tea
    assert amounts_of(shelf.standard, [shelf.tea]) == {shelf.tea: 9_000}


def test_foreign_products_and_absurd_amounts_are_refused(cast: Cast, shelf: Shelf) -> None:
    with pytest.raises(NotFoundError):
        do(set_prices, cast.ada, shelf.standard, [PriceInput(new_id(), None, 1)], NOW)
    for amount in (-1, 10**15 + 1):
        with pytest.raises(InvalidError):
            do(set_prices, cast.ada, shelf.standard, [PriceInput(shelf.salt, None, amount)], NOW)
    with pytest.raises(NotFoundError):
        do(set_prices, cast.ada, new_id(), [], NOW)


# --- Which list an account buys from


def test_an_account_buys_from_the_standard_or_from_its_own_valid_list(cast: Cast, shelf: Shelf) -> None:
    assert price_list_for(cast.rita, shelf.harbour, TODAY).id == shelf.standard
    do(assign_price_list, cast.otto, shelf.harbour, shelf.wholesale, NOW)
    assert price_list_for(cast.rita, shelf.harbour, TODAY).id == shelf.wholesale
    limited = PriceListInput("Wholesale", "CNY", valid_from=TODAY - timedelta(days=9), valid_until=TODAY)
    do(change_price_list, cast.ada, shelf.wholesale, limited, None, NOW)
    assert price_list_for(cast.rita, shelf.harbour, TODAY).id == shelf.wholesale
    assert price_list_for(cast.rita, shelf.harbour, TODAY + timedelta(days=1)).id == shelf.standard
    do(archive_price_list, cast.ada, shelf.wholesale, NOW)
    assert price_list_for(cast.rita, shelf.harbour, TODAY).id == shelf.standard
    do(assign_price_list, cast.mona, shelf.harbour, None, NOW)
    assert find_assignment(cast.rita, shelf.harbour) is None
    assert events(shelf.harbour).count("PriceListAssigned") == 2


def test_without_a_list_of_its_own_the_country_says_which(cast: Cast, shelf: Shelf) -> None:
    def british() -> UUID:
        place = PlaceInput("Europe/London", country="GB")
        return add_account(cast.ren, None, AccountInput("The Anchor"), place, None, cast.ren.id, NOW).id

    pub = transact(british)
    assert price_list_for(cast.ren, pub, TODAY).id == shelf.standard, "there is none in pounds"
    pounds = do(add_price_list, cast.ada, None, PriceListInput("Britain", "GBP"), NOW).id
    assert price_list_for(cast.ren, pub, TODAY).id == pounds
    assert price_list_for(cast.rita, shelf.harbour, TODAY).id == shelf.standard


def test_without_a_standard_in_the_company_s_currency_the_reason_is_told(cast: Cast, shelf: Shelf) -> None:
    dollars = CompanyInput("Harbour", "Harbour", "", "", "", "", "", "Asia/Shanghai", "en", "USD")
    do(change_company, cast.ada, dollars, None, NOW)
    with pytest.raises(InvalidError) as refused:
        price_list_for(cast.rita, shelf.harbour, TODAY)
    assert refused.value.params == {"currency": "USD"}


def test_who_may_assign_and_what(cast: Cast, shelf: Shelf) -> None:
    with pytest.raises(ForbiddenError):
        do(assign_price_list, cast.rita, shelf.harbour, shelf.wholesale, NOW)
    with pytest.raises(NotFoundError):
        price_list_for(cast.ren, shelf.harbour, TODAY)
    with pytest.raises(NotFoundError):
        do(assign_price_list, cast.otto, new_id(), shelf.wholesale, NOW)
    with pytest.raises(InvalidError):
        do(assign_price_list, cast.otto, shelf.harbour, new_id(), NOW)
    do(archive_price_list, cast.ada, shelf.wholesale, NOW)
    with pytest.raises(InvalidError) as refused:
        do(assign_price_list, cast.otto, shelf.harbour, shelf.wholesale, NOW)
    assert refused.value.field == "price_list_id"
    do(assign_price_list, cast.otto, shelf.harbour, None, NOW)
    do(assign_price_list, cast.otto, shelf.harbour, None, NOW)
    assert "PriceListAssigned" not in events(shelf.harbour)


def test_only_administrators_change_the_catalogue(cast: Cast, shelf: Shelf) -> None:
    for actor in (cast.rita, cast.mona, cast.otto):
        for action, args in (
            (add_product, (None, ProductInput("X", "X"), NOW)),
            (change_product, (shelf.oil, ProductInput("X", "X"), None, NOW)),
            (archive_product, (shelf.oil, NOW)),
            (restore_product, (shelf.oil, NOW)),
            (add_price_list, (None, PriceListInput("X", "CNY"), NOW)),
            (change_price_list, (shelf.wholesale, PriceListInput("X", "CNY"), None, NOW)),
            (archive_price_list, (shelf.wholesale, NOW)),
            (restore_price_list, (shelf.wholesale, NOW)),
            (set_prices, (shelf.wholesale, [], NOW)),
        ):
            with pytest.raises(ForbiddenError):
                do(action, actor, *args)
    with pytest.raises(ForbiddenError):
        list_products(cast.rita, archived=True)
