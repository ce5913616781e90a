"""What is sold and for how much."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Model, id_column

STANDARD = text("standard")


class Product(Model):
    """Something that is sold. Names in three languages (empty: `name` is used); `tax_rate` in basis points."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("tax_rate BETWEEN 0 AND 10000", name="tax_rate"),
        Index(None, "category", "name"),
    )
    id: Mapped[UUID] = id_column()
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh_hans: Mapped[str] = mapped_column(default="")
    name_zh_hant: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(default="")
    barcode: Mapped[str] = mapped_column(default="")
    tax_rate: Mapped[int] = mapped_column(default=0)
    search: Mapped[str] = mapped_column(default="")  # folded codes and names
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class PriceList(Model):
    """Prices in one currency, one list of each being its standard. `tax_included`: whether they contain the tax.

    `tax_rate` (basis points): where the list is for another country, its rate counts instead of the products'.
    """

    __tablename__ = "price_list"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_until", name="validity"),
        CheckConstraint("tax_rate BETWEEN 0 AND 10000", name="tax_rate"),
        CheckConstraint(
            "NOT standard OR (archived_at IS NULL AND valid_from IS NULL AND valid_until IS NULL)", name="standard"
        ),
        Index("ix_price_list_one_standard", "currency", unique=True, sqlite_where=STANDARD, postgresql_where=STANDARD),
    )
    id: Mapped[UUID] = id_column()
    name: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str]
    tax_included: Mapped[bool] = mapped_column(default=False)
    tax_rate: Mapped[int | None]
    standard: Mapped[bool] = mapped_column(default=False)  # for accounts without a list of their own
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Price(Model):
    """The price of one unit of a product in a list, in minor units."""

    __tablename__ = "price"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount"), Index(None, "product_id"))
    price_list_id: Mapped[UUID] = mapped_column(ForeignKey("price_list.id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class AccountPriceList(Model):
    """Which list an account buys from."""

    __tablename__ = "account_price_list"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    price_list_id: Mapped[UUID] = mapped_column(ForeignKey("price_list.id"))
