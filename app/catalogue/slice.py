"""The catalogue: products, price lists, and which list an account buys from."""

from typing import Any
from uuid import UUID

from app.catalogue import views
from app.catalogue.queries import find_list_of
from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Panel, Slice


def _list_of_account(actor: Actor, account_id: UUID) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "price_list": find_list_of(actor, account_id),
        "form": views.assignment_form(actor, account_id) if actor.may(P.ACCOUNTS_ASSIGN) else None,
    }


SLICE = Slice(
    name="catalogue",
    blueprints=(views.blueprint,),
    menu=(
        MenuItem(N_("Products"), "catalogue.product_index", "products", P.CATALOGUE_READ, "more", N_("Sales"), 60),
        MenuItem(
            N_("Price lists"), "catalogue.price_list_index", "price", P.CATALOGUE_MANAGE, "more", N_("Company"), 820
        ),
    ),
    panels=(Panel("account", 80, P.CATALOGUE_READ, "catalogue/panel.html", _list_of_account),),
)
