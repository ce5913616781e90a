"""What the phone carries of sales, and the screens that it keeps."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from app.accounts.actions import PlaceInput, add_account
from app.accounts.queries import list_places_of
from app.accounts.rules import AccountInput
from app.catalogue.actions import (
    PriceInput,
    PriceListInput,
    ProductInput,
    add_price_list,
    add_product,
    archive_price_list,
    archive_product,
    assign_price_list,
    set_prices,
)
from app.catalogue.queries import find_applying, price_list_for, price_lists_for
from app.identity.models import Person
from app.infra.db import db, transact
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError
from app.kernel.ids import new_id
from app.sales.actions import cancel_order, place_order
from app.sales.offline import addresses, rows, screens
from app.sync.ports import Screen
from app.visits.actions import plan_visit
from tests.conftest import NOW, Browser, Cast
from tests.sales.conftest import TODAY, Shop, basket, fields

Open = Callable[[Any], Browser]
SCREEN = "/offline/orders/new?list="
ORDER = "/accounts/*/orders/new"


def fitting(offered: list[Screen], slots: dict[str, str]) -> str | None:
    """The address of the order form that a phone shows for a row of these slots, as static/sw.js chooses it."""
    return next(
        (
            each.address
            for each in offered
            if each.path == ORDER and (each.where is None or slots.get(each.where[0], "") == each.where[1])
        ),
        None,
    )


def known_by(somebody: Browser, account: UUID) -> dict[str, str]:
    """What a phone keeps of an account whose page was opened."""
    found = re.search(r" data-row='([^']+)'", somebody.get(f"/accounts/{account}").text)
    assert found
    slots: dict[str, str] = json.loads(found[1])
    return slots


def add_in(actor: Actor, country: str) -> None:
    place = PlaceInput("Asia/Shanghai", country=country)
    transact(lambda: add_account(actor, None, AccountInput("Near"), place, None, None, datetime.now(UTC)))


def products_of(html: str) -> list[list[Any]]:
    found = re.search(r'<script type="application/json" id="products">(.*?)</script>', html, re.DOTALL)
    assert found
    listed: list[list[Any]] = json.loads(found[1])
    return listed


def test_the_kept_form_has_all_products_of_the_list_and_slots(cast: Cast, shop: Shop, browser: Open) -> None:
    html = browser(cast.rita).get(f"{SCREEN}{shop.standard}").text
    assert products_of(html) == [
        [str(shop.tea), "TEA-1", "Green tea", "box", "Tea", "", 8_850, 900],
        [str(shop.oil), "OIL-5", "Olive oil 5 L", "can", "Oil | 油", "6901234567892", 39_900, 1300],
    ]
    assert {"id", "name", "addresses|html", "last_order", "last_number"} <= set(re.findall("⟦([^⟧]+)⟧", html))
    assert 'action="/accounts/⟦id⟧/orders/new"' in html and 'data-look="review"' in html
    assert 'formaction="/accounts/⟦id⟧/orders"' in html and 'data-to="/orders/{sale_id}"' in html
    assert re.search(r'<input data-new-id id="sale_id"[^>]*value="[0-9a-f-]{36}"', html)
    assert html.count('data-price="') == 1 and ">Oil</button>" in html


def test_a_name_is_neither_markup_nor_a_slot(cast: Cast, shop: Shop, browser: Open) -> None:
    before = browser(cast.rita).get(f"{SCREEN}{shop.standard}").text.count("⟦name⟧")
    name = "</script><b>⟦name⟧ & [[id]]"

    def add() -> None:
        product = add_product(cast.ada, None, ProductInput("X", name, "", "", "", "", "", 0), NOW)
        set_prices(cast.ada, shop.standard, [PriceInput(product.id, None, 1)], NOW)

    transact(add)
    html = browser(cast.rita).get(f"{SCREEN}{shop.standard}").text
    assert name in [each[2] for each in products_of(html)]
    assert "</script><b>" not in html and html.count("⟦name⟧") == before


def test_kept_sales_have_places_for_what_was_reviewed(cast: Cast, browser: Open) -> None:
    for kind, title in (("order", "Order"), ("quote", "Quote")):
        html = browser(cast.rita).get(f"/offline/{kind}").text
        assert f"<h1>{title}</h1>" in html and "It gets its number when it is sent." in html
        assert '<a href="/accounts/⟦account⟧">⟦name⟧</a>' in html and "⟦shown|html⟧" in html


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_the_screens_speak_the_rep_s_language(cast: Cast, shop: Shop, browser: Open, language: str) -> None:
    transact(lambda: setattr(db.session.get(Person, cast.rita.id), "language", language))
    html = browser(cast.rita).get(f"{SCREEN}{shop.standard}").text
    oil, box, said = {
        "en": ("Olive oil 5 L", "can", "Write a whole number."),
        "zh_Hans": ("橄榄油 5 升", "桶", "请填写整数。"),
        "zh_Hant": ("橄欖油 5 公升", "桶", "請填寫整數。"),
    }[language]
    assert [oil, box] in [each[2:4] for each in products_of(html)]
    assert f'data-text-whole="{said}"' in html


def test_nobody_else_gets_the_screens(cast: Cast, shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    for path in (f"{SCREEN}{shop.standard}", "/offline/order", "/offline/quote"):
        assert browser(None).get(path).status_code == 302
        assert rita.get(path).status_code == 200
        assert rita.post(path).status_code == 405
    for asked in ("", "nonsense", str(new_id())):
        assert rita.get(SCREEN + asked).status_code == 404
    assert rita.get("/offline/orders/new").status_code == 404
    gone = transact(lambda: add_price_list(cast.ada, None, PriceListInput("Old", "CNY"), NOW).id)
    transact(lambda: archive_price_list(cast.ada, gone, NOW))
    assert rita.get(f"{SCREEN}{gone}").status_code == 404


def test_an_account_carries_its_list_its_addresses_and_its_last_order(cast: Cast, shop: Shop) -> None:
    def sell() -> None:
        place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW)
        again = basket((shop.oil, 2, 250), (shop.tea, 4), (shop.oil, 1), delivery_place="Gate 7", note="Ring")
        place_order(cast.rita, None, shop.kitchen, again, NOW.replace(hour=4))
        late = place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 9)), NOW.replace(hour=5))
        cancel_order(cast.rita, late.id, "no", late.version, NOW)
        archive_product(cast.ada, shop.oil, NOW)

    transact(sell)
    found = rows(cast.rita, NOW, [shop.kitchen, shop.tower])
    kitchen, tower = found[shop.kitchen], found[shop.tower]
    assert kitchen["price_list"] == str(shop.standard) and kitchen["last_number"] == "O-2026-000002"
    assert kitchen["addresses"] == (
        '<option selected value="1 Quay Road, Shanghai">1 Quay Road, Shanghai</option>'
        '<option value="2 Dock Lane">Depot: 2 Dock Lane</option>'
    )
    last = json.loads(kitchen["last_order"])
    assert last | {"id": ""} == {
        "id": "",
        "place": "Gate 7",
        "note": "Ring",
        "lines": [[str(shop.oil), 3, "", "Olive oil 5 L"], [str(shop.tea), 4, ""]],
    }
    assert tower["price_list"] not in ("", str(shop.standard)) and "last_order" not in tower
    assert rows(cast.ren, NOW, [shop.kitchen]) == {}, "hidden from Ren"
    assert rows(cast.rita, NOW, []) == {}


def test_addresses_are_escaped(cast: Cast) -> None:
    place = PlaceInput(label='"Back"', address="<b>1 & 2</b>", zone="Asia/Shanghai")
    account = transact(lambda: add_account(cast.rita, None, AccountInput("X"), place, None, None, NOW).id)
    options = rows(cast.rita, NOW, [account])[account]["addresses"]
    assert "<b>" not in options and unescape(options).count("<b>1 & 2</b>") == 2


def test_many_accounts_get_the_lists_that_each_gets_alone(cast: Cast, shop: Shop) -> None:
    def assign() -> None:
        old = add_price_list(cast.ada, None, PriceListInput("Old", "CNY"), NOW).id
        pounds = add_price_list(cast.ada, None, PriceListInput("Pounds", "GBP", standard=True), NOW).id
        later = PriceListInput("Later", "CNY", valid_from=TODAY.replace(year=2027))
        british = PlaceInput(country="GB", zone="Europe/London")
        near = add_account(cast.rita, None, AccountInput("London"), british, None, None, NOW).id
        assign_price_list(cast.ada, shop.kitchen, add_price_list(cast.ada, None, later, NOW).id, NOW)
        made.extend([near, shop.kitchen, shop.tower])
        strange = PlaceInput(country="NO", zone="Europe/Oslo")
        made.append(add_account(cast.rita, None, AccountInput("Oslo"), strange, None, None, NOW).id)
        assign_price_list(cast.ada, made[-1], old, NOW)
        archive_price_list(cast.ada, old, NOW)
        standards.extend([shop.standard, pounds])

    made: list[Any] = []
    standards: list[Any] = []
    transact(assign)
    found = price_lists_for(cast.rita, list_places_of(cast.rita, made), TODAY)
    alone = {each: price_list_for(cast.rita, each, TODAY).id for each in made}
    assert {each: found[each].id for each in made} == alone
    assert {each: find_applying(cast.rita, each, TODAY) for each in made} == alone
    assert {found[made[0]].id, found[shop.kitchen].id} == set(standards)
    with pytest.raises(NotFoundError):
        price_list_for(cast.rita, shop.thames, TODAY)
    assert price_lists_for(cast.rita, list_places_of(cast.rita, [shop.thames]), TODAY) == {}


def test_there_is_one_screen_for_each_price_list(cast: Cast, shop: Shop) -> None:
    taiwan = rows(cast.rita, NOW, [shop.tower])[shop.tower]["price_list"]
    usual = str(shop.standard)
    add_in(cast.rita, "CN")
    made = Screen(ORDER, SCREEN + usual, where=("country", "China"))
    offered = screens(cast.rita, NOW, [shop.kitchen, shop.tower])
    wheres = [("price_list", each) for each in sorted([usual, taiwan])]
    assert offered[:-2] == [*(Screen(ORDER, SCREEN + each[1], where=each) for each in wheres), made]
    assert offered[-2:] == [Screen("/orders/*", "/offline/order"), Screen("/quotes/*", "/offline/quote")]
    assert screens(cast.rita, NOW, [])[:-2] == [Screen(ORDER, SCREEN + usual, where=("price_list", usual)), made]


def test_an_account_that_nothing_is_known_of_gets_no_prices(cast: Cast, shop: Shop, browser: Open) -> None:
    """One that is not carried, and buys from a list that is not: its own prices are not on the phone."""
    taiwan = rows(cast.rita, NOW, [shop.tower])[shop.tower]["price_list"]
    offered = screens(cast.rita, NOW, [shop.kitchen])
    for slots in ({}, {"name": "Tower", "rating": "A"}, known_by(browser(cast.rita), shop.tower)):
        assert fitting(offered, slots) is None
    assert known_by(browser(cast.rita), shop.tower)["price_list"] == taiwan
    assert fitting(offered, known_by(browser(cast.rita), shop.kitchen)) == f"{SCREEN}{shop.standard}"
    assert fitting(offered, rows(cast.rita, NOW, [shop.tower])[shop.tower]) is None
    assert fitting(screens(cast.rita, NOW, [shop.tower]), known_by(browser(cast.rita), shop.tower)) == SCREEN + taiwan


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_an_account_made_on_the_phone_has_prices_in_the_country_that_its_form_names(
    cast: Cast, shop: Shop, browser: Open, language: str
) -> None:
    transact(lambda: setattr(db.session.get(Person, cast.rita.id), "language", language))
    add_in(cast.rita, "CN")
    form = browser(cast.rita).get("/accounts/new").text
    found = re.search(r'name="country"[^>]*value="([^"]*)"', form)
    assert found
    offered = screens(replace(cast.rita, language=language), NOW, [])
    assert fitting(offered, {"name": "New", "country": unescape(found[1])}) == f"{SCREEN}{shop.standard}"
    assert fitting(offered, {"name": "New", "country": "Norway"}) is None
    assert fitting(offered, {"name": "New", "country": ""}) is None


def test_a_new_account_s_list_is_that_of_where_its_rep_works(cast: Cast, shop: Shop) -> None:
    pounds = transact(lambda: add_price_list(cast.ada, None, PriceListInput("P", "GBP", standard=True), NOW).id)
    for zone, country, wanted in (
        ("Europe/London", "United Kingdom", pounds),
        ("Europe/Oslo", "Norway", shop.standard),
    ):
        offered = screens(replace(cast.mona, zone=zone), NOW, [])
        assert fitting(offered, {"country": country}) == f"{SCREEN}{wanted}"
    assert {each.where for each in screens(cast.ren, NOW, []) if each.path == ORDER} == {
        ("price_list", str(shop.standard))
    }, "he added one of no country last"


def test_the_last_orders_of_today_s_customers_are_carried_whole(cast: Cast, shop: Shop) -> None:
    assert addresses(cast.rita, NOW, [shop.kitchen]) == ["/orders", "/quotes"]
    orders = [
        transact(lambda account=account: place_order(cast.rita, None, account, basket((shop.oil, 1)), NOW).id)
        for account in (shop.kitchen, shop.tower)
    ]
    (place, *_) = list_places_of(cast.rita, [shop.kitchen])
    transact(lambda: plan_visit(cast.rita, new_id(), shop.kitchen, place.id, TODAY, NOW))
    assert addresses(cast.rita, NOW, [shop.kitchen, shop.tower]) == ["/orders", "/quotes", f"/orders/{orders[0]}"]
    assert addresses(cast.rita, NOW, [shop.tower]) == ["/orders", "/quotes"]


def test_carrying_forty_accounts_asks_the_database_no_more_than_two(cast: Cast, shop: Shop) -> None:
    accounts = [shop.kitchen, shop.tower]

    def asked() -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            rows(cast.rita, NOW, accounts)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    few = asked()
    place = PlaceInput(zone="Asia/Shanghai")
    for n in range(38):
        accounts.append(
            transact(lambda n=n: add_account(cast.rita, None, AccountInput(f"Shop {n}"), place, None, None, NOW).id)
        )
    assert asked() <= few <= 8


def test_products_are_shown_by_their_ids(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/orders/products"
    found = rita.get(f"{path}?ids={shop.oil},nonsense,{shop.salt},{new_id()}").text
    assert found.count("data-price=") == 1 and f'id="p{shop.oil}"' in found
    assert "data-price=" not in rita.get(f"{path}?ids=").text
    assert browser(cast.ren).get(f"{path}?ids={shop.oil}").status_code == 404


def test_the_form_and_its_review_say_what_the_phone_needs(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/orders/new"
    form = rita.get(path).text
    assert 'data-look="review"' in form and '<template id="look"' in form and 'data-sign="CN¥"' in form
    today = datetime.now(UTC).date()
    assert f'max="{today.year + 2}-' in form and 'data-text-min="The delivery date is in the past."' in form
    review = rita.post(path, step="review", **fields(**{str(shop.tea): 1})).text
    assert 'data-opens="{sale_id}"' in review and "data-single" in review and 'data-look="edit"' in review
    shown = review.partition("data-shown")[2].partition("<form")[0]
    assert "Green tea" in shown and 'class="facts sums sheet"' in shown
    assert re.findall(r'data-to="([^"]+)"', review) == ["/quotes/{sale_id}", "/orders/{sale_id}"]
