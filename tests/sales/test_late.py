"""Orders and quotes that a phone kept: of the day on which they were taken, at the prices that were shown."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.accounts.actions import archive_account, assign_owner
from app.catalogue.actions import PriceInput, set_prices
from app.infra.arrival import hearing
from app.infra.db import db, transact
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.sales.actions import place_order, save_quote
from app.sales.models import Order, Quote
from app.visits.actions import plan_visit, withdraw_visit
from tests.conftest import NOW, Browser, Cast
from tests.outbox import kept
from tests.sales.conftest import Shop, basket, fields, hidden_of

Open = Callable[[Any], Browser]
DAY = timedelta(days=1)
ZONE = "Asia/Shanghai"


def then(days: int) -> date:
    return today_in(ZONE, datetime.now(UTC) - days * DAY)


@pytest.mark.parametrize(("kind", "model"), [("orders", Order), ("quotes", Quote)])
def test_a_sale_is_of_the_day_on_which_it_was_made(
    kind: str, model: Any, cast: Cast, shop: Shop, browser: Open
) -> None:
    """Delivery and validity were to come then; they are past now."""
    rita, days = browser(cast.rita), {"delivery_on": str(then(2)), "valid_until": str(then(2))}
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 2}) | days
    path = f"/accounts/{shop.kitchen}/{kind}"
    assert rita.post(path, **posted).status_code == 422
    answer = rita.post(path, headers=kept(3 * DAY), **posted)
    assert (answer.status_code, answer.headers["Outbox-Location"]) == (204, f"/{kind}/{posted['sale_id']}")
    again = rita.post(path, headers=kept(4 * DAY), **posted)
    assert again.headers["Outbox-Location"] == answer.headers["Outbox-Location"]
    sale = db.session.scalars(select(model)).one()
    assert sale.dated_on == then(3)
    assert sale.received_at - sale.created_at > 2 * DAY
    assert "arrived 3 days later" in rita.get(f"/{kind}/{sale.id}").text


def test_what_is_sent_at_once_is_not_late(cast: Cast, shop: Shop, browser: Open) -> None:
    rita = browser(cast.rita)
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 2})
    page = rita.get(rita.post(f"/accounts/{shop.kitchen}/orders", **posted).location)
    assert "later" not in page.text


def test_an_order_of_last_year_has_a_number_of_last_year(cast: Cast, shop: Shop) -> None:
    eve = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)  # half past eleven in the evening at the company
    with hearing(eve + 2 * DAY):
        order = transact(lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), eve))
    assert (order.number, order.dated_on) == ("O-2026-000001", date(2026, 12, 31))
    assert (order.created_at, order.received_at) == (eve, eve + 2 * DAY)
    midnight = transact(
        lambda: place_order(cast.rita, None, shop.kitchen, basket((shop.tea, 1)), eve + timedelta(hours=1))
    )
    assert (midnight.number, midnight.received_at) == ("O-2027-000001", midnight.created_at)


def test_prices_that_changed_since_are_shown_and_asked_again(cast: Cast, shop: Shop, browser: Open) -> None:
    """What the customer was told cannot be sold any more: somebody must look, however late it is."""
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/orders"
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1})
    transact(lambda: set_prices(cast.ada, shop.standard, [PriceInput(shop.tea, 8_850, 9_000)], NOW))
    refused = rita.post(path, headers=kept(DAY), **posted)
    assert refused.status_code == 422
    assert "New price: CN¥90.00 instead of CN¥88.50" in refused.text
    assert rita.post(path, headers=kept(timedelta(0)), **hidden_of(refused)).status_code == 204
    assert db.session.scalars(select(Order.net)).one() == 9_000


def test_an_archived_customer_was_not_archived_then(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, path = browser(cast.rita), f"/accounts/{shop.kitchen}/orders"
    transact(lambda: archive_account(cast.rita, shop.kitchen, datetime.now(UTC) - DAY))
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1})
    assert "This customer is archived." in rita.post(path, headers=kept(DAY / 2), **posted).text
    assert rita.post(path, headers=kept(2 * DAY), **posted).status_code == 204


def test_a_customer_that_was_given_away_since(cast: Cast, shop: Shop, browser: Open) -> None:
    """What was done there before counts; what is done after, and looking, does not."""
    rita, moment = browser(cast.rita), datetime.now(UTC) - 2 * DAY
    transact(lambda: assign_owner(cast.ada, shop.kitchen, cast.ren.id, None, moment))
    transact(lambda: assign_owner(cast.ada, shop.kitchen, cast.otto.id, None, moment + DAY / 2))
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1})
    arrival = {"visit_id": new_id(), "position_error": "timeout", "reason": "cellar"}
    posts = [("orders", posted), ("notes", {"text": "Nice people"}), ("check-in", arrival)]
    for path, sent in posts:
        for headers in ({}, kept(DAY / 4), kept(DAY)):
            assert rita.post(f"/accounts/{shop.kitchen}/{path}", headers=headers, **sent).status_code == 404
        assert rita.post(f"/accounts/{shop.kitchen}/{path}", headers=kept(3 * DAY), **sent).status_code == 204
        elsewhere = rita.post(f"/accounts/{shop.thames}/{path}", headers=kept(3 * DAY), **sent)
        assert elsewhere.status_code == 404, "never hers"
    assert rita.get(f"/accounts/{shop.kitchen}", headers=kept(3 * DAY)).status_code == 404
    order = db.session.scalars(select(Order)).one()
    assert (order.rep_id, order.account_id) == (cast.rita.id, shop.kitchen)


def test_a_quote_is_ordered_while_it_was_valid(cast: Cast, shop: Shop, browser: Open) -> None:
    quote = transact(lambda: save_quote(cast.rita, None, shop.kitchen, basket((shop.oil, 2)), datetime.now(UTC))).id
    transact(lambda: db.session.execute(update(Quote).values(valid_until=then(2))))
    rita, path, order = browser(cast.rita), f"/quotes/{quote}/order", new_id()
    assert rita.post(path, headers=kept(DAY), order_id=order, version=1).status_code == 422
    assert rita.post(path, headers=kept(3 * DAY), order_id=order, version=1).status_code == 204
    assert db.session.scalars(select(Order.dated_on)).one() == then(3)


def test_an_order_names_its_visit_by_the_phone_s_id(cast: Cast, shop: Shop, browser: Open) -> None:
    rita, mine, now = browser(cast.rita), new_id(), datetime.now(UTC)
    visit = transact(lambda: plan_visit(cast.rita, new_id(), shop.kitchen, None, today_in(ZONE, now), now)).id
    sent = {"visit_id": mine, "position_error": "timeout"}
    rita.post(f"/accounts/{shop.kitchen}/check-in", headers=kept(timedelta(minutes=1)), **sent)
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1}) | {"visit_id": str(mine)}
    assert rita.post(f"/accounts/{shop.kitchen}/orders", headers=kept(timedelta(0)), **posted).status_code == 204
    assert db.session.scalars(select(Order.visit_id)).one() == visit
    form = rita.get(f"/accounts/{shop.kitchen}/orders/new?visit={mine}")
    assert (form.status_code, str(visit) in form.text) == (200, True)
    for other in (shop.tower, shop.thames):
        assert rita.get(f"/accounts/{other}/orders/new?visit={mine}").status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Order)) == 1


def test_an_order_at_a_visit_that_was_taken_out_of_the_plan_counts(cast: Cast, shop: Shop, browser: Open) -> None:
    """Checked in or not; only somebody else's visit is none of hers."""
    rita, now = browser(cast.rita), datetime.now(UTC)
    day = today_in(ZONE, now)
    gone, begun = new_id(), new_id()
    transact(lambda: plan_visit(cast.rita, gone, shop.kitchen, None, day + DAY, now))
    transact(lambda: plan_visit(cast.rita, begun, shop.kitchen, None, day, now))
    for visit in (gone, begun):
        transact(lambda visit=visit: withdraw_visit(cast.rita, visit, now))
    sent = {"position_error": "timeout"}
    assert rita.post(f"/visits/{begun}/check-in", headers=kept(DAY / 24), **sent).status_code == 204
    for visit in (gone, begun):
        posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1}) | {"visit_id": str(visit)}
        assert rita.post(f"/accounts/{shop.kitchen}/orders", headers=kept(timedelta(0)), **posted).status_code == 204
    assert db.session.scalars(select(Order.visit_id).order_by(Order.number)).all() == [None, begun]
    assert rita.get(f"/accounts/{shop.kitchen}/orders/new?visit={gone}").status_code == 200
    posted = fields(new_id(), {shop.tea: 8_850}, **{str(shop.tea): 1}) | {"visit_id": str(new_id())}
    assert rita.post(f"/accounts/{shop.kitchen}/orders", headers=kept(timedelta(0)), **posted).status_code == 404
