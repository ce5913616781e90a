"""Customers on a phone without signal: carried as whole pages; one that is added there has a page at once."""

from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, Response

from app.accounts.forms import ContactForm, NoteForm
from app.accounts.queries import list_carried
from app.accounts.rules import dialled
from app.identity.permissions import P
from app.kernel.access import Actor
from app.sync.ports import SLOT_ACCOUNT, Carried, Rows, Screen, Subjects
from app.web.guard import needs
from app.web.htmx import page

blueprint = Blueprint("accounts_offline", __name__, url_prefix="/offline")


@blueprint.get("/account")
@needs(P.ACCOUNTS_READ)
def account_show() -> Response:
    """A customer that the phone has added."""
    return page("accounts/kept.html", note_form=NoteForm())


@blueprint.get("/contact")
@needs(P.ACCOUNTS_WRITE)
def contact_show() -> Response:
    return page("accounts/contact.html", account=SLOT_ACCOUNT, contact=None, form=ContactForm(), version=None)


@blueprint.get("/accounts")
@needs(P.ACCOUNTS_READ)
def account_index() -> Response:
    """The carried customers, as the phone finds and sorts them itself."""
    return page("accounts/carried.html")


def _addresses(_actor: Actor, _now: datetime, accounts: Subjects) -> Iterable[str]:
    return ["/accounts", "/accounts/new", *(f"/accounts/{account_id}" for account_id in accounts)]


def _rows(actor: Actor, _now: datetime, accounts: Subjects) -> Rows:
    return {
        row.id: {
            "name": row.name,
            "address": row.address,
            "phone": dialled(row.phone) or "",
            "rating": row.rating,
            "lat": "" if row.lat is None else f"{row.lat:.5f}",
            "lon": "" if row.lon is None else f"{row.lon:.5f}",
        }
        for row in list_carried(actor, accounts)
    }


def _screens(_actor: Actor, _now: datetime, _accounts: Subjects) -> Iterable[Screen]:
    return (
        Screen("/accounts/*", "/offline/account", after="/accounts"),
        Screen("/accounts/*/contacts/new", "/offline/contact"),
        Screen("/accounts", "/offline/accounts"),
        Screen("/nearby", "/offline/accounts"),
    )


CARRIED = Carried(P.ACCOUNTS_READ, addresses=_addresses, rows=_rows, screens=_screens)
