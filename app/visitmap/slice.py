"""The manager's visit map: where visits took place, who is where, and which customers nobody has visited."""

from app.identity.permissions import P
from app.kernel.i18n import N_
from app.visitmap import jobs, views
from app.visitmap.commands import map_group
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="visitmap",
    blueprints=(views.blueprint,),
    menu=(MenuItem(N_("Map"), "visitmap.map_show", "map", P.VISITS_TEAM, "more", N_("Team"), 7),),
    jobs=(jobs.FOLD_CELLS,),
    commands=(map_group,),
)
