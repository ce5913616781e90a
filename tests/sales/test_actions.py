"""Quotes and orders as actions: numbers, prices, states, reach."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.accounts.actions import archive_account
from app.catalogue.actions import PriceInput, archive_product, set_prices
from app.infra.db import db, transact
from app.infra.journal import JournalEntry
from app.infra.numbers import last_number
from app.kernel.access import Actor
from app.kernel.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.kernel.ids import new_id
from app.sales.actions import (
    approve_order,
    cancel_order,
    order_quote,
    place_order,
    save_quote,
    withdraw_quote,
)
from app.sales.models import Order
from app.sales.offers import make_offer
from app.sales.queries import (
    copy_of,
    count_orders,
    find_last_order,
    get_order,
    get_order_head,
    get_quote,
    get_quote_head,
    list_orders,
    order_for_document,
    order_lines,
    quote_for_document,
)
from app.sales.rules import LineInput, OrderState, QuoteState, SaleFilters
from app.visits.actions import plan_visit
from tests.conftest import NOW, Cast
from tests.sales.conftest import TODAY, Shop, basket

LATER = NOW + timedelta(hours=1)


def refusal(work: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        transact(work)
    return caught.value


def test_an_order_has_todays_prices_and_the_next_number(cast: Cast, shop: Shop) -> None:
    given = basket(
        (shop.oil, 3, 500), (shop.tea, 10), delivery_on=TODAY, delivery_place="2 Dock Lane", note="Ring twice"
    )
    order_id = new_id()
    order = transact(lambda: place_order(cast.rita, order_id, shop.kitchen, given, NOW))
    assert (order.id, order.number, order.dated_on, order.currency) == (order_id, "O-2026-000001", TODAY, "CNY")
    first, second = order_lines(order_id)
    assert (first.name, first.unit_price, first.net, first.tax) == ("Olive oil 5 L", 39_900, 113_715, 14_783)
    assert (second.net, second.tax) == (88_500, 7_965)
    assert (order.net, order.tax, order.gross) == (202_215, 22_748, 224_963)
    assert db.session.scalar(select(JournalEntry.event).where(JournalEntry.subject_id == order_id)) == "OrderPlaced"
    again = transact(lambda: place_order(cast.rita, None, shop.kitchen, given, NOW))
    assert again.number == "O-2026-000002"


def test_a_document_carries_the_customers_language_and_currency(cast: Cast, shop: Shop) -> None:
    order = transact(lambda: place_order(cast.rita, None, shop.tower, basket(*[(shop.tea, 1)] * 20), NOW))
    assert (order.language, order.currency, order.net, order.tax) == ("zh_Hant", "TWD", 200, 18)
    paper = order_for_document(order.id)
    assert {line.name for line in paper.lines} == {"綠茶"}
    assert paper.customer_address == "臺北市信義區松壽路12號"
    assert sum(line.tax for line in paper.lines) == paper.tax == sum(each.tax for each in paper.taxes) == 18


def test_the_day_of_a_document_is_the_companys(cast: Cast, shop: Shop) -> None:
    evening = NOW.replace(month=12, day=31, hour=17)  # 01:00 of the next year in Shanghai
    order = transact(lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), evening))
    assert (order.number, order.dated_on) == ("O-2027-000001", date(2027, 1, 1))
    late = basket((shop.tea, 1), delivery_on=date(2026, 12, 31))
    assert refusal(lambda: place_order(cast.rita, None, shop.kitchen, late, evening)).field == "delivery_on"


def test_an_archived_customer_orders_nothing(cast: Cast, shop: Shop) -> None:
    transact(lambda: archive_account(cast.rita, shop.kitchen, NOW))
    for take in (place_order, save_quote):
        refused = refusal(lambda: take(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW))  # noqa: B023 - run at once
        assert "archived" in refused.reason


def test_the_same_id_makes_one_order(cast: Cast, shop: Shop) -> None:
    order_id, given = new_id(), basket((shop.tea, 2))
    first = transact(lambda: place_order(cast.rita, order_id, shop.kitchen, given, NOW)).number
    transact(lambda: set_prices(cast.ada, shop.standard, [PriceInput(shop.tea, 8_850, 9_000)], NOW))
    seen = basket((shop.tea, 2, 0, 8_850))
    assert transact(lambda: place_order(cast.rita, order_id, shop.kitchen, seen, LATER)).number == first
    assert db.session.scalar(select(func.count()).select_from(Order)) == 1
    other = refusal(lambda: place_order(cast.rita, order_id, shop.kitchen, basket((shop.tea, 3)), LATER))
    assert other.params == {"number": first}
    for said in (
        {"note": "ring twice"},
        {"delivery_on": TODAY},
        {"delivery_place": "Dock"},
        {"customer_reference": "7"},
    ):
        changed = basket((shop.tea, 2), **said)
        assert refusal(lambda: place_order(cast.rita, order_id, shop.kitchen, changed, LATER)).params, said  # noqa: B023 - run at once
    with pytest.raises(NotFoundError):
        transact(lambda: place_order(cast.ren, order_id, shop.thames, given, LATER))


def test_a_double_tap_in_two_threads_makes_one_order(app: Flask, cast: Cast, shop: Shop) -> None:
    order_id, start = new_id(), Barrier(2)

    def tap() -> str:
        with app.app_context():
            start.wait()
            return transact(lambda: place_order(cast.rita, order_id, shop.kitchen, basket((shop.tea, 2)), NOW).number)

    with ThreadPoolExecutor(2) as pool:
        taps = [pool.submit(tap) for _ in range(2)]
    assert [each.result() for each in taps] == ["O-2026-000001"] * 2
    assert db.session.scalar(select(func.count()).select_from(Order)) == 1


def test_a_failure_in_between_leaves_no_gap(cast: Cast, shop: Shop) -> None:
    def fails() -> None:
        place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW)
        raise RuntimeError("the power is off")

    numbers = []
    for broken in (False, True, True, False):
        if broken:
            with pytest.raises(RuntimeError):
                transact(fails)
        else:
            numbers.append(
                transact(lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW).number)
            )
    assert numbers == ["O-2026-000001", "O-2026-000002"]
    assert last_number("order-2026") == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "lines-0-quantity"),
        ({"quantity": 100_000}, "lines-0-quantity"),
        ({"discount_bp": 501}, "lines-0-discount"),
        ({"discount_bp": -1}, "lines-0-discount"),
        ({"product_id": new_id()}, "lines"),
        ({"seen_price": 8_800}, "lines"),
    ],
)
def test_a_bad_line_is_refused_at_its_field(cast: Cast, shop: Shop, change: dict[str, Any], field: str) -> None:
    line = replace(LineInput(shop.tea, 1), **change)
    given = replace(basket(), lines=(line,))
    assert refusal(lambda: place_order(cast.rita, None, shop.kitchen, given, NOW)).field == field
    assert refusal(lambda: save_quote(cast.rita, None, shop.kitchen, given, NOW)).field == field
    assert last_number("order-2026") == last_number("quote-2026") == 0


def test_days_lines_and_validity_have_bounds(cast: Cast, shop: Shop) -> None:
    def field_of(given: Any) -> str:
        return refusal(lambda: save_quote(cast.rita, None, shop.kitchen, given, NOW)).field

    line = (shop.tea, 1)
    assert field_of(basket()) == "lines"
    assert field_of(basket(*[line] * 201)) == "lines"
    assert field_of(basket(line, delivery_on=TODAY - timedelta(days=1))) == "delivery_on"
    assert field_of(basket(line, delivery_on=date(9999, 1, 1))) == "delivery_on"
    assert field_of(basket(line, valid_until=TODAY - timedelta(days=1))) == "valid_until"
    assert field_of(basket(line, valid_until=TODAY + timedelta(days=400))) == "valid_until"


def test_a_price_that_changed_is_told_and_asked_again(cast: Cast, shop: Shop) -> None:
    transact(lambda: set_prices(cast.ada, shop.standard, [PriceInput(shop.tea, 8_850, 9_000)], NOW))
    given = basket((shop.tea, 1, 0, 8_850), (shop.oil, 1, 0, 39_900))
    refusal(lambda: place_order(cast.rita, None, shop.kitchen, given, NOW))
    offer = make_offer(cast.rita, shop.kitchen, given, NOW)
    assert [(line.product.amount, line.was) for line in offer.lines] == [(9_000, 8_850), (39_900, None)]
    accepted = basket((shop.tea, 1, 0, 9_000), (shop.oil, 1, 0, 39_900))
    assert transact(lambda: place_order(cast.rita, None, shop.kitchen, accepted, NOW)).net == 48_900


def test_products_that_are_not_sold_any_more_are_named(cast: Cast, shop: Shop) -> None:
    transact(lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.oil, 1), (shop.tea, 4, 300)), NOW))
    transact(lambda: archive_product(cast.ada, shop.oil, NOW))
    source = find_last_order(cast.rita, shop.kitchen)
    assert source is not None
    number, given = copy_of(cast.rita, shop.kitchen, source)
    assert number == "O-2026-000001"
    offer = make_offer(cast.rita, shop.kitchen, given, NOW)
    assert offer.gone == ("Olive oil 5 L",)
    assert [(line.product.code, line.given.quantity, line.given.discount_bp) for line in offer.lines] == [
        ("TEA-1", 4, 300)
    ]
    told = refusal(lambda: place_order(cast.rita, None, shop.kitchen, given, NOW))
    assert told.params == {"names": "Olive oil 5 L"}


def test_only_the_reps_own_customers_and_visits(cast: Cast, shop: Shop) -> None:
    given = basket((shop.tea, 1))
    with pytest.raises(NotFoundError):
        transact(lambda: place_order(cast.rita, None, shop.thames, given, NOW))
    with pytest.raises(NotFoundError):
        transact(lambda: place_order(cast.rita, None, shop.kitchen, replace(given, visit_id=new_id()), NOW))
    order = transact(lambda: place_order(cast.rita, None, shop.kitchen, given, NOW))
    for other in (cast.mona, cast.otto, cast.ada):
        assert get_order(other, order.id).id == order.id
    with pytest.raises(NotFoundError):
        get_order(cast.ren, order.id)
    with pytest.raises(NotFoundError):
        copy_of(cast.rita, shop.tower, order.id)


def test_an_order_belongs_to_the_visit_it_was_taken_at(cast: Cast, shop: Shop) -> None:
    from app.accounts.queries import get_main_place

    place = get_main_place(cast.rita, shop.kitchen)
    visit_id = new_id()
    transact(lambda: plan_visit(cast.rita, visit_id, shop.kitchen, place.id, TODAY, NOW))
    given = basket((shop.tea, 1), visit_id=visit_id)
    assert transact(lambda: place_order(cast.rita, None, shop.kitchen, given, NOW)).visit_id == visit_id
    with pytest.raises(NotFoundError):
        transact(lambda: place_order(cast.rita, None, shop.tower, given, NOW))


# --- Quotes ----------------------------------------------------------------------------------------------------------


def quoted(actor: Actor, shop: Shop, **around: Any) -> Any:
    return transact(
        lambda: save_quote(actor, None, shop.kitchen, basket((shop.oil, 2, 250), (shop.tea, 1), **around), NOW)
    )


def test_a_quote_becomes_one_order_at_its_own_prices(cast: Cast, shop: Shop) -> None:
    quote = quoted(cast.rita, shop, note="Net 30")
    quote_id, gross = quote.id, quote.gross
    assert (quote.number, quote.valid_until) == ("Q-2026-000001", TODAY + timedelta(days=30))
    transact(lambda: set_prices(cast.ada, shop.standard, [PriceInput(shop.oil, 39_900, 50_000)], NOW))
    order = transact(lambda: order_quote(cast.otto, quote_id, new_id(), TODAY, "PO 7", 1, LATER))
    order_id = order.id
    assert (order.gross, order.rep_id, order.note, order.customer_reference) == (gross, cast.rita.id, "Net 30", "PO 7")
    assert [line.unit_price for line in order_lines(order_id)] == [39_900, 8_850]
    again = transact(lambda: order_quote(cast.rita, quote_id, new_id(), None, "", 1, LATER))
    assert again.id == order_id
    assert get_quote_head(cast.rita, quote_id).state(TODAY) is QuoteState.ORDERED
    assert order_for_document(order_id).quote_number == "Q-2026-000001"
    assert refusal(lambda: withdraw_quote(cast.rita, quote_id, "Too late", 2, LATER)).reason.startswith("This quote is")


def test_a_quote_is_ordered_once_by_two_threads(app: Flask, cast: Cast, shop: Shop) -> None:
    quote_id, start = quoted(cast.rita, shop).id, Barrier(2)

    def tap() -> str:
        with app.app_context():
            start.wait()
            return transact(lambda: order_quote(cast.rita, quote_id, new_id(), None, "", None, NOW).number)

    with ThreadPoolExecutor(2) as pool:
        taps = [pool.submit(tap) for _ in range(2)]
    assert [each.result() for each in taps] == ["O-2026-000001"] * 2


def test_an_expired_quote_is_not_ordered_but_copied(cast: Cast, shop: Shop) -> None:
    quote_id = quoted(cast.rita, shop, valid_until=TODAY).id
    tomorrow = NOW + timedelta(days=1)
    assert "expired" in refusal(lambda: order_quote(cast.rita, quote_id, None, None, "", 1, tomorrow)).reason
    assert get_quote_head(cast.rita, quote_id).state(TODAY + timedelta(days=1)) is QuoteState.EXPIRED
    number, given = copy_of(cast.rita, shop.kitchen, quote_id)
    assert (number, [line.quantity for line in given.lines]) == ("Q-2026-000001", [2, 1])


def test_a_quote_is_withdrawn_with_a_reason(cast: Cast, shop: Shop) -> None:
    quote_id = quoted(cast.rita, shop).id
    assert refusal(lambda: withdraw_quote(cast.rita, quote_id, "  ", 1, NOW)).field == "reason"
    transact(lambda: withdraw_quote(cast.rita, quote_id, "Wrong list", 1, NOW))
    transact(lambda: withdraw_quote(cast.rita, quote_id, "Again", 1, LATER))
    head = get_quote_head(cast.rita, quote_id)
    assert head.withdrawal and head.withdrawal.reason == "Wrong list"
    assert "withdrawn" in refusal(lambda: order_quote(cast.rita, quote_id, None, None, "", None, NOW)).reason
    with pytest.raises(StaleError):
        transact(lambda: withdraw_quote(cast.otto, quote_id, "Me too", 1, NOW))


def test_another_orders_id_is_not_taken_for_a_quotes_order(cast: Cast, shop: Shop) -> None:
    quote_id = quoted(cast.rita, shop).id
    other = transact(lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), NOW)).id
    with pytest.raises(NotFoundError):
        transact(lambda: order_quote(cast.rita, quote_id, other, None, "", None, NOW))


def test_the_paper_of_a_quote_adds_up(cast: Cast, shop: Shop) -> None:
    quote = quoted(cast.rita, shop, delivery_place="2 Dock Lane")
    paper = quote_for_document(quote.id)
    assert (paper.number, paper.valid_until, paper.rep) == (quote.number, quote.valid_until, "Rita")
    assert (paper.net, paper.tax, paper.gross) == (quote.net, quote.tax, quote.gross)
    assert paper.discount == 79_800 * 250 // 10_000
    assert [(each.tax_bp, each.net) for each in paper.taxes] == [(1300, 77_805), (900, 8_850)]
    with pytest.raises(NotFoundError):
        quote_for_document(new_id())
    assert get_quote(cast.mona, quote.id).id == quote.id


# --- What becomes of an order ----------------------------------------------------------------------------------------


def placed(actor: Actor, shop: Shop) -> Any:
    return transact(lambda: place_order(actor, None, shop.kitchen, basket((shop.tea, 1)), NOW)).id


def test_the_office_approves_and_then_only_it_can_cancel(cast: Cast, shop: Shop) -> None:
    order_id = placed(cast.rita, shop)
    with pytest.raises(ForbiddenError):
        transact(lambda: approve_order(cast.rita, order_id, 1, NOW))
    transact(lambda: approve_order(cast.otto, order_id, 1, NOW))
    transact(lambda: approve_order(cast.otto, order_id, 1, LATER))  # the same tap again
    with pytest.raises(StaleError):
        transact(lambda: approve_order(cast.ada, order_id, 1, LATER))
    assert get_order_head(cast.rita, order_id).state is OrderState.APPROVED
    assert "back office" in refusal(lambda: cancel_order(cast.rita, order_id, "Changed their mind", 2, LATER)).reason
    with pytest.raises(StaleError):
        transact(lambda: cancel_order(cast.otto, order_id, "Not paid", 1, LATER))
    transact(lambda: cancel_order(cast.otto, order_id, "Not paid", 2, LATER))
    head = get_order_head(cast.rita, order_id)
    assert (head.state, head.canceller) == (OrderState.CANCELLED, "Otto")
    assert refusal(lambda: approve_order(cast.ada, order_id, 3, LATER)).reason == "This order is cancelled."


def test_a_rep_cancels_his_own_order_until_it_is_approved(cast: Cast, shop: Shop) -> None:
    order_id = placed(cast.rita, shop)
    assert refusal(lambda: cancel_order(cast.rita, order_id, "", 1, NOW)).field == "reason"
    assert "Only its sales rep" in refusal(lambda: cancel_order(cast.mona, order_id, "No", 1, NOW)).reason
    with pytest.raises(NotFoundError):
        transact(lambda: cancel_order(cast.ren, order_id, "No", 1, NOW))
    transact(lambda: cancel_order(cast.rita, order_id, "Typed twice", 1, NOW))
    transact(lambda: cancel_order(cast.rita, order_id, "Typed twice", 1, LATER))
    assert get_order_head(cast.rita, order_id).state is OrderState.CANCELLED
    assert find_last_order(cast.rita, shop.kitchen) is None


# --- Lists -----------------------------------------------------------------------------------------------------------


def test_lists_keep_to_reach_state_and_words(cast: Cast, shop: Shop) -> None:
    first, second, third = placed(cast.rita, shop), placed(cast.rita, shop), placed(cast.rita, shop)
    far = transact(lambda: place_order(cast.ren, None, shop.thames, basket((shop.tea, 1)), NOW)).id
    transact(lambda: approve_order(cast.otto, second, None, NOW))
    transact(lambda: approve_order(cast.otto, third, None, NOW))
    transact(lambda: cancel_order(cast.otto, third, "No", None, NOW))

    def ids(actor: Actor, **filters: Any) -> list[Any]:
        return [row.id for row in list_orders(actor, SaleFilters(**filters), 1).rows]

    assert ids(cast.rita) == ids(cast.mona) == [third, second, first]
    assert ids(cast.otto) == [far, third, second, first]
    assert ids(cast.rita, state="placed") == [first]
    assert ids(cast.rita, state="approved") == [second]
    assert ids(cast.rita, state="cancelled") == [third]
    assert ids(cast.otto, q="thames") == ids(cast.otto, q="000004") == ids(cast.otto, rep=cast.ren.id) == [far]
    assert ids(cast.otto, q="o-2026-000001 kitchen") == [first]
    assert ids(cast.otto, q="%") == []
    assert count_orders() == {OrderState.PLACED: 2, OrderState.APPROVED: 1, OrderState.CANCELLED: 1}


def test_a_sale_stays_visible_to_the_accounts_owner(cast: Cast, shop: Shop) -> None:
    from app.accounts.models import Account

    order_id = placed(cast.rita, shop)
    transact(lambda: db.session.execute(update(Account).where(Account.id == shop.kitchen).values(owner_id=cast.ren.id)))
    assert get_order(cast.ren, order_id).id == get_order(cast.rita, order_id).id
