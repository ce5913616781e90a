"""The quotes and orders that somebody finds under "Stored about me"."""

from app.identity.ports import Column, Stored
from app.kernel.i18n import N_
from app.sales.queries import counted_own_orders, counted_own_quotes, list_own_orders, list_own_quotes

_COLUMNS = (
    Column("number", N_("Number")),
    Column("customer", N_("Customer")),
    Column("created_at", N_("When")),
    Column("received_at", N_("Arrived")),
)
ORDERS = Stored(
    "orders", N_("Orders"), _COLUMNS, counted_own_orders, list_own_orders, lambda row: f"/orders/{row['id']}"
)
QUOTES = Stored(
    "quotes", N_("Quotes"), _COLUMNS, counted_own_quotes, list_own_quotes, lambda row: f"/quotes/{row['id']}"
)
STORED = (ORDERS, QUOTES)
