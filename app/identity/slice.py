"""Identity: the company, its teams and people, and signing in."""

from app.identity import admin_views, jobs, own_views, stored, views
from app.identity.commands import people
from app.identity.permissions import P
from app.infra import looks
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Slice

COMPANY = N_("Company")

SLICE = Slice(
    name="identity",
    blueprints=(views.blueprint, own_views.blueprint, admin_views.blueprint),
    menu=(
        MenuItem(N_("People"), "administration.person_index", "person", P.PEOPLE_MANAGE, "more", COMPANY, 800),
        MenuItem(N_("Teams"), "administration.team_index", "team", P.PEOPLE_MANAGE, "more", COMPANY, 805),
        MenuItem(N_("Roles"), "administration.role_index", "check", P.PEOPLE_MANAGE, "more", COMPANY, 810),
        MenuItem(N_("Company"), "administration.company_edit", "building", P.COMPANY_MANAGE, "more", COMPANY, 815),
        MenuItem(N_("Settings"), "identity.profile_edit", "settings", P.PROFILE_OWN, "more", N_("Me"), 900),
        MenuItem(N_("Stored about me"), "own.stored_show", "person", P.PROFILE_OWN, "more", N_("Me"), 905),
    ),
    jobs=(jobs.FORGET_DEVICES, looks.FORGET),
    commands=(people,),
    plugs=stored.STORED,
)
