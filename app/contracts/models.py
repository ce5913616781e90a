"""Contracts: an order put into words, numbered without gaps."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column


class Contract(Model):
    """The contract of an order, in the customer's language, dated in the company's zone.

    `edition` is 1, or one more than were voided before it: so an order has one contract that stands, in every database.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("edition > 0", name="edition"),
        Index(None, "order_id", "edition", unique=True),
        Index(None, "made_at"),
    )
    id: Mapped[UUID] = id_column()
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    edition: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]
    dated_on: Mapped[date]
    made_at: Mapped[datetime]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), unique=True)


class Voidance(Model):
    """The contract does not stand any more: its number stays used."""

    __tablename__ = "contract_voidance"
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]


class Printing(Model):
    """The back office printed the contract, as a part of a document."""

    __tablename__ = "contract_printing"
    __table_args__ = (Index(None, "contract_id"),)
    id: Mapped[UUID] = id_column()
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))
    at: Mapped[datetime]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
