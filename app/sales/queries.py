"""Ways to quotes and orders. A sale is visible to whoever sees its rep, or the owner of its account."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    RowMapping,
    Select,
    SQLColumnExpression,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.accounts.models import Account, Place
from app.accounts.rules import address_line
from app.identity.models import Person
from app.infra.db import AnyRow, db, fetch
from app.infra.scope import belongs_to
from app.kernel.access import Actor
from app.kernel.errors import NotFoundError
from app.kernel.page import PAGE_SIZE, Page, offset
from app.kernel.text import search_parts
from app.sales.models import Approval, Cancellation, Order, OrderLine, Quote, QuoteLine, QuoteWithdrawal
from app.sales.rules import (
    STANDING,
    WHOLE_BP,
    LineInput,
    OrderInput,
    OrderState,
    QuoteState,
    SaleFilters,
    TaxTotal,
    order_state,
    quote_state,
)

_Rep, _Approver, _Canceller = aliased(Person), aliased(Person), aliased(Person)
Rows = Sequence[Row[*tuple[Any, ...]]]
Sale = TypeVar("Sale", Order, Quote)
MOST_WORDS = 8
_ZONES = timedelta(days=1)  # no clock on earth differs by more from UTC


def _visible(actor: Actor, sale: type[Order] | type[Quote]) -> ColumnElement[bool]:
    return belongs_to(actor, sale.rep_id, Account.owner_id)


# --- One -------------------------------------------------------------------------------------------------------------


def get_order(actor: Actor, order_id: UUID) -> Order:
    """An order that the actor sees (NotFoundError)."""
    return _get(actor, Order, order_id)


def get_quote(actor: Actor, quote_id: UUID) -> Quote:
    """A quote that the actor sees (NotFoundError)."""
    return _get(actor, Quote, quote_id)


def quote_visible(actor: Actor, quote_id: SQLColumnExpression[UUID]) -> ColumnElement[bool]:
    """That the quote with the id in this column is one that the actor sees: for app.documents."""
    found = select(Quote.id).join(Account, Account.id == Quote.account_id)
    return found.where(Quote.id == quote_id, _visible(actor, Quote)).exists()


def _get(actor: Actor, model: type[Sale], sale_id: UUID) -> Sale:
    found = select(model).join(Account, Account.id == model.account_id).where(model.id == sale_id)
    sale = db.session.scalar(found.where(_visible(actor, model)))
    if sale is None:
        raise NotFoundError
    return sale


@dataclass(frozen=True, slots=True)
class OrderHead:
    """An order with what its page shows around the lines: `account`, `rep` and who approved or cancelled by name."""

    order: Order
    account: str
    rep: str
    quote_number: str | None
    approval: Approval | None
    approver: str | None
    cancellation: Cancellation | None
    canceller: str | None

    @property
    def state(self) -> OrderState:
        """In which state the order is."""
        return order_state(self.approval is not None, self.cancellation is not None)


@dataclass(frozen=True, slots=True)
class QuoteHead:
    """A quote with what its page shows around the lines; `order_id` and `order_number` once it became an order."""

    quote: Quote
    account: str
    rep: str
    order_id: UUID | None
    order_number: str | None
    withdrawal: QuoteWithdrawal | None
    withdrawer: str | None

    def state(self, today: date) -> QuoteState:
        """In which state the quote is on that day of the company."""
        return quote_state(self.order_id is not None, self.withdrawal is not None, self.quote.valid_until, today)


def get_order_head(actor: Actor, order_id: UUID) -> OrderHead:
    """An order as its page shows it (NotFoundError)."""
    row = db.session.execute(
        select(Order, Account.name, _Rep.name, Quote.number, Approval, _Approver.name, Cancellation, _Canceller.name)
        .join(Account, Account.id == Order.account_id)
        .join(_Rep, _Rep.id == Order.rep_id)
        .outerjoin(Quote, Quote.id == Order.quote_id)
        .outerjoin(Approval, Approval.order_id == Order.id)
        .outerjoin(_Approver, _Approver.id == Approval.person_id)
        .outerjoin(Cancellation, Cancellation.order_id == Order.id)
        .outerjoin(_Canceller, _Canceller.id == Cancellation.person_id)
        .where(Order.id == order_id, _visible(actor, Order))
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return OrderHead(*row)


def get_quote_head(actor: Actor, quote_id: UUID) -> QuoteHead:
    """A quote as its page shows it (NotFoundError)."""
    row = db.session.execute(
        select(Quote, Account.name, _Rep.name, Order.id, Order.number, QuoteWithdrawal, _Canceller.name)
        .join(Account, Account.id == Quote.account_id)
        .join(_Rep, _Rep.id == Quote.rep_id)
        .outerjoin(Order, Order.quote_id == Quote.id)
        .outerjoin(QuoteWithdrawal, QuoteWithdrawal.quote_id == Quote.id)
        .outerjoin(_Canceller, _Canceller.id == QuoteWithdrawal.person_id)
        .where(Quote.id == quote_id, _visible(actor, Quote))
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return QuoteHead(*row)


def order_lines(order_id: UUID) -> Rows:
    """The lines of an order that the caller has been shown, in their order: columns as in models._Line."""
    return _lines(OrderLine, OrderLine.order_id == order_id)


def quote_lines(quote_id: UUID) -> Rows:
    """The lines of a quote that the caller has been shown, in their order: columns as in models._Line."""
    return _lines(QuoteLine, QuoteLine.quote_id == quote_id)


def _lines(line: type[OrderLine] | type[QuoteLine], which: ColumnElement[bool]) -> Rows:
    return db.session.execute(
        select(
            line.position, line.product_id, line.code, line.name, line.unit, line.quantity, line.unit_price,
            line.discount, line.tax_rate, line.net, line.tax, line.gross,
        )
        .where(which)
        .order_by(line.position)
    ).all()  # fmt: skip


# --- On paper --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One printed line. Amounts in minor units, `discount` and `tax_rate` in basis points; `discount_amount` is what
    the discount takes off quantity x unit_price."""

    position: int
    code: str
    name: str
    unit: str
    quantity: int
    unit_price: int
    discount: int
    discount_amount: int
    tax_rate: int
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True)
class SaleOnPaper:
    """Everything that a document says about a quote or an order, as it was agreed.

    Amounts are minor units of `currency`; days are the company's; `language` is the customer's. `valid_until` is None
    for an order, `quote_number` is the quote that the order came from. `taxes`: the sums for each rate, highest first.
    """

    id: UUID
    number: str
    dated_on: date
    valid_until: date | None
    quote_number: str | None
    language: str
    currency: str
    tax_included: bool
    account_id: UUID
    customer: str
    customer_address: str
    customer_phone: str
    customer_email: str
    customer_tax_number: str
    rep: str
    rep_phone: str
    rep_email: str
    delivery_on: date | None
    delivery_place: str
    customer_reference: str
    note: str
    lines: tuple[PaperLine, ...]
    taxes: tuple[TaxTotal, ...]
    discount: int
    net: int
    tax: int
    gross: int


