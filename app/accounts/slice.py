"""Accounts: customers with their places and contacts, and who looks after them."""

from app.accounts import offline
from app.accounts.commands import accounts
from app.accounts.importing import ACCOUNTS
from app.accounts.stored import NOTES
from app.accounts.views import blueprint
from app.identity.permissions import P
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="accounts",
    blueprints=(blueprint, offline.blueprint),
    menu=(
        MenuItem(
            N_("Customers"),
            "accounts.account_index",
            "accounts",
            P.ACCOUNTS_READ,
            "tabs",
            N_("Customers"),
            30,
            covers=("/contacts/", "/places/"),
        ),
    ),
    commands=(accounts,),
    plugs=(ACCOUNTS, offline.CARRIED, NOTES),
)
