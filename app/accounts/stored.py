"""The notes about customers that somebody finds under "Stored about me"."""

from app.accounts.queries import counted_own_notes, list_own_notes
from app.identity.ports import Column, Stored
from app.kernel.i18n import N_

NOTES = Stored(
    "notes",
    N_("Notes about customers"),
    (
        Column("name", N_("Customer")),
        Column("at", N_("When")),
        Column("received_at", N_("Arrived")),
        Column("text", N_("Text")),
    ),
    counted_own_notes,
    list_own_notes,
    lambda row: f"/accounts/{row['account_id']}",
)