def order_for_document(order_id: UUID) -> SaleOnPaper:
    """An order for printing; whoever asks has been checked. NotFoundError where there is none."""
    return _on_paper(Order, order_id, order_lines(order_id))


def quote_for_document(quote_id: UUID) -> SaleOnPaper:
    """A quote for printing; whoever asks has been checked. NotFoundError where there is none."""
    return _on_paper(Quote, quote_id, quote_lines(quote_id))


def _on_paper(model: Any, sale_id: UUID, rows: Rows) -> SaleOnPaper:
    found = db.session.execute(
        select(model, Account, Place, Person)
        .join(Account, Account.id == model.account_id)
        .join(Person, Person.id == model.rep_id)
        .outerjoin(
            Place,
            and_(Place.account_id == Account.id, Place.position_in_list == 0, Place.archived_at.is_(None)),
        )
        .where(model.id == sale_id)
    ).first()
    if found is None:
        raise NotFoundError
    sale, account, place, rep = found
    lines = tuple(_paper_line(row, sale.tax_included) for row in rows)
    return SaleOnPaper(
        id=sale.id,
        number=sale.number,
        dated_on=sale.dated_on,
        valid_until=getattr(sale, "valid_until", None),
        quote_number=_quote_number(getattr(sale, "quote_id", None)),
        language=sale.language,
        currency=sale.currency,
        tax_included=sale.tax_included,
        account_id=account.id,
        customer=account.name,
        customer_address=address_line(place.address, place.district, place.city) if place else "",
        customer_phone=account.phone,
        customer_email=account.email,
        customer_tax_number=account.tax_number,
        rep=rep.name,
        rep_phone=rep.phone,
        rep_email=rep.email,
        delivery_on=sale.delivery_on,
        delivery_place=sale.delivery_place,
        customer_reference=sale.customer_reference,
        note=sale.note,
        lines=lines,
        taxes=tax_totals(rows),
        discount=sum(line.discount_amount for line in lines),
        net=sale.net,
        tax=sale.tax,
        gross=sale.gross,
    )


