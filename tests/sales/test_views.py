"""The lists and pages of quotes and orders, and what becomes of them in the browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask_babel import force_locale
from pypdf import PdfReader
from sqlalchemy import event, func, select, update

from app.accounts.queries import get_main_place
from app.documents.models import Document
from app.infra.db import db, transact
from app.infra.pdf import render
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.ids import new_id
from app.sales.actions import approve_order, cancel_order, place_order, save_quote
from app.sales.models import Approval, Cancellation, Order, Quote, QuoteWithdrawal
from app.sales.plugs import quote_html
from app.sales.slice import SLICE
from app.visits.actions import plan_visit
from tests.conftest import Browser, Cast
from tests.sales.conftest import Shop, basket

Open = Callable[[Any], Browser]


def now() -> datetime:
    """The pages go by the clock."""
    return datetime.now(UTC)


def placed(actor: Actor, account: UUID, *lines: Any, **around: Any) -> UUID:
    return transact(lambda: place_order(actor, None, account, basket(*lines, **around), now()).id)


def quoted(actor: Actor, account: UUID, *lines: Any, **around: Any) -> UUID:
    return transact(lambda: save_quote(actor, None, account, basket(*lines, **around), now()).id)


def number_of(model: Any, sale_id: UUID) -> str:
    return str(db.session.scalar(select(model.number).where(model.id == sale_id)))


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# --- Orders ----------------------------------------------------------------------------------------------------------


def test_the_page_of_an_order(cast: Cast, shop: Shop, browser: Open) -> None:
    order_id = placed(cast.rita, shop.kitchen, (shop.oil, 2, 500), (shop.tea, 1), delivery_place="<Dock>", note="Ring")
    page = browser(cast.rita).get(f"/orders/{order_id}")
    assert page.status_code == 200
    assert "Placed" in page.text and "&lt;Dock&gt;" in page.text and "2 can × CN¥399.00 − 5%" in page.text
    assert f"/accounts/{shop.kitchen}/orders/new?copy={order_id}" in page.text
    assert "Cancel the order" in page.text and ">Approve<" not in page.text
    assert ">Approve<" in browser(cast.otto).get(f"/orders/{order_id}").text
    assert "Cancel the order" not in browser(cast.mona).get(f"/orders/{order_id}").text
    assert browser(cast.ren).get(f"/orders/{order_id}").status_code == 404
    assert browser(cast.rita).get(f"/orders/{new_id()}").status_code == 404
    assert browser(None).get(f"/orders/{order_id}").status_code == 302


def test_the_office_approves(cast: Cast, shop: Shop, browser: Open) -> None:
    order_id, key = placed(cast.rita, shop.kitchen, (shop.tea, 1)), new_id()
    path = f"/orders/{order_id}/approval"
    assert browser(cast.rita).post(path, version=1).status_code == 404
    assert browser(None).post(path).status_code == 401
    assert browser(cast.otto).get(path).status_code == 405
    assert browser(cast.otto).post(path, version=7).status_code == 409
    for _ in range(2):
        assert browser(cast.otto).post(path, once=key, version=1).location == f"/orders/{order_id}"
    assert count(Approval) == 1
    assert browser(cast.ada).post(path, version=1).status_code == 409
    page = browser(cast.rita).get(f"/orders/{order_id}").text
    assert "Approved" in page and "Otto" in page and "Cancel the order" not in page


def test_an_order_is_cancelled_with_a_reason(cast: Cast, shop: Shop, browser: Open) -> None:
    order_id, key = placed(cast.rita, shop.kitchen, (shop.tea, 1)), new_id()
    path = f"/orders/{order_id}/cancellation"
    empty = browser(cast.rita).post(path, version=1, reason="")
    assert empty.status_code == 422 and "This field is required." in empty.text
    long = browser(cast.rita).post(path, version=1, reason="x" * 300)
    assert long.status_code == 422 and "x" * 300 in long.text
    assert browser(cast.ren).post(path, version=1, reason="No").status_code == 404
    assert browser(None).post(path, reason="No").status_code == 401
    assert browser(cast.rita).get(path).status_code == 405
    other = browser(cast.mona).post(path, version=1, reason="No")
    assert other.status_code == 422 and "Only its sales rep or the back office" in other.text
    assert browser(cast.rita).post(path, version=5, reason="No").status_code == 409
    for _ in range(2):
        assert browser(cast.rita).post(path, once=key, version=1, reason="Typed <twice>").status_code == 303
    assert count(Cancellation) == 1
    assert "Typed &lt;twice&gt;" in browser(cast.rita).get(f"/orders/{order_id}").text
    assert browser(cast.otto).post(f"/orders/{order_id}/approval", version=2).status_code == 422


def test_an_approved_order_is_cancelled_by_the_office(cast: Cast, shop: Shop, browser: Open) -> None:
    order_id = placed(cast.rita, shop.kitchen, (shop.tea, 1))
    transact(lambda: approve_order(cast.otto, order_id, None, now()))
    path = f"/orders/{order_id}/cancellation"
    refused = browser(cast.rita).post(path, version=2, reason="No")
    assert refused.status_code == 422 and "The back office has approved this order" in refused.text
    assert browser(cast.otto).post(path, version=2, reason="Not paid").status_code == 303


# --- Quotes ----------------------------------------------------------------------------------------------------------


def test_a_quote_becomes_an_order(cast: Cast, shop: Shop, browser: Open) -> None:
    quote_id, order_id, key = quoted(cast.rita, shop.kitchen, (shop.oil, 2, 500)), new_id(), new_id()
    rita, path = browser(cast.rita), f"/quotes/{quote_id}/order"
    today = today_in("Asia/Shanghai", now())
    late = rita.post(path, order_id=str(order_id), version=1, delivery_on=(today - timedelta(days=1)).isoformat())
    assert late.status_code == 422 and "The delivery date is in the past." in late.text
    assert browser(cast.ren).post(path, order_id=str(order_id)).status_code == 404
    assert browser(None).post(path, order_id=str(order_id)).status_code == 401
    assert rita.get(path).status_code == 405
    assert rita.post(path, order_id=str(order_id), version=9).status_code == 409
    answers = [
        rita.post(path, once=once, order_id=str(order_id), version=1, customer_reference="PO 7")
        for once in (key, key, new_id())
    ]
    assert {answer.location for answer in answers} == {f"/orders/{order_id}"}
    assert count(Order) == 1
    assert "PO 7" in rita.get(f"/orders/{order_id}").text
    quote = rita.get(f"/quotes/{quote_id}").text
    assert "Ordered" in quote and f"/orders/{order_id}" in quote and "Make it an order" not in quote


def test_an_expired_quote_shows_the_way_round(cast: Cast, shop: Shop, browser: Open) -> None:
    quote_id = quoted(cast.rita, shop.kitchen, (shop.oil, 2))
    yesterday = today_in("Asia/Shanghai", now()) - timedelta(days=1)
    transact(lambda: db.session.execute(update(Quote).values(valid_until=yesterday)))
    page = browser(cast.rita).get(f"/quotes/{quote_id}").text
    assert "This quote has expired." in page and f"orders/new?copy={quote_id}" in page
    refused = browser(cast.rita).post(f"/quotes/{quote_id}/order", order_id=str(new_id()), version=1)
    assert refused.status_code == 422 and "This quote has expired." in refused.text
    copied = browser(cast.rita).get(f"/accounts/{shop.kitchen}/orders/new?copy={quote_id}").text
    assert f'name="quantity-{shop.oil}" value="2"' in copied


def test_a_quote_is_withdrawn(cast: Cast, shop: Shop, browser: Open) -> None:
    quote_id, key = quoted(cast.rita, shop.kitchen, (shop.oil, 2)), new_id()
    path = f"/quotes/{quote_id}/withdrawal"
    assert "This field is required." in browser(cast.rita).post(path, version=1).text
    assert browser(cast.ren).post(path, version=1, reason="No").status_code == 404
    assert browser(cast.mona).post(path, version=1, reason="No").status_code == 422
    assert browser(None).post(path, reason="No").status_code == 401
    assert browser(cast.rita).get(path).status_code == 405
    assert browser(cast.rita).post(path, version=9, reason="No").status_code == 409
    for _ in range(2):
        assert browser(cast.rita).post(path, once=key, version=1, reason="Wrong list").status_code == 303
    assert count(QuoteWithdrawal) == 1
    assert "Wrong list" in browser(cast.rita).get(f"/quotes/{quote_id}").text
    assert browser(cast.rita).post(f"/quotes/{quote_id}/order", order_id=str(new_id())).status_code == 422


def test_the_pdf_is_asked_for_once(cast: Cast, shop: Shop, browser: Open) -> None:
    quote_id, document_id = quoted(cast.rita, shop.kitchen, (shop.oil, 2)), new_id()
    path = f"/quotes/{quote_id}/document"
    for _ in range(2):
        answer = browser(cast.rita).post(path, document_id=str(document_id))
        assert answer.location == f"/documents/{document_id}"
    assert count(Document) == 1
    assert browser(cast.rita).get(f"/documents/{document_id}").status_code == 200
    assert browser(cast.ren).get(f"/documents/{document_id}").status_code == 404
    assert browser(cast.ren).post(path).status_code == 404
    assert browser(None).post(path).status_code == 401
    assert browser(cast.rita).get(path).status_code == 405


@pytest.mark.parametrize(
    ("account", "words", "amounts"),
    [
        (
            "kitchen",
            ("Quote", "OliveoiL5L", "Validuntil", "Page1of1", "(CNY)", "2can399.00"),
            ("758.10", "88.50", "953.12"),
        ),
        (
            "tower",
            ("報價單", "橄欖油5公升", "有效期限", "臺北市信義區松壽路12號", "(TWD)", "2桶1,290"),
            ("2,451", "2,781"),
        ),
    ],
)
def test_the_totals_are_the_same_on_page_and_paper(
    cast: Cast, shop: Shop, browser: Open, account: str, words: tuple[str, ...], amounts: tuple[str, ...]
) -> None:
    quote_id = quoted(
        cast.rita, getattr(shop, account), (shop.oil, 2, 500), (shop.tea, 1), delivery_place="2 Dock Lane"
    )
    page = browser(cast.rita).get(f"/quotes/{quote_id}").text
    language = str(db.session.scalar(select(Quote.language)))
    with force_locale(language):
        html = quote_html(quote_id, language)
    pdf = render(html, language=language, identifier=quote_id)
    text = "".join("".join(sheet.extract_text() for sheet in PdfReader(BytesIO(pdf.content)).pages).split())
    for amount in amounts:
        assert amount in page and amount in text
    for word in (*words, number_of(Quote, quote_id), "2DockLane", "HarbourTradingCo.Ltd.", "Rita"):
        assert word.casefold() in text.casefold()


# --- Lists and panels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["orders", "quotes"])
def test_lists_find_narrow_and_turn_pages(cast: Cast, shop: Shop, browser: Open, kind: str) -> None:
    make, model = (placed, Order) if kind == "orders" else (quoted, Quote)

    def many() -> None:
        for _ in range(51):
            (place_order if kind == "orders" else save_quote)(
                cast.rita, None, shop.kitchen, basket((shop.tea, 1)), now()
            )

    transact(many)
    far = make(cast.ren, shop.thames, (shop.tea, 1))
    otto = browser(cast.otto)
    first = otto.get(f"/{kind}")
    assert first.text.count(f'<a href="/{kind}/') == 50 and "page=2" in first.text
    assert otto.get(f"/{kind}?page=2").text.count(f'<a href="/{kind}/') == 2
    for narrow in ("q=thames", f"q={number_of(model, far)}", f"rep={cast.ren.id}"):
        found = otto.fragment(f"/{kind}?{narrow}").text
        assert found.count(f'<a href="/{kind}/') == 1 and str(far) in found and "<html" not in found
    rita = browser(cast.rita)
    assert str(far) not in rita.get(f"/{kind}?q=thames").text
    assert "<select" not in rita.get(f"/{kind}").text and "<select" in otto.get(f"/{kind}").text
    assert rita.get(f"/{kind}?state=nonsense&rep=nonsense&page=nonsense&q=%00").status_code == 200
    assert browser(None).get(f"/{kind}").status_code == 302
    assert browser(cast.rita).post(f"/{kind}").status_code == 405


def test_states_with_their_counts_for_whoever_sees_all(cast: Cast, shop: Shop, browser: Open) -> None:
    ids = [placed(cast.rita, shop.kitchen, (shop.tea, 1)) for _ in range(3)]
    transact(lambda: approve_order(cast.otto, ids[0], None, now()))
    transact(lambda: cancel_order(cast.otto, ids[1], "No", None, now()))
    page = browser(cast.otto).get("/orders").text
    assert "Placed 1" in page and "Approved 1" in page and "Cancelled 1" in page
    assert "Placed 1" not in browser(cast.rita).get("/orders").text
    approved = browser(cast.otto).get("/orders?state=approved").text
    assert str(ids[0]) in approved and str(ids[2]) not in approved


@pytest.mark.parametrize("path", ["/orders", "/quotes", "/orders?q=kitchen&state=placed"])
def test_a_list_takes_four_statements(app: Flask, cast: Cast, shop: Shop, browser: Open, path: str) -> None:
    for _ in range(3):
        placed(cast.rita, shop.kitchen, (shop.tea, 1))
        quoted(cast.rita, shop.kitchen, (shop.tea, 1))
    otto, seen = browser(cast.otto), []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert otto.get(path).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(seen) <= 4, seen  # the person's own row among them: read once in half a minute


def test_panels_of_an_account_and_of_a_visit(cast: Cast, shop: Shop, browser: Open) -> None:
    visit_id, place = new_id(), get_main_place(cast.rita, shop.kitchen)
    transact(lambda: plan_visit(cast.rita, visit_id, shop.kitchen, place.id, today_in("Asia/Shanghai", now()), now()))
    order_id = placed(cast.rita, shop.kitchen, (shop.tea, 1), visit_id=visit_id)
    placed(cast.rita, shop.kitchen, (shop.tea, 2))
    panels = {panel.slot: panel for panel in SLICE.panels}
    of_visit = panels["visit"].load(cast.rita, visit_id)
    assert of_visit and [row.id for row, _, _ in of_visit["orders"]] == [order_id]
    assert of_visit["new"] == f"/accounts/{shop.kitchen}/orders/new?visit={visit_id}"
    of_account = panels["account"].load(cast.rita, shop.kitchen)
    assert of_account and len(of_account["orders"]) == 2
    page = browser(cast.rita).get(f"/accounts/{shop.kitchen}").text
    assert "Quotes and orders" in page and f"/orders/{order_id}" in page
    form = browser(cast.rita).get(of_visit["new"]).text
    assert f'value="{visit_id}"' in form
