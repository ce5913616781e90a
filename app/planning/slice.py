"""Planning: who is near, and the plan of a rep's day."""

from typing import Any
from uuid import UUID

from app.identity.permissions import P
from app.kernel.access import Actor
from app.kernel.i18n import N_
from app.planning import feed_views, jobs, nearby, offline, print_views, stored, travel_views, views
from app.planning.commands import plan_day, roads
from app.web.slice import MenuItem, Panel, Slice


def _around_account(_actor: Actor, account_id: UUID) -> dict[str, Any]:
    return {"account_id": account_id}


SLICE = Slice(
    name="planning",
    blueprints=(nearby.blueprint, views.blueprint, travel_views.blueprint, feed_views.blueprint, print_views.blueprint),
    menu=(
        MenuItem(N_("Nearby"), "nearby.nearby_index", "nearby", P.PLANNING_USE, "tabs", N_("Day"), 20),
        MenuItem(N_("Plan"), "planning.plan_show", "plan", P.PLANNING_USE, "tabs", N_("Day"), 25),
    ),
    panels=(
        Panel("account", 60, P.PLANNING_USE, "planning/panel.html", _around_account),
        Panel("company", 10, P.COMPANY_MANAGE, "planning/panel_company.html", travel_views.travel_panel),
    ),
    jobs=(jobs.LEARN_SPEEDS, jobs.FORGET_WHEREABOUTS),
    commands=(roads, plan_day),
    plugs=(offline.CARRIED, *stored.STORED),
)
