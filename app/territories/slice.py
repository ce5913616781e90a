"""Territories: who covers which part of the map, and what becomes of the accounts when that changes."""

from app.identity.permissions import P
from app.infra.news import Listener
from app.kernel.i18n import N_
from app.territories import change_views, jobs, views
from app.territories.actions import hear_accounts
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="territories",
    blueprints=(views.blueprint, change_views.blueprint),
    menu=(
        MenuItem(
            N_("Territories"), "territories.territory_index", "territory", P.TERRITORIES_MANAGE, "more", N_("Team"), 6
        ),
    ),
    jobs=jobs.JOBS,
    plugs=(Listener("account", hear_accounts),),
)