def _paper_line(row: Row[*tuple[Any, ...]], tax_included: bool) -> PaperLine:
    taken_off = row.quantity * row.unit_price - (row.gross if tax_included else row.net)
    return PaperLine(
        row.position, row.code, row.name, row.unit, row.quantity, row.unit_price, row.discount, taken_off, row.tax_rate,
        row.net, row.tax, row.gross,
    )  # fmt: skip


def _quote_number(quote_id: UUID | None) -> str | None:
    return db.session.scalar(select(Quote.number).where(Quote.id == quote_id)) if quote_id else None


def tax_totals(rows: Rows) -> tuple[TaxTotal, ...]:
    """The sums of stored lines for each tax rate, highest rate first."""
    rates = sorted({row.tax_rate for row in rows}, reverse=True)
    return tuple(
        TaxTotal(
            rate, *(sum(getattr(row, name) for row in rows if row.tax_rate == rate) for name in ("net", "tax", "gross"))
        )
        for rate in rates
    )


# --- To copy ---------------------------------------------------------------------------------------------------------


def find_last_order(actor: Actor, account_id: UUID) -> UUID | None:
    """The account's latest order that was not cancelled, among those that the actor sees."""
    return db.session.scalar(
        select(Order.id)
        .join(Account, Account.id == Order.account_id)
        .outerjoin(Cancellation, Cancellation.order_id == Order.id)
        .where(Order.account_id == account_id, Cancellation.order_id.is_(None), _visible(actor, Order))
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(1)
    )


def list_last_orders(actor: Actor, account_ids: Collection[UUID]) -> dict[UUID, tuple[Order, Rows]]:
    """As `find_last_order`, for several accounts at once: account -> its order and the order's lines."""
    latest = (
        select(
            Order.id,
            func.row_number()
            .over(partition_by=Order.account_id, order_by=(Order.created_at.desc(), Order.id.desc()))
            .label("rank"),
        )
        .join(Account, Account.id == Order.account_id)
        .outerjoin(Cancellation, Cancellation.order_id == Order.id)
        .where(Order.account_id.in_(sorted(account_ids)), Cancellation.order_id.is_(None), _visible(actor, Order))
        .subquery()
    )
    orders = db.session.scalars(select(Order).join(latest, latest.c.id == Order.id).where(latest.c.rank == 1)).all()
    lines: dict[UUID, list[Row[*tuple[Any, ...]]]] = {order.id: [] for order in orders}
    for line in db.session.execute(
        select(OrderLine.order_id, OrderLine.product_id, OrderLine.name, OrderLine.quantity, OrderLine.discount)
        .where(OrderLine.order_id.in_(sorted(lines)))
        .order_by(OrderLine.order_id, OrderLine.position)
    ):
        lines[line.order_id].append(line)
    return {order.account_id: (order, lines[order.id]) for order in orders}


