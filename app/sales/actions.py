"""What people do with quotes and orders. An action called twice with the same ids changes nothing the second time."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.identity.permissions import P
from app.identity.queries import get_company
from app.infra.db import TryAgainError, db
from app.infra.journal import record
from app.infra.numbers import next_number
from app.kernel.access import Actor, must
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.sales.events import OrderApproved, OrderCancelled, OrderPlaced, QuoteSaved, QuoteWithdrawn
from app.sales.models import Approval, Cancellation, Order, OrderLine, Quote, QuoteLine, QuoteWithdrawal
from app.sales.offers import Offer, make_offer
from app.sales.queries import Rows, Sale, get_order, get_quote, order_lines, quote_lines
from app.sales.rules import REASONS, OrderInput, days_problems, quote_expired

# --- Taking them -----------------------------------------------------------------------------------------------------


def place_order(actor: Actor, order_id: UUID | None, account_id: UUID, given: OrderInput, now: datetime) -> Order:
    """Order for an account at today's prices of its price list, and give the order its number (O-2026-000123).

    `order_id` there already and the same: that order, nothing is done; anything else in it: InvalidError. InvalidError
    with the field of the form for everything in app.sales.rules.REASONS, for products that are no longer sold and for
    prices other than `LineInput.seen_price`. NotFoundError for an account or a visit that the actor does not see.
    """
    must(actor, P.SALES_WRITE)
    known = db.session.get(Order, order_id) if order_id else None
    if known is not None:
        return _same(actor, known, order_lines(known.id), account_id, given)
    offer = make_offer(actor, account_id, given, now)
    offer.check()
    order = Order(
        id=order_id or new_id(), number=_number("order", "O", offer.today), **_terms(actor, offer, given, now)
    )
    _keep(order)
    db.session.add_all(OrderLine(order_id=order.id, **line) for line in _lines_of(offer))
    _tell_placed(actor, order, now)
    return order


def save_quote(actor: Actor, quote_id: UUID | None, account_id: UUID, given: OrderInput, now: datetime) -> Quote:
    """Offer the same to an account, at these prices until `given.valid_until`; errors and replay as `place_order`."""
    must(actor, P.SALES_WRITE)
    known = db.session.get(Quote, quote_id) if quote_id else None
    if known is not None:
        return _same(actor, known, quote_lines(known.id), account_id, given)
    offer = make_offer(actor, account_id, given, now)
    offer.check()
    quote = Quote(
        id=quote_id or new_id(),
        number=_number("quote", "Q", offer.today),
        valid_until=offer.valid_until,
        **_terms(actor, offer, given, now),
    )
    _keep(quote)
    db.session.add_all(QuoteLine(quote_id=quote.id, **line) for line in _lines_of(offer))
    record(
        actor,
        QuoteSaved(quote.id, number=quote.number, account_id=account_id, gross=quote.gross, currency=quote.currency),
        now,
    )
    db.session.flush()
    return quote


def order_quote(
    actor: Actor,
    quote_id: UUID,
    order_id: UUID | None,
    delivery_on: date | None,
    customer_reference: str,
    version: int | None,
    now: datetime,
) -> Order:
    """Make the quote an order, at the quote's prices and for the quote's rep: once, while it is valid.

    Ordered already: that order. InvalidError where it is expired or withdrawn, or the delivery date is not possible.
    """
    must(actor, P.SALES_WRITE)
    quote = get_quote(actor, quote_id)
    known = db.session.scalar(select(Order).where(Order.quote_id == quote_id))
    if known is not None:
        return known
    if order_id is not None and db.session.get(Order, order_id) is not None:
        raise NotFoundError  # the id of another order
    must_match(version, quote.version)
    today = today_in(get_company().zone, now)
    if db.session.get(QuoteWithdrawal, quote_id) is not None:
        raise InvalidError("", N_("This quote was withdrawn. Copy it to a new one."))
    if quote_expired(quote.valid_until, today):
        raise InvalidError("", N_("This quote has expired. Copy it: the copy has today's prices."))
    for problem in days_problems(delivery_on, None, today):
        raise InvalidError(problem.field, REASONS[problem.reason], problem.params)
    order = Order(
        id=order_id or new_id(),
        number=_number("order", "O", today),
        quote_id=quote_id,
        delivery_on=delivery_on,
        customer_reference=customer_reference,
        created_at=now,
        dated_on=today,
        **{name: getattr(quote, name) for name in _CARRIED},
    )
    _keep(order)
    for line in quote_lines(quote_id):
        db.session.add(OrderLine(order_id=order.id, **line._mapping))
    quote.version += 1
    _tell_placed(actor, order, now)
    return order


_CARRIED = (
    "account_id", "price_list_id", "rep_id", "visit_id", "currency", "tax_included", "language", "net", "tax", "gross",
    "delivery_place", "note",
)  # fmt: skip

# --- What becomes of them --------------------------------------------------------------------------------------------


def withdraw_quote(actor: Actor, quote_id: UUID, reason: str, version: int | None, now: datetime) -> QuoteWithdrawal:
    """Take an offer back: one's own, or (sales:confirm) anybody's. InvalidError where it became an order."""
    must(actor, P.SALES_WRITE)
    quote = get_quote(actor, quote_id)
    known = db.session.get(QuoteWithdrawal, quote_id)
    if known is not None and known.person_id == actor.id:
        return known
    must_match(version, quote.version)
    if known is not None:
        return known
    if not may_close(actor, quote.rep_id):
        raise InvalidError("", N_("Only its sales rep or the back office can do this."))
    if db.session.scalar(select(Order.id).where(Order.quote_id == quote_id)) is not None:
        raise InvalidError("", N_("This quote is an order already. Cancel the order instead."))
    withdrawal = QuoteWithdrawal(quote_id=quote_id, at=now, person_id=actor.person_id, reason=_reason(reason))
    db.session.add(withdrawal)
    quote.version += 1
    record(actor, QuoteWithdrawn(quote_id, number=quote.number, reason=withdrawal.reason), now)
    db.session.flush()
    return withdrawal


def approve_order(actor: Actor, order_id: UUID, version: int | None, now: datetime) -> Approval:
    """The back office has checked the order. InvalidError where it is cancelled."""
    must(actor, P.SALES_CONFIRM)
    order = get_order(actor, order_id)
    known = db.session.get(Approval, order_id)
    if known is not None and known.person_id == actor.id:
        return known
    must_match(version, order.version)
    if db.session.get(Cancellation, order_id) is not None:
        raise InvalidError("", N_("This order is cancelled."))
    if known is not None:
        return known
    approval = Approval(order_id=order_id, at=now, person_id=actor.person_id)
    db.session.add(approval)
    order.version += 1
    record(actor, OrderApproved(order_id, number=order.number), now)
    db.session.flush()
    return approval


def cancel_order(actor: Actor, order_id: UUID, reason: str, version: int | None, now: datetime) -> Cancellation:
    """Cancel an order: a rep his own while it is not approved, the back office (sales:confirm) any."""
    must(actor, P.SALES_WRITE)
    order = get_order(actor, order_id)
    known = db.session.get(Cancellation, order_id)
    if known is not None and known.person_id == actor.id:
        return known
    must_match(version, order.version)
    if known is not None:
        return known
    if not may_close(actor, order.rep_id):
        raise InvalidError("", N_("Only its sales rep or the back office can do this."))
    if not actor.may(P.SALES_CONFIRM) and db.session.get(Approval, order_id) is not None:
        raise InvalidError("", N_("The back office has approved this order: ask them to cancel it."))
    cancellation = Cancellation(order_id=order_id, at=now, person_id=actor.person_id, reason=_reason(reason))
    db.session.add(cancellation)
    order.version += 1
    record(actor, OrderCancelled(order_id, number=order.number, reason=cancellation.reason), now)
    db.session.flush()
    return cancellation


def may_close(actor: Actor, rep_id: UUID) -> bool:
    """Whether the actor may cancel this rep's orders and withdraw his quotes."""
    return actor.may(P.SALES_CONFIRM) or rep_id == actor.id


