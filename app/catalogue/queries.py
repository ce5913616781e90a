"""Ways to products and prices. Everybody with catalogue:read sees all of them; accounts keep to the actor's reach."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select

from app.accounts.models import Place
from app.accounts.queries import get_account, get_main_place
from app.catalogue.models import AccountPriceList, Price, PriceList, Product
from app.catalogue.rules import is_valid_on
from app.identity.models import Company
from app.identity.permissions import P
from app.identity.queries import get_company
from app.infra.db import db
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.i18n import N_
from app.kernel.money import currency_of
from app.kernel.page import PAGE_SIZE, Page, offset
from app.kernel.text import search_parts


@dataclass(frozen=True, slots=True)
class PricedProduct:
    """What one line of a sale needs: `tax_rate` in basis points, `amount` per unit in minor units of the list."""

    id: UUID
    code: str
    name: str
    unit: str
    tax_rate: int
    amount: int


def name_in(language: str) -> ColumnElement[str]:
    """The product's name in a language, its main name where it has none there."""
    own = {"zh_Hans": Product.name_zh_hans, "zh_Hant": Product.name_zh_hant}.get(language)
    return Product.name.expression if own is None else case((own != "", own), else_=Product.name)


# --- What sales ask for ----------------------------------------------------------------------------------------------


def price_list_for(actor: Actor, account_id: UUID, today: date) -> PriceList:
    """The list the account buys from on that day of the company: its own, else the standard list in the currency of the
    country that it is in, else that of the company's currency.

    NotFoundError for an account the actor may not see; InvalidError with a reason for the reader where no list applies.
    """
    must(actor, P.CATALOGUE_READ)
    own, currency = find_list_of(actor, account_id), get_company().currency
    if own and own.archived_at is None and is_valid_on(today, own.valid_from, own.valid_until):
        return own
    local = currency_of(get_main_place(actor, account_id).country)
    standard = (find_standard(local) if local else None) or find_standard(currency)
    if standard is None:
        raise InvalidError(
            "",
            N_("No price list applies: there is no standard list in %(currency)s. The administrator can make one."),
            {"currency": currency},
        )
    return standard


def price_lists_for(actor: Actor, places: Iterable[Place], today: date) -> dict[UUID, PriceList]:
    """As `price_list_for`, for several accounts at once: account -> list. `places`: where they are, as the actor sees
    them. An account to which no list applies is missing."""
    must(actor, P.CATALOGUE_READ)
    country = {place.account_id: place.country for place in places if place.position_in_list == 0}
    given = db.session.execute(
        select(AccountPriceList.account_id, AccountPriceList.price_list_id).where(
            AccountPriceList.account_id.in_(sorted(country))
        )
    )
    own = {row.account_id: row.price_list_id for row in given}
    live = {each.id: each for each in db.session.scalars(select(PriceList).where(PriceList.archived_at.is_(None)))}
    standard = {each.currency: each for each in live.values() if each.standard}
    usual = standard.get(get_company().currency)
    found: dict[UUID, PriceList | None] = {}
    for account_id, code in country.items():
        mine = live.get(own[account_id]) if account_id in own else None
        applies = mine is not None and is_valid_on(today, mine.valid_from, mine.valid_until)
        found[account_id] = mine if applies else standard.get(currency_of(code) or "", usual)
    return {account_id: each for account_id, each in found.items() if each is not None}


def find_applying(actor: Actor, account_id: UUID, today: date) -> UUID | None:
    """The id of `price_list_for`'s answer by one statement, for an account that the caller has been shown; None where
    no list applies."""
    must(actor, P.CATALOGUE_READ)
    given = select(AccountPriceList.price_list_id).where(AccountPriceList.account_id == account_id).scalar_subquery()
    country = select(Place.country).where(Place.account_id == account_id, Place.position_in_list == 0).limit(1)
    lists = db.session.execute(
        select(
            PriceList.id,
            PriceList.currency,
            PriceList.standard,
            PriceList.valid_from,
            PriceList.valid_until,
            given.label("given"),
            country.scalar_subquery().label("country"),
        ).where(PriceList.archived_at.is_(None), or_(PriceList.standard, PriceList.id == given))
    ).all()
    own = [each.id for each in lists if each.id == each.given and is_valid_on(today, each.valid_from, each.valid_until)]
    standard = {each.currency: each.id for each in lists if each.standard}
    local = currency_of(lists[0].country or "") if lists else None
    return own[0] if own else standard.get(local or "", standard.get(get_company().currency))


_TAX_RATE = func.coalesce(PriceList.tax_rate, Product.tax_rate).label("tax_rate")