def copy_of(actor: Actor, account_id: UUID, sale_id: UUID) -> tuple[str, OrderInput]:
    """(number, what to order again) of an order or a quote of this account; its days are not copied.

    A product that stood in two lines comes as one. NotFoundError where the actor sees no such sale.
    """
    sale: Order | Quote
    try:
        sale, lines = get_order(actor, sale_id), order_lines(sale_id)
    except NotFoundError:
        sale, lines = get_quote(actor, sale_id), quote_lines(sale_id)
    if sale.account_id != account_id:
        raise NotFoundError
    return sale.number, OrderInput(again(lines), delivery_place=sale.delivery_place, note=sale.note)


def again(lines: Rows) -> tuple[LineInput, ...]:
    """Stored lines as they are ordered again: a product that stood in two of them comes as one."""
    merged: dict[UUID, LineInput] = {}
    for line in lines:
        quantity = line.quantity + (merged[line.product_id].quantity if line.product_id in merged else 0)
        merged[line.product_id] = LineInput(line.product_id, quantity, min(line.discount, WHOLE_BP))
    return tuple(merged.values())


# --- Many ------------------------------------------------------------------------------------------------------------


def list_orders(actor: Actor, filters: SaleFilters, number: int, reps: Collection[UUID] | None = None) -> Page:
    """Page `number` of the orders, newest first, in one statement. `reps`: those of the filters' team.

    Rows (id, number, account_id, account, rep, dated_on, gross, currency, delivery_on, approved, cancelled, net, tax,
    visit_id, created_at).
    """
    return _page(_newest(_found(actor, filters, reps), Order), number)


def each_order(actor: Actor, filters: SaleFilters, reps: Collection[UUID] | None) -> Iterator[AnyRow]:
    """All of them, as `list_orders`, read little by little."""
    found = _newest(_found(actor, filters, reps), Order).execution_options(yield_per=1000)
    with db.session.connection().execute(found) as rows:
        yield from rows


def sum_orders(actor: Actor, filters: SaleFilters, reps: Collection[UUID] | None) -> list[tuple[str, int, int]]:
    """(currency, number of orders, sum with tax in minor units) of them all: amounts of two currencies are no sum."""
    found = _found(actor, filters, reps).subquery()
    rows = db.session.execute(
        select(found.c.currency, func.count(), cast(func.sum(found.c.gross), BigInteger))
        .group_by(found.c.currency)
        .order_by(found.c.currency)
    )
    return [(currency, count, gross) for currency, count, gross in rows]


def _found(actor: Actor, filters: SaleFilters, reps: Collection[UUID] | None) -> Select[*tuple[Any, ...]]:
    rows = _order_rows(actor).where(*_narrowed(actor, Order, filters, reps))
    if filters.state:
        rows = rows.where(_in_state(filters.state))
    return rows


def list_quotes(
    actor: Actor, filters: SaleFilters, number: int, today: date, reps: Collection[UUID] | None = None
) -> Page:
    """Page `number` of the quotes, newest first, in one statement. `today` is the company's day.

    Rows (id, number, account_id, account, rep, dated_on, gross, currency, valid_until, ordered, withdrawn).
    """
    rows = _quote_rows(actor).where(*_narrowed(actor, Quote, filters, reps))
    if filters.state:
        rows = rows.where(_quote_in_state(QuoteState(filters.state), today))
    return _page(_newest(rows, Quote), number)


def list_orders_of(
    actor: Actor, *, account_id: UUID | None = None, visit_id: UUID | None = None, limit: int = 5
) -> Rows:
    """The latest orders of an account, or those taken at a visit; rows as `list_orders`."""
    which = Order.account_id == account_id if account_id else Order.visit_id == visit_id
    return db.session.execute(_newest(_order_rows(actor).where(which), Order).limit(limit)).all()


def list_quotes_of(
    actor: Actor, *, account_id: UUID | None = None, visit_id: UUID | None = None, limit: int = 5
) -> Rows:
    """The latest quotes of an account, or those made at a visit; rows as `list_quotes`."""
    which = Quote.account_id == account_id if account_id else Quote.visit_id == visit_id
    return db.session.execute(_newest(_quote_rows(actor).where(which), Quote).limit(limit)).all()


