"""Reviews: a manager accepts a check-in or asks, its rep answers; hung into the visit's page and the rep's day."""

from app.identity.permissions import P
from app.kernel.i18n import N_
from app.reviews import facts, offline, stored, views
from app.web.slice import MenuItem, Panel, Slice

SLICE = Slice(
    name="reviews",
    blueprints=(views.blueprint,),
    menu=(
        MenuItem(N_("Review visits"), "reviews.review_index", "check", P.VISITS_TEAM, "more", N_("Team"), 6),
        MenuItem(
            N_("Questions about my visits"), "reviews.queried_index", "message", P.VISITS_WRITE, "more", N_("Day"), 12
        ),
    ),
    panels=(
        Panel("today", 10, P.VISITS_WRITE, "reviews/today.html", views.asked_panel),
        Panel("verdict", 10, P.VISITS_READ, "reviews/panel.html", views.thread_panel),
    ),
    plugs=(offline.CARRIED, facts.LINKED, stored.SAID),
)
