"""What planning stores about a person."""

from app.identity.ports import Column, Stored
from app.kernel.i18n import N_
from app.planning.feed import counted_feeds, list_own_feeds
from app.planning.whereabouts import counted_whereabouts, list_own_whereabouts

CALENDAR = Stored(
    "calendar",
    N_("Calendar of my planned visits"),
    (Column("created_at", N_("There is an address since")),),
    counted_feeds,
    list_own_feeds,
    lambda _row: "/plan/calendar",
)
WHEREABOUTS = Stored(
    "whereabouts",
    N_("Where the rest of my day was planned from"),
    (Column("at", N_("When")), Column("lat", N_("Latitude")), Column("lon", N_("Longitude"))),
    counted_whereabouts,
    list_own_whereabouts,
)
STORED = (CALENDAR, WHEREABOUTS)