def find_products(
    actor: Actor,
    price_list_id: UUID,
    text: str = "",
    category: str = "",
    page: int = 1,
    *,
    language: str | None = None,
) -> Page:
    """What can be sold from the list: rows (id, code, name, unit, tax_rate, amount), by name.

    `text`: each word must be part of the code, a name in any language or the barcode. `language` of the names: by
    default the actor's.
    """
    must(actor, P.CATALOGUE_READ)
    name = name_in(language or actor.language).label("name")
    rows = (
        select(Product.id, Product.code, name, Product.unit, _TAX_RATE, Price.amount)
        .join(Price, Price.product_id == Product.id)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(Price.price_list_id == price_list_id, Product.archived_at.is_(None), *_found(text, category))
        .order_by(name, Product.id)
    )
    return _page(rows, page)


def priced(price_list_id: UUID, product_ids: Collection[UUID], language: str) -> dict[UUID, PricedProduct]:
    """Those of the products that are live and have a price in the list, with their names in `language`."""
    if not product_ids:
        return {}
    rows = db.session.execute(
        select(Product.id, Product.code, name_in(language), Product.unit, _TAX_RATE, Price.amount)
        .join(Price, Price.product_id == Product.id)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(
            Price.price_list_id == price_list_id,
            Product.archived_at.is_(None),
            Product.id.in_(sorted(set(product_ids))),
        )
    )
    return {row[0]: PricedProduct(*row) for row in rows}


