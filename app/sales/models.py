"""Quotes and orders: the same lines, first proposed, then agreed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.infra.arrival import heard_column
from app.infra.db import Model, id_column


class _Sale:
    """What a quote and an order have in common. Totals are minor units, as app.sales.rules computed them.
    `created_at`: when it was agreed; `received_at`: when we heard of it."""

    id: Mapped[UUID] = id_column()
    number: Mapped[str] = mapped_column(unique=True)

    @declared_attr
    @classmethod
    def account_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("account.id"), index=True)

    @declared_attr
    @classmethod
    def price_list_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("price_list.id"))

    @declared_attr
    @classmethod
    def rep_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("person.id"))

    @declared_attr
    @classmethod
    def visit_id(cls) -> Mapped[UUID | None]:
        return mapped_column(ForeignKey("visit.id"), index=True)

    currency: Mapped[str]
    tax_included: Mapped[bool]
    language: Mapped[str]
    net: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    gross: Mapped[int] = mapped_column(BigInteger)
    delivery_on: Mapped[date | None]
    delivery_place: Mapped[str] = mapped_column(default="")
    customer_reference: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    @declared_attr
    @classmethod
    def received_at(cls) -> Mapped[datetime]:
        return heard_column("created_at")

    dated_on: Mapped[date]  # in the company's zone
    version: Mapped[int] = mapped_column(default=1)


class _Line:
    """One product in a sale, with everything that was true when it was written: a price list may change later."""

    id: Mapped[UUID] = id_column()
    position: Mapped[int]

    @declared_attr
    @classmethod
    def product_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("product.id"))

    code: Mapped[str]
    name: Mapped[str]  # in the document's language
    unit: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[int]  # basis points
    tax_rate: Mapped[int]  # basis points
    net: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    gross: Mapped[int] = mapped_column(BigInteger)


class Quote(_Sale, Model):
    """An offer, good until `valid_until`."""

    __tablename__ = "quote"
    __table_args__ = (Index(None, "rep_id", "created_at"), Index(None, "created_at"))
    valid_until: Mapped[date]


class QuoteLine(_Line, Model):
    __tablename__ = "quote_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), Index(None, "quote_id", "position"))
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"))


class Order(_Sale, Model):
    """An agreed sale; `quote_id` where it came from one (a quote becomes an order once)."""

    __tablename__ = "sales_order"
    __table_args__ = (Index(None, "rep_id", "created_at"), Index(None, "created_at"))
    quote_id: Mapped[UUID | None] = mapped_column(ForeignKey("quote.id"), unique=True)


class OrderLine(_Line, Model):
    __tablename__ = "order_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), Index(None, "order_id", "position"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))


class Approval(Model):
    """The back office checked the order."""

    __tablename__ = "order_approval"
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class Cancellation(Model):
    """The order will not be delivered, and why."""

    __tablename__ = "order_cancellation"
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]


class QuoteWithdrawal(Model):
    """The quote no longer stands, and why."""

    __tablename__ = "quote_withdrawal"
    quote_id: Mapped[UUID] = mapped_column(ForeignKey("quote.id"), primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
