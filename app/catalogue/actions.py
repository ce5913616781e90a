"""What the administrator does with products, price lists and prices, and which list an account buys from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, update

from app.catalogue.events import (
    PriceChanged,
    PriceListAdded,
    PriceListArchived,
    PriceListAssigned,
    PriceListChanged,
    PriceListRestored,
    ProductAdded,
    ProductArchived,
    ProductChanged,
    ProductRestored,
)
from app.catalogue.models import AccountPriceList, Price, PriceList, Product
from app.catalogue.queries import (
    amounts_of,
    find_assignment,
    find_price_list_by_name,
    find_product_by_barcode,
    find_product_by_code,
    find_standard,
    get_price_list,
    get_product,
    live_products,
)
from app.catalogue.rules import check_terms, clean_barcode, clean_code
from app.identity.permissions import P
from app.infra.db import db
from app.infra.journal import record
from app.kernel.access import Actor, must
from app.kernel.errors import InvalidError, NotFoundError, must_match
from app.kernel.i18n import N_
from app.kernel.ids import new_id
from app.kernel.money import MAX_MINOR
from app.kernel.text import search_text


@dataclass(frozen=True)
class ProductInput:
    """A product as written. `tax_rate` in basis points; an empty Chinese name: `name` is used."""

    code: str
    name: str
    name_zh_hans: str = ""
    name_zh_hant: str = ""
    category: str = ""
    unit: str = ""
    barcode: str = ""
    tax_rate: int = 0


@dataclass(frozen=True)
class PriceListInput:
    """A price list as written; both days of the validity belong to it, None: no limit.

    `tax_rate` in basis points, instead of the products' own; None: theirs.
    """

    name: str
    currency: str
    tax_included: bool = False
    standard: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    tax_rate: int | None = None


@dataclass(frozen=True, slots=True)
class PriceInput:
    """One price as it was shown and as it is now written, in minor units; None: no price, so it cannot be sold."""

    product_id: UUID
    shown: int | None
    amount: int | None


class PriceConflictError(InvalidError):
    """Prices that somebody else changed meanwhile: `current` by product. Nothing was written."""

    def __init__(self, current: Mapping[UUID, int | None]) -> None:
        super().__init__("", N_("Somebody else changed some of these prices meanwhile."))
        self.current = current


def add_product(actor: Actor, row_id: UUID | None, given: ProductInput, now: datetime) -> Product:
    """Put a product into the catalogue; again with the same `row_id`: that product. InvalidError at its field."""
    must(actor, P.CATALOGUE_MANAGE)
    if row_id is not None and (there := db.session.get(Product, row_id)) is not None:
        return there
    product = Product(id=row_id or new_id(), **_product_values(given, None))
    db.session.add(product)
    record(actor, ProductAdded(product.id, code=product.code), now)
    db.session.flush()
    return product


def change_product(actor: Actor, product_id: UUID, given: ProductInput, version: int | None, now: datetime) -> Product:
    """Change a product; quotes and orders already written keep what they say."""
    must(actor, P.CATALOGUE_MANAGE)
    product = get_product(actor, product_id)
    must_match(version, product.version)
    for name, value in _product_values(given, product).items():
        setattr(product, name, value)
    product.version += 1
    record(actor, ProductChanged(product.id, code=product.code, tax_rate=product.tax_rate), now)
    db.session.flush()
    return product


def archive_product(actor: Actor, product_id: UUID, now: datetime) -> None:
    """Sell it no longer; what was sold stays."""
    must(actor, P.CATALOGUE_MANAGE)
    product = get_product(actor, product_id)
    if product.archived_at is None:
        product.archived_at = now
        product.version += 1
        record(actor, ProductArchived(product.id), now)
        db.session.flush()


def restore_product(actor: Actor, product_id: UUID, now: datetime) -> None:
    """Sell it again, at the prices it had."""
    must(actor, P.CATALOGUE_MANAGE)
    product = get_product(actor, product_id)
    if product.archived_at is not None:
        _check_barcode_free(product.barcode, product)
        product.archived_at = None
        product.version += 1
        record(actor, ProductRestored(product.id), now)
        db.session.flush()


def add_price_list(actor: Actor, row_id: UUID | None, given: PriceListInput, now: datetime) -> PriceList:
    """Make a price list, without prices yet; again with the same `row_id`: that list.

    The first list of a currency is its standard. InvalidError at its field.
    """
    must(actor, P.CATALOGUE_MANAGE)
    if row_id is not None and (there := db.session.get(PriceList, row_id)) is not None:
        return there
    standard = given.standard or find_standard(given.currency) is None
    _check_list(given, standard, None)
    if standard:
        _unset_standard(given.currency)
    price_list = PriceList(id=row_id or new_id(), **{**vars(given), "standard": standard})
    db.session.add(price_list)
    record(actor, PriceListAdded(price_list.id, name=given.name, currency=given.currency, standard=standard), now)
    db.session.flush()
    return price_list


def change_price_list(
    actor: Actor, price_list_id: UUID, given: PriceListInput, version: int | None, now: datetime
) -> PriceList:
    """Change a list's particulars. Its currency stays, and the standard stays it until another list becomes it."""
    must(actor, P.CATALOGUE_MANAGE)
    price_list = get_price_list(actor, price_list_id)
    must_match(version, price_list.version)
    if given.currency != price_list.currency:
        raise InvalidError("currency", N_("A list keeps its currency. Make a new list instead."))
    if price_list.standard and not given.standard:
        raise InvalidError("standard", N_("Make another list the standard first; this one then ceases to be it."))
    if price_list.archived_at is not None and given.standard:
        raise InvalidError("standard", N_("This list is archived."))
    _check_list(given, given.standard, price_list)
    if given.standard and not price_list.standard:
        _unset_standard(given.currency)
    for name, value in vars(given).items():
        setattr(price_list, name, value)
    price_list.version += 1
    record(actor, PriceListChanged(price_list.id, name=given.name, standard=given.standard), now)
    db.session.flush()
    return price_list