def count_orders() -> dict[OrderState, int]:
    """How many orders of the whole company are in each state: for whoever sees all of them. Three index counts."""
    every, cancelled, approved = db.session.execute(
        select(
            select(func.count()).select_from(Order).scalar_subquery(),
            select(func.count()).select_from(Cancellation).scalar_subquery(),
            select(func.count())
            .select_from(Approval)
            .outerjoin(Cancellation, Cancellation.order_id == Approval.order_id)
            .where(Cancellation.order_id.is_(None))
            .scalar_subquery(),
        )
    ).one()
    return {
        OrderState.PLACED: every - cancelled - approved,
        OrderState.APPROVED: approved,
        OrderState.CANCELLED: cancelled,
    }


def _order_rows(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Order.id, Order.number, Order.account_id, Account.name.label("account"), _Rep.name.label("rep"),
            Order.dated_on, Order.gross, Order.currency, Order.delivery_on,
            Approval.order_id.is_not(None).label("approved"), Cancellation.order_id.is_not(None).label("cancelled"),
            Order.net, Order.tax, Order.visit_id, Order.created_at,
        )
        .join(Account, Account.id == Order.account_id)
        .join(_Rep, _Rep.id == Order.rep_id)
        .outerjoin(Approval, Approval.order_id == Order.id)
        .outerjoin(Cancellation, Cancellation.order_id == Order.id)
        .where(_visible(actor, Order))
    )  # fmt: skip


def _quote_rows(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Quote.id, Quote.number, Quote.account_id, Account.name.label("account"), _Rep.name.label("rep"),
            Quote.dated_on, Quote.gross, Quote.currency, Quote.valid_until,
            Order.id.is_not(None).label("ordered"), QuoteWithdrawal.quote_id.is_not(None).label("withdrawn"),
        )
        .join(Account, Account.id == Quote.account_id)
        .join(_Rep, _Rep.id == Quote.rep_id)
        .outerjoin(Order, Order.quote_id == Quote.id)
        .outerjoin(QuoteWithdrawal, QuoteWithdrawal.quote_id == Quote.id)
        .where(_visible(actor, Quote))
    )  # fmt: skip


def _newest(rows: Select[*tuple[Any, ...]], sale: type[Order] | type[Quote]) -> Select[*tuple[Any, ...]]:
    return rows.order_by(sale.created_at.desc(), sale.id.desc())


def _page(rows: Select[*tuple[Any, ...]], number: int) -> Page:
    return Page.of(db.session.execute(rows.limit(PAGE_SIZE + 1).offset(offset(number))).all(), number)


def _narrowed(
    actor: Actor, sale: type[Order] | type[Quote], filters: SaleFilters, reps: Collection[UUID] | None
) -> list[ColumnElement[bool]]:
    clauses = list(_within(sale, filters.first, filters.last))
    if filters.rep:
        clauses.append(sale.rep_id == filters.rep)
    if reps is not None:
        clauses.append(sale.rep_id.in_(sorted(reps)))
    if filters.is_ours:
        clauses.append(belongs_to(actor, sale.rep_id))
    if filters.at_visit:
        clauses.append(sale.visit_id.is_not(None))
    if filters.currency:
        clauses.append(sale.currency == filters.currency)
    for word in filters.q.split()[:MOST_WORDS]:
        of_customer = [Account.search.contains(part, autoescape=True) for part in search_parts(word)]
        clauses.append(or_(sale.number.contains(word.upper(), autoescape=True), *of_customer))
    return clauses


def _within(sale: type[Order] | type[Quote], first: date | None, last: date | None) -> Iterator[ColumnElement[bool]]:
    """Dated on these days. The moments say the same less exactly, and are what the indexes know."""
    if first is not None:
        yield sale.dated_on >= first
        yield sale.created_at >= datetime.combine(first, time.min, UTC) - _ZONES
    if last is not None:
        yield sale.dated_on <= last
        yield sale.created_at < datetime.combine(last, time.min, UTC) + 2 * _ZONES


