"""Identity: the company, its teams and people, and signing in."""

from app.identity.commands import people
from app.identity.permissions import P
from app.identity.views import blueprint
from app.kernel.i18n import N_
from app.web.slice import MenuItem, Slice

SLICE = Slice(
    name="identity",
    blueprints=(blueprint,),
    menu=(MenuItem(N_("Settings"), "identity.profile_edit", "settings", P.PROFILE_OWN, "more", N_("Me"), 900),),
    commands=(people,),
)