def archive_price_list(actor: Actor, price_list_id: UUID, now: datetime) -> None:
    """Sell from it no longer: its accounts buy from the standard list. The standard list itself stays."""
    must(actor, P.CATALOGUE_MANAGE)
    price_list = get_price_list(actor, price_list_id)
    if price_list.standard:
        raise InvalidError("", N_("The standard list cannot be archived. Make another list the standard first."))
    if price_list.archived_at is None:
        price_list.archived_at = now
        price_list.version += 1
        record(actor, PriceListArchived(price_list.id), now)
        db.session.flush()


def restore_price_list(actor: Actor, price_list_id: UUID, now: datetime) -> None:
    """Sell from it again."""
    must(actor, P.CATALOGUE_MANAGE)
    price_list = get_price_list(actor, price_list_id)
    if price_list.archived_at is not None:
        price_list.archived_at = None
        price_list.version += 1
        record(actor, PriceListRestored(price_list.id), now)
        db.session.flush()


def set_prices(actor: Actor, price_list_id: UUID, given: Iterable[PriceInput], now: datetime) -> int:
    """Write the prices that differ from what was shown and return how many.

    NotFoundError for unknown products; PriceConflictError, and nothing is written, where a price that this person
    changed is no longer what they were shown.
    """
    must(actor, P.CATALOGUE_MANAGE)
    price_list = get_price_list(actor, price_list_id)
    if price_list.archived_at is not None:
        raise InvalidError("", N_("This list is archived."))
    changes = {each.product_id: each for each in given if each.amount != each.shown}
    if any(each.amount is not None and not 0 <= each.amount <= MAX_MINOR for each in changes.values()):
        raise InvalidError("", N_("This amount is too large."))
    if len(live_products(changes)) != len(changes):
        raise NotFoundError
    now_there = amounts_of(price_list_id, changes)
    changes = {key: each for key, each in changes.items() if now_there.get(key) != each.amount}
    clashes = {key: now_there.get(key) for key, each in changes.items() if now_there.get(key) != each.shown}
    if clashes:
        raise PriceConflictError(clashes)
    for product_id, each in changes.items():
        _write_price(price_list_id, product_id, now_there.get(product_id), each.amount)
        record(
            actor,
            PriceChanged(product_id, price_list_id=price_list_id, before=now_there.get(product_id), after=each.amount),
            now,
        )
    db.session.flush()
    return len(changes)


