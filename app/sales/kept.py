"""The screens that the phone keeps for sales. They have slots (⟦name⟧) where the row stands that one is about."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, request
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.catalogue.queries import get_price_list, list_sold
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.dates import today_in
from app.kernel.errors import NotFoundError
from app.kernel.i18n import label_in
from app.kernel.ids import new_id, parse_id
from app.sales.forms import Basket, SaleForm
from app.sales.offline import MOST_PRODUCTS
from app.sales.taking import MOST_FOUND, terms_of
from app.sync.ports import SLOT_ACCOUNT
from app.web.actor import current_actor
from app.web.guard import needs
from app.web.htmx import page

blueprint = Blueprint("kept", __name__)
# A product with places that static/js/products.js fills for each one it shows.
_PRODUCT = SimpleNamespace(
    id="[[id]]", code="[[code]]", name="[[name]]", unit="[[unit]]", amount="[[amount]]", tax_rate="[[tax]]"
)


@blueprint.get("/offline/orders/new")
@needs(P.SALES_WRITE)
def order_screen() -> Response:
    """The order form for any account that buys from the price list ?list=<id>, with all its products."""
    actor, list_id = current_actor(), parse_id(request.args.get("list"))
    price_list = get_price_list(actor, list_id) if list_id else None
    if price_list is None or price_list.archived_at is not None:
        raise NotFoundError
    sold = list_sold(actor, price_list.id, MOST_PRODUCTS)
    form = SaleForm(sale_id=new_id())
    form.place.choices = []
    return page(
        "sales/kept_new.html",
        form=form,
        account=SLOT_ACCOUNT,
        account_id=SLOT_ACCOUNT.id,
        basket=Basket(),
        pattern=[_PRODUCT],
        products=_as_json([_product(row, actor.language) for row in sold]),
        categories=sorted({row.category for row in sold} - {""}),
        most_found=MOST_FOUND,
        today=today_in(get_company().zone, datetime.now(UTC)),
        **terms_of(price_list, actor),
    )


@blueprint.get("/offline/order")
@needs(P.SALES_WRITE)
def order_kept() -> Response:
    """An order that waits on the phone."""
    return page("sales/kept_sale.html", kind="order")


@blueprint.get("/offline/quote")
@needs(P.SALES_WRITE)
def quote_kept() -> Response:
    """A quote that waits on the phone."""
    return page("sales/kept_sale.html", kind="quote")


def _product(row: Any, language: str) -> list[str | int]:
    """As static/js/products.js reads it."""
    unit = label_in(row.unit, language) if row.unit else ""
    return [str(row.id), row.code, row.name, unit, row.category, row.barcode, row.amount, row.tax_rate]


def _as_json(found: Any) -> Markup:
    """For a <script> that is no script; a slot's sign in a name makes no slot."""
    text = htmlsafe_json_dumps(found, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("⟦", "\\u27e6"))  # noqa: S704 - safe for HTML by the line above
