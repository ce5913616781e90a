"""The reviews that a rep finds under "Stored about me"."""

from app.identity.ports import Column, Stored
from app.kernel.i18n import N_
from app.reviews.queries import counted_own_reviews, list_own_reviews
from app.reviews.rules import STANDING_NAMES

SAID = Stored(
    "reviews",
    N_("What was said about my visits"),
    (
        Column("name", N_("Customer")),
        Column("kind", N_("What"), STANDING_NAMES),
        Column("by", N_("Person")),
        Column("at", N_("When")),
        Column("text", N_("Text")),
    ),
    counted_own_reviews,
    list_own_reviews,
    lambda row: f"/visits/{row['visit_id']}",
)
