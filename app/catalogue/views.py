"""Products for everybody; price lists for the administrator; the list of an account for whoever assigns accounts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.catalogue.actions import (
    PriceConflictError,
    add_price_list,
    add_product,
    archive_price_list,
    archive_product,
    assign_price_list,
    change_price_list,
    change_product,
    restore_price_list,
    restore_product,
    set_prices,
)
from app.catalogue.forms import AssignmentForm, PriceField, PriceListForm, PricesForm, ProductForm
from app.catalogue.queries import (
    find_assignment,
    get_price_list,
    get_product,
    list_assignable,
    list_categories,
    list_price_lists,
    list_prices,
    list_prices_of,
    list_products,
    list_units,
)
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.access import Actor
from app.kernel.errors import InvalidError, StaleError
from app.kernel.page import page_number
from app.kernel.rates import rate_text
from app.web.actor import current_actor
from app.web.conflict import stale
from app.web.errors import reason_text
from app.web.form import int_or_none, strip
from app.web.guard import needs
from app.web.htmx import goto, page

blueprint = Blueprint("catalogue", __name__)


# --- Products --------------------------------------------------------------------------------------------------------


@blueprint.get("/products")
@needs(P.CATALOGUE_READ)
def product_index() -> Response:
    actor = current_actor()
    archived = "archived" in request.args and actor.may(P.CATALOGUE_MANAGE)
    text, category = _wanted()
    return page(
        "catalogue/products.html",
        "product_list",
        products=list_products(actor, text, category, page_number(request.args.get("page")), archived=archived),
        categories=list_categories(actor),
        currency=get_company().currency,
        text=text,
        category=category,
        archived=archived,
        may_manage=actor.may(P.CATALOGUE_MANAGE),
        rate_text=rate_text,
    )


@blueprint.get("/products/<uuid:product_id>")
@needs(P.CATALOGUE_READ)
def product_show(product_id: UUID) -> Response:
    actor = current_actor()
    return page(
        "catalogue/product.html",
        product=get_product(actor, product_id),
        prices=list_prices_of(actor, product_id),
        may_manage=actor.may(P.CATALOGUE_MANAGE),
        rate_text=rate_text,
    )


@blueprint.get("/products/new")
@needs(P.CATALOGUE_MANAGE)
def product_new() -> Response:
    return _product_form(ProductForm())


@blueprint.post("/products")
@needs(P.CATALOGUE_MANAGE)
def product_create() -> Response:
    form = ProductForm(request.form)
    if form.validate():
        try:
            product = add_product(current_actor(), None, form.to_input(), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The product is in the catalogue. Give it its prices now."), "success")
            return goto(url_for("catalogue.product_show", product_id=product.id))
    return _product_form(form, status=422)


@blueprint.get("/products/<uuid:product_id>/edit")
@needs(P.CATALOGUE_MANAGE)
def product_edit(product_id: UUID) -> Response:
    product = get_product(current_actor(), product_id)
    return _product_form(ProductForm.of(product), product_id, product.version)


@blueprint.post("/products/<uuid:product_id>")
@needs(P.CATALOGUE_MANAGE)
def product_update(product_id: UUID) -> Response:
    form, version = ProductForm(request.form), int_or_none("version")
    get_product(current_actor(), product_id)
    if form.validate():
        try:
            change_product(current_actor(), product_id, form.to_input(), version, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            saved = ProductForm.of(get_product(current_actor(), product_id))
            return stale(form, saved, url_for("catalogue.product_edit", product_id=product_id))
        else:
            flash(_("The product is saved."), "success")
            return goto(url_for("catalogue.product_show", product_id=product_id))
    return _product_form(form, product_id, version, status=422)


@blueprint.post("/products/<uuid:product_id>/archive")
@needs(P.CATALOGUE_MANAGE)
def product_archive(product_id: UUID) -> Response:
    archive_product(current_actor(), product_id, datetime.now(UTC))
    flash(_("The product is archived: it can no longer be sold."), "success")
    return goto(url_for("catalogue.product_show", product_id=product_id))


@blueprint.post("/products/<uuid:product_id>/restore")
@needs(P.CATALOGUE_MANAGE)
def product_restore(product_id: UUID) -> Response:
    restore_product(current_actor(), product_id, datetime.now(UTC))
    return goto(url_for("catalogue.product_show", product_id=product_id))


def _product_form(
    form: ProductForm, product_id: UUID | None = None, version: int | None = None, status: int = 200
) -> Response:
    return page(
        "catalogue/product_form.html",
        status=status,
        form=form,
        product_id=product_id,
        version=version,
        categories=list_categories(current_actor()),
        units=list_units(current_actor()),
    )


# --- Price lists -----------------------------------------------------------------------------------------------------


@blueprint.get("/price-lists")
@needs(P.CATALOGUE_MANAGE)
def price_list_index() -> Response:
    return page("catalogue/price_lists.html", lists=list_price_lists(current_actor()))


@blueprint.get("/price-lists/new")
@needs(P.CATALOGUE_MANAGE)
def price_list_new() -> Response:
    return page("catalogue/price_list_form.html", form=PriceListForm(currency=get_company().currency), price_list=None)


@blueprint.post("/price-lists")
@needs(P.CATALOGUE_MANAGE)
def price_list_create() -> Response:
    form = PriceListForm(request.form)
    if form.validate():
        try:
            price_list = add_price_list(current_actor(), None, form.to_input(), datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        else:
            flash(_("The list is made. Write its prices now."), "success")
            return goto(url_for("catalogue.price_list_show", price_list_id=price_list.id))
    return page("catalogue/price_list_form.html", status=422, form=form, price_list=None)


@blueprint.get("/price-lists/<uuid:price_list_id>")
@needs(P.CATALOGUE_MANAGE)
def price_list_show(price_list_id: UUID) -> Response:
    return _prices(price_list_id)


@blueprint.post("/price-lists/<uuid:price_list_id>/prices")
@needs(P.CATALOGUE_MANAGE)
def prices_update(price_list_id: UUID) -> Response:
    price_list = get_price_list(current_actor(), price_list_id)
    form, reason = PricesForm(request.form, price_list.currency), ""
    if not form.errors:
        try:
            written = set_prices(current_actor(), price_list_id, form.to_input(), datetime.now(UTC))
        except PriceConflictError as conflict:
            form.refuse(conflict.current)
            reason = reason_text(conflict)
        except InvalidError as error:
            reason = reason_text(error)
        else:
            flash(_("Prices changed: %(number)s", number=written), "success")
            return goto(url_for("catalogue.price_list_show", price_list_id=price_list_id, **_kept()))
    return _prices(price_list_id, form, reason, status=422)


@blueprint.get("/price-lists/<uuid:price_list_id>/edit")
@needs(P.CATALOGUE_MANAGE)
def price_list_edit(price_list_id: UUID) -> Response:
    price_list = get_price_list(current_actor(), price_list_id)
    return page(
        "catalogue/price_list_form.html",
        form=PriceListForm.of(price_list),
        price_list=price_list,
        version=price_list.version,
    )


@blueprint.post("/price-lists/<uuid:price_list_id>")
@needs(P.CATALOGUE_MANAGE)
def price_list_update(price_list_id: UUID) -> Response:
    form, version = PriceListForm(request.form), int_or_none("version")
    price_list = get_price_list(current_actor(), price_list_id)
    if form.validate():
        try:
            change_price_list(current_actor(), price_list_id, form.to_input(), version, datetime.now(UTC))
        except InvalidError as error:
            form.refuse(error)
        except StaleError:
            back = url_for("catalogue.price_list_edit", price_list_id=price_list_id)
            return stale(form, PriceListForm.of(price_list), back)
        else:
            flash(_("The list is saved."), "success")
            return goto(url_for("catalogue.price_list_show", price_list_id=price_list_id))
    return page("catalogue/price_list_form.html", status=422, form=form, price_list=price_list, version=version)


@blueprint.post("/price-lists/<uuid:price_list_id>/archive")
@needs(P.CATALOGUE_MANAGE)
def price_list_archive(price_list_id: UUID) -> Response:
    archive_price_list(current_actor(), price_list_id, datetime.now(UTC))
    return goto(url_for("catalogue.price_list_show", price_list_id=price_list_id))


@blueprint.post("/price-lists/<uuid:price_list_id>/restore")
@needs(P.CATALOGUE_MANAGE)
def price_list_restore(price_list_id: UUID) -> Response:
    restore_price_list(current_actor(), price_list_id, datetime.now(UTC))
    return goto(url_for("catalogue.price_list_show", price_list_id=price_list_id))


def _prices(price_list_id: UUID, form: PricesForm | None = None, reason: str = "", status: int = 200) -> Response:
    actor = current_actor()
    price_list = get_price_list(actor, price_list_id)
    text, category = _wanted()
    number = page_number(request.args.get("page"))
    found = list_prices(actor, price_list_id, text, category, number)
    shown = form or PricesForm({}, price_list.currency)
    return page(
        "catalogue/price_list.html",
        "price_table",
        status=status,
        price_list=price_list,
        found=found,
        lines=[
            (row, shown.fields.get(row.id, PriceField(row.amount, shown.text_of(row.amount)))) for row in found.rows
        ],
        reason=reason,
        wrong=[
            (row, shown.fields[row.id]) for row in found.rows if row.id in shown.fields and shown.fields[row.id].error
        ],
        categories=list_categories(actor),
        text=text,
        category=category,
        kept=_kept(),
    )


# --- The list of an account ------------------------------------------------------------------------------------------


@blueprint.post("/accounts/<uuid:account_id>/price-list")
@needs(P.ACCOUNTS_ASSIGN)
def assignment_update(account_id: UUID) -> Response:
    actor = current_actor()
    form = assignment_form(actor, account_id, request.form)
    if not form.validate():
        raise InvalidError("price_list_id", form.price_list_id.errors[0])
    assign_price_list(actor, account_id, form.to_input(), datetime.now(UTC))
    flash(_("The price list is saved."), "success")
    return goto(url_for("accounts.account_show", account_id=account_id))


def assignment_form(actor: Actor, account_id: UUID, posted: Any = None) -> AssignmentForm:
    """The choice among the live lists, with the account's own chosen."""
    assigned = find_assignment(actor, account_id)
    form = AssignmentForm(posted, price_list_id=str(assigned.price_list_id) if assigned else "")
    form.price_list_id.choices = [("", _("Standard list"))] + [
        (str(row.id), f"{row.name} ({row.currency})") for row in list_assignable(actor)
    ]
    return form


def _wanted() -> tuple[str, str]:
    return (strip(request.args.get("q")) or "")[:200], (strip(request.args.get("category")) or "")[:200]


def _kept() -> dict[str, Any]:
    """What the address of a list page says, to come back to the same part of it."""
    return {name: request.args[name] for name in ("q", "category", "page") if request.args.get(name)}