# --- How -------------------------------------------------------------------------------------------------------------


_SAID = ("delivery_on", "delivery_place", "customer_reference", "note")


def _same(actor: Actor, known: Sale, lines: Rows, account_id: UUID, given: OrderInput) -> Sale:
    """What was made under this id before, where it is what is asked for now."""
    if known.rep_id != actor.id or known.account_id != account_id:
        raise NotFoundError
    before = sorted((line.product_id, line.quantity, line.discount) for line in lines)
    again = sorted((line.product_id, line.quantity, line.discount_bp) for line in given.lines)
    if before != again or any(getattr(known, name) != getattr(given, name) for name in _SAID):
        raise InvalidError(
            "",
            N_("This form was sent before and became %(number)s. Copy that one to order more."),
            {"number": known.number},
        )
    return known


def _terms(actor: Actor, offer: Offer, given: OrderInput, now: datetime) -> dict[str, Any]:
    return {
        "account_id": offer.account.id,
        "price_list_id": offer.price_list_id,
        "rep_id": actor.person_id,
        "visit_id": offer.visit_id,
        "currency": offer.pricing.currency,
        "tax_included": offer.pricing.prices_include_tax,
        "language": offer.account.language,
        "net": offer.pricing.net,
        "tax": offer.pricing.tax,
        "gross": offer.pricing.gross,
        "delivery_on": given.delivery_on,
        "delivery_place": given.delivery_place,
        "customer_reference": given.customer_reference,
        "note": given.note,
        "created_at": now,
        "dated_on": offer.today,
    }


def _lines_of(offer: Offer) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "product_id": line.product.id,
            "code": line.product.code,
            "name": line.product.name,
            "unit": line.product.unit,
            "quantity": line.given.quantity,
            "unit_price": line.product.amount,
            "discount": line.given.discount_bp,
            "tax_rate": line.product.tax_rate,
            "net": line.amounts.net,
            "tax": line.amounts.tax,
            "gross": line.amounts.gross,
        }
        for position, line in enumerate(offer.lines, start=1)
    ]


def _number(series: str, letter: str, today: date) -> str:
    """The next number of the company's year, such as O-2026-000123."""
    try:
        return f"{letter}-{today.year}-{next_number(f'{series}-{today.year}'):06}"
    except IntegrityError as error:  # two firsts of a year in one moment
        raise TryAgainError from error


def _keep(sale: Order | Quote) -> None:
    """Write the row before its lines; the same id, or the same quote, written by another post just now is found by
    the next try."""
    db.session.add(sale)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise TryAgainError from error


def _tell_placed(actor: Actor, order: Order, now: datetime) -> None:
    event = OrderPlaced(
        order.id,
        number=order.number,
        account_id=order.account_id,
        gross=order.gross,
        currency=order.currency,
        quote_id=order.quote_id,
    )
    record(actor, event, now)
    db.session.flush()


def _reason(text: str) -> str:
    if not text.strip():
        raise InvalidError("reason", N_("Please give a reason."))
    return text.strip()