def list_sold(actor: Actor, price_list_id: UUID, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The first `limit` products that the list has, by name, with all that is needed to find and to sell them without
    asking again: (id, code, name, unit, category, barcode, amount, tax_rate)."""
    must(actor, P.CATALOGUE_READ)
    name = name_in(actor.language).label("name")
    return db.session.execute(
        select(Product.id, Product.code, name, Product.unit, Product.category, Product.barcode, Price.amount, _TAX_RATE)
        .join(Price, Price.product_id == Product.id)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(Price.price_list_id == price_list_id, Product.archived_at.is_(None))
        .order_by(name, Product.id)
        .limit(limit)
    ).all()


def list_categories(actor: Actor, price_list_id: UUID | None = None) -> Sequence[str]:
    """The categories of the live products, of those with a price in the list where one is given."""
    must(actor, P.CATALOGUE_READ)
    query = select(Product.category).where(Product.archived_at.is_(None), Product.category != "")
    if price_list_id is not None:
        query = query.join(Price, and_(Price.product_id == Product.id, Price.price_list_id == price_list_id))
    return db.session.scalars(query.distinct().order_by(Product.category)).all()


# --- Products --------------------------------------------------------------------------------------------------------


def list_products(actor: Actor, text: str = "", category: str = "", page: int = 1, *, archived: bool = False) -> Page:
    """All products: rows (id, code, name, category, unit, tax_rate, amount), by name.

    `amount` is that of the standard list in the company's currency, None without one. Archived ones are for those who
    manage the catalogue.
    """
    must(actor, P.CATALOGUE_MANAGE if archived else P.CATALOGUE_READ)
    name = name_in(actor.language).label("name")
    currency = select(Company.currency).scalar_subquery()
    standard = select(PriceList.id).where(PriceList.standard, PriceList.currency == currency)
    rows = (
        select(Product.id, Product.code, name, Product.category, Product.unit, Product.tax_rate, Price.amount)
        .outerjoin(Price, and_(Price.product_id == Product.id, Price.price_list_id == standard.scalar_subquery()))
        .where(Product.archived_at.is_not(None) if archived else Product.archived_at.is_(None), *_found(text, category))
        .order_by(name, Product.id)
    )
    return _page(rows, page)


def get_product(actor: Actor, product_id: UUID) -> Product:
    """A product, archived or not."""
    must(actor, P.CATALOGUE_READ)
    product = db.session.get(Product, product_id)
    if product is None:
        raise NotFoundError
    return product


def find_product_by_code(code: str) -> Product | None:
    """Whatever has this code, in capitals or not, archived or not."""
    return db.session.scalar(select(Product).where(func.lower(Product.code) == code.lower()))


def find_product_by_barcode(barcode: str) -> Product | None:
    """The live product with this barcode."""
    return db.session.scalars(
        select(Product).where(Product.barcode == barcode, Product.archived_at.is_(None)).limit(1)
    ).first()


def list_prices_of(actor: Actor, product_id: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """(list id, list name, currency, tax_included, standard, amount) of the product in every live list that has it."""
    must(actor, P.CATALOGUE_READ)
    return db.session.execute(
        select(
            PriceList.id, PriceList.name, PriceList.currency, PriceList.tax_included, PriceList.standard, Price.amount
        )
        .join(Price, Price.price_list_id == PriceList.id)
        .where(Price.product_id == product_id, PriceList.archived_at.is_(None))
        .order_by(PriceList.standard.desc(), PriceList.name)
    ).all()


def list_units(actor: Actor) -> Sequence[str]:
    """The units in use, to choose from."""
    must(actor, P.CATALOGUE_READ)
    return db.session.scalars(select(Product.unit).where(Product.unit != "").distinct().order_by(Product.unit)).all()


# --- Price lists -----------------------------------------------------------------------------------------------------


def list_price_lists(actor: Actor) -> Sequence[Row[*tuple[Any, ...]]]:
    """Every list: (id, name, currency, tax_included, standard, valid_from, valid_until, archived_at, prices).

    `prices`: how many it has. The archived ones stand last.
    """
    must(actor, P.CATALOGUE_MANAGE)
    prices = select(func.count()).select_from(Price).where(Price.price_list_id == PriceList.id).scalar_subquery()
    return db.session.execute(
        select(
            PriceList.id,
            PriceList.name,
            PriceList.currency,
            PriceList.tax_included,
            PriceList.standard,
            PriceList.valid_from,
            PriceList.valid_until,
            PriceList.archived_at,
            prices.label("prices"),
        ).order_by(PriceList.archived_at.is_not(None), PriceList.standard.desc(), PriceList.name)
    ).all()


def get_price_list(actor: Actor, price_list_id: UUID) -> PriceList:
    """A price list, archived or not."""
    must(actor, P.CATALOGUE_READ)
    found = db.session.get(PriceList, price_list_id)
    if found is None:
        raise NotFoundError
    return found


def find_price_list_by_name(name: str) -> PriceList | None:
    """The list of this name, archived or not."""
    return db.session.scalar(select(PriceList).where(PriceList.name == name))


def find_standard(currency: str) -> PriceList | None:
    """The standard list of a currency, None before there is a list in it."""
    return db.session.scalar(select(PriceList).where(PriceList.standard, PriceList.currency == currency))


def list_prices(actor: Actor, price_list_id: UUID, text: str = "", category: str = "", page: int = 1) -> Page:
    """Every live product, priced or not: rows (id, code, name, unit, amount), by name."""
    must(actor, P.CATALOGUE_MANAGE)
    name = name_in(actor.language).label("name")
    rows = (
        select(Product.id, Product.code, name, Product.unit, Price.amount)
        .outerjoin(Price, and_(Price.product_id == Product.id, Price.price_list_id == price_list_id))
        .where(Product.archived_at.is_(None), *_found(text, category))
        .order_by(name, Product.id)
    )
    return _page(rows, page)


def live_products(product_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the products that exist and are not archived."""
    found = select(Product.id).where(Product.id.in_(sorted(product_ids)), Product.archived_at.is_(None))
    return frozenset(db.session.scalars(found))


def amounts_of(price_list_id: UUID, product_ids: Collection[UUID]) -> dict[UUID, int]:
    """What the list says now about these products; those without a price are missing."""
    rows = db.session.execute(
        select(Price.product_id, Price.amount).where(
            Price.price_list_id == price_list_id, Price.product_id.in_(sorted(set(product_ids)))
        )
    )
    return {row.product_id: row.amount for row in rows}


# --- The list of an account ------------------------------------------------------------------------------------------


def find_assignment(actor: Actor, account_id: UUID) -> AccountPriceList | None:
    """Which list the account was given; NotFoundError for an account the actor may not see."""
    get_account(actor, account_id)
    return db.session.get(AccountPriceList, account_id)


def find_list_of(actor: Actor, account_id: UUID) -> PriceList | None:
    """The list the account was given, whether it applies or not; NotFoundError as `find_assignment`."""
    must(actor, P.CATALOGUE_READ)
    assignment = find_assignment(actor, account_id)
    return db.session.get(PriceList, assignment.price_list_id) if assignment else None


def list_assignable(actor: Actor) -> Sequence[Row[*tuple[Any, ...]]]:
    """(id, name, currency) of the live lists, the standard ones first."""
    must(actor, P.CATALOGUE_READ)
    return db.session.execute(
        select(PriceList.id, PriceList.name, PriceList.currency)
        .where(PriceList.archived_at.is_(None))
        .order_by(PriceList.standard.desc(), PriceList.name)
    ).all()


def _found(text: str, category: str) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [Product.category == category] if category else []
    for word in text.split()[:8]:
        parts = search_parts(word)
        if parts:
            clauses.append(or_(*(Product.search.contains(part, autoescape=True) for part in parts)))
    return clauses


def _page(rows: Select[*tuple[Any, ...]], number: int) -> Page:
    return Page.of(db.session.execute(rows.limit(PAGE_SIZE + 1).offset(offset(number))).all(), number)
