"""Dashboards: an engine that adds up, ranks and draws what the slices count; it knows none of their words."""

from app.dashboards import views
from app.identity.permissions import P
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="dashboards",
    blueprints=(views.blueprint,),
    menu=(MenuItem(N_("Dashboard"), "dashboards.dashboard_show", "chart", P.VISITS_TEAM, "more", N_("Team"), 6),),
)
