"""Taking an order: the basket, the review, and the two ways on from there.

One form carries everything: each step posts the whole of it, so a search without a script loses no quantity. With a
script a search replaces only the products found (`product_index`), and static/js/basket.js keeps those with a quantity.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.queries import get_account, list_places
from app.catalogue.queries import find_products, list_categories, price_list_for, priced
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.errors import InvalidError, NotFoundError
from app.kernel.ids import new_id, parse_id
from app.kernel.money import MAX_MINOR, minor_digits, sign_of
from app.sales.actions import place_order, save_quote
from app.sales.forms import Basket, SaleForm
from app.sales.offers import GONE, Offer, make_offer, names_of
from app.sales.offline import address_choices
from app.sales.queries import copy_of, find_last_order
from app.sales.rules import (
    FURTHEST_DELIVERY,
    LONGEST_QUOTE,
    MAX_LINES,
    MAX_QUANTITY,
    MIN_QUANTITY,
    QUOTE_DAYS,
    REASONS,
    percent,
)
from app.visits.queries import find_visit
from app.web.actor import current_actor
from app.web.arrival import captured_at
from app.web.errors import reason_text
from app.web.guard import needs
from app.web.htmx import block, goto, page

blueprint = Blueprint("taking", __name__)
MOST_FOUND = 30
LONGEST_SEARCH = 100


@blueprint.get("/accounts/<uuid:account_id>/orders/new")
@needs(P.SALES_WRITE)
def order_new(account_id: UUID) -> Response:
    """An empty form; ?copy=last or ?copy=<id of an order or quote> fills it, ?visit=<id> ties it to a visit."""
    actor = current_actor()
    get_account(actor, account_id)
    visit_id = parse_id(request.args.get("visit"))
    visit = find_visit(actor, visit_id) if visit_id else None
    if visit is not None and visit.account_id != account_id:
        raise NotFoundError
    form = SaleForm(sale_id=new_id(), visit_id=visit.id if visit else None)
    asked = request.args.get("copy")
    source = find_last_order(actor, account_id) if asked == "last" else parse_id(asked)
    if source is None:
        addresses = _addresses(account_id)
        form.place.data = addresses[0][0] if addresses else ""
        return _draft(account_id, form, Basket())
    number, given = copy_of(actor, account_id, source)
    form.delivery_place.data, form.note.data = given.delivery_place, given.note
    return _draft(account_id, form, Basket.of(given.lines), copied=number)


@blueprint.get("/accounts/<uuid:account_id>/orders/products")
@needs(P.SALES_WRITE)
def product_index(account_id: UUID) -> Response:
    """The products found for ?q= and ?category=, or those of ?ids=, as a fragment."""
    actor = current_actor()
    price_list = price_list_for(actor, account_id, _today())
    if "ids" in request.args:
        ids = [parse_id(each) for each in request.args["ids"].split(",")[:MAX_LINES]]
        named = priced(price_list.id, [each for each in ids if each], actor.language)
        return block("sales/new.html", "matches", **_shown(account_id, price_list, list(named.values())))
    found = _found(account_id, price_list, request.args.get("q", ""), request.args.get("category", ""), ())
    return block("sales/new.html", "matches", **found)


@blueprint.post("/accounts/<uuid:account_id>/orders/new")
@needs(P.SALES_WRITE)
def draft_update(account_id: UUID) -> Response:
    """The next step with the form: find products, look at the review, or come back from it to change something."""
    form, basket = SaleForm(request.form), Basket.read(request.form)
    if request.form.get("step") != "review":
        get_account(current_actor(), account_id)
        return _draft(account_id, form, basket)
    offer = _offer(account_id, form, basket)
    return _review(account_id, form, offer) if offer else _draft(account_id, form, basket, status=422)


@blueprint.post("/accounts/<uuid:account_id>/orders")
@needs(P.SALES_WRITE)
def order_create(account_id: UUID) -> Response:
    return _create(account_id, place_order, "sales.order_show", _("The order is placed."))


@blueprint.post("/accounts/<uuid:account_id>/quotes")
@needs(P.SALES_WRITE)
def quote_create(account_id: UUID) -> Response:
    return _create(account_id, save_quote, "sales.quote_show", _("The quote is saved."))


def _create(account_id: UUID, action: Any, endpoint: str, told: str) -> Response:
    actor, now = current_actor(), captured_at()
    form, basket = SaleForm(request.form), Basket.read(request.form)
    lines = basket.to_lines()
    if form.validate() and basket.is_readable:
        try:
            sale = action(actor, form.sale_id.data, account_id, form.to_input(lines), now)
        except InvalidError as error:
            offer = _offer(account_id, form, basket)
            if offer is not None:
                return _review(account_id, form, offer, refusal=error)
        else:
            flash(told, "success")
            return goto(url_for(endpoint, sale_id=sale.id))
    get_account(actor, account_id)
    return _draft(account_id, form, basket, status=422)


def _offer(account_id: UUID, form: SaleForm, basket: Basket) -> Offer | None:
    """The offer for what was filled in; None where something is wrong with it, and form and basket say what."""
    lines = basket.to_lines()
    if not form.validate() or not basket.is_readable:
        return None
    offer = make_offer(current_actor(), account_id, form.to_input(lines), datetime.now(UTC))
    form.tell(offer.problems, [line.given.product_id for line in offer.lines], basket)
    return None if offer.problems else offer


def _review(account_id: UUID, form: SaleForm, offer: Offer, refusal: InvalidError | None = None) -> Response:
    """How it will stand on paper. After a refused post the reason stands above it, and the new prices are asked for."""
    said = [] if offer.has_changed or refusal is None else [reason_text(refusal)]
    if offer.gone:
        said.append(_(GONE, names=", ".join(offer.gone)))
    return page(
        "sales/review.html",
        status=422 if refusal else 200,
        account=offer.account,
        form=form,
        given=form.to_input(()),
        offer=offer,
        said=said,
        percent=percent,
    )


def _draft(account_id: UUID, form: SaleForm, basket: Basket, *, status: int = 200, copied: str = "") -> Response:
    actor = current_actor()
    today = _today()
    price_list = price_list_for(actor, account_id, today)
    products = priced(price_list.id, basket.lines.keys(), actor.language)
    gone = names_of(basket.lines.keys() - products.keys(), actor.language)
    form.offer_places(_addresses(account_id))
    category = request.form.get("pick", request.form.get("category", ""))
    return page(
        "sales/new.html",
        status=status,
        form=form,
        account=get_account(actor, account_id),
        basket=basket,
        chosen=[products[product_id] for product_id in basket.lines if product_id in products],
        said=[_(GONE, names=", ".join(gone))] if gone else [],
        copied=copied,
        open=bool(copied) or status != 200 or request.form.get("step") == "edit",
        may_copy=not basket.lines and find_last_order(actor, account_id) is not None,
        today=today,
        **terms_of(price_list, actor)
        | _found(account_id, price_list, request.form.get("q", ""), category, basket.lines.keys()),
    )


def terms_of(price_list: Any, actor: Actor) -> dict[str, Any]:
    """What the page must know to show a basket's review by itself: how amounts are written, what may be filled in, and
    the words for what may not (attributes of its <template>)."""
    return {
        "currency": price_list.currency,
        "tax_included": price_list.tax_included,
        "limit": actor.discount_limit,
        "percent": percent,
        "sign": sign_of(price_list.currency, actor.language),
        "digits": minor_digits(price_list.currency),
        "zone": get_company().zone,
        "least": MIN_QUANTITY,
        "most": MAX_QUANTITY,
        "most_lines": MAX_LINES,
        "quote_days": QUOTE_DAYS.days,
        "furthest_delivery": FURTHEST_DELIVERY,
        "longest_quote": LONGEST_QUOTE,
        "largest": MAX_MINOR,
        "said_by_rules": REASONS,
    }


def _found(account_id: UUID, price_list: Any, q: str, category: str, without: Any) -> dict[str, Any]:
    """What the block `matches` shows; products `without` stand in the basket already."""
    actor, q = current_actor(), q.replace("\0", "")[:LONGEST_SEARCH]
    categories: Sequence[str] = list_categories(actor, price_list.id)
    category = category if category in categories else ""
    rows = [row for row in find_products(actor, price_list.id, q, category).rows if row.id not in without]
    found = _shown(account_id, price_list, rows[:MOST_FOUND])
    return found | {"q": q, "category": category, "categories": categories, "more": len(rows) > MOST_FOUND}


def _shown(account_id: UUID, price_list: Any, rows: Sequence[Any]) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "rows": rows,
        "currency": price_list.currency,
        "limit": current_actor().discount_limit,
    }


def _addresses(account_id: UUID) -> list[tuple[str, str]]:
    """(address, label) of the account's places that have one."""
    return address_choices(list_places(current_actor(), account_id))


def _today() -> Any:
    """The company's day."""
    return today_in(get_company().zone, datetime.now(UTC))
