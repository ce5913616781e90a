"""Quotes and orders: their lists, their pages, and what becomes of them. Taking them is in taking.py."""

from datetime import UTC, date, datetime
from uuid import UUID

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.dashboards.queries import get_staff
from app.documents.actions import request_document
from app.identity.permissions import P
from app.identity.queries import get_company, list_colleagues
from app.kernel.access import Actor, Reach
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError
from app.kernel.ids import new_id, parse_id
from app.kernel.money import Money
from app.kernel.page import page_number
from app.sales.actions import approve_order, cancel_order, may_close, order_quote, withdraw_quote
from app.sales.forms import OrderQuoteForm, ReasonForm
from app.sales.plugs import QUOTE
from app.sales.queries import (
    count_orders,
    each_order,
    get_order_head,
    get_quote_head,
    list_orders,
    list_quotes,
    order_lines,
    quote_lines,
    sum_orders,
    tax_totals,
)
from app.sales.rules import (
    ORDER_STATES,
    QUOTE_STATES,
    STANDING,
    OrderState,
    QuoteState,
    SaleFilters,
    order_state,
    percent,
    quote_state,
)
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.form import int_or_none
from app.web.guard import needs
from app.web.htmx import goto, page
from app.web.panels import shown_in
from app.web.sheet import table_file, truth

blueprint = Blueprint("sales", __name__)

# --- Orders ----------------------------------------------------------------------------------------------------------


@blueprint.get("/orders")
@needs(P.SALES_READ)
def order_index() -> Response:
    actor, filters = current_actor(), _order_filters()
    reps = _reps_of(actor, filters)
    return page(
        "sales/orders.html",
        "sales_list",
        filters=filters,
        rows=list_orders(actor, filters, page_number(request.args.get("page")), reps),
        sums=sum_orders(actor, filters, reps) if filters.is_counted else None,
        counts=count_orders() if actor.reach is Reach.ALL else {},
        colleagues=_colleagues(actor),
        states={state: (_(name), tone) for state, (name, tone) in ORDER_STATES.items()},
        state_of=lambda row: order_state(row.approved, row.cancelled),
    )


@blueprint.get("/orders/export")
@needs(P.SALES_READ)
def order_export() -> Response:
    """The whole list as a file; moments by the reader's clock, days the company's, amounts in the order's currency."""
    actor, filters = current_actor(), _order_filters()
    headings = [
        _("Number"), _("Date"), _("Placed (%(zone)s)", zone=actor.zone), _("Customer"), _("Sales rep"), _("State"),
        _("At a visit"), _("Delivery"), _("Currency"), _("Net"), _("Tax"), _("Total"),
    ]  # fmt: skip
    states = {state: _(name) for state, (name, _tone) in ORDER_STATES.items()}
    rows = (
        [
            row.number, row.dated_on, row.created_at, row.account, row.rep,
            states[order_state(row.approved, row.cancelled)], truth(row.visit_id is not None), row.delivery_on,
            row.currency, *(Money(minor, row.currency).amount for minor in (row.net, row.tax, row.gross)),
        ]
        for row in each_order(actor, filters, _reps_of(actor, filters))
    )  # fmt: skip
    return table_file(
        request.args.get("as"), f"orders-{filters.first or ''}-{filters.last or _today()}", headings, rows
    )


def _order_filters() -> SaleFilters:
    return SaleFilters.read(request.args, (*OrderState, STANDING))


def _reps_of(actor: Actor, filters: SaleFilters) -> list[UUID] | None:
    """The people of the filters' team, None where they name none."""
    return None if filters.team is None else [each.id for each in get_staff(actor).of_team(filters.team)]


@blueprint.get("/orders/<uuid:sale_id>")
@needs(P.SALES_READ)
def order_show(sale_id: UUID) -> Response:
    return _order(sale_id)


@blueprint.post("/orders/<uuid:sale_id>/approval")
@needs(P.SALES_CONFIRM)
def approval_create(sale_id: UUID) -> Response:
    approve_order(current_actor(), sale_id, int_or_none("version"), captured_at())
    flash(_("The order is approved."), "success")
    return goto(url_for("sales.order_show", sale_id=sale_id))