def count_sold(actor: Actor, first: date, last: date) -> Rows:
    """(rep_id, dated_on, currency, orders, gross, at_visits, gross_at_visits) of the orders of these company's days
    that were not cancelled, by the people whom the actor sees; sums with tax, in minor units. One statement."""
    is_at_visit = Order.visit_id.is_not(None)
    return fetch(
        select(
            Order.rep_id, Order.dated_on, Order.currency, func.count().label("orders"),
            cast(func.sum(Order.gross), BigInteger).label("gross"),
            cast(func.sum(case((is_at_visit, 1), else_=0)), BigInteger).label("at_visits"),
            cast(func.sum(case((is_at_visit, Order.gross), else_=0)), BigInteger).label("gross_at_visits"),
        )
        .outerjoin(Cancellation, Cancellation.order_id == Order.id)
        .where(Cancellation.order_id.is_(None), belongs_to(actor, Order.rep_id), *_within(Order, first, last))
        .group_by(Order.rep_id, Order.dated_on, Order.currency)
    )  # fmt: skip


def _in_state(state: str) -> ColumnElement[bool]:
    if state == STANDING:
        return Cancellation.order_id.is_(None)
    if state == OrderState.CANCELLED:
        return Cancellation.order_id.is_not(None)
    approved = Approval.order_id.is_not(None) if state == OrderState.APPROVED else Approval.order_id.is_(None)
    return and_(Cancellation.order_id.is_(None), approved)


def _quote_in_state(state: QuoteState, today: date) -> ColumnElement[bool]:
    if state is QuoteState.ORDERED:
        return Order.id.is_not(None)
    if state is QuoteState.WITHDRAWN:
        return QuoteWithdrawal.quote_id.is_not(None)
    day = Quote.valid_until < today if state is QuoteState.EXPIRED else Quote.valid_until >= today
    return and_(Order.id.is_(None), QuoteWithdrawal.quote_id.is_(None), day)


def find_open_quotes(actor: Actor, account_ids: Collection[UUID], day: date) -> Collection[UUID]:
    """Which of these accounts have a quote that the actor sees and that stands open on that day."""
    rows = (
        select(Quote.account_id)
        .join(Account, Account.id == Quote.account_id)
        .outerjoin(Order, Order.quote_id == Quote.id)
        .outerjoin(QuoteWithdrawal, QuoteWithdrawal.quote_id == Quote.id)
        .where(Quote.account_id.in_(account_ids), _visible(actor, Quote), _quote_in_state(QuoteState.OPEN, day))
    )
    return set(db.session.scalars(rows.distinct()))


# --- One's own, for "Stored about me" --------------------------------------------------------------------------------


def counted_own_orders(actor: Actor) -> Select[Any]:
    """A SELECT of how many orders the actor took."""
    return _counted_own(actor, Order)


def counted_own_quotes(actor: Actor) -> Select[Any]:
    """A SELECT of how many quotes the actor made."""
    return _counted_own(actor, Quote)


def list_own_orders(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """(id, number, customer, created_at, received_at) of the orders that the actor took, the latest first."""
    return _list_own(actor, Order, first, most)


def list_own_quotes(actor: Actor, first: int, most: int) -> Sequence[RowMapping]:
    """The same of quotes."""
    return _list_own(actor, Quote, first, most)


def _counted_own(actor: Actor, sale: type[Order] | type[Quote]) -> Select[Any]:
    return select(func.count()).select_from(sale).where(sale.rep_id == actor.person_id)


def _list_own(
    actor: Actor, sale: type[Order] | type[Quote], first: int, most: int
) -> Sequence[RowMapping]:  # fmt: skip
    rows = db.session.execute(
        select(sale.id, sale.number, Account.name.label("customer"), sale.created_at, sale.received_at)
        .join(Account, Account.id == sale.account_id)
        .where(sale.rep_id == actor.person_id)
        .order_by(sale.created_at.desc(), sale.id)
        .limit(most)
        .offset(first)
    )
    return rows.mappings().all()
