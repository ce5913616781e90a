"""Sales: quotes, and the orders that come of them or of a visit."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.i18n import N_
from app.sales import kept, offline, plugs, stored, taking, views
from app.sales.queries import list_orders_of, list_quotes_of
from app.sales.rules import ORDER_STATES, QUOTE_STATES, order_state, quote_state
from app.visits.queries import get_visit
from app.web.slice import MenuItem, Panel, Slice


def _sales_of_account(actor: Actor, account_id: UUID) -> dict[str, Any]:
    orders = list_orders_of(actor, account_id=account_id)
    return _panel(orders, list_quotes_of(actor, account_id=account_id, limit=3), actor) | {
        "new": f"/accounts/{account_id}/orders/new",
        "copy": f"/accounts/{account_id}/orders/new?copy=last" if orders else "",
    }


def _sales_of_visit(actor: Actor, visit_id: UUID) -> dict[str, Any]:
    account_id = get_visit(actor, visit_id).account_id
    bought = list_orders_of(actor, account_id=account_id, limit=1)
    return _panel(list_orders_of(actor, visit_id=visit_id), list_quotes_of(actor, visit_id=visit_id), actor) | {
        "new": f"/accounts/{account_id}/orders/new?visit={visit_id}",
        "copy": f"/accounts/{account_id}/orders/new?visit={visit_id}&copy=last" if bought else "",
        "at_visit": True,
    }


def _panel(orders: Any, quotes: Any, actor: Actor) -> dict[str, Any]:
    today = today_in(get_company().zone, datetime.now(UTC))
    return {
        "orders": [(row, *ORDER_STATES[order_state(row.approved, row.cancelled)]) for row in orders],
        "quotes": [
            (row, *QUOTE_STATES[quote_state(row.ordered, row.withdrawn, row.valid_until, today)]) for row in quotes
        ],
        "may_sell": actor.may(P.SALES_WRITE),
    }


SLICE = Slice(
    name="sales",
    blueprints=(views.blueprint, taking.blueprint, kept.blueprint),
    menu=(
        MenuItem(N_("Orders"), "sales.order_index", "order", P.SALES_READ, "more", N_("Sales"), 50),
        MenuItem(N_("Quotes"), "sales.quote_index", "quote", P.SALES_READ, "more", N_("Sales"), 51),
    ),
    panels=(
        Panel("account", 20, P.SALES_READ, "sales/panel.html", _sales_of_account, slots=offline.known_of),
        Panel("visit", 20, P.SALES_READ, "sales/panel.html", _sales_of_visit),
    ),
    plugs=(*plugs.RENDERERS, plugs.ORDERS, plugs.OPEN_QUOTES, offline.CARRIED, *stored.STORED),
)