@blueprint.post("/orders/<uuid:sale_id>/cancellation")
@needs(P.SALES_WRITE)
def cancellation_create(sale_id: UUID) -> Response:
    form = ReasonForm(request.form)
    if form.validate():
        try:
            cancel_order(current_actor(), sale_id, form.reason.data or "", int_or_none("version"), captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The order is cancelled."), "success")
            return goto(url_for("sales.order_show", sale_id=sale_id))
    return _order(sale_id, reason_form=form, status=422)


def _order(sale_id: UUID, *, reason_form: ReasonForm | None = None, status: int = 200) -> Response:
    actor = current_actor()
    head, lines = get_order_head(actor, sale_id), order_lines(sale_id)
    placed = head.state is OrderState.PLACED
    return page(
        "sales/order.html",
        status=status,
        head=head,
        sale=head.order,
        lines=lines,
        taxes=tax_totals(lines),
        state=ORDER_STATES[head.state],
        may_approve=placed and actor.may(P.SALES_CONFIRM),
        may_cancel=head.state is not OrderState.CANCELLED
        and actor.may(P.SALES_WRITE)
        and may_close(actor, head.order.rep_id)
        and (placed or actor.may(P.SALES_CONFIRM)),
        may_copy=actor.may(P.SALES_WRITE),
        reason_form=reason_form or ReasonForm(),
        panels=shown_in("order", actor, sale_id),
        percent=percent,
    )


# --- Quotes ----------------------------------------------------------------------------------------------------------


@blueprint.get("/quotes")
@needs(P.SALES_READ)
def quote_index() -> Response:
    actor, filters, today = current_actor(), SaleFilters.read(request.args, QuoteState), _today()
    return page(
        "sales/quotes.html",
        "sales_list",
        filters=filters,
        rows=list_quotes(actor, filters, page_number(request.args.get("page")), today, _reps_of(actor, filters)),
        colleagues=_colleagues(actor),
        states={state: (_(name), tone) for state, (name, tone) in QUOTE_STATES.items()},
        state_of=lambda row: quote_state(row.ordered, row.withdrawn, row.valid_until, today),
    )


@blueprint.get("/quotes/<uuid:sale_id>")
@needs(P.SALES_READ)
def quote_show(sale_id: UUID) -> Response:
    return _quote(sale_id)


@blueprint.post("/quotes/<uuid:sale_id>/order")
@needs(P.SALES_WRITE)
def quote_order_create(sale_id: UUID) -> Response:
    form = OrderQuoteForm(request.form)
    if form.validate():
        try:
            order = order_quote(
                current_actor(), sale_id, form.order_id.data, form.delivery_on.data,
                form.customer_reference.data or "", int_or_none("version"), captured_at(),
            )  # fmt: skip
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The order is placed."), "success")
            return goto(url_for("sales.order_show", sale_id=order.id))
    return _quote(sale_id, order_form=form, status=422)


@blueprint.post("/quotes/<uuid:sale_id>/withdrawal")
@needs(P.SALES_WRITE)
def withdrawal_create(sale_id: UUID) -> Response:
    form = ReasonForm(request.form)
    if form.validate():
        try:
            withdraw_quote(current_actor(), sale_id, form.reason.data or "", int_or_none("version"), captured_at())
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The quote is withdrawn."), "success")
            return goto(url_for("sales.quote_show", sale_id=sale_id))
    return _quote(sale_id, reason_form=form, status=422)


@blueprint.post("/quotes/<uuid:sale_id>/document")
@needs(P.SALES_READ)
def document_create(sale_id: UUID) -> Response:
    """Have the PDF made; its page shows how far it is."""
    actor, quote = current_actor(), get_quote_head(current_actor(), sale_id).quote
    document = request_document(
        actor, parse_id(request.form.get("document_id")) or new_id(), QUOTE, sale_id, quote.number, quote.language,
        captured_at(),
    )  # fmt: skip
    return goto(url_for("documents.document_show", document_id=document.id))


def _quote(
    sale_id: UUID,
    *,
    reason_form: ReasonForm | None = None,
    order_form: OrderQuoteForm | None = None,
    status: int = 200,
) -> Response:
    actor, today = current_actor(), _today()
    head, lines = get_quote_head(actor, sale_id), quote_lines(sale_id)
    quote, state = head.quote, head.state(today)
    standing = state in (QuoteState.OPEN, QuoteState.EXPIRED)
    delivery_on = quote.delivery_on if quote.delivery_on and quote.delivery_on >= today else None
    return page(
        "sales/quote.html",
        status=status,
        head=head,
        sale=quote,
        lines=lines,
        taxes=tax_totals(lines),
        state=QUOTE_STATES[state],
        is_expired=state is QuoteState.EXPIRED,
        may_order=state is QuoteState.OPEN and actor.may(P.SALES_WRITE),
        may_withdraw=standing and actor.may(P.SALES_WRITE) and may_close(actor, quote.rep_id),
        may_copy=actor.may(P.SALES_WRITE),
        order_form=order_form
        or OrderQuoteForm(order_id=new_id(), delivery_on=delivery_on, customer_reference=quote.customer_reference),
        reason_form=reason_form or ReasonForm(),
        document_id=new_id(),
        today=today,
        percent=percent,
    )


def _colleagues(actor: Actor) -> list[tuple[UUID, str]]:
    """Whose sales one may look at; nobody's where one sees only one's own."""
    return [] if actor.reach is Reach.OWN else [(row.id, row.name) for row in list_colleagues(actor)]


def _today() -> date:
    return today_in(get_company().zone, datetime.now(UTC))
