"""What planning stores about a person."""

from app.identity.ports import Column, Stored
from app.kernel.i18n import N_
from app.planning.feed import counted_feeds, list_own_feeds

CALENDAR = Stored(
    "calendar",
    N_("Calendar of my planned visits"),
    (Column("created_at", N_("There is an address since")),),
    counted_feeds,
    list_own_feeds,
    lambda _row: "/plan/calendar",
)