def assign_price_list(actor: Actor, account_id: UUID, price_list_id: UUID | None, now: datetime) -> None:
    """Let the account buy from this list, None: from the standard. The same again changes nothing.

    NotFoundError for an account the actor may not see; InvalidError for a list that is archived or gone.
    """
    if not actor.may(P.CATALOGUE_MANAGE):
        must(actor, P.ACCOUNTS_ASSIGN)
    there = find_assignment(actor, account_id)
    if price_list_id == (there.price_list_id if there else None):
        return
    wanted = db.session.get(PriceList, price_list_id) if price_list_id else None
    if price_list_id and (wanted is None or wanted.archived_at is not None):
        raise InvalidError("price_list_id", N_("Not a valid choice."))
    if price_list_id is None:
        db.session.execute(delete(AccountPriceList).where(AccountPriceList.account_id == account_id))
    elif there is None:
        db.session.add(AccountPriceList(account_id=account_id, price_list_id=price_list_id))
    else:
        there.price_list_id = price_list_id
    record(actor, PriceListAssigned(account_id, price_list_id=price_list_id), now)
    db.session.flush()


def _product_values(given: ProductInput, product: Product | None) -> dict[str, object]:
    """The columns of a product, checked."""
    code, barcode = clean_code(given.code), clean_barcode(given.barcode)
    if not given.name.strip():
        raise InvalidError("name", N_("This field is required."))
    if not 0 <= given.tax_rate <= 10_000:
        raise InvalidError("tax_rate", N_("Write a percentage from 0 to 100, with two decimals at most."))
    other = find_product_by_code(code)
    if other is not None and other is not product:
        raise InvalidError("code", N_("Another product has this code: %(name)s"), {"name": other.name})
    _check_barcode_free(barcode, product)
    found_by = search_text(code, given.name, given.name_zh_hans, given.name_zh_hant, barcode)
    return {**vars(given), "code": code, "barcode": barcode, "search": found_by}


def _check_barcode_free(barcode: str, product: Product | None) -> None:
    other = find_product_by_barcode(barcode) if barcode else None
    if other is not None and other is not product:
        raise InvalidError("barcode", N_("Another product has this barcode: %(name)s"), {"name": other.name})


def _check_list(given: PriceListInput, standard: bool, price_list: PriceList | None) -> None:
    check_terms(given.currency, standard, given.valid_from, given.valid_until)
    if not given.name.strip():
        raise InvalidError("name", N_("This field is required."))
    other = find_price_list_by_name(given.name)
    if other is not None and other is not price_list:
        raise InvalidError("name", N_("Another list has this name."))


def _unset_standard(currency: str) -> None:
    """Written at once: the database allows one standard of a currency at any moment."""
    db.session.execute(
        update(PriceList)
        .where(PriceList.standard, PriceList.currency == currency)
        .values(standard=False, version=PriceList.version + 1)
    )


def _write_price(price_list_id: UUID, product_id: UUID, before: int | None, after: int | None) -> None:
    row = (Price.price_list_id == price_list_id, Price.product_id == product_id)
    if after is None:
        db.session.execute(delete(Price).where(*row))
    elif before is None:
        db.session.add(Price(price_list_id=price_list_id, product_id=product_id, amount=after))
    else:
        db.session.execute(update(Price).where(*row).values(amount=after))
